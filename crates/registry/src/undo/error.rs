//! Why something is not brought back. Clients of ECR never meet these.

use wharfinger_core::{Digest, RepositoryName, Tag};
use wharfinger_metadata::MetadataError;

use crate::Error;

/// Why something is not brought back. `Display` is for the person who asked.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    /// A rule of the registry, or the stores.
    #[error(transparent)]
    Registry(#[from] Error),
    /// The image was never there, or its time is over.
    #[error(
        "the image {0} cannot be brought back: it was not deleted, or so long ago that it is gone"
    )]
    ImageGone(Digest),
    /// It was not deleted.
    #[error("the image {0} is there")]
    ImageThere(Digest),
    /// Blobs of the image are gone: each was deleted by itself.
    #[error(
        "the image {digest} cannot be brought back, for these of its layers are gone: {}",
        joined(layers)
    )]
    LayersGone {
        /// The image.
        digest: Digest,
        /// Its blobs that the repository does not have.
        layers: Vec<Digest>,
    },
    /// Images that an index lists are gone.
    #[error(
        "the image {digest} cannot be brought back, for these that it lists are gone: {}",
        joined(children)
    )]
    ChildrenGone {
        /// The image that was asked for.
        digest: Digest,
        /// Those it lists, or those list, that are neither there nor kept.
        children: Vec<Digest>,
    },
    /// The tag would have to be moved, and that was not asked for.
    #[error("the tag '{tag}' points to {points_to} by now, and to {wanted} only if it is moved")]
    TagElsewhere {
        /// The tag.
        tag: Tag,
        /// What it points to.
        points_to: Digest,
        /// What it pointed to.
        wanted: Digest,
    },
    /// The tag is as it is to be.
    #[error("the tag '{tag}' points to {digest} already")]
    TagThere {
        /// The tag.
        tag: Tag,
        /// What it points to.
        digest: Digest,
    },
    /// Nothing is known that the tag has pointed to, or had then.
    #[error("nothing is known that the tag '{0}' pointed to")]
    TagUnknown(Tag),
    /// There is no such repository to bring back.
    #[error(
        "no repository '{0}' can be brought back: none was deleted, or so long ago that it is gone"
    )]
    RepositoryGone(RepositoryName),
    /// Another repository has the name.
    #[error("there is a repository '{0}' by now; the deleted one can have another name")]
    NameTaken(RepositoryName),
}

impl From<MetadataError> for UndoError {
    fn from(error: MetadataError) -> Self {
        Self::Registry(error.into())
    }
}

fn joined(digests: &[Digest]) -> String {
    let digests: Vec<String> = digests.iter().map(Digest::to_string).collect();
    digests.join(", ")
}

//! Taking images out of a repository: one way for requests, lifecycle policies and workers, so that
//! all of them can be undone and leave the same behind.

use std::fmt;
use std::sync::Arc;

use wharfinger_auth::{Action, Permit, Principal};
use wharfinger_core::{Arn, Entropy, Tag, Timestamp, Upkeep};
use wharfinger_metadata::image::{self, ImageRow};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use crate::{Error, Registry, orphan, scanning, undo};

/// Why images or tags go (for good, into the archive, or back from it), and when.
#[derive(Clone)]
pub(crate) struct Removal {
    pub(crate) now: Timestamp,
    pub(crate) upkeep: Upkeep,
    pub(crate) cause: Cause,
    /// Of what follows a holder: when the first of its holders left.
    pub(crate) left_at: Option<Timestamp>,
    /// For the jobs that it makes necessary.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Whether the archive has a store of its own, where bytes have to be moved to.
    pub(crate) has_archive_store: bool,
}

/// Who or what has an image or a tag deleted, moved or brought back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// A request; of the owner of the installation if it names nobody.
    Request(Option<Arn>),
    /// A lifecycle policy's rule of this priority.
    LifecycleRule(u32),
    /// What held the image went before it.
    Holder,
    /// Somebody with access to the installation brought it back.
    Undelete,
}

impl Cause {
    /// The request that a permit was made for.
    pub(crate) fn of<A: Action>(permit: &Permit<A>) -> Self {
        Self::Request(permit.principal().map(Principal::arn))
    }
}

/// As history shows it.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(Some(arn)) => arn.fmt(f),
            Self::Request(None) => f.write_str("wharfinger"),
            Self::LifecycleRule(priority) => write!(f, "lifecycle policy, rule {priority}"),
            Self::Holder => f.write_str("went with its index or subject"),
            Self::Undelete => f.write_str("undelete"),
        }
    }
}

impl Registry {
    /// A removal at this time.
    pub(crate) fn removal(&self, cause: Cause) -> Removal {
        Removal {
            now: self.now(),
            upkeep: self.upkeep,
            cause,
            left_at: None,
            entropy: Arc::clone(&self.entropy),
            has_archive_store: self.archive.is_some(),
        }
    }
}

/// Deletes an image with its tags, which are answered. The caller has looked whether it may go.
pub(crate) async fn remove_image(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
    removal: &Removal,
) -> Result<Vec<Tag>, Error> {
    let tags = tag::of_image(tx, repository, &image.digest).await?;
    undo::keep_image(tx, repository, image, &tags, removal).await?;
    orphan::note_deletion(tx, repository, image, removal).await?;
    image::delete(tx, repository, &image.digest).await?;
    scanning::note_document(tx, repository, image, removal).await?;
    scanning::ask_if_stale(tx, (&*removal.entropy, removal.now)).await?;
    Ok(tags)
}

/// Deletes a tag of an image that has others.
pub(crate) async fn remove_tag(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    removal: &Removal,
) -> Result<(), Error> {
    scanning::note_tag(tx, repository, tag, None, removal).await?;
    undo::note_tag(tx, repository, tag, None, removal).await?;
    tag::delete(tx, repository, tag).await?;
    Ok(())
}

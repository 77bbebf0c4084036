//! Deleted images and tags: listed, and brought back.

use std::sync::Arc;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{DescribeImages, PutImage};
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::deleted_image::{self, DeletedImageRow, DeletionPosition};
use wharfinger_metadata::image::ImageStatus;

use super::UndoError;
use super::undeletion::Undeletion;
use crate::removal::Cause;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry};

/// An image that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedImage {
    /// Its digest.
    pub digest: Digest,
    /// The tags it had.
    pub tags: Vec<Tag>,
    /// The media type of its manifest.
    pub media_type: String,
    /// Bytes of config and layers; for an index the largest of its children.
    pub size_bytes: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
    /// Whether it could be pulled.
    pub status: ImageStatus,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be brought back.
    pub expires_at: Timestamp,
    /// Who or what deleted it: an ARN, or a sentence.
    pub cause: String,
}

/// What was brought back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UndeletedImages {
    /// The images, the one that was asked for first; then what it lists, and what refers to it and
    /// went with it.
    pub images: Vec<DeletedImage>,
    /// The tags that point to images again.
    pub tags: Vec<(Tag, Digest)>,
    /// Tags that the images had and that point elsewhere by now, and where.
    pub elsewhere: Vec<(Tag, Digest)>,
}

enum Wanted {
    Image(Digest),
    Tag { tag: Tag, at: Option<Timestamp> },
}

impl Registry {
    /// The deleted images of a repository that can be brought back, the last deletion first.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`].
    pub async fn deleted_images(
        &self,
        permit: &Permit<DescribeImages>,
        page: &PageRequest,
    ) -> Result<Page<DeletedImage>, Error> {
        let (resource, limit) = (permit.resource().clone(), page.limit());
        let list = format!("DeletedImages {resource:?}");
        let after = match page.position::<(i64, String)>(&list)? {
            None => DeletionPosition::start(),
            Some((at, digest)) => {
                DeletionPosition { deleted_at: Timestamp::from_millis(at), digest }
            }
        };
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let id = must_find(tx, &resource).await?.id;
                    Ok::<_, Error>(deleted_image::list(tx, id, &after, limit + 1).await?)
                })
            })
            .await?;
        let Page { items, next_token } = Page::cut(rows, limit, &list, |last| {
            (last.deleted_at.millis(), last.image.digest.to_string())
        });
        Ok(Page { items: items.into_iter().map(DeletedImage::from_row).collect(), next_token })
    }

    /// Brings a deleted image back as it was, with what it lists, with what refers to it and went
    /// with it, and with those of their tags that are free. A tag that points elsewhere by now stays
    /// there, unless `move_tags`.
    ///
    /// # Errors
    /// [`UndoError::ImageThere`], [`UndoError::ImageGone`], [`UndoError::LayersGone`],
    /// [`UndoError::ChildrenGone`]; [`Error::RepositoryNotFound`], [`Error::LimitExceeded`],
    /// [`Error::Kms`], and [`Error::ImageTagAlreadyExists`] for a tag that may not be moved.
    pub async fn undelete_image(
        &self,
        permit: &Permit<PutImage>,
        digest: Digest,
        move_tags: bool,
    ) -> Result<UndeletedImages, UndoError> {
        self.undelete(permit, Wanted::Image(digest), move_tags).await
    }

    /// Points a tag where it last pointed before it was deleted or moved, or where it pointed `at` a
    /// moment; the image is brought back if it was deleted ([`Self::undelete_image`]).
    ///
    /// # Errors
    /// [`UndoError::TagUnknown`], [`UndoError::TagThere`], [`UndoError::TagElsewhere`] unless
    /// `move_tags`, [`Error::ImageTagAlreadyExists`] for a tag that may not be moved; and those of
    /// [`Self::undelete_image`].
    pub async fn undelete_tag(
        &self,
        permit: &Permit<PutImage>,
        tag: Tag,
        at: Option<Timestamp>,
        move_tags: bool,
    ) -> Result<UndeletedImages, UndoError> {
        self.undelete(permit, Wanted::Tag { tag, at }, move_tags).await
    }

    async fn undelete(
        &self,
        permit: &Permit<PutImage>,
        wanted: Wanted,
        move_tags: bool,
    ) -> Result<UndeletedImages, UndoError> {
        let resource = permit.resource().clone();
        let key_domain = self.key_domain(&resource).await?;
        let keys = self.manifest_keys(&key_domain).await?;
        let removal = self.removal(Cause::Undelete);
        let (quotas, entropy) = (self.quotas, Arc::clone(&self.entropy));
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    // Deleted and made again with another key meanwhile.
                    if repository.key_domain != key_domain {
                        let (registry, name) = (&resource.registry, &resource.name);
                        return Err(Error::repository_not_found(registry, name).into());
                    }
                    let done = UndeletedImages::default();
                    let mut undeletion =
                        Undeletion { repository, keys, removal, quotas, entropy, move_tags, done };
                    match wanted {
                        Wanted::Image(digest) => undeletion.image(tx, digest).await?,
                        Wanted::Tag { tag, at } => undeletion.tag(tx, tag, at).await?,
                    }
                    Ok(undeletion.done)
                })
            })
            .await
    }
}

impl DeletedImage {
    pub(super) fn from_row(row: DeletedImageRow) -> Self {
        let DeletedImageRow { image, tags, deleted_at, expires_at, cause } = row;
        Self {
            digest: image.digest,
            tags,
            media_type: image.media_type,
            size_bytes: image.size_bytes,
            pushed_at: image.pushed_at,
            status: image.status,
            deleted_at,
            expires_at,
            cause,
        }
    }
}

//! Undo: what was deleted stays for a while and can be brought back; what tags pointed to is known.
//!
//! Nothing of it is seen by clients: a deleted image is a row of its own, and a deleted repository
//! has no name. The command line brings things back and shows history; what deletes, pushes and
//! collects calls the functions here.

mod error;
mod history;
mod image;
mod repository;
mod undeletion;

use wharfinger_core::{Digest, Tag};
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::{
    RepositoryId, Tx, blob, deleted_image, deleted_repository, tag, tag_history,
};

pub use error::UndoError;
pub use history::{ImagePresence, TagState};
pub use image::{DeletedImage, UndeletedImages};
pub use repository::DeletedRepository;

use crate::removal::Removal;
use crate::{Error, Registry};

/// What history says of a change that it missed: it began later, or was off.
const UNKNOWN_CAUSE: &str = "unknown";

/// Keeps an image that is about to be deleted, and notes that its tags end. The children of an index
/// stay, and are kept in their turn when they go.
pub(crate) async fn keep_image(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
    tags: &[Tag],
    removal: &Removal,
) -> Result<(), Error> {
    let Removal { now, upkeep, cause, .. } = removal;
    if upkeep.undo_window.is_zero() {
        return Ok(());
    }
    let (digest, expires_at) = (&image.digest, now.plus(upkeep.undo_window));
    let cause = cause.to_string();
    deleted_image::keep(tx, repository, digest, tags, &cause, *now, expires_at).await?;
    blob::lease_those_of(tx, repository, digest, expires_at).await?;
    for tag in tags {
        note_tag(tx, repository, tag, None, removal).await?;
    }
    Ok(())
}

/// Notes that a tag points to an image from now on, or to none. Called before it does.
pub(crate) async fn note_tag(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    digest: Option<&Digest>,
    removal: &Removal,
) -> Result<(), Error> {
    if removal.upkeep.undo_window.is_zero() {
        return Ok(());
    }
    let mut last = tag_history::last(tx, repository, tag).await?;
    if let Some((current, since)) = tag::find_with_time(tx, repository, tag).await?
        && last.as_ref().and_then(|change| change.digest) != Some(current)
    {
        let (after, to) = (last.as_ref(), Some(&current));
        let missed =
            tag_history::append(tx, repository, tag, after, to, UNKNOWN_CAUSE, since).await?;
        last = Some(missed);
    }
    let cause = removal.cause.to_string();
    tag_history::append(tx, repository, tag, last.as_ref(), digest, &cause, removal.now).await?;
    Ok(())
}

/// Takes a repository out of its registry, and keeps it for a while if that is wanted.
pub(crate) async fn delete_repository(
    tx: &mut Tx,
    repository: RepositoryId,
    removal: &Removal,
) -> Result<(), Error> {
    let Removal { now, upkeep, cause, .. } = removal;
    if upkeep.undo_window.is_zero() {
        return Ok(wharfinger_metadata::repository::delete(tx, repository, *now).await?);
    }
    let (cause, expires_at) = (cause.to_string(), now.plus(upkeep.undo_window));
    Ok(deleted_repository::keep(tx, repository, &cause, *now, expires_at).await?)
}

impl Registry {
    /// Forgets what can no more be brought back: `step` images, repositories (whose rows are purged
    /// from then on) and changes of tags at the most. Answers whether there may be more. The blobs of
    /// the images go when their leases, which end at the same time, are found to be over.
    pub async fn expire_undo(&self, step: u32) -> Result<bool, Error> {
        let now = self.now();
        let window_begins = now.minus(self.upkeep.undo_window);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let images = deleted_image::expire(tx, now, step).await?;
                    let repositories = deleted_repository::expire(tx, now, step).await?;
                    let changes = tag_history::expire(tx, window_begins, step).await?;
                    Ok([images, repositories, changes].contains(&step.into()))
                })
            })
            .await
    }
}

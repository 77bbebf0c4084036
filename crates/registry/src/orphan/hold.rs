//! Whether anything holds an image that its index or its subject has left.

use wharfinger_core::{Digest, Tag};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::orphaned_image::{HolderEvent, OrphanedImageRow};
use wharfinger_metadata::{RepositoryId, Tx, tag};

use super::subject_of_tag;
use crate::Error;

/// Whether an image stays where it is. From a deletion it is held by its holder or its subject
/// being there again, by an index that lists it, and by a tag; from the archive by those of them that
/// are active. A tag that is made of a subject's digest holds as long as the subject is there.
pub(super) async fn is_held(
    tx: &mut Tx,
    row: &OrphanedImageRow,
    image: &ImageRow,
) -> Result<bool, Error> {
    let repository = row.repository;
    let holder = image::find(tx, repository, &row.holder).await?;
    let parents = match row.event {
        HolderEvent::Deleted => {
            if holder.is_some() {
                return Ok(true);
            }
            image::parents(tx, repository, &image.digest).await?
        }
        HolderEvent::Archived => {
            // A holder that was deleted since has noted the image for that.
            let is_archived = holder.is_some_and(|holder| holder.status == ImageStatus::Archived);
            if !is_archived || image.status != ImageStatus::Active {
                return Ok(true);
            }
            image::active_parents(tx, repository, &image.digest).await?
        }
        // Images do not come back one by one; one that was pushed again stays.
        HolderEvent::Activated | HolderEvent::PushedAgain => return Ok(true),
    };
    if !parents.is_empty() {
        return Ok(true);
    }
    if let Some(subject) = &image.subject
        && is_there(tx, repository, subject, row.event).await?
    {
        return Ok(true);
    }
    if image.tag_count == 0 {
        return Ok(false);
    }
    for tag in tag::of_image(tx, repository, &image.digest).await? {
        if holds(tx, repository, &tag, row.event).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn holds(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    event: HolderEvent,
) -> Result<bool, Error> {
    match subject_of_tag(tag) {
        Some(subject) => is_there(tx, repository, &subject, event).await,
        None => Ok(true),
    }
}

/// Whether a subject keeps its referrers where they are.
async fn is_there(
    tx: &mut Tx,
    repository: RepositoryId,
    subject: &Digest,
    event: HolderEvent,
) -> Result<bool, Error> {
    let found = image::find(tx, repository, subject).await?;
    Ok(match event {
        HolderEvent::Deleted | HolderEvent::PushedAgain => found.is_some(),
        HolderEvent::Archived | HolderEvent::Activated => {
            found.is_some_and(|image| image.status == ImageStatus::Active)
        }
    })
}

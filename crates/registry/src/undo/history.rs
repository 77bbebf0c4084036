//! What tags have pointed to, since when, and who or what had it so.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::DescribeImages;
use wharfinger_core::{Digest, Tag, Timestamp};
use wharfinger_metadata::tag_history::TagChangeRow;
use wharfinger_metadata::{RepositoryId, Tx, deleted_image, image, tag, tag_history};

use super::UNKNOWN_CAUSE;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry};

/// What a tag pointed to for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagState {
    /// Since when.
    pub since: Timestamp,
    /// The image; none while there was no such tag.
    pub digest: Option<Digest>,
    /// Who or what had it so: an ARN, or a sentence.
    pub cause: String,
    /// Whether the image is still there; none without one.
    pub presence: Option<ImagePresence>,
}

/// Whether an image is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImagePresence {
    /// It is.
    Present,
    /// It was deleted, and can be brought back until then.
    Deleted {
        /// Until when.
        until: Timestamp,
    },
    /// It was deleted too long ago.
    Gone,
}

impl Registry {
    /// What a tag points to and has pointed to, the last state first, as far back as the undo window
    /// reaches: the state at its beginning is the last one.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`].
    pub async fn tag_history(
        &self,
        permit: &Permit<DescribeImages>,
        tag: Tag,
        page: &PageRequest,
    ) -> Result<Page<TagState>, Error> {
        let (resource, limit) = (permit.resource().clone(), page.limit());
        let list = format!("TagHistory {resource:?} {tag}");
        let before = page.position::<(i64, i64)>(&list)?;
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let id = must_find(tx, &resource).await?.id;
                    let missed = match before {
                        None => missed_change(tx, id, &tag).await?,
                        Some(_) => None,
                    };
                    let (at, place) = before.unwrap_or((i64::MAX, 0));
                    let before = (Timestamp::from_millis(at), place);
                    let rows = tag_history::list(tx, id, &tag, before, limit + 1).await?;
                    let position = |row: &TagChangeRow| (row.changed_at.millis(), row.change_id);
                    let Page { items, next_token } = Page::cut(rows, limit, &list, position);
                    let mut states = Vec::with_capacity(items.len() + 1);
                    for change in missed.into_iter().chain(items) {
                        states.push(state_of(tx, id, change).await?);
                    }
                    Ok(Page { items: states, next_token })
                })
            })
            .await
    }

    /// What a tag pointed to at a moment; none if nothing is known of it that early.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`].
    pub async fn tag_state_at(
        &self,
        permit: &Permit<DescribeImages>,
        tag: Tag,
        at: Timestamp,
    ) -> Result<Option<TagState>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let id = must_find(tx, &resource).await?.id;
                    match change_at(tx, id, &tag, at).await? {
                        Some(change) => Ok(Some(state_of(tx, id, change).await?)),
                        None => Ok(None),
                    }
                })
            })
            .await
    }
}

/// The last change of a tag up to a moment.
pub(super) async fn change_at(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
    at: Timestamp,
) -> Result<Option<TagChangeRow>, Error> {
    let missed = missed_change(tx, repository, tag).await?;
    match missed.filter(|change| change.changed_at <= at) {
        Some(change) => Ok(Some(change)),
        None => Ok(tag_history::at(tx, repository, tag, at).await?),
    }
}

/// How a tag came to point where it does, if history does not know: it was off then, or is.
async fn missed_change(
    tx: &mut Tx,
    repository: RepositoryId,
    tag: &Tag,
) -> Result<Option<TagChangeRow>, Error> {
    let Some((digest, changed_at)) = tag::find_with_time(tx, repository, tag).await? else {
        return Ok(None);
    };
    let last = tag_history::last(tx, repository, tag).await?;
    if last.is_some_and(|change| change.digest == Some(digest)) {
        return Ok(None);
    }
    let cause = UNKNOWN_CAUSE.into();
    Ok(Some(TagChangeRow { changed_at, change_id: 0, digest: Some(digest), cause }))
}

async fn state_of(
    tx: &mut Tx,
    repository: RepositoryId,
    change: TagChangeRow,
) -> Result<TagState, Error> {
    let TagChangeRow { changed_at: since, digest, cause, .. } = change;
    let presence = match &digest {
        None => None,
        Some(digest) if image::find(tx, repository, digest).await?.is_some() => {
            Some(ImagePresence::Present)
        }
        Some(digest) => Some(match deleted_image::find(tx, repository, digest).await? {
            Some(deleted) => ImagePresence::Deleted { until: deleted.expires_at },
            None => ImagePresence::Gone,
        }),
    };
    Ok(TagState { since, digest, cause, presence })
}

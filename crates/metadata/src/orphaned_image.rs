//! Images that what held them has left: the children of an index and the referrers of a subject that
//! was deleted, archived, or brought back. They follow when they are due, if nothing else holds them.
//!
//! A row whose digest is that of its holder stands for the referrers of the holder that are not
//! noted yet, since there were too many of them for one transaction.

use std::str::FromStr;

use wharfinger_core::{Digest, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// What became of a holder, and is to become of those that it held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum HolderEvent {
    /// It was deleted.
    Deleted,
    /// It was archived.
    Archived,
    /// It came back from the archive.
    Activated,
    /// The image was pushed again while it was held: it does not follow a holder that itself follows
    /// one that had left before. Nothing is to become of it.
    PushedAgain,
}

impl HolderEvent {
    /// The event as rows name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "DELETED",
            Self::Archived => "ARCHIVED",
            Self::Activated => "ACTIVATED",
            Self::PushedAgain => "PUSHED_AGAIN",
        }
    }
}

impl FromStr for HolderEvent {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Deleted, Self::Archived, Self::Activated, Self::PushedAgain];
        all.into_iter().find(|event| event.as_str() == text).ok_or("an unknown event of a holder")
    }
}

/// An image that is to follow its holder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrphanedImageRow {
    /// The repository of both.
    pub repository: RepositoryId,
    /// The image; or the holder itself, for its referrers that are not noted yet.
    pub digest: Digest,
    /// What became of the holder.
    pub event: HolderEvent,
    /// The holder.
    pub holder: Digest,
    /// When that was.
    pub noted_at: Timestamp,
    /// When the image follows.
    pub due_at: Timestamp,
    /// For the holder itself: the digest of its last referrer that was noted; else empty.
    pub position: String,
}

impl OrphanedImageRow {
    /// Whether the row stands for the referrers of the holder.
    pub fn is_holder(&self) -> bool {
        self.digest == self.holder
    }
}

/// Notes an image. One that was noted for the same event waits as long as this says.
pub async fn note(tx: &mut Tx, row: &OrphanedImageRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO orphaned_image \
               (repository_id, digest, event, holder_digest, noted_at, due_at, position) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
               ON CONFLICT (repository_id, digest, event) DO UPDATE SET \
               holder_digest = excluded.holder_digest, noted_at = excluded.noted_at, \
               due_at = excluded.due_at, position = excluded.position";
    let values = params![
        row.repository,
        &row.digest,
        row.event.as_str(),
        &row.holder,
        row.noted_at,
        row.due_at,
        &row.position
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// Notes all that an index lists, as [`note`] does, but for what was pushed again since `since`;
/// answers how many those are. An index has a bounded number of them.
pub async fn note_children(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
    event: HolderEvent,
    noted_at: Timestamp,
    due_at: Timestamp,
    since: Option<Timestamp>,
) -> Result<u64, MetadataError> {
    let sql = "INSERT INTO orphaned_image \
               (repository_id, digest, event, holder_digest, noted_at, due_at) \
               SELECT repository_id, child_digest, ?3, parent_digest, ?4, ?5 FROM image_child \
               WHERE repository_id = ?1 AND parent_digest = ?2 AND NOT EXISTS \
               (SELECT 1 FROM orphaned_image AS again WHERE again.repository_id = ?1 \
                AND again.digest = child_digest AND again.event = 'PUSHED_AGAIN' \
                AND again.noted_at >= ?6) \
               ON CONFLICT (repository_id, digest, event) DO UPDATE SET \
               holder_digest = excluded.holder_digest, noted_at = excluded.noted_at, \
               due_at = excluded.due_at, position = ''";
    let since = since.unwrap_or(Timestamp::from_millis(i64::MAX));
    let values = params![repository, index, event.as_str(), noted_at, due_at, since];
    tx.execute(sql, values).await
}

/// Whether an image was pushed again, while it was held, since `since`.
pub async fn was_pushed_again(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    since: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM orphaned_image WHERE repository_id = ?1 AND digest = ?2 \
               AND event = 'PUSHED_AGAIN' AND noted_at >= ?3";
    Ok(tx.query_opt(sql, params![repository, digest, since]).await?.is_some())
}

/// The images that are due, those that have waited longest first.
pub async fn due(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<OrphanedImageRow>, MetadataError> {
    let sql = "SELECT repository_id, digest, event, holder_digest, noted_at, due_at, position \
               FROM orphaned_image WHERE due_at <= ?1 ORDER BY due_at LIMIT ?2";
    tx.query(sql, params![now, limit]).await?.iter().map(from_row).collect()
}

/// When the next image is due; none if none waits.
pub async fn next_due(tx: &mut Tx) -> Result<Option<Timestamp>, MetadataError> {
    let sql = "SELECT due_at FROM orphaned_image WHERE due_at >= 0 ORDER BY due_at LIMIT 1";
    tx.query_opt(sql, &[]).await?.map(|row| row.time(0)).transpose()
}

/// Removes one row.
pub async fn delete(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    event: HolderEvent,
) -> Result<(), MetadataError> {
    let sql = "DELETE FROM orphaned_image \
               WHERE repository_id = ?1 AND digest = ?2 AND event = ?3";
    tx.execute(sql, params![repository, digest, event.as_str()]).await.map(|_| ())
}

/// Removes what is noted of an image itself: it does not follow any holder that has left it.
pub async fn forget(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<(), MetadataError> {
    let sql = "DELETE FROM orphaned_image \
               WHERE repository_id = ?1 AND digest = ?2 AND holder_digest <> ?2";
    tx.execute(sql, params![repository, digest]).await.map(|_| ())
}

fn from_row(row: &Row) -> Result<OrphanedImageRow, MetadataError> {
    Ok(OrphanedImageRow {
        repository: row.repository_id(0)?,
        digest: row.parsed(1)?,
        event: row.parsed(2)?,
        holder: row.parsed(3)?,
        noted_at: row.time(4)?,
        due_at: row.time(5)?,
        position: row.text(6)?.to_owned(),
    })
}

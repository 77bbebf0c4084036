//! What lifecycle policies ask about the images of a repository.

use wharfinger_core::{Digest, Timestamp};

use crate::image::ImagePosition;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// What is stored of an image that a lifecycle policy asks about, but for its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFactsRow {
    /// Its digest.
    pub digest: Digest,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// How many tags point to it.
    pub tag_count: u64,
    /// `ACTIVE`, `ARCHIVED` or `ACTIVATING`.
    pub status: String,
    /// When it was last pulled, if that was recorded.
    pub last_pulled_at: Option<Timestamp>,
    /// When it was last archived.
    pub archived_at: Option<Timestamp>,
    /// When it was last brought back from the archive.
    pub activated_at: Option<Timestamp>,
    /// Whether an index lists it.
    pub is_listed: bool,
    /// Whether an index lists it that is not archived itself.
    pub is_listed_by_active: bool,
    /// Whether its subject is stored.
    pub has_live_subject: bool,
}

/// The images after a position, in order of push.
pub async fn image_facts(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &ImagePosition,
    limit: u32,
) -> Result<Vec<ImageFactsRow>, MetadataError> {
    // The indexes of an image in this order, since it has few and a repository many images.
    let sql = "SELECT i.digest, i.pushed_at, i.tag_count, \
               i.status, i.last_pulled_at, i.archived_at, i.activated_at, \
               CASE WHEN EXISTS (SELECT 1 FROM image_child c \
               WHERE c.repository_id = i.repository_id AND c.child_digest = i.digest) \
               THEN 1 ELSE 0 END, \
               CASE WHEN EXISTS (SELECT 1 FROM image_child c CROSS JOIN image p \
               WHERE c.repository_id = i.repository_id AND c.child_digest = i.digest \
               AND p.repository_id = c.repository_id AND p.digest = c.parent_digest \
               AND p.status <> 'ARCHIVED') \
               THEN 1 ELSE 0 END, \
               CASE WHEN EXISTS (SELECT 1 FROM image s \
               WHERE s.repository_id = i.repository_id AND s.digest = i.subject_digest) \
               THEN 1 ELSE 0 END \
               FROM image i WHERE i.repository_id = ?1 AND (i.pushed_at, i.digest) > (?2, ?3) \
               ORDER BY i.pushed_at, i.digest LIMIT ?4";
    let values = params![repository, after.pushed_at, after.digest.as_str(), limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<ImageFactsRow, MetadataError> {
    Ok(ImageFactsRow {
        digest: row.parsed(0)?,
        pushed_at: row.time(1)?,
        tag_count: row.unsigned(2)?,
        status: row.text(3)?.to_owned(),
        last_pulled_at: row.time_opt(4)?,
        archived_at: row.time_opt(5)?,
        activated_at: row.time_opt(6)?,
        is_listed: row.boolean(7)?,
        is_listed_by_active: row.boolean(8)?,
        has_live_subject: row.boolean(9)?,
    })
}

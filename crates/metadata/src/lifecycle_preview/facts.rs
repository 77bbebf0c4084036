//! What lifecycle policies ask about the images of a repository.

use wharfinger_core::{Digest, Tag, Timestamp};

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

/// A query for the columns that `from_row` reads, in its order, of the images `i` for which the
/// literal holds.
macro_rules! select {
    ($which:literal) => {
        // The indexes of an image in this order, since it has few and a repository many images.
        concat!(
            "SELECT i.digest, i.pushed_at, i.tag_count, \
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
             FROM image i WHERE i.repository_id = ?1 ",
            $which
        )
    };
}

/// The images whose digests come after `after`, in order of digest, as [`tags`] are.
pub async fn image_facts(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<ImageFactsRow>, MetadataError> {
    let sql = select!("AND i.digest > ?2 ORDER BY i.digest LIMIT ?3");
    tx.query(sql, params![repository, after, limit]).await?.iter().map(from_row).collect()
}

/// The facts of one image.
pub async fn facts_of(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<ImageFactsRow>, MetadataError> {
    let sql = select!("AND i.digest = ?2");
    tx.query_opt(sql, params![repository, digest]).await?.as_ref().map(from_row).transpose()
}

/// The tags of the images from `first` to `last`, in order of digest and tag.
pub async fn tags(
    tx: &mut Tx,
    repository: RepositoryId,
    first: &Digest,
    last: &Digest,
    limit: u32,
) -> Result<Vec<(Digest, Tag)>, MetadataError> {
    let sql = "SELECT digest, tag FROM tag WHERE repository_id = ?1 \
               AND digest >= ?2 AND digest <= ?3 ORDER BY digest, tag LIMIT ?4";
    let rows = tx.query(sql, params![repository, first, last, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed(1)?))).collect()
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

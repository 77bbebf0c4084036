//! What indexes show of the scans of the images that they list: kept, so that lists need not look at
//! these, and stale from the moment on at which any of them changes.

use wharfinger_core::Digest;

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// What an index shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexScanRow {
    /// Goes up with each change of what the index lists.
    pub revision: i64,
    /// Whether something has changed since it was counted.
    pub is_stale: bool,
    /// In basic scanning: a JSON object; none if it shows nothing.
    pub basic: Option<String>,
    /// The same in enhanced scanning.
    pub enhanced: Option<String>,
}

/// An index that is to be counted anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaleIndex {
    /// Its repository.
    pub repository: RepositoryId,
    /// The index.
    pub digest: Digest,
    /// What [`put`] is to be told, so that no change is overlooked.
    pub revision: i64,
}

/// Notes that an index is new, or lists other images than before.
pub(crate) async fn note(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO index_scan (repository_id, digest, revision, stale) \
               VALUES (?1, ?2, 1, 1) ON CONFLICT (repository_id, digest) \
               DO UPDATE SET revision = index_scan.revision + 1, stale = 1";
    tx.execute(sql, params![repository, index]).await.map(|_| ())
}

/// Makes stale what all indexes show that list an image: its scan, its status or its being there has
/// changed.
pub(crate) async fn note_child(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &Digest,
) -> Result<(), MetadataError> {
    let sql = "UPDATE index_scan SET revision = revision + 1, stale = 1 \
               WHERE repository_id = ?1 AND digest IN (SELECT parent_digest FROM image_child \
                                    WHERE repository_id = ?1 AND child_digest = ?2)";
    tx.execute(sql, params![repository, image]).await.map(|_| ())
}

/// What an index shows; `None` for what is no index, or lists nothing.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
) -> Result<Option<IndexScanRow>, MetadataError> {
    let sql = "SELECT revision, stale, basic, enhanced FROM index_scan \
               WHERE repository_id = ?1 AND digest = ?2";
    let row = tx.query_opt(sql, params![repository, index]).await?;
    row.map(|row| {
        Ok(IndexScanRow {
            revision: row.integer(0)?,
            is_stale: row.integer(1)? != 0,
            basic: row.text_opt(2)?.map(str::to_owned),
            enhanced: row.text_opt(3)?.map(str::to_owned),
        })
    })
    .transpose()
}

/// The indexes that are to be counted anew, after one of them, in order.
pub async fn stale(
    tx: &mut Tx,
    after: Option<&StaleIndex>,
    limit: u32,
) -> Result<Vec<StaleIndex>, MetadataError> {
    let sql = "SELECT repository_id, digest, revision FROM index_scan \
               WHERE stale = 1 AND (repository_id, digest) > (?1, ?2) \
               ORDER BY repository_id, digest LIMIT ?3";
    let repository = after.map_or(RepositoryId(0), |it| it.repository);
    let digest = after.map(|it| it.digest.to_string()).unwrap_or_default();
    let rows = tx.query(sql, params![repository, &digest, limit]).await?;
    let rows = rows.iter().map(|row| {
        Ok(StaleIndex {
            repository: row.repository_id(0)?,
            digest: row.parsed(1)?,
            revision: row.integer(2)?,
        })
    });
    rows.collect()
}

/// Writes what an index shows in basic and in enhanced scanning, unless something has changed since it
/// was found to be stale; answers whether nothing had.
pub async fn put(
    tx: &mut Tx,
    index: &StaleIndex,
    basic: Option<&str>,
    enhanced: Option<&str>,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE index_scan SET stale = 0, basic = ?4, enhanced = ?5 \
               WHERE repository_id = ?1 AND digest = ?2 AND revision = ?3";
    let StaleIndex { repository, digest, revision } = index;
    let values = params![*repository, digest, *revision, basic, enhanced];
    Ok(tx.execute(sql, values).await? == 1)
}

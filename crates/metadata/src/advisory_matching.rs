//! Where the matching of stored packages with newer advisories stands, and the rows it goes along:
//! packages that have a vulnerability, images whose findings change with the advisories.

use wharfinger_core::{Digest, Timestamp};

use crate::package::PackageId;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx, index_scan};

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchingRow {
    /// The database of advisories that packages are matched with, or were if it is finished.
    pub database_id: String,
    /// Those that they may have been matched with before, separated by commas; empty if nobody knows.
    pub older_ids: String,
    /// Up to where the packages are done, in the words of whoever goes along them.
    pub position: String,
    /// What the part that is under way changes, if one is.
    pub plan: Option<Vec<u8>>,
    /// The inventories up to this id are told of the plan.
    pub told_inventory_id: i64,
    /// When it was done.
    pub finished_at: Option<Timestamp>,
}

/// An image whose findings change with the advisories.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedImage {
    /// Its repository.
    pub repository: RepositoryId,
    /// The image.
    pub digest: Digest,
    /// What its scan counts by severity: a JSON object.
    pub counts: Option<String>,
    /// When its scan ended.
    pub completed_at: Option<Timestamp>,
    /// What is suppressed of what it counts: compressed JSON; none: nothing.
    pub suppressed: Option<Vec<u8>>,
}

/// By which one sees whether packages were matched between two looks: they are only while it is under
/// way, and not without another position or database afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchingMark {
    /// Whether a part is under way.
    pub is_under_way: bool,
    database_id: String,
    older_ids: String,
    position: String,
}

/// Where it stands; nowhere before the first advisories.
pub async fn find(tx: &mut Tx) -> Result<Option<MatchingRow>, MetadataError> {
    let sql = "SELECT database_id, older_ids, position, plan, told_inventory_id, finished_at \
               FROM advisory_matching WHERE matching_id = 1";
    let row = tx.query_opt(sql, params![]).await?;
    row.map(|row| {
        Ok(MatchingRow {
            database_id: row.text(0)?.to_owned(),
            older_ids: row.text(1)?.to_owned(),
            position: row.text(2)?.to_owned(),
            plan: row.bytes_opt(3)?.map(<[u8]>::to_vec),
            told_inventory_id: row.integer(4)?,
            finished_at: row.time_opt(5)?,
        })
    })
    .transpose()
}

/// The mark of the moment; `None` before the first advisories.
pub async fn mark(tx: &mut Tx) -> Result<Option<MatchingMark>, MetadataError> {
    let sql = "SELECT plan IS NOT NULL, database_id, older_ids, position \
               FROM advisory_matching WHERE matching_id = 1";
    let row = tx.query_opt(sql, params![]).await?;
    row.map(|row| {
        Ok(MatchingMark {
            is_under_way: row.integer(0)? != 0,
            database_id: row.text(1)?.to_owned(),
            older_ids: row.text(2)?.to_owned(),
            position: row.text(3)?.to_owned(),
        })
    })
    .transpose()
}

/// Writes where it stands.
pub async fn put(tx: &mut Tx, row: &MatchingRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO advisory_matching (matching_id, database_id, older_ids, position, \
               plan, told_inventory_id, finished_at) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (matching_id) DO UPDATE SET database_id = excluded.database_id, \
               older_ids = excluded.older_ids, position = excluded.position, \
               plan = excluded.plan, told_inventory_id = excluded.told_inventory_id, \
               finished_at = excluded.finished_at";
    let values = params![
        &row.database_id,
        &row.older_ids,
        &row.position,
        row.plan.as_deref(),
        row.told_inventory_id,
        row.finished_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// Notes up to which inventory the plan is told.
pub async fn note_told(tx: &mut Tx, inventory_id: i64) -> Result<(), MetadataError> {
    let sql = "UPDATE advisory_matching SET told_inventory_id = ?1 WHERE matching_id = 1";
    tx.execute(sql, params![inventory_id]).await.map(|_| ())
}

/// The packages that have a vulnerability and how bad it is in each, after an id, in order of id.
pub async fn severities(
    tx: &mut Tx,
    vulnerability: &str,
    after: PackageId,
    limit: u32,
) -> Result<Vec<(PackageId, String)>, MetadataError> {
    let sql = "SELECT package_id, severity FROM package_vulnerability \
               WHERE vulnerability = ?1 AND package_id > ?2 ORDER BY package_id LIMIT ?3";
    let rows = tx.query(sql, params![vulnerability, after, limit]).await?;
    rows.iter().map(|row| Ok((row.integer(0)?, row.text(1)?.to_owned()))).collect()
}

/// The image of an inventory, if its findings change with the advisories.
pub async fn watched_image(
    tx: &mut Tx,
    inventory_id: i64,
) -> Result<Option<WatchedImage>, MetadataError> {
    let sql = "SELECT i.repository_id, i.digest, s.counts, s.completed_at, s.suppressed \
               FROM inventory i JOIN scan s \
               ON s.repository_id = i.repository_id AND s.digest = i.digest \
               AND s.scan_type = 'ENHANCED' \
               WHERE i.inventory_id = ?1 AND s.status = 'ACTIVE'";
    let row = tx.query_opt(sql, params![inventory_id]).await?;
    row.map(|row| {
        Ok(WatchedImage {
            repository: row.repository_id(0)?,
            digest: row.parsed(1)?,
            counts: row.text_opt(2)?.map(str::to_owned),
            completed_at: row.time_opt(3)?,
            suppressed: row.bytes_opt(4)?.map(<[u8]>::to_vec),
        })
    })
    .transpose()
}

/// Writes what the scan of a watched image counts by now, and by which advisories.
pub async fn set_counts(
    tx: &mut Tx,
    image: &WatchedImage,
    counts: &str,
    database_id: &str,
    database_updated_at: Option<Timestamp>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE scan SET counts = ?3, database_id = ?4, database_updated_at = ?5 \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = 'ENHANCED'";
    let values = params![image.repository, &image.digest, counts, database_id, database_updated_at];
    tx.execute(sql, values).await?;
    index_scan::note_child(tx, image.repository, &image.digest).await
}

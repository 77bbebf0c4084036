//! Scans of images: the last one of each mode of scanning.

use wharfinger_core::{Digest, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx, index_scan};

/// A scan of an image, without its findings. Mode and status are kept as the texts the service model
/// gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScanRow {
    /// The image.
    pub digest: Digest,
    /// `BASIC` or `ENHANCED`.
    pub scan_type: String,
    /// A value of the model's `ScanStatus`.
    pub status: String,
    /// What the status means, in words for people.
    pub description: String,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended with findings, be they none.
    pub completed_at: Option<Timestamp>,
    /// The database of advisories that it used.
    pub database_id: Option<String>,
    /// When the newest statement in that was made.
    pub database_updated_at: Option<Timestamp>,
    /// The findings by severity: a JSON object.
    pub counts: Option<String>,
}

impl ScanRow {
    /// A scan that has no findings: one that begins, or ended without any.
    pub fn without_findings(
        digest: Digest,
        scan_type: &str,
        status: &str,
        description: impl Into<String>,
        started_at: Timestamp,
    ) -> Self {
        Self {
            digest,
            scan_type: scan_type.to_owned(),
            status: status.to_owned(),
            description: description.into(),
            started_at,
            completed_at: None,
            database_id: None,
            database_updated_at: None,
            counts: None,
        }
    }
}

/// Keeps a scan and what it found (compressed JSON; none of a continuous one, whose findings are those
/// of its packages), in place of an older one of the image in that mode. Nothing of it is suppressed.
///
/// # Errors
/// A violated reference when the repository has no such image.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    scan: &ScanRow,
    findings: Option<&[u8]>,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO scan (repository_id, digest, scan_type, status, description, \
               started_at, completed_at, database_id, database_updated_at, counts, findings) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
               ON CONFLICT (repository_id, digest, scan_type) \
               DO UPDATE SET status = excluded.status, description = excluded.description, \
               started_at = excluded.started_at, completed_at = excluded.completed_at, \
               database_id = excluded.database_id, \
               database_updated_at = excluded.database_updated_at, counts = excluded.counts, \
               findings = excluded.findings, suppressed = NULL";
    let values = params![
        repository,
        &scan.digest,
        &scan.scan_type,
        &scan.status,
        &scan.description,
        scan.started_at,
        scan.completed_at,
        scan.database_id.as_deref(),
        scan.database_updated_at,
        scan.counts.as_deref(),
        findings
    ];
    tx.execute(sql, values).await?;
    index_scan::note_child(tx, repository, &scan.digest).await
}

/// The last scan of an image in a mode; `None` if there was none.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
) -> Result<Option<ScanRow>, MetadataError> {
    let sql = "SELECT digest, scan_type, status, description, started_at, completed_at, \
               database_id, database_updated_at, counts FROM scan \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    let row = tx.query_opt(sql, params![repository, digest, scan_type]).await?;
    row.map(|row| {
        Ok(ScanRow {
            digest: row.parsed(0)?,
            scan_type: row.text(1)?.to_owned(),
            status: row.text(2)?.to_owned(),
            description: row.text(3)?.to_owned(),
            started_at: row.time(4)?,
            completed_at: row.time_opt(5)?,
            database_id: row.text_opt(6)?.map(str::to_owned),
            database_updated_at: row.time_opt(7)?,
            counts: row.text_opt(8)?.map(str::to_owned),
        })
    })
    .transpose()
}

/// What a scan found, if that is kept with it.
pub async fn findings(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT findings FROM scan \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    bytes_of(tx, sql, repository, digest, scan_type).await
}

/// The one column that a query answers of a scan.
async fn bytes_of(
    tx: &mut Tx,
    sql: &'static str,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let row = tx.query_opt(sql, params![repository, digest, scan_type]).await?;
    let found = row.map(|row| row.bytes_opt(0).map(|bytes| bytes.map(<[u8]>::to_vec)));
    Ok(found.transpose()?.flatten())
}

/// Whether an image has a scan, of any mode, that counts something.
pub async fn is_counted(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM scan \
               WHERE repository_id = ?1 AND digest = ?2 AND counts IS NOT NULL LIMIT 1";
    Ok(tx.query_opt(sql, params![repository, digest]).await?.is_some())
}

/// Writes anew what a scan counts by severity.
pub async fn set_counts(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
    counts: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE scan SET counts = ?4 \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    tx.execute(sql, params![repository, digest, scan_type, counts]).await?;
    index_scan::note_child(tx, repository, digest).await
}

/// What is suppressed of what a scan counts (compressed JSON); none: nothing.
pub async fn suppressed(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT suppressed FROM scan \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    bytes_of(tx, sql, repository, digest, scan_type).await
}

/// Writes what is suppressed of what a scan counts.
pub async fn set_suppressed(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
    suppressed: Option<&[u8]>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE scan SET suppressed = ?4 \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    tx.execute(sql, params![repository, digest, scan_type, suppressed]).await.map(|_| ())
}

/// The images of a repository that have scans, after a digest, in the order of digests.
pub async fn scanned_images(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT DISTINCT digest FROM scan \
               WHERE repository_id = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3";
    let rows = tx.query(sql, params![repository, after, limit]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

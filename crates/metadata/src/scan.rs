//! Scans of images: the last one of each mode of scanning.

use wharfinger_core::{Digest, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// A scan of an image. Mode and status are kept as the texts the service model gives them.
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
}

/// Keeps a scan, in place of an older one of the image in that mode.
///
/// # Errors
/// A violated reference when the repository has no such image.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    scan: &ScanRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO scan (repository_id, digest, scan_type, status, description, \
               started_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (repository_id, digest, scan_type) \
               DO UPDATE SET status = excluded.status, description = excluded.description, \
               started_at = excluded.started_at";
    let values = params![
        repository,
        &scan.digest,
        &scan.scan_type,
        &scan.status,
        &scan.description,
        scan.started_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The last scan of an image in a mode; `None` if there was none.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    scan_type: &str,
) -> Result<Option<ScanRow>, MetadataError> {
    let sql = "SELECT digest, scan_type, status, description, started_at FROM scan \
               WHERE repository_id = ?1 AND digest = ?2 AND scan_type = ?3";
    let row = tx.query_opt(sql, params![repository, digest, scan_type]).await?;
    row.map(|row| {
        Ok(ScanRow {
            digest: row.parsed(0)?,
            scan_type: row.text(1)?.to_owned(),
            status: row.text(2)?.to_owned(),
            description: row.text(3)?.to_owned(),
            started_at: row.time(4)?,
        })
    })
    .transpose()
}

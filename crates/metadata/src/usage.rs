//! What images and blobs take up, read in pages along primary keys, so that no look is long.

use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_core::{AccountId, Digest, Region, RepositoryName};

use crate::blob::{BlobUse, ObjectStore};
use crate::image::ImageStatus;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// A repository that was not deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedRepository {
    /// The row's own id.
    pub id: RepositoryId,
    /// Its account.
    pub account: AccountId,
    /// Its region.
    pub region: Region,
    /// Its name.
    pub name: RepositoryName,
    /// The key domain of its blobs.
    pub key_domain: String,
}

/// A blob and what all repositories of its key domain make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsedBlob {
    /// The key domain.
    pub key_domain: String,
    /// The digest.
    pub digest: Digest,
    /// How many bytes it has.
    pub size_bytes: u64,
    /// Which store has them, unless they are a row.
    pub store: ObjectStore,
    /// Whether they are a row of the database.
    pub is_row: bool,
    /// What images of repositories that were not deleted make of it.
    pub used: BlobUse,
}

/// The repositories behind an account, a region and a name, of all registries, in that order.
pub async fn repositories(
    tx: &mut Tx,
    after: (&str, &str, &str),
    limit: u32,
) -> Result<Vec<UsedRepository>, MetadataError> {
    let sql = "SELECT repository_id, account_id, region, name, key_domain FROM repository \
               WHERE (account_id, region, name) > (?1, ?2, ?3) AND account_id <> '' \
               ORDER BY account_id, region, name LIMIT ?4";
    let rows = tx.query(sql, params![after.0, after.1, after.2, limit]).await?;
    let used = |row: &Row| {
        Ok(UsedRepository {
            id: row.repository_id(0)?,
            account: row.parsed(1)?,
            region: row.parsed(2)?,
            name: row.parsed(3)?,
            key_domain: row.text(4)?.to_owned(),
        })
    };
    rows.iter().map(used).collect()
}

/// The images of a repository whose digests come after `after`: digest, status, and the bytes of the
/// manifest.
pub async fn images(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<(Digest, ImageStatus, u64)>, MetadataError> {
    let sql = "SELECT digest, status, manifest_size_bytes FROM image \
               WHERE repository_id = ?1 AND digest > ?2 ORDER BY digest LIMIT ?3";
    let rows = tx.query(sql, params![repository, after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed(1)?, row.unsigned(2)?))).collect()
}

/// The blobs that a repository links and whose digests come after `after`: digest, bytes, and what
/// its images make of them.
pub async fn links(
    tx: &mut Tx,
    repository: RepositoryId,
    key_domain: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<(Digest, u64, BlobUse)>, MetadataError> {
    let sql = "SELECT l.digest, b.size_bytes, l.active_images, l.image_count \
               FROM repository_blob l CROSS JOIN blob b \
               WHERE l.repository_id = ?1 AND l.digest > ?3 \
               AND b.key_domain = ?2 AND b.digest = l.digest ORDER BY l.digest LIMIT ?4";
    let rows = tx.query(sql, params![repository, key_domain, after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.unsigned(1)?, use_of(row, 2)?))).collect()
}

/// The blobs of the installation behind a key domain and a digest.
pub async fn blobs(
    tx: &mut Tx,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<UsedBlob>, MetadataError> {
    let sql = "SELECT b.key_domain, b.digest, b.size_bytes, b.store, \
               EXISTS (SELECT 1 FROM repository_blob l CROSS JOIN repository \
                       WHERE l.digest = b.digest AND l.active_images > 0 \
                       AND repository.repository_id = l.repository_id \
                       AND repository.key_domain = b.key_domain \
                       AND repository.account_id <> ''), \
               EXISTS (SELECT 1 FROM repository_blob l CROSS JOIN repository \
                       WHERE l.digest = b.digest AND l.image_count > 0 \
                       AND repository.repository_id = l.repository_id \
                       AND repository.key_domain = b.key_domain \
                       AND repository.account_id <> ''), \
               b.size_bytes <= ?4 AND EXISTS (SELECT 1 FROM inline_blob i \
                                              WHERE i.object_id = b.object_id) \
               FROM blob b WHERE (b.key_domain, b.digest) > (?1, ?2) \
               ORDER BY b.key_domain, b.digest LIMIT ?3";
    let values = params![after.0, after.1, limit, INLINE_BLOB_BYTES_MAX];
    let used = |row: &Row| {
        Ok(UsedBlob {
            key_domain: row.text(0)?.to_owned(),
            digest: row.parsed(1)?,
            size_bytes: row.unsigned(2)?,
            store: row.parsed(3)?,
            used: use_of(row, 4)?,
            is_row: row.boolean(6)?,
        })
    };
    tx.query(sql, values).await?.iter().map(used).collect()
}

/// Of a count of active images, and in the next column one of all.
fn use_of(row: &Row, active: usize) -> Result<BlobUse, MetadataError> {
    Ok(match (row.unsigned(active)?, row.unsigned(active + 1)?) {
        (_, 0) => BlobUse::Unused,
        (0, _) => BlobUse::Archived,
        _ => BlobUse::Active,
    })
}

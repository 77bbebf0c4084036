//! What a check of the installation reads: every row, a page at a time along a key, each with what
//! ought to agree with it, read in the same snapshot.
//!
//! Only `registry::check` calls this. What the rows mean, and which of them are damage, is its
//! business; [`recount`] has what it writes.

mod engine;
mod image;
pub mod recount;

use wharfinger_core::{Digest, ObjectId, Timestamp};

use crate::blob::BlobRow;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

pub use crate::garbage::is_known;
pub use engine::BrokenReference;
pub use image::{
    CheckedChild, CheckedDeletedImage, CheckedImage, CheckedLink, CheckedTag, CheckedUse, children,
    find_image, image_digests, is_deleted, links, next_deleted, tags, uses,
};

/// A blob, and where and when it was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedBlob {
    /// The key domain it is in.
    pub key_domain: String,
    /// Its row.
    pub row: BlobRow,
    /// Which store its object is in: empty for that of the data directory.
    pub store: String,
    /// When all its bytes were found to be right last.
    pub verified_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key_domain, digest, object_id, size_bytes, damaged_at, store, verified_at \
             FROM blob ",
            $rest
        )
    };
}

pub(crate) use select;

pub(crate) fn from_row(row: &Row) -> Result<CheckedBlob, MetadataError> {
    Ok(CheckedBlob {
        key_domain: row.text(0)?.to_owned(),
        row: BlobRow {
            digest: row.parsed(1)?,
            object_id: row.parsed(2)?,
            size_bytes: row.unsigned(3)?,
            damaged_at: row.time_opt(4)?,
        },
        store: row.text(5)?.to_owned(),
        verified_at: row.time(6)?,
    })
}

/// The blobs that come after this one, in order of key domain and digest.
pub async fn blobs(
    tx: &mut Tx,
    key_domain: &str,
    digest: &str,
    limit: u32,
) -> Result<Vec<CheckedBlob>, MetadataError> {
    let sql = select!("WHERE (key_domain, digest) > (?1, ?2) ORDER BY key_domain, digest LIMIT ?3");
    tx.query(sql, params![key_domain, digest, limit]).await?.iter().map(from_row).collect()
}

/// A blob as it is now.
pub async fn find_blob(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<CheckedBlob>, MetadataError> {
    let sql = select!("WHERE key_domain = ?1 AND digest = ?2");
    tx.query_opt(sql, params![key_domain, digest]).await?.as_ref().map(from_row).transpose()
}

/// The objects after this one that are kept here, and whether a blob has each.
pub async fn inline_objects(
    tx: &mut Tx,
    after: &str,
    limit: u32,
) -> Result<Vec<(ObjectId, bool)>, MetadataError> {
    let sql = "SELECT object_id, EXISTS (SELECT 1 FROM blob b WHERE b.object_id = i.object_id) \
               FROM inline_blob i WHERE object_id > ?1 ORDER BY object_id LIMIT ?2";
    let rows = tx.query(sql, params![after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.boolean(1)?))).collect()
}

/// The discarded objects after this one, and whether a blob has each all the same.
pub async fn discarded_objects(
    tx: &mut Tx,
    after: &str,
    limit: u32,
) -> Result<Vec<(ObjectId, bool)>, MetadataError> {
    let sql = "SELECT object_id, EXISTS (SELECT 1 FROM blob b WHERE b.object_id = d.object_id) \
               FROM discarded_object d WHERE object_id > ?1 ORDER BY object_id LIMIT ?2";
    let rows = tx.query(sql, params![after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.boolean(1)?))).collect()
}

/// What of an upload ought to be in the object store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedUpload {
    /// The session, as text.
    pub upload_id: String,
    /// The object whose file the bytes go to.
    pub object_id: Option<ObjectId>,
    /// Where the object store goes on from.
    pub checkpoint: Option<Vec<u8>>,
}

/// An upload as it is now.
pub async fn find_upload(
    tx: &mut Tx,
    upload_id: &str,
) -> Result<Option<CheckedUpload>, MetadataError> {
    let sql = "SELECT upload_id, object_id, checkpoint FROM upload WHERE upload_id = ?1";
    tx.query_opt(sql, params![upload_id]).await?.as_ref().map(upload_from_row).transpose()
}

fn upload_from_row(row: &Row) -> Result<CheckedUpload, MetadataError> {
    Ok(CheckedUpload {
        upload_id: row.text(0)?.to_owned(),
        object_id: row.parsed_opt(1)?,
        checkpoint: row.bytes_opt(2)?.map(<[u8]>::to_vec),
    })
}

/// The uploads after this one.
pub async fn uploads(
    tx: &mut Tx,
    after: &str,
    limit: u32,
) -> Result<Vec<CheckedUpload>, MetadataError> {
    let sql = "SELECT upload_id, object_id, checkpoint FROM upload WHERE upload_id > ?1 \
               ORDER BY upload_id LIMIT ?2";
    tx.query(sql, params![after, limit]).await?.iter().map(upload_from_row).collect()
}

/// A repository, also one that was deleted, with what it counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRepository {
    /// Its id.
    pub id: RepositoryId,
    /// The account it is in, or was.
    pub account: String,
    /// The region it is in, or was.
    pub region: String,
    /// Its name, or the one it had.
    pub name: String,
    /// The key domain of its blobs.
    pub key_domain: String,
    /// How many images its row says it has.
    pub image_count: u64,
    /// How many it has.
    pub images: u64,
    /// Whether it is there.
    pub is_live: bool,
    /// Whether it was deleted and can be brought back.
    pub is_kept: bool,
    /// Whether its registry is counted at all.
    pub is_counted: bool,
}

/// The repositories after this one.
pub async fn repositories(
    tx: &mut Tx,
    after: Option<RepositoryId>,
    limit: u32,
) -> Result<Vec<CheckedRepository>, MetadataError> {
    let sql = "SELECT repository.repository_id, COALESCE(d.account_id, repository.account_id), \
               COALESCE(d.region, repository.region), COALESCE(d.name, repository.name), \
               repository.key_domain, repository.image_count, \
               (SELECT COUNT(*) FROM image i WHERE i.repository_id = repository.repository_id), \
               repository.account_id <> '', d.repository_id IS NOT NULL, \
               EXISTS (SELECT 1 FROM registry_count c \
                       WHERE c.account_id = repository.account_id \
                       AND c.region = repository.region) \
               FROM repository LEFT JOIN deleted_repository d \
               ON d.repository_id = repository.repository_id \
               WHERE repository.repository_id > ?1 ORDER BY repository.repository_id LIMIT ?2";
    let after = after.unwrap_or(RepositoryId(i64::MIN));
    let rows = tx.query(sql, params![after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(CheckedRepository {
                id: row.repository_id(0)?,
                account: row.text(1)?.to_owned(),
                region: row.text(2)?.to_owned(),
                name: row.text(3)?.to_owned(),
                key_domain: row.text(4)?.to_owned(),
                image_count: row.unsigned(5).unwrap_or(u64::MAX),
                images: row.unsigned(6)?,
                is_live: row.boolean(7)?,
                is_kept: row.boolean(8)?,
                is_counted: row.boolean(9)?,
            })
        })
        .collect()
}

/// Whether all rows of a repository are to be there: neither is it gone, nor do its rows go one after the
/// other.
pub async fn is_whole(tx: &mut Tx, repository: RepositoryId) -> Result<bool, MetadataError> {
    let sql = "SELECT account_id <> '' OR EXISTS (SELECT 1 FROM deleted_repository \
               WHERE deleted_repository.repository_id = ?1) \
               FROM repository WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    row.map_or(Ok(false), |row| row.boolean(0))
}

/// A registry: how many repositories it is said to have, and how many it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedRegistry {
    /// Its account.
    pub account: String,
    /// Its region.
    pub region: String,
    /// How many it is said to have.
    pub counted: i64,
    /// How many it has.
    pub repositories: i64,
}

/// The counts of registries after this one.
pub async fn registries(
    tx: &mut Tx,
    account: &str,
    region: &str,
    limit: u32,
) -> Result<Vec<CheckedRegistry>, MetadataError> {
    let sql = "SELECT account_id, region, repositories, (SELECT COUNT(*) FROM repository r \
               WHERE r.account_id = c.account_id AND r.region = c.region) \
               FROM registry_count c WHERE (account_id, region) > (?1, ?2) \
               ORDER BY account_id, region LIMIT ?3";
    let rows = tx.query(sql, params![account, region, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(CheckedRegistry {
                account: row.text(0)?.to_owned(),
                region: row.text(1)?.to_owned(),
                counted: row.integer(2)?,
                repositories: row.integer(3)?,
            })
        })
        .collect()
}

/// An image that a blob's damage hurts: its repository (account, region and name), its digest, and one
/// of its tags.
pub type HurtImage = (String, String, String, Digest, Option<String>);

/// The images of a key domain that use a blob, a few of them.
pub async fn hurt_images(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    limit: u32,
) -> Result<Vec<HurtImage>, MetadataError> {
    let sql = "SELECT repository.account_id, repository.region, repository.name, u.image_digest, \
               (SELECT t.tag FROM tag t WHERE t.repository_id = u.repository_id \
                AND t.digest = u.image_digest ORDER BY t.tag LIMIT 1) \
               FROM repository_blob l CROSS JOIN repository CROSS JOIN image_blob u \
               WHERE l.digest = ?2 AND repository.repository_id = l.repository_id \
               AND repository.key_domain = ?1 AND repository.account_id <> '' \
               AND u.repository_id = l.repository_id AND u.blob_digest = l.digest LIMIT ?3";
    let rows = tx.query(sql, params![key_domain, digest, limit]).await?;
    rows.iter()
        .map(|row| {
            let text = |column| row.text(column).map(str::to_owned);
            let tag = row.text_opt(4)?.map(str::to_owned);
            Ok((text(0)?, text(1)?, text(2)?, row.parsed(3)?, tag))
        })
        .collect()
}

/// Whether a repository of the key domain links the blob, or a collection of garbage is to look.
pub async fn is_accounted_for(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM repository_blob l CROSS JOIN repository \
               WHERE l.digest = ?2 AND repository.repository_id = l.repository_id \
               AND repository.key_domain = ?1 \
               UNION ALL SELECT 1 FROM unlinked_blob WHERE key_domain = ?1 AND digest = ?2 LIMIT 1";
    Ok(tx.query_opt(sql, params![key_domain, digest]).await?.is_some())
}

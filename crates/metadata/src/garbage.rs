//! What nothing claims any more, looked for where rows note it, so that a look costs what it finds.
//!
//! Everything here is decided by rows that the same transaction reads: whoever claims a blob writes
//! to them as well, and one of the two comes first.

use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_core::{Digest, ObjectId, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// A link of a repository to a blob that no image of it uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusedLink {
    /// Until when it stays.
    pub leased_until: Timestamp,
    /// The repository.
    pub repository: RepositoryId,
    /// The blob.
    pub digest: Digest,
    /// The key domain of the repository.
    pub key_domain: String,
}

/// A blob whose row is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FreedBlob {
    /// How many bytes it had.
    pub size_bytes: u64,
    /// Its object, if it has a file that is still to be deleted.
    pub discarded: Option<DiscardedObject>,
}

/// An object whose file is to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiscardedObject {
    /// The object.
    pub object_id: ObjectId,
    /// The store it is in; empty for that of the data directory.
    pub store: String,
    /// Its bytes, as far as they are known.
    pub size_bytes: u64,
}

/// What all repositories of a key domain make of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobClaims {
    /// Links to it.
    pub links: u64,
    /// Of these, those that images use.
    pub used_links: u64,
    /// The longest lease of them.
    pub leased_until: Timestamp,
    /// The link of the repository with the lowest id.
    pub first: RepositoryId,
    /// Bytes of the blob.
    pub size_bytes: u64,
}

/// Links that no image uses and whose lease is over, those first whose lease ended first.
pub async fn unused_links(
    tx: &mut Tx,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(RepositoryId, Digest)>, MetadataError> {
    let sql = "SELECT repository_id, digest FROM repository_blob \
               WHERE image_count = 0 AND leased_until <= ?1 \
               ORDER BY leased_until, repository_id, digest LIMIT ?2";
    let rows = tx.query(sql, params![now, limit]).await?;
    rows.iter().map(|row| Ok((row.repository_id(0)?, row.parsed(1)?))).collect()
}

/// Links that no image uses, leased or not, behind `after`, in the order in which their leases end.
pub async fn list_unused_links(
    tx: &mut Tx,
    after: Option<&UnusedLink>,
    limit: u32,
) -> Result<Vec<UnusedLink>, MetadataError> {
    let sql = "SELECT l.leased_until, l.repository_id, l.digest, repository.key_domain \
               FROM repository_blob l CROSS JOIN repository WHERE l.image_count = 0 \
               AND (l.leased_until, l.repository_id, l.digest) > (?1, ?2, ?3) \
               AND repository.repository_id = l.repository_id \
               ORDER BY l.leased_until, l.repository_id, l.digest LIMIT ?4";
    let rows = match after {
        Some(UnusedLink { leased_until, repository, digest, .. }) => {
            tx.query(sql, params![*leased_until, *repository, digest, limit]).await?
        }
        None => tx.query(sql, params![i64::MIN, i64::MIN, "", limit]).await?,
    };
    let link = |row: &Row| {
        Ok(UnusedLink {
            leased_until: row.time(0)?,
            repository: row.repository_id(1)?,
            digest: row.parsed(2)?,
            key_domain: row.text(3)?.to_owned(),
        })
    };
    rows.iter().map(link).collect()
}

/// Blobs that have lost a link, behind the key domain and digest `after`.
pub async fn unlinked_blobs(
    tx: &mut Tx,
    after: (&str, &str),
    limit: u32,
) -> Result<Vec<(String, Digest)>, MetadataError> {
    let sql = "SELECT key_domain, digest FROM unlinked_blob WHERE (key_domain, digest) > (?1, ?2) \
               ORDER BY key_domain, digest LIMIT ?3";
    let rows = tx.query(sql, params![after.0, after.1, limit]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.parsed(1)?))).collect()
}

/// Whether any repository of the key domain links the blob.
pub async fn is_linked(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM repository_blob l CROSS JOIN repository \
               WHERE l.digest = ?2 AND repository.repository_id = l.repository_id \
               AND repository.key_domain = ?1 LIMIT 1";
    Ok(tx.query_opt(sql, params![key_domain, digest]).await?.is_some())
}

/// What the repositories of a key domain make of a blob that one of them links; none if it is gone.
pub async fn claims(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<BlobClaims>, MetadataError> {
    let sql = "SELECT COUNT(*), COALESCE(SUM(CASE WHEN l.image_count > 0 THEN 1 ELSE 0 END), 0), \
               COALESCE(MAX(l.leased_until), 0), COALESCE(MIN(l.repository_id), 0), \
               COALESCE(MAX(b.size_bytes), 0) \
               FROM blob b CROSS JOIN repository_blob l CROSS JOIN repository \
               WHERE b.key_domain = ?1 AND b.digest = ?2 AND l.digest = ?2 \
               AND repository.repository_id = l.repository_id AND repository.key_domain = ?1";
    let Some(row) = tx.query_opt(sql, params![key_domain, digest]).await? else {
        return Ok(None);
    };
    Ok(match row.unsigned(0)? {
        0 => None,
        links => Some(BlobClaims {
            links,
            used_links: row.unsigned(1)?,
            leased_until: row.time(2)?,
            first: row.repository_id(3)?,
            size_bytes: row.unsigned(4)?,
        }),
    })
}

/// Looks at a blob that has lost a link, which is noted no more. If it has no other in its key domain
/// it goes, with its object if that is kept in a row; otherwise a row says that the object's file is
/// to be deleted.
pub async fn free_unlinked_blob(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    now: Timestamp,
) -> Result<Option<FreedBlob>, MetadataError> {
    let sql = "DELETE FROM unlinked_blob WHERE key_domain = ?1 AND digest = ?2";
    tx.execute(sql, params![key_domain, digest]).await?;
    if is_linked(tx, key_domain, digest).await? {
        return Ok(None);
    }
    let sql = "DELETE FROM blob WHERE key_domain = ?1 AND digest = ?2 \
               RETURNING object_id, store, size_bytes";
    let Some(row) = tx.query_opt(sql, params![key_domain, digest]).await? else {
        return Ok(None);
    };
    let object = discarded_object(&row)?;
    let size_bytes = object.size_bytes;
    if size_bytes <= INLINE_BLOB_BYTES_MAX {
        let sql = "DELETE FROM inline_blob WHERE object_id = ?1";
        if tx.execute(sql, params![&object.object_id]).await? > 0 {
            return Ok(Some(FreedBlob { size_bytes, discarded: None }));
        }
    }
    discard(tx, &object, now).await?;
    Ok(Some(FreedBlob { size_bytes, discarded: Some(object) }))
}

/// Bytes of a blob, linked or not.
pub async fn blob_bytes(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<u64>, MetadataError> {
    let sql = "SELECT size_bytes FROM blob WHERE key_domain = ?1 AND digest = ?2";
    let row = tx.query_opt(sql, params![key_domain, digest]).await?;
    row.map(|row| row.unsigned(0)).transpose()
}

/// Notes that the file of an object is to be deleted.
pub async fn discard(
    tx: &mut Tx,
    object: &DiscardedObject,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO discarded_object (object_id, discarded_at, store, size_bytes) \
               VALUES (?1, ?2, ?3, ?4) ON CONFLICT (object_id) DO NOTHING";
    let values = params![&object.object_id, now, &object.store, object.size_bytes];
    tx.execute(sql, values).await.map(|_| ())
}

/// Objects whose files are to be deleted and whose ids come after `after`, in order of id.
pub async fn discarded_objects(
    tx: &mut Tx,
    after: &str,
    limit: u32,
) -> Result<Vec<DiscardedObject>, MetadataError> {
    let sql = "SELECT object_id, store, size_bytes FROM discarded_object WHERE object_id > ?1 \
               ORDER BY object_id LIMIT ?2";
    tx.query(sql, params![after, limit]).await?.iter().map(discarded_object).collect()
}

/// Whether a blob has its bytes in this very object, which then must not be deleted.
pub async fn is_in_use(tx: &mut Tx, object: &DiscardedObject) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM blob WHERE object_id = ?1 AND store = ?2 LIMIT 1";
    Ok(tx.query_opt(sql, params![&object.object_id, &object.store]).await?.is_some())
}

/// Whether any row knows an object: a blob, an upload, a copy that is being written, or one that says
/// its file is to be deleted.
pub async fn is_known(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let blob = "SELECT 1 FROM blob WHERE object_id = ?1 LIMIT 1";
    let upload = "SELECT 1 FROM upload WHERE object_id = ?1 LIMIT 1";
    let moving = "SELECT 1 FROM moving_object WHERE object_id = ?1";
    let discarded = "SELECT 1 FROM discarded_object WHERE object_id = ?1";
    for sql in [blob, upload, moving, discarded] {
        if tx.query_opt(sql, params![object_id]).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn discarded_object(row: &Row) -> Result<DiscardedObject, MetadataError> {
    Ok(DiscardedObject {
        object_id: row.parsed(0)?,
        store: row.text(1)?.to_owned(),
        size_bytes: row.unsigned(2)?,
    })
}

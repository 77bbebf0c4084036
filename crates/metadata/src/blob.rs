//! Blobs: which object holds a digest's bytes, and which repositories may serve it.

use std::str::FromStr;

use wharfinger_core::{Digest, ObjectId, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// Where the bytes of a blob are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRow {
    /// The digest of the bytes.
    pub digest: Digest,
    /// The object that holds them.
    pub object_id: ObjectId,
    /// How many there are.
    pub size_bytes: u64,
    /// When the object was found damaged, if it was. It is healed by pushing the blob again.
    pub damaged_at: Option<Timestamp>,
}

/// What the images of a repository make of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobUse {
    /// An active image uses it.
    Active,
    /// Only archived images do.
    Archived,
    /// No image does.
    Unused,
}

/// A blob as one repository sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkedBlobRow {
    /// The blob.
    pub blob: BlobRow,
    /// What the images of the repository make of it.
    pub used: BlobUse,
    /// Until when it stays although no image may use it.
    pub leased_until: Timestamp,
    /// Which store its object is in.
    pub store: ObjectStore,
}

/// Which store an object is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectStore {
    /// That of the data directory.
    #[default]
    Main,
    /// That of the archive, if it has one of its own.
    Archive,
}

impl ObjectStore {
    /// The store as rows name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Main => "",
            Self::Archive => "archive",
        }
    }
}

impl FromStr for ObjectStore {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Main, Self::Archive];
        all.into_iter().find(|store| store.as_str() == text).ok_or("an unknown object store")
    }
}

fn from_row(row: &Row) -> Result<BlobRow, MetadataError> {
    Ok(BlobRow {
        digest: row.parsed(0)?,
        object_id: row.parsed(1)?,
        size_bytes: row.unsigned(2)?,
        damaged_at: row.time_opt(3)?,
    })
}

/// The blob of a key domain, whether or not any repository links it.
pub async fn find(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<BlobRow>, MetadataError> {
    let sql = "SELECT digest, object_id, size_bytes, damaged_at FROM blob \
               WHERE key_domain = ?1 AND digest = ?2";
    tx.query_opt(sql, params![key_domain, digest]).await?.as_ref().map(from_row).transpose()
}

/// The blob as one repository sees it: there is one only if the repository links it.
pub async fn find_linked(
    tx: &mut Tx,
    repository: RepositoryId,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<BlobRow>, MetadataError> {
    let sql = "SELECT b.digest, b.object_id, b.size_bytes, b.damaged_at \
               FROM repository_blob l JOIN blob b ON b.key_domain = ?2 AND b.digest = l.digest \
               WHERE l.repository_id = ?1 AND l.digest = ?3";
    let values = params![repository, key_domain, digest];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// As [`find_linked`], with what the repository makes of it.
pub async fn find_link(
    tx: &mut Tx,
    repository: RepositoryId,
    key_domain: &str,
    digest: &Digest,
) -> Result<Option<LinkedBlobRow>, MetadataError> {
    let sql = "SELECT b.digest, b.object_id, b.size_bytes, b.damaged_at, \
               l.leased_until, l.image_count, l.active_images, b.store \
               FROM repository_blob l JOIN blob b ON b.key_domain = ?2 AND b.digest = l.digest \
               WHERE l.repository_id = ?1 AND l.digest = ?3";
    let Some(row) = tx.query_opt(sql, params![repository, key_domain, digest]).await? else {
        return Ok(None);
    };
    let used = match (row.unsigned(5)?, row.unsigned(6)?) {
        (0, _) => BlobUse::Unused,
        (_, 0) => BlobUse::Archived,
        _ => BlobUse::Active,
    };
    let (leased_until, store) = (row.time(4)?, row.parsed(7)?);
    Ok(Some(LinkedBlobRow { blob: from_row(&row)?, used, leased_until, store }))
}

/// Adds a blob.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the key domain has the digest already.
pub async fn insert(
    tx: &mut Tx,
    key_domain: &str,
    blob: &BlobRow,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO blob \
               (key_domain, digest, object_id, size_bytes, created_at, verified_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?5)";
    let values = params![key_domain, &blob.digest, &blob.object_id, blob.size_bytes, now];
    tx.execute(sql, values).await.map(|_| ())
}

/// Keeps the sealed bytes of a small object, which [`discard_object`] lets go of.
pub async fn insert_inline(
    tx: &mut Tx,
    object_id: &ObjectId,
    sealed: &[u8],
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO inline_blob (object_id, sealed) VALUES (?1, ?2)";
    tx.execute(sql, params![object_id, sealed]).await.map(|_| ())
}

/// The sealed bytes of an object, if they are kept here and not in the object store.
pub async fn find_inline(
    tx: &mut Tx,
    object_id: &ObjectId,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT sealed FROM inline_blob WHERE object_id = ?1";
    let row = tx.query_opt(sql, params![object_id]).await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Which store the object of a blob is in; `None` if no blob has it.
pub async fn store_of(
    tx: &mut Tx,
    object_id: &ObjectId,
) -> Result<Option<ObjectStore>, MetadataError> {
    let sql = "SELECT store FROM blob WHERE object_id = ?1 LIMIT 1";
    let row = tx.query_opt(sql, params![object_id]).await?;
    row.map(|row| row.parsed(0)).transpose()
}

/// Points a sound blob at a copy of its object in another store, which was verified just now; answers
/// whether it still had the object `from`.
pub async fn move_object(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    from: &ObjectId,
    (to, store): (&ObjectId, ObjectStore),
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE blob SET object_id = ?4, store = ?5, verified_at = ?6 \
               WHERE key_domain = ?1 AND digest = ?2 AND object_id = ?3 AND damaged_at IS NULL";
    let values = params![key_domain, digest, from, to, store.as_str(), now];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Whether an active image of any repository of the key domain uses the blob.
pub async fn is_used_actively(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM repository_blob l CROSS JOIN repository \
               WHERE l.digest = ?2 AND l.active_images > 0 \
               AND repository.repository_id = l.repository_id \
               AND repository.key_domain = ?1 LIMIT 1";
    Ok(tx.query_opt(sql, params![key_domain, digest]).await?.is_some())
}

/// Whether anything is in the store of the archive, even what is about to be deleted.
pub async fn is_archive_in_use(tx: &mut Tx) -> Result<bool, MetadataError> {
    let blob = "SELECT 1 FROM blob WHERE store = 'archive' AND store <> '' LIMIT 1";
    let moving = "SELECT 1 FROM moving_object WHERE begun_at > -1 LIMIT 1";
    let discarded =
        "SELECT 1 FROM discarded_object WHERE store = 'archive' AND store <> '' LIMIT 1";
    for sql in [blob, moving, discarded] {
        if tx.query_opt(sql, &[]).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Points a blob at a new object in the store of the data directory, which heals it.
pub async fn replace_object(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    object_id: &ObjectId,
) -> Result<(), MetadataError> {
    let sql = "UPDATE blob SET object_id = ?3, store = '', damaged_at = NULL \
               WHERE key_domain = ?1 AND digest = ?2";
    tx.execute(sql, params![key_domain, digest, object_id]).await.map(|_| ())
}

/// Notes that an object was found damaged, unless the blob has another object by now.
pub async fn mark_damaged(
    tx: &mut Tx,
    object_id: &ObjectId,
    key_domain: &str,
    digest: &Digest,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE blob SET damaged_at = ?4 \
               WHERE key_domain = ?2 AND digest = ?3 AND object_id = ?1 AND damaged_at IS NULL";
    tx.execute(sql, params![object_id, key_domain, digest, now]).await.map(|_| ())
}

/// Links a blob into a repository, and leases the link; answers whether it is new. Images that use the
/// blob without a link, for that was lost, have it again.
pub async fn link(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    now: Timestamp,
    leased_until: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "INSERT INTO repository_blob \
               (repository_id, digest, linked_at, leased_until, image_count, active_images) \
               VALUES (?1, ?2, ?3, ?4, (SELECT COUNT(*) FROM image_blob u \
               WHERE u.repository_id = ?1 AND u.blob_digest = ?2), \
               (SELECT COUNT(*) FROM image_blob u CROSS JOIN image i \
               WHERE u.repository_id = ?1 AND u.blob_digest = ?2 AND i.repository_id = ?1 \
               AND i.digest = u.image_digest AND i.status = 'ACTIVE')) \
               ON CONFLICT (repository_id, digest) DO NOTHING";
    if tx.execute(sql, params![repository, digest, now, leased_until]).await? == 1 {
        return Ok(true);
    }
    lease(tx, repository, digest, leased_until).await.map(|_| false)
}

/// Keeps a link that no image may use until then, unless it is kept longer already; answers whether
/// there is such a link.
pub async fn lease(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    until: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE repository_blob SET leased_until = \
               CASE WHEN leased_until < ?3 THEN ?3 ELSE leased_until END \
               WHERE repository_id = ?1 AND digest = ?2";
    Ok(tx.execute(sql, params![repository, digest, until]).await? == 1)
}

/// Keeps the links of all blobs of an image until then, as [`lease`] does.
pub async fn lease_those_of(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &Digest,
    until: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository_blob SET leased_until = ?3 \
               WHERE repository_id = ?1 AND leased_until < ?3 AND digest IN \
               (SELECT blob_digest FROM image_blob \
                WHERE repository_id = ?1 AND image_digest = ?2)";
    tx.execute(sql, params![repository, image, until]).await.map(|_| ())
}

/// Takes a blob out of a repository, which has no image that uses it; answers whether it was
/// there. Whether any other repository of the key domain has it is for the collection to find out.
pub async fn unlink(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM repository_blob WHERE repository_id = ?1 AND digest = ?2";
    if tx.execute(sql, params![repository, digest]).await? == 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO unlinked_blob (key_domain, digest) \
               SELECT key_domain, ?2 FROM repository WHERE repository_id = ?1 \
               ON CONFLICT (key_domain, digest) DO NOTHING";
    tx.execute(sql, params![repository, digest]).await.map(|_| true)
}

/// Whether any image of the repository uses the blob.
pub async fn is_used(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM image_blob WHERE repository_id = ?1 AND blob_digest = ?2 LIMIT 1";
    Ok(tx.query_opt(sql, params![repository, digest]).await?.is_some())
}

/// What the images of the repository make of a blob that it links.
pub async fn find_use(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<BlobUse, MetadataError> {
    let sql = "SELECT active_images FROM repository_blob WHERE repository_id = ?1 AND digest = ?2";
    let active = match tx.query_opt(sql, params![repository, digest]).await? {
        Some(row) => row.unsigned(0)?,
        None => 0,
    };
    Ok(match active {
        0 if is_used(tx, repository, digest).await? => BlobUse::Archived,
        0 => BlobUse::Unused,
        _ => BlobUse::Active,
    })
}

/// Lets go of an object: one that is kept here is gone with the transaction, another is handed to the
/// deletion that follows it.
pub async fn discard_object(
    tx: &mut Tx,
    object_id: &ObjectId,
    now: Timestamp,
) -> Result<(), MetadataError> {
    discard_object_in(tx, ObjectStore::Main, object_id, now).await
}

/// The same for an object of either store.
pub async fn discard_object_in(
    tx: &mut Tx,
    store: ObjectStore,
    object_id: &ObjectId,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let inline = "DELETE FROM inline_blob WHERE object_id = ?1";
    if tx.execute(inline, params![object_id]).await? > 0 {
        return Ok(());
    }
    let sql = "INSERT INTO discarded_object (object_id, discarded_at, store) VALUES (?1, ?2, ?3) \
               ON CONFLICT (object_id) DO NOTHING";
    tx.execute(sql, params![object_id, now, store.as_str()]).await.map(|_| ())
}

/// Objects that wait to be deleted and whose ids come after `after`, in order of id.
pub async fn discarded_objects(
    tx: &mut Tx,
    after: &str,
    limit: u32,
) -> Result<Vec<ObjectId>, MetadataError> {
    let sql = "SELECT object_id FROM discarded_object WHERE object_id > ?1 \
               ORDER BY object_id LIMIT ?2";
    tx.query(sql, params![after, limit]).await?.iter().map(|row| row.parsed(0)).collect()
}

/// Notes that an object is gone from the store.
pub async fn forget_object(tx: &mut Tx, object_id: &ObjectId) -> Result<(), MetadataError> {
    let sql = "DELETE FROM discarded_object WHERE object_id = ?1";
    tx.execute(sql, params![object_id]).await.map(|_| ())
}

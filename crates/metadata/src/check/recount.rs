//! What a repair writes: counts as they ought to be, and the end of rows that belong to nothing or were
//! put aside.

use wharfinger_core::{Digest, ObjectId};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx, index_scan};

/// Counts the images of a repository.
pub async fn images(tx: &mut Tx, repository: RepositoryId) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET image_count = \
               (SELECT COUNT(*) FROM image WHERE repository_id = ?1) WHERE repository_id = ?1";
    tx.execute(sql, params![repository]).await.map(|_| ())
}

/// Counts the tags of an image, and gives them its status.
pub async fn tags(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &Digest,
) -> Result<(), MetadataError> {
    let sql = "UPDATE tag SET status = (SELECT i.status FROM image i \
               WHERE i.repository_id = ?1 AND i.digest = ?2) \
               WHERE repository_id = ?1 AND digest = ?2 AND EXISTS \
               (SELECT 1 FROM image i WHERE i.repository_id = ?1 AND i.digest = ?2)";
    tx.execute(sql, params![repository, image]).await?;
    crate::tag::recount(tx, repository, image).await
}

/// Counts the images that use a blob by a link.
pub async fn uses(
    tx: &mut Tx,
    repository: RepositoryId,
    blob: &Digest,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository_blob SET image_count = (SELECT COUNT(*) FROM image_blob u \
               WHERE u.repository_id = ?1 AND u.blob_digest = ?2), \
               active_images = (SELECT COUNT(*) FROM image_blob u CROSS JOIN image i \
               WHERE u.repository_id = ?1 AND u.blob_digest = ?2 \
               AND i.repository_id = ?1 AND i.digest = u.image_digest AND i.status = 'ACTIVE') \
               WHERE repository_id = ?1 AND digest = ?2";
    tx.execute(sql, params![repository, blob]).await.map(|_| ())
}

/// Counts the repositories of a registry.
pub async fn repositories(tx: &mut Tx, account: &str, region: &str) -> Result<(), MetadataError> {
    let sql = "INSERT INTO registry_count (account_id, region, repositories) VALUES (?1, ?2, \
               (SELECT COUNT(*) FROM repository WHERE account_id = ?1 AND region = ?2)) \
               ON CONFLICT (account_id, region) DO UPDATE SET repositories = excluded.repositories";
    tx.execute(sql, params![account, region]).await.map(|_| ())
}

/// Makes what an image is known to use and to list what its manifest says: rows that are missing are
/// added, others go. Counts of links follow.
pub async fn references(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &Digest,
    blobs: &[Digest],
    children: &[Digest],
) -> Result<(), MetadataError> {
    let known = "SELECT blob_digest FROM image_blob WHERE repository_id = ?1 AND image_digest = ?2";
    let known = tx.query(known, params![repository, image]).await?;
    let sql = "DELETE FROM image_blob WHERE repository_id = ?1 AND image_digest = ?2";
    tx.execute(sql, params![repository, image]).await?;
    let sql = "DELETE FROM image_child WHERE repository_id = ?1 AND parent_digest = ?2";
    tx.execute(sql, params![repository, image]).await?;
    for blob in blobs {
        let sql = "INSERT INTO image_blob (repository_id, blob_digest, image_digest) \
                   VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![repository, blob, image]).await?;
    }
    for child in children {
        let sql = "INSERT INTO image_child (repository_id, child_digest, parent_digest) \
                   VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![repository, child, image]).await?;
    }
    if !children.is_empty() {
        index_scan::note(tx, repository, image).await?;
    }
    let known = known.iter().map(|row| row.parsed(0)).collect::<Result<Vec<Digest>, _>>()?;
    for blob in known.iter().chain(blobs) {
        uses(tx, repository, blob).await?;
    }
    Ok(())
}

/// Takes back that an object is to be deleted, which a blob has; answers whether that was so.
pub async fn keep_discarded(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM discarded_object WHERE object_id = ?1 \
               AND EXISTS (SELECT 1 FROM blob WHERE object_id = ?1)";
    Ok(tx.execute(sql, params![object_id]).await? == 1)
}

/// Removes the bytes of an object that no blob has; answers whether there were any.
pub async fn drop_inline(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM inline_blob WHERE object_id = ?1 \
               AND NOT EXISTS (SELECT 1 FROM blob WHERE object_id = ?1)";
    Ok(tx.execute(sql, params![object_id]).await? == 1)
}

/// Has the collection of garbage look at a blob.
pub async fn note_unlinked(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO unlinked_blob (key_domain, digest) VALUES (?1, ?2) \
               ON CONFLICT (key_domain, digest) DO NOTHING";
    tx.execute(sql, params![key_domain, digest]).await.map(|_| ())
}

/// Removes the bytes of an object that were put aside; answers whether there were any.
pub async fn take_inline(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM inline_blob WHERE object_id = ?1";
    Ok(tx.execute(sql, params![object_id]).await? == 1)
}

/// Removes the sealed manifest of an image that was put aside, if it is this one still; a push of the
/// image brings it back.
pub async fn take_manifest(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    sealed: &[u8],
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM manifest WHERE repository_id = ?1 AND digest = ?2 AND sealed = ?3";
    Ok(tx.execute(sql, params![repository, digest, sealed]).await? == 1)
}

/// Gives a blob the size that its new object has: the row may be what was wrong.
pub async fn size(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
    size_bytes: u64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE blob SET size_bytes = ?3 WHERE key_domain = ?1 AND digest = ?2";
    tx.execute(sql, params![key_domain, digest, size_bytes]).await.map(|_| ())
}

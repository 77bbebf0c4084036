//! Of the check: images, what they use, the links they use it by, and tags.

use wharfinger_core::{Digest, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// An image with its manifest and what is counted of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedImage {
    /// Its digest.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// How many tags its row says it has.
    pub tag_count: i64,
    /// Whether its row says that it has any.
    pub tagged: bool,
    /// How many it has.
    pub tags: i64,
    /// Its status.
    pub status: String,
    /// The sealed bytes of its manifest, if there are any.
    pub sealed: Option<Vec<u8>>,
}

/// The digests of the images of a repository after this one.
pub async fn image_digests(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT digest FROM image WHERE repository_id = ?1 AND digest > ?2 \
               ORDER BY digest LIMIT ?3";
    let rows = tx.query(sql, params![repository, after, limit]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// An image, if it is there still.
pub async fn find_image(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<CheckedImage>, MetadataError> {
    let sql = "SELECT i.digest, i.media_type, i.tag_count, i.tagged, (SELECT COUNT(*) FROM tag t \
               WHERE t.repository_id = i.repository_id AND t.digest = i.digest), i.status, \
               (SELECT m.sealed FROM manifest m WHERE m.repository_id = i.repository_id \
                AND m.digest = i.digest) \
               FROM image i WHERE i.repository_id = ?1 AND i.digest = ?2";
    let row = tx.query_opt(sql, params![repository, digest]).await?;
    row.map(|row| {
        Ok(CheckedImage {
            digest: row.parsed(0)?,
            media_type: row.text(1)?.to_owned(),
            tag_count: row.integer(2)?,
            tagged: row.boolean(3)?,
            tags: row.integer(4)?,
            status: row.text(5)?.to_owned(),
            sealed: row.bytes_opt(6)?.map(<[u8]>::to_vec),
        })
    })
    .transpose()
}

/// A blob that an image uses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedUse {
    /// The blob.
    pub digest: Digest,
    /// Whether the repository links it.
    pub linked: bool,
    /// Whether the key domain has it.
    pub exists: bool,
}

/// The blobs an image uses. Its manifest bounds how many there are.
pub async fn uses(
    tx: &mut Tx,
    repository: RepositoryId,
    key_domain: &str,
    image: &Digest,
) -> Result<Vec<CheckedUse>, MetadataError> {
    let sql = "SELECT u.blob_digest, EXISTS (SELECT 1 FROM repository_blob l \
               WHERE l.repository_id = u.repository_id AND l.digest = u.blob_digest), \
               EXISTS (SELECT 1 FROM blob b WHERE b.key_domain = ?3 AND b.digest = u.blob_digest) \
               FROM image_blob u WHERE u.repository_id = ?1 AND u.image_digest = ?2";
    let rows = tx.query(sql, params![repository, image, key_domain]).await?;
    rows.iter()
        .map(|row| {
            let (linked, exists) = (row.boolean(1)?, row.boolean(2)?);
            Ok(CheckedUse { digest: row.parsed(0)?, linked, exists })
        })
        .collect()
}

/// An image that an index lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedChild {
    /// The image.
    pub digest: Digest,
    /// Whether it is there.
    pub exists: bool,
}

/// The images an index lists. Its manifest bounds how many there are.
pub async fn children(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
) -> Result<Vec<CheckedChild>, MetadataError> {
    let sql = "SELECT c.child_digest, EXISTS (SELECT 1 FROM image i \
               WHERE i.repository_id = c.repository_id AND i.digest = c.child_digest) \
               FROM image_child c WHERE c.repository_id = ?1 AND c.parent_digest = ?2";
    let rows = tx.query(sql, params![repository, index]).await?;
    rows.iter()
        .map(|row| Ok(CheckedChild { digest: row.parsed(0)?, exists: row.boolean(1)? }))
        .collect()
}

/// A link of a repository to a blob, and how often it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedLink {
    /// The blob.
    pub digest: Digest,
    /// How many images use it, as the link says.
    pub image_count: i64,
    /// How many do.
    pub images: i64,
    /// How many active ones do, as the link says.
    pub active_count: i64,
    /// How many do.
    pub active_images: i64,
    /// Whether the key domain has the blob.
    pub exists: bool,
}

/// The links of a repository after this one.
pub async fn links(
    tx: &mut Tx,
    repository: RepositoryId,
    key_domain: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<CheckedLink>, MetadataError> {
    let sql = "SELECT l.digest, l.image_count, (SELECT COUNT(*) FROM image_blob u \
               WHERE u.repository_id = l.repository_id AND u.blob_digest = l.digest), \
               l.active_images, (SELECT COUNT(*) FROM image_blob u CROSS JOIN image i \
               WHERE u.repository_id = l.repository_id AND u.blob_digest = l.digest \
               AND i.repository_id = u.repository_id AND i.digest = u.image_digest \
               AND i.status = 'ACTIVE'), \
               EXISTS (SELECT 1 FROM blob b WHERE b.key_domain = ?2 AND b.digest = l.digest) \
               FROM repository_blob l WHERE l.repository_id = ?1 AND l.digest > ?3 \
               ORDER BY l.digest LIMIT ?4";
    let rows = tx.query(sql, params![repository, key_domain, after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(CheckedLink {
                digest: row.parsed(0)?,
                image_count: row.integer(1)?,
                images: row.integer(2)?,
                active_count: row.integer(3)?,
                active_images: row.integer(4)?,
                exists: row.boolean(5)?,
            })
        })
        .collect()
}

/// A tag, its status, and that of its image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedTag {
    /// The tag, as text.
    pub tag: String,
    /// The image it points to.
    pub digest: Digest,
    /// The status it has.
    pub status: String,
    /// The status of the image, if that is there.
    pub image_status: Option<String>,
}

/// The tags of a repository after this one.
pub async fn tags(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
    limit: u32,
) -> Result<Vec<CheckedTag>, MetadataError> {
    let sql = "SELECT t.tag, t.digest, t.status, (SELECT i.status FROM image i \
               WHERE i.repository_id = t.repository_id AND i.digest = t.digest) \
               FROM tag t WHERE t.repository_id = ?1 AND t.tag > ?2 ORDER BY t.tag LIMIT ?3";
    let rows = tx.query(sql, params![repository, after, limit]).await?;
    rows.iter()
        .map(|row| {
            Ok(CheckedTag {
                tag: row.text(0)?.to_owned(),
                digest: row.parsed(1)?,
                status: row.text(2)?.to_owned(),
                image_status: row.text_opt(3)?.map(str::to_owned),
            })
        })
        .collect()
}

/// A deleted image with its sealed manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedDeletedImage {
    /// Its digest.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// The sealed bytes of its manifest.
    pub sealed: Vec<u8>,
    /// Until when it can be brought back.
    pub expires_at: Timestamp,
}

/// The first deleted image of a repository after this one.
pub async fn next_deleted(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &str,
) -> Result<Option<CheckedDeletedImage>, MetadataError> {
    let sql = "SELECT digest, media_type, sealed, expires_at FROM deleted_image \
               WHERE repository_id = ?1 AND digest > ?2 ORDER BY digest LIMIT 1";
    let row = tx.query_opt(sql, params![repository, after]).await?;
    row.map(|row| {
        Ok(CheckedDeletedImage {
            digest: row.parsed(0)?,
            media_type: row.text(1)?.to_owned(),
            sealed: row.bytes(2)?.to_vec(),
            expires_at: row.time(3)?,
        })
    })
    .transpose()
}

/// Whether a deleted image can be brought back still.
pub async fn is_deleted(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM deleted_image \
               WHERE repository_id = ?1 AND digest = ?2 AND expires_at > ?3";
    Ok(tx.query_opt(sql, params![repository, digest, now]).await?.is_some())
}

//! Images: stored manifests and the facts derived from them.
//!
//! Each change of an image's status keeps in step the status of its tags and the count of active
//! images of its blobs, so that lists by status are walks along an index, and whether a blob may be
//! served is one look.

mod listing;

use std::str::FromStr;

use wharfinger_core::{Digest, Timestamp};

use crate::check::recount;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx, index_scan, inventory, tag};

pub use listing::{ImagePosition, TagStatus, list, list_pairs, referrers};

/// An image: what is known of a stored manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRow {
    /// The SHA-256 of the manifest's bytes.
    pub digest: Digest,
    /// The manifest's media type.
    pub media_type: String,
    /// The media type of what the image is (its config's, as a rule).
    pub artifact_media_type: Option<String>,
    /// The manifest's `artifactType`.
    pub artifact_type: Option<String>,
    /// The digest of the manifest's `subject`.
    pub subject: Option<Digest>,
    /// Bytes of config and layers; for an index the largest of its children.
    pub size_bytes: u64,
    /// Bytes of the manifest itself.
    pub manifest_size_bytes: u64,
    /// When it was first pushed.
    pub pushed_at: Timestamp,
    /// How many tags point to it.
    pub tag_count: u64,
    /// Whether it can be pulled.
    pub status: ImageStatus,
    /// When it was archived last, if ever.
    pub archived_at: Option<Timestamp>,
    /// When it was brought back from the archive last, if ever.
    pub activated_at: Option<Timestamp>,
    /// When a pull of it was recorded last, if ever.
    pub last_pulled_at: Option<Timestamp>,
}

/// Whether an image can be pulled: ECR's `ImageStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ImageStatus {
    /// It can.
    #[default]
    Active,
    /// It is archived.
    Archived,
    /// It is on its way back from the archive.
    Activating,
}

impl ImageStatus {
    /// The status as rows and requests name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Archived => "ARCHIVED",
            Self::Activating => "ACTIVATING",
        }
    }
}

impl FromStr for ImageStatus {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let all = [Self::Active, Self::Archived, Self::Activating];
        all.into_iter().find(|status| status.as_str() == text).ok_or("an unknown image status")
    }
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT digest, media_type, artifact_media_type, artifact_type, subject_digest, \
             size_bytes, manifest_size_bytes, pushed_at, tag_count, status, archived_at, \
             activated_at, last_pulled_at ",
            $rest
        )
    };
}
use select;

fn from_row(row: &Row) -> Result<ImageRow, MetadataError> {
    Ok(ImageRow {
        digest: row.parsed(0)?,
        media_type: row.text(1)?.to_owned(),
        artifact_media_type: row.text_opt(2)?.map(str::to_owned),
        artifact_type: row.text_opt(3)?.map(str::to_owned),
        subject: row.parsed_opt(4)?,
        size_bytes: row.unsigned(5)?,
        manifest_size_bytes: row.unsigned(6)?,
        pushed_at: row.time(7)?,
        tag_count: row.unsigned(8)?,
        status: row.parsed(9)?,
        archived_at: row.time_opt(10)?,
        activated_at: row.time_opt(11)?,
        last_pulled_at: row.time_opt(12)?,
    })
}

/// Adds an image without tags, its sealed manifest, and what it refers to.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the repository has the digest already.
pub async fn insert(
    tx: &mut Tx,
    repository: RepositoryId,
    image: &ImageRow,
    sealed_manifest: &[u8],
    blobs: &[Digest],
    children: &[Digest],
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO image (repository_id, digest, media_type, artifact_media_type, \
               artifact_type, subject_digest, size_bytes, manifest_size_bytes, pushed_at, \
               tag_count, tagged, status, archived_at, activated_at, last_pulled_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, ?10, ?11, ?12, ?13)";
    let values = params![
        repository,
        &image.digest,
        &image.media_type,
        image.artifact_media_type.as_ref(),
        image.artifact_type.as_ref(),
        image.subject.as_ref(),
        image.size_bytes,
        image.manifest_size_bytes,
        image.pushed_at,
        image.status.as_str(),
        image.archived_at,
        image.activated_at,
        image.last_pulled_at
    ];
    tx.execute(sql, values).await?;
    let sql = "INSERT INTO manifest (repository_id, digest, sealed) VALUES (?1, ?2, ?3)";
    tx.execute(sql, params![repository, &image.digest, sealed_manifest]).await?;
    for blob in blobs {
        let sql = "INSERT INTO image_blob (repository_id, blob_digest, image_digest) \
                   VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![repository, blob, &image.digest]).await?;
    }
    for child in children {
        let sql = "INSERT INTO image_child (repository_id, child_digest, parent_digest) \
                   VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        tx.execute(sql, params![repository, child, &image.digest]).await?;
    }
    if !children.is_empty() {
        index_scan::note(tx, repository, &image.digest).await?;
    }
    index_scan::note_child(tx, repository, &image.digest).await?;
    count_uses(tx, repository, &image.digest, 1).await?;
    add_to_count(tx, repository, 1).await
}

/// The image of a digest.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<ImageRow>, MetadataError> {
    let sql = select!("FROM image WHERE repository_id = ?1 AND digest = ?2");
    tx.query_opt(sql, params![repository, digest]).await?.as_ref().map(from_row).transpose()
}

/// The sealed bytes of an image's manifest.
pub async fn sealed_manifest(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT sealed FROM manifest WHERE repository_id = ?1 AND digest = ?2";
    let row = tx.query_opt(sql, params![repository, digest]).await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// Whether an image has a manifest: one that was damaged has none until it is pushed again.
pub async fn has_manifest(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM manifest WHERE repository_id = ?1 AND digest = ?2";
    Ok(tx.query_opt(sql, params![repository, digest]).await?.is_some())
}

/// Gives an image that has none its manifest again, with what it refers to.
pub async fn restore_manifest(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    sealed_manifest: &[u8],
    blobs: &[Digest],
    children: &[Digest],
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO manifest (repository_id, digest, sealed) VALUES (?1, ?2, ?3)";
    tx.execute(sql, params![repository, digest, sealed_manifest]).await?;
    recount::references(tx, repository, digest, blobs, children).await
}

/// Deletes an image with its tags; answers whether there was one.
pub async fn delete(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    count_uses(tx, repository, digest, -1).await?;
    index_scan::note_child(tx, repository, digest).await?;
    inventory::retire(tx, repository, digest).await?;
    let sql = "DELETE FROM image WHERE repository_id = ?1 AND digest = ?2";
    if tx.execute(sql, params![repository, digest]).await? == 0 {
        return Ok(false);
    }
    add_to_count(tx, repository, -1).await?;
    Ok(true)
}

/// Archives an active image, tags and all; answers whether it was active.
pub async fn archive(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    add_to_uses(tx, repository, digest, -1).await?;
    let sql = "UPDATE image SET status = 'ARCHIVED', archived_at = ?3 \
               WHERE repository_id = ?1 AND digest = ?2 AND status = 'ACTIVE'";
    if tx.execute(sql, params![repository, digest, now]).await? == 0 {
        return Ok(false);
    }
    index_scan::note_child(tx, repository, digest).await?;
    tag::set_status(tx, repository, digest, ImageStatus::Archived).await?;
    Ok(true)
}

/// Has an archived image on its way back, tags and all; answers whether it was archived.
pub async fn begin_activation(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE image SET status = 'ACTIVATING' \
               WHERE repository_id = ?1 AND digest = ?2 AND status = 'ARCHIVED'";
    if tx.execute(sql, params![repository, digest]).await? == 0 {
        return Ok(false);
    }
    tag::set_status(tx, repository, digest, ImageStatus::Activating).await?;
    Ok(true)
}

/// Makes an image active again, tags and all; answers whether it was not.
pub async fn activate(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE image SET status = 'ACTIVE', activated_at = ?3 \
               WHERE repository_id = ?1 AND digest = ?2 AND status <> 'ACTIVE'";
    if tx.execute(sql, params![repository, digest, now]).await? == 0 {
        return Ok(false);
    }
    index_scan::note_child(tx, repository, digest).await?;
    tag::set_status(tx, repository, digest, ImageStatus::Active).await?;
    add_to_uses(tx, repository, digest, 1).await?;
    Ok(true)
}

/// Notes that an image was pulled, unless a later pull is noted.
pub async fn record_pull(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    pulled_at: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE image SET last_pulled_at = ?3 WHERE repository_id = ?1 AND digest = ?2 \
               AND (last_pulled_at IS NULL OR last_pulled_at < ?3)";
    tx.execute(sql, params![repository, digest, pulled_at]).await.map(|_| ())
}

/// The indexes of the repository that list an image, a few of them.
pub async fn parents(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT parent_digest FROM image_child \
               WHERE repository_id = ?1 AND child_digest = ?2 ORDER BY parent_digest LIMIT 100";
    let rows = tx.query(sql, params![repository, digest]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The active indexes of the repository that list an image, a few of them.
pub async fn active_parents(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Vec<Digest>, MetadataError> {
    // In this order, since an image has few parents and a repository many active images.
    let sql = "SELECT c.parent_digest FROM image_child c CROSS JOIN image p \
               WHERE c.repository_id = ?1 AND c.child_digest = ?2 AND p.repository_id = ?1 \
               AND p.digest = c.parent_digest AND p.status = 'ACTIVE' \
               ORDER BY c.parent_digest LIMIT 100";
    let rows = tx.query(sql, params![repository, digest]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The images that an index lists and that are not active. An index has a bounded number of them.
pub async fn inactive_children(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT c.child_digest FROM image_child c CROSS JOIN image i \
               WHERE c.repository_id = ?1 AND c.parent_digest = ?2 AND i.repository_id = ?1 \
               AND i.digest = c.child_digest AND i.status <> 'ACTIVE'";
    let rows = tx.query(sql, params![repository, index]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The images that an index lists. An index has a bounded number of them.
pub async fn children(
    tx: &mut Tx,
    repository: RepositoryId,
    index: &Digest,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT child_digest FROM image_child \
               WHERE repository_id = ?1 AND parent_digest = ?2 ORDER BY child_digest";
    let rows = tx.query(sql, params![repository, index]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// The blobs of an image whose digests come after `after`, in order of digest.
pub async fn blobs(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    after: &str,
    limit: u32,
) -> Result<Vec<Digest>, MetadataError> {
    let sql = "SELECT blob_digest FROM image_blob \
               WHERE repository_id = ?1 AND image_digest = ?2 AND blob_digest > ?3 \
               ORDER BY blob_digest LIMIT ?4";
    let rows = tx.query(sql, params![repository, digest, after, limit]).await?;
    rows.iter().map(|row| row.parsed(0)).collect()
}

/// Counts an image among (or no more among) those of its blobs, and the active ones if it is.
async fn count_uses(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    change: i64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository_blob SET image_count = image_count + ?3, \
               active_images = active_images + CASE WHEN 'ACTIVE' = (SELECT status FROM image \
                                                WHERE repository_id = ?1 AND digest = ?2) \
                                               THEN ?3 ELSE 0 END \
               WHERE repository_id = ?1 AND digest IN \
               (SELECT blob_digest FROM image_blob \
                WHERE repository_id = ?1 AND image_digest = ?2)";
    tx.execute(sql, params![repository, digest, change]).await.map(|_| ())
}

/// Counts an image among (or no more among) the active ones of its blobs, if it is active.
async fn add_to_uses(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    change: i64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository_blob SET active_images = active_images + ?3 \
               WHERE repository_id = ?1 AND digest IN \
               (SELECT b.blob_digest FROM image i CROSS JOIN image_blob b \
                WHERE i.repository_id = ?1 AND i.digest = ?2 AND i.status = 'ACTIVE' \
                AND b.repository_id = ?1 AND b.image_digest = ?2)";
    tx.execute(sql, params![repository, digest, change]).await.map(|_| ())
}

async fn add_to_count(
    tx: &mut Tx,
    repository: RepositoryId,
    change: i64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET image_count = image_count + ?2 WHERE repository_id = ?1";
    tx.execute(sql, params![repository, change]).await.map(|_| ())
}

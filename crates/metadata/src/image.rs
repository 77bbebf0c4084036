//! Images: stored manifests and the facts derived from them.

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

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
}

/// Which images a list shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TagStatus {
    /// All of them.
    #[default]
    Any,
    /// Those with at least one tag.
    Tagged,
    /// Those with none.
    Untagged,
}

/// A place in the order of images: by time of push, then by digest.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ImagePosition {
    /// The time of push of the image last seen.
    pub pushed_at: Timestamp,
    /// Its digest; empty before the first image.
    pub digest: String,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT digest, media_type, artifact_media_type, artifact_type, subject_digest, \
             size_bytes, manifest_size_bytes, pushed_at, tag_count ",
            $rest
        )
    };
}

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
               tag_count, tagged) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0)";
    let values = params![
        repository,
        &image.digest,
        &image.media_type,
        image.artifact_media_type.as_ref(),
        image.artifact_type.as_ref(),
        image.subject.as_ref(),
        image.size_bytes,
        image.manifest_size_bytes,
        image.pushed_at
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

/// Deletes an image with its tags; answers whether there was one.
pub async fn delete(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM image WHERE repository_id = ?1 AND digest = ?2";
    if tx.execute(sql, params![repository, digest]).await? == 0 {
        return Ok(false);
    }
    add_to_count(tx, repository, -1).await?;
    Ok(true)
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

/// The images after a position, in order of push.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    tag_status: TagStatus,
    after: &ImagePosition,
    limit: u32,
) -> Result<Vec<ImageRow>, MetadataError> {
    let any = select!(
        "FROM image WHERE repository_id = ?1 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let tagged = select!(
        "FROM image WHERE repository_id = ?1 AND tagged = ?5 \
         AND (pushed_at, digest) > (?2, ?3) ORDER BY pushed_at, digest LIMIT ?4"
    );
    let digest = after.digest.as_str();
    let rows = match tag_status {
        TagStatus::Any => {
            tx.query(any, params![repository, after.pushed_at, digest, limit]).await?
        }
        TagStatus::Tagged | TagStatus::Untagged => {
            let flag = tag_status == TagStatus::Tagged;
            let values = params![repository, after.pushed_at, digest, limit, flag];
            tx.query(tagged, values).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// Pairs of image and tag after a position and a tag, in order of push, digest and tag. An image
/// without tags makes one pair without a tag. The third member is the time of push.
pub async fn list_pairs(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &ImagePosition,
    after_tag: &str,
    limit: u32,
) -> Result<Vec<(Digest, Option<Tag>, Timestamp)>, MetadataError> {
    // The image at the position is looked at once more, for tags of it that did not fit the page.
    let sql = "SELECT i.digest, t.tag, i.pushed_at FROM image i \
               LEFT JOIN tag t ON t.repository_id = i.repository_id AND t.digest = i.digest \
               WHERE i.repository_id = ?1 AND (i.pushed_at, i.digest) >= (?2, ?3) \
               AND (i.pushed_at > ?2 OR i.digest > ?3 OR t.tag > ?4) \
               ORDER BY i.pushed_at, i.digest, t.tag LIMIT ?5";
    let values = params![repository, after.pushed_at, after.digest.as_str(), after_tag, limit];
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed_opt(1)?, row.time(2)?))).collect()
}

async fn add_to_count(
    tx: &mut Tx,
    repository: RepositoryId,
    change: i64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE repository SET image_count = image_count + ?2 WHERE repository_id = ?1";
    tx.execute(sql, params![repository, change]).await.map(|_| ())
}

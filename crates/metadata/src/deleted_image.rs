//! Images that were deleted and can be brought back: rows of their own, with the sealed manifest,
//! so that whatever walks images never meets them.
//!
//! Their blobs stay linked by leases that end when the row does
//! ([`blob::lease_those_of`](crate::blob::lease_those_of)).

use wharfinger_core::{Digest, Tag, Timestamp};

use crate::image::ImageRow;
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// An image that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedImageRow {
    /// The image as it was, without its tags.
    pub image: ImageRow,
    /// The tags it had.
    pub tags: Vec<Tag>,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be brought back.
    pub expires_at: Timestamp,
    /// Who or what deleted it.
    pub cause: String,
}

/// A place in the order of deletions, the last one first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeletionPosition {
    /// The time of the deletion last seen.
    pub deleted_at: Timestamp,
    /// The digest of its image.
    pub digest: String,
}

impl DeletionPosition {
    /// Before the last deletion there is.
    pub fn start() -> Self {
        Self { deleted_at: Timestamp::from_millis(i64::MAX), digest: String::new() }
    }
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT digest, media_type, artifact_media_type, artifact_type, subject_digest, \
             size_bytes, manifest_size_bytes, pushed_at, status, archived_at, activated_at, \
             last_pulled_at, tags, deleted_at, expires_at, cause ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<DeletedImageRow, MetadataError> {
    let bad_tag = |error: <Tag as std::str::FromStr>::Err| MetadataError::BadValue {
        column: 12,
        what: error.to_string(),
    };
    Ok(DeletedImageRow {
        image: ImageRow {
            digest: row.parsed(0)?,
            media_type: row.text(1)?.to_owned(),
            artifact_media_type: row.text_opt(2)?.map(str::to_owned),
            artifact_type: row.text_opt(3)?.map(str::to_owned),
            subject: row.parsed_opt(4)?,
            size_bytes: row.unsigned(5)?,
            manifest_size_bytes: row.unsigned(6)?,
            pushed_at: row.time(7)?,
            tag_count: 0,
            status: row.parsed(8)?,
            archived_at: row.time_opt(9)?,
            activated_at: row.time_opt(10)?,
            last_pulled_at: row.time_opt(11)?,
        },
        tags: row
            .text(12)?
            .split_whitespace()
            .map(|tag| tag.parse().map_err(bad_tag))
            .collect::<Result<_, _>>()?,
        deleted_at: row.time(13)?,
        expires_at: row.time(14)?,
        cause: row.text(15)?.to_owned(),
    })
}

/// Keeps an image that is about to be deleted, with its sealed manifest. What was kept of an
/// earlier deletion of the digest is replaced.
pub async fn keep(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
    tags: &[Tag],
    cause: &str,
    deleted_at: Timestamp,
    expires_at: Timestamp,
) -> Result<(), MetadataError> {
    remove(tx, repository, digest).await?;
    let sql = "INSERT INTO deleted_image (repository_id, digest, deleted_at, expires_at, cause, \
               tags, media_type, artifact_media_type, artifact_type, subject_digest, size_bytes, \
               manifest_size_bytes, pushed_at, status, archived_at, activated_at, \
               last_pulled_at, sealed) \
               SELECT i.repository_id, i.digest, ?3, ?4, ?5, ?6, i.media_type, \
               i.artifact_media_type, i.artifact_type, i.subject_digest, i.size_bytes, \
               i.manifest_size_bytes, i.pushed_at, i.status, i.archived_at, i.activated_at, \
               i.last_pulled_at, m.sealed FROM image i CROSS JOIN manifest m \
               WHERE i.repository_id = ?1 AND i.digest = ?2 \
               AND m.repository_id = ?1 AND m.digest = ?2";
    let tags: Vec<&str> = tags.iter().map(Tag::as_str).collect();
    let tags = tags.join(" ");
    let values = params![repository, digest, deleted_at, expires_at, cause, &tags];
    tx.execute(sql, values).await.map(|_| ())
}

/// The deleted image of a digest.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<DeletedImageRow>, MetadataError> {
    let sql = select!("FROM deleted_image WHERE repository_id = ?1 AND digest = ?2");
    tx.query_opt(sql, params![repository, digest]).await?.as_ref().map(from_row).transpose()
}

/// The sealed bytes of its manifest.
pub async fn sealed_manifest(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<Option<Vec<u8>>, MetadataError> {
    let sql = "SELECT sealed FROM deleted_image WHERE repository_id = ?1 AND digest = ?2";
    let row = tx.query_opt(sql, params![repository, digest]).await?;
    row.map(|row| row.bytes(0).map(<[u8]>::to_vec)).transpose()
}

/// The deleted images of a repository after a position, the last deletion first.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
    after: &DeletionPosition,
    limit: u32,
) -> Result<Vec<DeletedImageRow>, MetadataError> {
    let sql = select!(
        "FROM deleted_image WHERE repository_id = ?1 AND (deleted_at, digest) < (?2, ?3) \
         ORDER BY deleted_at DESC, digest DESC LIMIT ?4"
    );
    let values = params![repository, after.deleted_at, after.digest.as_str(), limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// The deleted images whose subject is `subject` and whose digests come after `after`, with what
/// deleted them, in order of digest.
pub async fn referrers(
    tx: &mut Tx,
    repository: RepositoryId,
    subject: &Digest,
    after: &str,
    limit: u32,
) -> Result<Vec<(Digest, String)>, MetadataError> {
    let sql = "SELECT digest, cause FROM deleted_image \
               WHERE repository_id = ?1 AND subject_digest = ?2 AND digest > ?3 \
               ORDER BY digest LIMIT ?4";
    let rows = tx.query(sql, params![repository, subject, after, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.text(1)?.to_owned()))).collect()
}

/// Forgets a deleted image: it is back, or was pushed again. Answers whether there was one.
pub async fn remove(
    tx: &mut Tx,
    repository: RepositoryId,
    digest: &Digest,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM deleted_image WHERE repository_id = ?1 AND digest = ?2";
    Ok(tx.execute(sql, params![repository, digest]).await? == 1)
}

/// Forgets some of the deleted images whose time is over; answers how many.
pub async fn expire(tx: &mut Tx, now: Timestamp, limit: u32) -> Result<u64, MetadataError> {
    let sql = "DELETE FROM deleted_image WHERE (repository_id, digest) IN \
               (SELECT repository_id, digest FROM deleted_image WHERE expires_at <= ?1 \
                ORDER BY expires_at LIMIT ?2)";
    tx.execute(sql, params![now, limit]).await
}

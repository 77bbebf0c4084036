//! Uploads on their way.

use wharfinger_core::{ObjectId, Timestamp, UploadId};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// An upload session. Everything up to `received_bytes` is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadRow {
    /// The session.
    pub upload_id: UploadId,
    /// The repository it uploads to.
    pub repository: RepositoryId,
    /// Bytes received and kept.
    pub received_bytes: u64,
    /// Parts received through `UploadLayerPart`.
    pub part_count: u64,
    /// The last part's first byte, to recognise a part that is sent again.
    pub last_part_first_byte: Option<u64>,
    /// The last part's SHA-256, likewise.
    pub last_part_sha256: Option<Vec<u8>>,
    /// Whether a part that is too small has been followed by another.
    pub short_part: bool,
    /// The object whose file the bytes go to; none while the checkpoint holds all of them. If the
    /// checkpoint is not one of it, it was about to be written: what there is of it counts for
    /// nothing.
    pub object_id: Option<ObjectId>,
    /// Where the object store goes on from, opaque; none before the first byte.
    pub checkpoint: Option<Vec<u8>>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last received anything.
    pub updated_at: Timestamp,
    /// The access key of who began it; none if nobody with a key did.
    pub begun_by: Option<String>,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT upload_id, repository_id, received_bytes, part_count, \
             last_part_first_byte, last_part_sha256, short_part, object_id, \
             checkpoint, created_at, updated_at, begun_by ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<UploadRow, MetadataError> {
    Ok(UploadRow {
        upload_id: row.parsed(0)?,
        repository: row.repository_id(1)?,
        received_bytes: row.unsigned(2)?,
        part_count: row.unsigned(3)?,
        last_part_first_byte: row.time_opt(4)?.map(|first| first.millis().unsigned_abs()),
        last_part_sha256: row.bytes_opt(5)?.map(<[u8]>::to_vec),
        short_part: row.boolean(6)?,
        object_id: row.parsed_opt(7)?,
        checkpoint: row.bytes_opt(8)?.map(<[u8]>::to_vec),
        created_at: row.time(9)?,
        updated_at: row.time(10)?,
        begun_by: row.text_opt(11)?.map(str::to_owned),
    })
}

/// Adds a session.
pub async fn insert(tx: &mut Tx, upload: &UploadRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO upload (upload_id, repository_id, received_bytes, part_count, \
               last_part_first_byte, last_part_sha256, short_part, object_id, checkpoint, \
               created_at, updated_at, begun_by) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    let values = params![
        &upload.upload_id,
        upload.repository,
        upload.received_bytes,
        upload.part_count,
        upload.last_part_first_byte,
        upload.last_part_sha256.as_ref(),
        upload.short_part,
        upload.object_id.as_ref(),
        upload.checkpoint.as_ref(),
        upload.created_at,
        upload.updated_at,
        upload.begun_by.as_ref()
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The session, if it belongs to the repository.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
    upload_id: &UploadId,
) -> Result<Option<UploadRow>, MetadataError> {
    let sql = select!("FROM upload WHERE upload_id = ?1 AND repository_id = ?2");
    tx.query_opt(sql, params![upload_id, repository]).await?.as_ref().map(from_row).transpose()
}

/// Whether a repository has at least `count` sessions. Looks at so many of them at the most.
pub async fn are_there(
    tx: &mut Tx,
    repository: RepositoryId,
    count: u64,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM upload WHERE repository_id = ?1 LIMIT 1 OFFSET ?2";
    let before = count.saturating_sub(1);
    Ok(count == 0 || tx.query_opt(sql, params![repository, before]).await?.is_some())
}

/// Writes a session's progress, if it still stands where the writer found it (`was_received`
/// bytes); answers whether it did. Of two writers, one is told no.
pub async fn advance(
    tx: &mut Tx,
    upload: &UploadRow,
    was_received: u64,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE upload SET received_bytes = ?2, part_count = ?3, last_part_first_byte = ?4, \
               last_part_sha256 = ?5, short_part = ?6, object_id = ?7, checkpoint = ?8, \
               updated_at = ?9 \
               WHERE upload_id = ?1 AND received_bytes = ?10";
    let values = params![
        &upload.upload_id,
        upload.received_bytes,
        upload.part_count,
        upload.last_part_first_byte,
        upload.last_part_sha256.as_ref(),
        upload.short_part,
        upload.object_id.as_ref(),
        upload.checkpoint.as_ref(),
        upload.updated_at,
        was_received
    ];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Who began a session (an access key), and when; `None` if the repository has no such session, or
/// it does not say who.
pub async fn begun(
    tx: &mut Tx,
    repository: RepositoryId,
    upload_id: &UploadId,
) -> Result<Option<(String, Timestamp)>, MetadataError> {
    let sql = "SELECT begun_by, created_at FROM upload \
               WHERE upload_id = ?1 AND repository_id = ?2 AND begun_by IS NOT NULL";
    let found = tx.query_opt(sql, params![upload_id, repository]).await?;
    found.map(|row| Ok((row.text(0)?.to_owned(), row.time(1)?))).transpose()
}

/// Notes which object a session is about to write, before there is anything of it; answers whether
/// the session is there and has none yet.
pub async fn claim_object(
    tx: &mut Tx,
    upload_id: &UploadId,
    object_id: &ObjectId,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE upload SET object_id = ?2 WHERE upload_id = ?1 AND object_id IS NULL";
    Ok(tx.execute(sql, params![upload_id, object_id]).await? == 1)
}

/// Takes back [`claim_object`], unless the session has moved on since from where it was found
/// (`was_received` bytes); answers whether it did.
pub async fn release_object(
    tx: &mut Tx,
    upload_id: &UploadId,
    object_id: &ObjectId,
    was_received: u64,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE upload SET object_id = NULL \
               WHERE upload_id = ?1 AND object_id = ?2 AND received_bytes = ?3";
    Ok(tx.execute(sql, params![upload_id, object_id, was_received]).await? == 1)
}

/// Notes that a session is in use.
pub async fn touch(tx: &mut Tx, upload_id: &UploadId, now: Timestamp) -> Result<(), MetadataError> {
    let sql = "UPDATE upload SET updated_at = ?2 WHERE upload_id = ?1";
    tx.execute(sql, params![upload_id, now]).await.map(|_| ())
}

/// Notes that a session is in use, if it has received nothing since `before`.
pub async fn touch_idle(
    tx: &mut Tx,
    upload_id: &UploadId,
    before: Timestamp,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE upload SET updated_at = ?3 WHERE upload_id = ?1 AND updated_at < ?2";
    tx.execute(sql, params![upload_id, before, now]).await.map(|_| ())
}

/// How many sessions have received nothing since `before`, and the bytes they had received.
pub async fn count_idle(tx: &mut Tx, before: Timestamp) -> Result<(u64, u64), MetadataError> {
    let sql = "SELECT COUNT(*), COALESCE(SUM(received_bytes), 0) FROM upload WHERE updated_at < ?1";
    let row = tx.query_opt(sql, params![before]).await?;
    row.map_or(Ok((0, 0)), |row| Ok((row.unsigned(0)?, row.unsigned(1)?)))
}

/// Ends a session; answers whether there was one.
pub async fn delete(tx: &mut Tx, upload_id: &UploadId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM upload WHERE upload_id = ?1";
    Ok(tx.execute(sql, params![upload_id]).await? == 1)
}

/// Ends a session of the repository that stands at `received_bytes` still, and answers with the
/// object its bytes went to; `None` if there is no such session.
pub async fn end(
    tx: &mut Tx,
    repository: RepositoryId,
    upload_id: &UploadId,
    received_bytes: u64,
) -> Result<Option<Option<ObjectId>>, MetadataError> {
    let sql = "DELETE FROM upload \
               WHERE upload_id = ?1 AND repository_id = ?2 AND received_bytes = ?3 \
               RETURNING object_id";
    let row = tx.query_opt(sql, params![upload_id, repository, received_bytes]).await?;
    row.map(|row| row.parsed_opt(0)).transpose()
}

/// Sessions that have received nothing since `before`, with their objects.
pub async fn idle(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<(UploadId, Option<ObjectId>)>, MetadataError> {
    let sql = "SELECT upload_id, object_id FROM upload WHERE updated_at < ?1 \
               ORDER BY updated_at LIMIT ?2";
    let rows = tx.query(sql, params![before, limit]).await?;
    rows.iter().map(|row| Ok((row.parsed(0)?, row.parsed_opt(1)?))).collect()
}

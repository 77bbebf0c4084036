//! Copies of blobs on their way into another store. A row is there before the copy has a file, and
//! goes in the transaction that gives the blob the copy, or discards it.

use wharfinger_core::{Digest, ObjectId, Timestamp};

use crate::blob::{ObjectStore, discard_object_in};
use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A copy that is being written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MovingObjectRow {
    /// The object it will be.
    pub object_id: ObjectId,
    /// The store it is written to.
    pub store: ObjectStore,
    /// The key domain of the blob.
    pub key_domain: String,
    /// The blob.
    pub digest: Digest,
    /// When it was begun.
    pub begun_at: Timestamp,
}

/// Names a copy that is to be written.
pub async fn insert(tx: &mut Tx, row: &MovingObjectRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO moving_object (object_id, store, key_domain, digest, begun_at) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let MovingObjectRow { object_id, store, key_domain, digest, begun_at } = row;
    let values = params![object_id, store.as_str(), key_domain, digest, *begun_at];
    tx.execute(sql, values).await.map(|_| ())
}

/// Whether an object is a copy that is being written.
pub async fn contains(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM moving_object WHERE object_id = ?1";
    Ok(tx.query_opt(sql, params![object_id]).await?.is_some())
}

/// The copies of a blob that are being written, or were when a process ended; a few of them.
pub async fn of_blob(
    tx: &mut Tx,
    key_domain: &str,
    digest: &Digest,
) -> Result<Vec<MovingObjectRow>, MetadataError> {
    let sql = "SELECT object_id, store, key_domain, digest, begun_at FROM moving_object \
               WHERE key_domain = ?1 AND digest = ?2 LIMIT 100";
    tx.query(sql, params![key_domain, digest]).await?.iter().map(from_row).collect()
}

/// Copies that were begun before `before`, the oldest first.
pub async fn begun_before(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<Vec<MovingObjectRow>, MetadataError> {
    let sql = "SELECT object_id, store, key_domain, digest, begun_at FROM moving_object \
               WHERE begun_at < ?1 ORDER BY begun_at LIMIT ?2";
    tx.query(sql, params![before, limit]).await?.iter().map(from_row).collect()
}

/// Ends the writing of a copy, which belongs to a blob from here on or is discarded; answers whether
/// it was still being written.
pub async fn end(tx: &mut Tx, object_id: &ObjectId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM moving_object WHERE object_id = ?1";
    Ok(tx.execute(sql, params![object_id]).await? == 1)
}

/// Gives up a copy, if it is still being written.
pub async fn discard(
    tx: &mut Tx,
    object_id: &ObjectId,
    store: ObjectStore,
    now: Timestamp,
) -> Result<(), MetadataError> {
    match end(tx, object_id).await? {
        true => discard_object_in(tx, store, object_id, now).await,
        false => Ok(()),
    }
}

fn from_row(row: &Row) -> Result<MovingObjectRow, MetadataError> {
    Ok(MovingObjectRow {
        object_id: row.parsed(0)?,
        store: row.parsed(1)?,
        key_domain: row.text(2)?.to_owned(),
        digest: row.parsed(3)?,
        begun_at: row.time(4)?,
    })
}

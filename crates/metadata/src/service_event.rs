//! What the registry did by itself, on its way to the audit log: a row commits with what was done,
//! and goes when its record is on disk there.

use wharfinger_core::{AccountId, Entropy, Region, RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// An event that waits for its record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceEventRow {
    /// Its id, from which that of its record is made.
    pub event_id: i64,
    /// Whose resources it concerns.
    pub registry: RegistryId,
    /// `PolicyExecutionEvent` and the like.
    pub event_name: String,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// CloudTrail's `serviceEventDetails`: a JSON object. No secrets.
    pub detail: String,
}

/// The id of the first event of a transaction; those that follow it count up from there, so that
/// they are recorded in this order.
pub fn first_id(entropy: &dyn Entropy) -> i64 {
    // Half of the room stays above it.
    crate::job::new_id(entropy) >> 1
}

/// Adds an event. `detail_json` is CloudTrail's `serviceEventDetails`: a JSON object whose
/// `repositoryName`, if it has one, becomes the resource of the record.
///
/// # Errors
/// [`MetadataError::Duplicate`] if there is one of the same time and id.
pub async fn insert(
    tx: &mut Tx,
    event_id: i64,
    account: &AccountId,
    region: &Region,
    event_name: &str,
    occurred_at: Timestamp,
    detail_json: &str,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO service_event \
               (event_id, account_id, region, event_name, occurred_at, detail) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![event_id, account, region, event_name, occurred_at, detail_json];
    tx.execute(sql, values).await?;
    tx.note_work();
    Ok(())
}

/// The events that have waited longest, in the order of their times and ids.
pub async fn oldest(tx: &mut Tx, limit: u32) -> Result<Vec<ServiceEventRow>, MetadataError> {
    // All of them are; it has the index searched instead of scanned.
    let sql = "SELECT event_id, account_id, region, event_name, occurred_at, detail \
               FROM service_event WHERE occurred_at >= 0 ORDER BY occurred_at, event_id LIMIT ?1";
    tx.query(sql, params![limit]).await?.iter().map(from_row).collect()
}

/// Removes an event whose record is on disk; answers whether it was there.
pub async fn delete(
    tx: &mut Tx,
    occurred_at: Timestamp,
    event_id: i64,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM service_event WHERE occurred_at = ?1 AND event_id = ?2";
    Ok(tx.execute(sql, params![occurred_at, event_id]).await? == 1)
}

fn from_row(row: &Row) -> Result<ServiceEventRow, MetadataError> {
    let registry = RegistryId::stored(row.parsed(1)?, row.text(2)?);
    Ok(ServiceEventRow {
        event_id: row.integer(0)?,
        registry: registry
            .map_err(|error| MetadataError::BadValue { column: 2, what: error.to_string() })?,
        event_name: row.text(3)?.to_owned(),
        occurred_at: row.time(4)?,
        detail: row.text(5)?.to_owned(),
    })
}

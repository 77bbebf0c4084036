//! Replication backfills: copies of what a registry holds already, to one destination.

use wharfinger_core::{RegistryId, ReplicationBackfillId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A backfill. Its status is kept as the text the service model gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationBackfillRow {
    /// Its id.
    pub id: ReplicationBackfillId,
    /// Where the images go.
    pub destination: RegistryId,
    /// A value of the model's `ReplicationBackfillStatus`.
    pub status: String,
    /// Why it failed.
    pub failure_code: Option<String>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it came to its end; none while it is in progress.
    pub ended_at: Option<Timestamp>,
}

/// A place in the list of backfills, newest first: by time of start, then by id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplicationBackfillPosition {
    /// When the backfill last seen was started.
    pub started_at: Timestamp,
    /// Its id; no id before the first one.
    pub id: String,
}

impl ReplicationBackfillPosition {
    /// Before the newest.
    pub fn start() -> Self {
        Self { started_at: Timestamp::from_millis(i64::MAX), id: String::new() }
    }
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT backfill_id, destination_account_id, destination_region, status, \
             failure_code, started_at, ended_at FROM replication_backfill ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<ReplicationBackfillRow, MetadataError> {
    Ok(ReplicationBackfillRow {
        id: row.parsed(0)?,
        destination: RegistryId::new(row.parsed(1)?, row.parsed(2)?),
        status: row.text(3)?.to_owned(),
        failure_code: row.text_opt(4)?.map(str::to_owned),
        started_at: row.time(5)?,
        ended_at: row.time_opt(6)?,
    })
}

/// Adds a backfill of a registry.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the id is taken.
pub async fn insert(
    tx: &mut Tx,
    registry: &RegistryId,
    backfill: &ReplicationBackfillRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO replication_backfill (backfill_id, account_id, region, \
               destination_account_id, destination_region, status, failure_code, started_at, \
               ended_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        &backfill.id,
        &registry.account,
        &registry.region,
        &backfill.destination.account,
        &backfill.destination.region,
        &backfill.status,
        backfill.failure_code.as_ref(),
        backfill.started_at,
        backfill.ended_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// A backfill of a registry.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    id: &ReplicationBackfillId,
) -> Result<Option<ReplicationBackfillRow>, MetadataError> {
    let sql = select!("WHERE backfill_id = ?1 AND account_id = ?2 AND region = ?3");
    let values = params![id, &registry.account, &registry.region];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// The backfills of a registry after a position, newest first, without those that ended at
/// `ended_after` or before.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &ReplicationBackfillPosition,
    ended_after: Timestamp,
    limit: u32,
) -> Result<Vec<ReplicationBackfillRow>, MetadataError> {
    // What has no end counts as ending never. As an expression, it tempts no engine to leave the
    // index that the list runs along.
    let sql = select!(
        "WHERE account_id = ?1 AND region = ?2 AND (started_at, backfill_id) < (?3, ?4) \
         AND COALESCE(ended_at, 9223372036854775807) > ?5 \
         ORDER BY started_at DESC, backfill_id DESC LIMIT ?6"
    );
    let values = params![
        &registry.account,
        &registry.region,
        after.started_at,
        after.id.as_str(),
        ended_after,
        limit
    ];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// The backfills of a registry that are in progress, `limit` of them.
pub async fn in_progress(
    tx: &mut Tx,
    registry: &RegistryId,
    limit: u32,
) -> Result<Vec<ReplicationBackfillRow>, MetadataError> {
    let sql = select!("WHERE account_id = ?1 AND region = ?2 AND ended_at IS NULL LIMIT ?3");
    let values = params![&registry.account, &registry.region, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// Ends a backfill that is in progress with this status; answers whether there was one.
pub async fn end(
    tx: &mut Tx,
    id: &ReplicationBackfillId,
    status: &str,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE replication_backfill SET status = ?2, ended_at = ?3 \
               WHERE backfill_id = ?1 AND ended_at IS NULL";
    Ok(tx.execute(sql, params![id, status, now]).await? > 0)
}

/// Removes the oldest ended backfill of a registry that has more than `kept` of them; answers
/// whether there was one. Reads `kept` entries of the index.
pub async fn forget_oldest(
    tx: &mut Tx,
    registry: &RegistryId,
    kept: u32,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM replication_backfill WHERE backfill_id IN \
               (SELECT backfill_id FROM replication_backfill \
               WHERE account_id = ?1 AND region = ?2 AND ended_at IS NOT NULL \
               ORDER BY started_at DESC, backfill_id DESC LIMIT 1 OFFSET ?3)";
    let values = params![&registry.account, &registry.region, kept];
    Ok(tx.execute(sql, values).await? > 0)
}

/// Removes `limit` of the backfills of all registries that ended at `ended_by` or before; answers
/// how many it removed.
pub async fn purge(tx: &mut Tx, ended_by: Timestamp, limit: u32) -> Result<u64, MetadataError> {
    let sql = "DELETE FROM replication_backfill WHERE backfill_id IN \
               (SELECT backfill_id FROM replication_backfill WHERE ended_at <= ?1 \
               ORDER BY ended_at LIMIT ?2)";
    tx.execute(sql, params![ended_by, limit]).await
}

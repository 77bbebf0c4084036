//! How many basic scans a registry has begun, by hours of the epoch.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx};

const HOUR_SECONDS: i64 = 3600;
const DAY_HOURS: i64 = 24;

fn hour(now: Timestamp) -> i64 {
    now.seconds().div_euclid(HOUR_SECONDS)
}

/// How many scans began in this hour and the 24 before it.
pub async fn of_last_day(
    tx: &mut Tx,
    registry: &RegistryId,
    now: Timestamp,
) -> Result<u64, MetadataError> {
    let sql = "SELECT COALESCE(SUM(scans), 0) FROM scan_tally \
               WHERE account_id = ?1 AND region = ?2 AND hour >= ?3";
    let since = hour(now).saturating_sub(DAY_HOURS);
    let row = tx.query_opt(sql, params![&registry.account, &registry.region, since]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Counts a scan, and forgets those of more than a day ago.
pub async fn add(tx: &mut Tx, registry: &RegistryId, now: Timestamp) -> Result<(), MetadataError> {
    let (account, region) = (&registry.account, &registry.region);
    let sql = "INSERT INTO scan_tally (account_id, region, hour, scans) VALUES (?1, ?2, ?3, 1) \
               ON CONFLICT (account_id, region, hour) DO UPDATE SET scans = scan_tally.scans + 1";
    tx.execute(sql, params![account, region, hour(now)]).await?;
    let sql = "DELETE FROM scan_tally WHERE account_id = ?1 AND region = ?2 AND hour < ?3";
    let since = hour(now).saturating_sub(DAY_HOURS);
    tx.execute(sql, params![account, region, since]).await.map(|_| ())
}

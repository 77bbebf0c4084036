//! Principals whose pulls leave the time of the last pull of an image as it is.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx};

/// Adds a principal.
///
/// # Errors
/// [`MetadataError::Duplicate`] when it is excluded already.
pub async fn insert(
    tx: &mut Tx,
    registry: &RegistryId,
    principal_arn: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO pull_time_exclusion (account_id, region, principal_arn, created_at) \
               VALUES (?1, ?2, ?3, ?4)";
    let values = params![&registry.account, &registry.region, principal_arn, now];
    tx.execute(sql, values).await.map(|_| ())
}

/// Whether the pulls of a principal (the ARN of a user or a role) do not count.
pub async fn contains(
    tx: &mut Tx,
    registry: &RegistryId,
    principal_arn: &str,
) -> Result<bool, MetadataError> {
    let sql = "SELECT created_at FROM pull_time_exclusion \
               WHERE account_id = ?1 AND region = ?2 AND principal_arn = ?3";
    let values = params![&registry.account, &registry.region, principal_arn];
    Ok(tx.query_opt(sql, values).await?.is_some())
}

/// The principals of a registry whose ARNs come after `after`, in order of ARN.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT principal_arn FROM pull_time_exclusion \
               WHERE account_id = ?1 AND region = ?2 AND principal_arn > ?3 \
               ORDER BY principal_arn LIMIT ?4";
    let values = params![&registry.account, &registry.region, after, limit];
    let rows = tx.query(sql, values).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// How many principals a registry excludes. `registry` bounds it, so that counting is cheap.
pub async fn count(tx: &mut Tx, registry: &RegistryId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM pull_time_exclusion WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Removes a principal; answers whether it was there.
pub async fn delete(
    tx: &mut Tx,
    registry: &RegistryId,
    principal_arn: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM pull_time_exclusion \
               WHERE account_id = ?1 AND region = ?2 AND principal_arn = ?3";
    let values = params![&registry.account, &registry.region, principal_arn];
    Ok(tx.execute(sql, values).await? > 0)
}

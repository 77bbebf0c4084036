//! What a registry as a whole is set to: one document for each name.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx};

/// The name of the registry policy.
pub const REGISTRY_POLICY: &str = "registry-policy";
/// The name of the account setting that says which actions a registry policy is asked about.
pub const REGISTRY_POLICY_SCOPE: &str = "account-setting/REGISTRY_POLICY_SCOPE";

/// The document kept under `name`; `None` for a registry that never set it.
pub async fn get(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &str,
) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT value FROM registry_setting \
               WHERE account_id = ?1 AND region = ?2 AND name = ?3";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region, name]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Keeps a document under `name`, in place of an older one.
pub async fn put(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &str,
    value: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO registry_setting (account_id, region, name, value, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (account_id, region, name) \
               DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at";
    let values = params![&registry.account, &registry.region, name, value, now];
    tx.execute(sql, values).await.map(|_| ())
}

/// Removes the document of `name`; answers whether there was one.
pub async fn delete(tx: &mut Tx, registry: &RegistryId, name: &str) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM registry_setting WHERE account_id = ?1 AND region = ?2 AND name = ?3";
    let values = params![&registry.account, &registry.region, name];
    Ok(tx.execute(sql, values).await? > 0)
}

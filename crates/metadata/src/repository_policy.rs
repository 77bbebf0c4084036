//! The policies of repositories: one text each, kept exactly as it was set.

use wharfinger_core::{RegistryId, RepositoryName, Timestamp};

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// The policy of a repository; `None` if it has none.
pub async fn get(tx: &mut Tx, repository: RepositoryId) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT policy_text FROM repository_policy WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// A repository by name together with its policy, in one step: what each authorization asks for.
/// `None` if there is no such repository.
pub async fn find_named(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &RepositoryName,
) -> Result<Option<(RepositoryId, Option<String>)>, MetadataError> {
    let sql = "SELECT repository.repository_id, repository_policy.policy_text FROM repository \
               LEFT JOIN repository_policy \
               ON repository_policy.repository_id = repository.repository_id \
               WHERE repository.account_id = ?1 AND repository.region = ?2 \
               AND repository.name = ?3";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region, name]).await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((row.repository_id(0)?, row.text_opt(1)?.map(str::to_owned))))
}

/// Sets the policy of a repository, in place of an older one.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    policy_text: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO repository_policy (repository_id, policy_text, updated_at) \
               VALUES (?1, ?2, ?3) ON CONFLICT (repository_id) \
               DO UPDATE SET policy_text = excluded.policy_text, updated_at = excluded.updated_at";
    tx.execute(sql, params![repository, policy_text, now]).await.map(|_| ())
}

/// Removes the policy of a repository; answers whether there was one.
pub async fn delete(tx: &mut Tx, repository: RepositoryId) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM repository_policy WHERE repository_id = ?1";
    Ok(tx.execute(sql, params![repository]).await? > 0)
}

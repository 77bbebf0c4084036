//! Lifecycle policies.

use wharfinger_core::Timestamp;

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// The lifecycle policy of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicyRow {
    /// Its text, as it was put.
    pub policy_text: String,
    /// When it was put.
    pub updated_at: Timestamp,
    /// When it was last evaluated; the epoch if it never was.
    pub last_evaluated_at: Timestamp,
}

/// The policy of a repository.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
) -> Result<Option<LifecyclePolicyRow>, MetadataError> {
    let sql = "SELECT policy_text, updated_at, last_evaluated_at FROM lifecycle_policy \
               WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    let from_row = |row: crate::Row| {
        Ok(LifecyclePolicyRow {
            policy_text: row.text(0)?.to_owned(),
            updated_at: row.time(1)?,
            last_evaluated_at: row.time(2)?,
        })
    };
    row.map(from_row).transpose()
}

/// Writes the policy of a repository, in place of an older one. It has not been evaluated yet.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    policy_text: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO lifecycle_policy \
               (repository_id, policy_text, updated_at, last_evaluated_at) \
               VALUES (?1, ?2, ?3, 0) ON CONFLICT (repository_id) \
               DO UPDATE SET policy_text = excluded.policy_text, \
               updated_at = excluded.updated_at, last_evaluated_at = 0";
    tx.execute(sql, params![repository, policy_text, now]).await.map(|_| ())
}

/// Whether a repository has a policy: one look, which each push takes.
pub async fn exists(tx: &mut Tx, repository: RepositoryId) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM lifecycle_policy WHERE repository_id = ?1";
    Ok(tx.query_opt(sql, params![repository]).await?.is_some())
}

/// Notes when the policy of a repository was evaluated.
pub async fn set_evaluated(
    tx: &mut Tx,
    repository: RepositoryId,
    evaluated_at: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE lifecycle_policy SET last_evaluated_at = ?2 WHERE repository_id = ?1";
    tx.execute(sql, params![repository, evaluated_at]).await.map(|_| ())
}

/// Removes the policy of a repository, if there is one.
pub async fn delete(tx: &mut Tx, repository: RepositoryId) -> Result<(), MetadataError> {
    let sql = "DELETE FROM lifecycle_policy WHERE repository_id = ?1";
    tx.execute(sql, params![repository]).await.map(|_| ())
}

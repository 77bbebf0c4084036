//! Lifecycle policies.

use wharfinger_core::Timestamp;

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// The lifecycle policy of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicyRow {
    /// Its text, as it was put.
    pub policy_text: String,
    /// When it was last evaluated; the epoch if it never was.
    pub last_evaluated_at: Timestamp,
}

/// The policy of a repository.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
) -> Result<Option<LifecyclePolicyRow>, MetadataError> {
    let sql = "SELECT policy_text, last_evaluated_at FROM lifecycle_policy \
               WHERE repository_id = ?1";
    let row = tx.query_opt(sql, params![repository]).await?;
    let from_row = |row: crate::Row| {
        Ok(LifecyclePolicyRow {
            policy_text: row.text(0)?.to_owned(),
            last_evaluated_at: row.time(1)?,
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

/// Removes the policy of a repository, if there is one.
pub async fn delete(tx: &mut Tx, repository: RepositoryId) -> Result<(), MetadataError> {
    let sql = "DELETE FROM lifecycle_policy WHERE repository_id = ?1";
    tx.execute(sql, params![repository]).await.map(|_| ())
}

//! Policies that are part of a user, a group or a role, and go with it.

use crate::value::params;
use crate::{MetadataError, Tx};

/// Writes a policy, over an older one of the same name.
pub async fn put(
    tx: &mut Tx,
    principal_id: &str,
    policy_name: &str,
    policy_text: &str,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO inline_policy (principal_id, policy_name, policy_text) \
               VALUES (?1, ?2, ?3) ON CONFLICT (principal_id, policy_name) \
               DO UPDATE SET policy_text = excluded.policy_text";
    tx.execute(sql, params![principal_id, policy_name, policy_text]).await.map(|_| ())
}

/// Removes a policy; answers whether there was one.
pub async fn delete(
    tx: &mut Tx,
    principal_id: &str,
    policy_name: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM inline_policy WHERE principal_id = ?1 AND policy_name = ?2";
    Ok(tx.execute(sql, params![principal_id, policy_name]).await? == 1)
}

/// Removes all policies of a principal that goes.
pub async fn delete_all(tx: &mut Tx, principal_id: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM inline_policy WHERE principal_id = ?1";
    tx.execute(sql, params![principal_id]).await.map(|_| ())
}

/// The policies of a principal, (name, text), in order of name. `iam` bounds their size together.
pub async fn list(tx: &mut Tx, principal_id: &str) -> Result<Vec<(String, String)>, MetadataError> {
    let sql = "SELECT policy_name, policy_text FROM inline_policy WHERE principal_id = ?1 \
               ORDER BY policy_name LIMIT 1000";
    let rows = tx.query(sql, params![principal_id]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// The text of a policy.
pub async fn find(
    tx: &mut Tx,
    principal_id: &str,
    policy_name: &str,
) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT policy_text FROM inline_policy WHERE principal_id = ?1 AND policy_name = ?2";
    let row = tx.query_opt(sql, params![principal_id, policy_name]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The names of the policies that come after `after`, in order.
pub async fn names(
    tx: &mut Tx,
    principal_id: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT policy_name FROM inline_policy \
               WHERE principal_id = ?1 AND policy_name > ?2 ORDER BY policy_name LIMIT ?3";
    let rows = tx.query(sql, params![principal_id, after, limit]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

//! Tags of what IAM has: users, roles, policies, instance profiles, identity providers.

use crate::value::params;
use crate::{MetadataError, Tx};

/// Writes a tag, over one whose key differs in case at the most.
pub async fn put(tx: &mut Tx, owner_id: &str, key: &str, value: &str) -> Result<(), MetadataError> {
    let sql = "INSERT INTO iam_tag (owner_id, folded_key, key, value) VALUES (?1, ?2, ?3, ?4) \
               ON CONFLICT (owner_id, folded_key) \
               DO UPDATE SET key = excluded.key, value = excluded.value";
    tx.execute(sql, params![owner_id, &key.to_lowercase(), key, value]).await.map(|_| ())
}

/// Removes a tag; answers whether there was one.
pub async fn delete(tx: &mut Tx, owner_id: &str, key: &str) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM iam_tag WHERE owner_id = ?1 AND folded_key = ?2";
    Ok(tx.execute(sql, params![owner_id, &key.to_lowercase()]).await? == 1)
}

/// Removes all tags of what goes.
pub async fn delete_all(tx: &mut Tx, owner_id: &str) -> Result<(), MetadataError> {
    tx.execute("DELETE FROM iam_tag WHERE owner_id = ?1", params![owner_id]).await.map(|_| ())
}

/// The tags, (key, value), in order of key. `iam` bounds how many there are.
pub async fn list(tx: &mut Tx, owner_id: &str) -> Result<Vec<(String, String)>, MetadataError> {
    let sql = "SELECT key, value FROM iam_tag WHERE owner_id = ?1 ORDER BY folded_key LIMIT 1000";
    let rows = tx.query(sql, params![owner_id]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

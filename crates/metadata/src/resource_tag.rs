//! The resource tags of repositories (`TagResource`), which are not image tags.

use crate::value::params;
use crate::{MetadataError, RepositoryId, Tx};

/// The tags of a repository, (key, value), in order of key.
pub async fn list(
    tx: &mut Tx,
    repository: RepositoryId,
) -> Result<Vec<(String, String)>, MetadataError> {
    let sql =
        "SELECT key, value FROM resource_tag WHERE repository_id = ?1 ORDER BY key LIMIT 1000";
    let rows = tx.query(sql, params![repository]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// Writes one tag, over an older value of its key.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    key: &str,
    value: &str,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO resource_tag (repository_id, key, value) VALUES (?1, ?2, ?3) \
               ON CONFLICT (repository_id, key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, params![repository, key, value]).await.map(|_| ())
}

/// Removes one tag, if it is there.
pub async fn delete(tx: &mut Tx, repository: RepositoryId, key: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM resource_tag WHERE repository_id = ?1 AND key = ?2";
    tx.execute(sql, params![repository, key]).await.map(|_| ())
}

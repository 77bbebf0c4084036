//! Facts about this data directory as a whole: small named texts, most of them written once.

use crate::value::params;
use crate::{MetadataError, Tx};

/// The value kept under `key`.
pub async fn get(tx: &mut Tx, key: &str) -> Result<Option<String>, MetadataError> {
    let row = tx.query_opt("SELECT value FROM installation WHERE key = ?1", params![key]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Keeps `value` under `key` unless the key is there already; answers whether it was kept.
pub async fn insert(tx: &mut Tx, key: &str, value: &str) -> Result<bool, MetadataError> {
    let changed = tx
        .execute(
            "INSERT INTO installation (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING",
            params![key, value],
        )
        .await?;
    Ok(changed == 1)
}

/// Keeps `value` under `key`, in the place of what was there.
pub async fn put(tx: &mut Tx, key: &str, value: &str) -> Result<(), MetadataError> {
    let sql = "INSERT INTO installation (key, value) VALUES (?1, ?2) \
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    tx.execute(sql, params![key, value]).await.map(|_| ())
}

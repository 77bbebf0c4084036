//! When access keys and roles were used last. It decides nothing, and no cache asks for it.

use wharfinger_core::Timestamp;

use crate::value::params;
use crate::{MetadataError, Tx};

/// A use of an access key or a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialUse {
    /// When.
    pub used_at: Timestamp,
    /// For which service, such as `ecr`.
    pub service: String,
    /// In which region.
    pub region: String,
}

/// Notes a use, over an older one. `owner_id` is the key's id or the role's.
pub async fn put(tx: &mut Tx, owner_id: &str, used: &CredentialUse) -> Result<(), MetadataError> {
    let sql = "INSERT INTO credential_use (owner_id, used_at, service, region) \
               VALUES (?1, ?2, ?3, ?4) ON CONFLICT (owner_id) DO UPDATE SET \
               used_at = excluded.used_at, service = excluded.service, region = excluded.region";
    let values = params![owner_id, used.used_at, &used.service, &used.region];
    tx.execute(sql, values).await.map(|_| ())
}

/// The last use that was noted.
pub async fn get(tx: &mut Tx, owner_id: &str) -> Result<Option<CredentialUse>, MetadataError> {
    let sql = "SELECT used_at, service, region FROM credential_use WHERE owner_id = ?1";
    let Some(row) = tx.query_opt(sql, params![owner_id]).await? else { return Ok(None) };
    Ok(Some(CredentialUse {
        used_at: row.time(0)?,
        service: row.text(1)?.to_owned(),
        region: row.text(2)?.to_owned(),
    }))
}

/// Forgets the use of what goes.
pub async fn delete(tx: &mut Tx, owner_id: &str) -> Result<(), MetadataError> {
    tx.execute("DELETE FROM credential_use WHERE owner_id = ?1", params![owner_id])
        .await
        .map(|_| ())
}

/// Forgets the uses of all keys of a user that goes.
pub async fn delete_of_user(tx: &mut Tx, user_id: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM credential_use WHERE owner_id IN \
               (SELECT access_key_id FROM access_key WHERE user_id = ?1)";
    tx.execute(sql, params![user_id]).await.map(|_| ())
}

//! Which users and roles the trust policies of roles name, by their unique ids.

use crate::value::params;
use crate::{MetadataError, Tx};

/// Writes whom the trust policy of a role names, in place of whom it named before.
pub async fn replace(
    tx: &mut Tx,
    role_id: &str,
    principal_ids: &[String],
) -> Result<(), MetadataError> {
    tx.execute("DELETE FROM trusted_principal WHERE role_id = ?1", params![role_id]).await?;
    let sql = "INSERT INTO trusted_principal (role_id, principal_id) VALUES (?1, ?2) \
               ON CONFLICT (role_id, principal_id) DO NOTHING";
    for principal_id in principal_ids {
        tx.execute(sql, params![role_id, principal_id]).await?;
    }
    Ok(())
}

/// The ids of the roles whose trust policies name a principal, after the id `after`, in order of id.
pub async fn roles(
    tx: &mut Tx,
    principal_id: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT role_id FROM trusted_principal WHERE principal_id = ?1 AND role_id > ?2 \
               ORDER BY role_id LIMIT ?3";
    let rows = tx.query(sql, params![principal_id, after, limit]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Forgets that anyone names a principal.
pub async fn delete(tx: &mut Tx, principal_id: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM trusted_principal WHERE principal_id = ?1";
    tx.execute(sql, params![principal_id]).await.map(|_| ())
}

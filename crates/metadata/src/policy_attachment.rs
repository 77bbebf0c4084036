//! Which managed policies are attached to which users, groups and roles.

use wharfinger_core::Timestamp;

use crate::value::params;
use crate::{MetadataError, Tx};

/// Attaches a policy; nothing changes if it is attached already.
pub async fn attach(
    tx: &mut Tx,
    principal_id: &str,
    policy_arn: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO policy_attachment (principal_id, policy_arn, attached_at) \
               VALUES (?1, ?2, ?3) ON CONFLICT (principal_id, policy_arn) DO NOTHING";
    tx.execute(sql, params![principal_id, policy_arn, now]).await.map(|_| ())
}

/// Detaches a policy; answers whether it was attached.
pub async fn detach(
    tx: &mut Tx,
    principal_id: &str,
    policy_arn: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM policy_attachment WHERE principal_id = ?1 AND policy_arn = ?2";
    Ok(tx.execute(sql, params![principal_id, policy_arn]).await? == 1)
}

/// Detaches all that is attached to a principal that goes.
pub async fn detach_all(tx: &mut Tx, principal_id: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM policy_attachment WHERE principal_id = ?1";
    tx.execute(sql, params![principal_id]).await.map(|_| ())
}

/// The ARNs of the policies attached to a principal, in order. `iam` bounds how many there are.
pub async fn of_principal(tx: &mut Tx, principal_id: &str) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT policy_arn FROM policy_attachment WHERE principal_id = ?1 \
               ORDER BY policy_arn LIMIT 1000";
    let rows = tx.query(sql, params![principal_id]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

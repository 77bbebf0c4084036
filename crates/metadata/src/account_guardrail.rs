//! Guardrails of accounts: policies that bound everyone in an account.

use wharfinger_core::AccountId;

use crate::value::params;
use crate::{MetadataError, Tx};

/// Writes a guardrail, over an older one of the same name.
pub async fn put(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
    policy_text: &str,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO account_guardrail (account_id, guardrail_name, policy_text) \
               VALUES (?1, ?2, ?3) ON CONFLICT (account_id, guardrail_name) \
               DO UPDATE SET policy_text = excluded.policy_text";
    tx.execute(sql, params![account, name, policy_text]).await.map(|_| ())
}

/// Removes a guardrail; answers whether there was one.
pub async fn delete(tx: &mut Tx, account: &AccountId, name: &str) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM account_guardrail WHERE account_id = ?1 AND guardrail_name = ?2";
    Ok(tx.execute(sql, params![account, name]).await? == 1)
}

/// The guardrails of an account, (name, text), in order of name. `iam` bounds how many there are.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
) -> Result<Vec<(String, String)>, MetadataError> {
    let sql = "SELECT guardrail_name, policy_text FROM account_guardrail WHERE account_id = ?1 \
               ORDER BY guardrail_name LIMIT 1000";
    let rows = tx.query(sql, params![account]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

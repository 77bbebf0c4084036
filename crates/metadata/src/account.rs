//! The accounts of the installation.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// An account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountRow {
    /// Its id, twelve digits.
    pub account: AccountId,
    /// The name that stands for the id in places, unique in the installation.
    pub alias: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

fn from_row(row: &Row) -> Result<AccountRow, MetadataError> {
    Ok(AccountRow {
        account: row.parsed(0)?,
        alias: row.text_opt(1)?.map(str::to_owned),
        created_at: row.time(2)?,
    })
}

/// Adds an account; answers whether it was not there already.
pub async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    now: Timestamp,
) -> Result<bool, MetadataError> {
    let sql = "INSERT INTO account (account_id, created_at) VALUES (?1, ?2) \
               ON CONFLICT (account_id) DO NOTHING";
    Ok(tx.execute(sql, params![account, now]).await? == 1)
}

/// The account of that id.
pub async fn find(tx: &mut Tx, account: &AccountId) -> Result<Option<AccountRow>, MetadataError> {
    let sql = "SELECT account_id, alias, created_at FROM account WHERE account_id = ?1";
    tx.query_opt(sql, params![account]).await?.as_ref().map(from_row).transpose()
}

/// The accounts after the id `after`, in order of id.
pub async fn list(tx: &mut Tx, after: &str, limit: u32) -> Result<Vec<AccountRow>, MetadataError> {
    let sql = "SELECT account_id, alias, created_at FROM account WHERE account_id > ?1 \
               ORDER BY account_id LIMIT ?2";
    tx.query(sql, params![after, limit]).await?.iter().map(from_row).collect()
}

/// Gives an account an alias, or takes it away.
///
/// # Errors
/// [`MetadataError::Duplicate`] when another account has it.
pub async fn set_alias(
    tx: &mut Tx,
    account: &AccountId,
    alias: Option<&str>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE account SET alias = ?2 WHERE account_id = ?1";
    tx.execute(sql, params![account, alias]).await.map(|_| ())
}

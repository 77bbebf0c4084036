//! The aliases of public registries.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx};

/// The alias of an account's public registry, once it has one.
pub async fn alias_of(tx: &mut Tx, account: &AccountId) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT alias FROM public_registry WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The account whose public registry has this alias.
pub async fn account_of(tx: &mut Tx, alias: &str) -> Result<Option<AccountId>, MetadataError> {
    let sql = "SELECT account_id FROM public_registry WHERE alias = ?1";
    let row = tx.query_opt(sql, params![alias]).await?;
    row.map(|row| row.parsed(0)).transpose()
}

/// Gives an account's public registry its alias.
///
/// # Errors
/// [`MetadataError::Duplicate`] if it has one, or another account has this one.
pub async fn insert(
    tx: &mut Tx,
    account: &AccountId,
    alias: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO public_registry (account_id, alias, created_at) VALUES (?1, ?2, ?3)";
    tx.execute(sql, params![account, alias, now]).await.map(|_| ())
}

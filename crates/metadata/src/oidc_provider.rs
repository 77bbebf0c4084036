//! OpenID Connect providers: who may vouch for web identities.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProviderRow {
    /// The account that trusts it.
    pub account: AccountId,
    /// Its URL without `https://`, unique in the account.
    pub url: String,
    /// The audiences that are accepted: a JSON array of texts, which `iam` writes and reads.
    pub client_ids: String,
    /// Fingerprints of certificates, likewise.
    pub thumbprints: String,
    /// When it was created.
    pub created_at: Timestamp,
}

fn from_row(row: &Row) -> Result<OidcProviderRow, MetadataError> {
    Ok(OidcProviderRow {
        account: row.parsed(0)?,
        url: row.text(1)?.to_owned(),
        client_ids: row.text(2)?.to_owned(),
        thumbprints: row.text(3)?.to_owned(),
        created_at: row.time(4)?,
    })
}

/// Adds a provider.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a provider of that URL.
pub async fn insert(tx: &mut Tx, provider: &OidcProviderRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO oidc_provider (account_id, url, client_ids, thumbprints, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        &provider.account,
        &provider.url,
        &provider.client_ids,
        &provider.thumbprints,
        provider.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The provider of that URL (without `https://`).
pub async fn find(
    tx: &mut Tx,
    account: &AccountId,
    url: &str,
) -> Result<Option<OidcProviderRow>, MetadataError> {
    let sql = "SELECT account_id, url, client_ids, thumbprints, created_at FROM oidc_provider \
               WHERE account_id = ?1 AND url = ?2";
    tx.query_opt(sql, params![account, url]).await?.as_ref().map(from_row).transpose()
}

/// The URLs of an account's providers, in order. `iam` bounds how many there are.
pub async fn urls(tx: &mut Tx, account: &AccountId) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT url FROM oidc_provider WHERE account_id = ?1 ORDER BY url LIMIT 1000";
    let rows = tx.query(sql, params![account]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// How many providers an account has.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM oidc_provider WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Writes the lists of a provider, two JSON arrays of texts.
pub async fn set_lists(
    tx: &mut Tx,
    account: &AccountId,
    url: &str,
    client_ids: &str,
    thumbprints: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE oidc_provider SET client_ids = ?3, thumbprints = ?4 \
               WHERE account_id = ?1 AND url = ?2";
    tx.execute(sql, params![account, url, client_ids, thumbprints]).await.map(|_| ())
}

/// Deletes a provider; answers whether there was one. Its tags are for `iam` to remove.
pub async fn delete(tx: &mut Tx, account: &AccountId, url: &str) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM oidc_provider WHERE account_id = ?1 AND url = ?2";
    Ok(tx.execute(sql, params![account, url]).await? == 1)
}

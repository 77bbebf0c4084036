//! Sessions: temporary credentials that STS gave out.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// `ASIA…`.
    pub access_key_id: String,
    /// The account it is in.
    pub account: AccountId,
    /// What it is of: `role`, `user` or `federated`.
    pub kind: String,
    /// The unique id of the role or user it is of; none for the root of the account.
    pub issuer_id: Option<String>,
    /// The name it was given; empty for a user's own.
    pub session_name: String,
    /// The secret, sealed by `auth`.
    pub secret_sealed: Vec<u8>,
    /// What else holds for it (policies, tags …): JSON, which `auth` writes and reads.
    pub facts: String,
    /// When it was given out.
    pub issued_at: Timestamp,
    /// Until when it may be used.
    pub expires_at: Timestamp,
}

fn from_row(row: &Row) -> Result<SessionRow, MetadataError> {
    Ok(SessionRow {
        access_key_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        kind: row.text(2)?.to_owned(),
        issuer_id: row.text_opt(3)?.map(str::to_owned),
        session_name: row.text(4)?.to_owned(),
        secret_sealed: row.bytes(5)?.to_vec(),
        facts: row.text(6)?.to_owned(),
        issued_at: row.time(7)?,
        expires_at: row.time(8)?,
    })
}

/// Adds a session.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the key id is taken.
pub async fn insert(tx: &mut Tx, session: &SessionRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO session (access_key_id, account_id, kind, issuer_id, session_name, \
               secret_sealed, facts, issued_at, expires_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        &session.access_key_id,
        &session.account,
        &session.kind,
        session.issuer_id.as_ref(),
        &session.session_name,
        &session.secret_sealed,
        &session.facts,
        session.issued_at,
        session.expires_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The session with that key, expired or not.
pub async fn find(tx: &mut Tx, access_key_id: &str) -> Result<Option<SessionRow>, MetadataError> {
    let sql = "SELECT access_key_id, account_id, kind, issuer_id, session_name, secret_sealed, \
               facts, issued_at, expires_at FROM session WHERE access_key_id = ?1";
    tx.query_opt(sql, params![access_key_id]).await?.as_ref().map(from_row).transpose()
}

/// Deletes some sessions that expired before `before`; answers how many.
pub async fn delete_expired(
    tx: &mut Tx,
    before: Timestamp,
    limit: u32,
) -> Result<u64, MetadataError> {
    let sql = "DELETE FROM session WHERE access_key_id IN \
               (SELECT access_key_id FROM session WHERE expires_at < ?1 \
               ORDER BY expires_at LIMIT ?2)";
    tx.execute(sql, params![before, limit]).await
}

//! Access keys: of the root of an account, or of one of its users.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, credential_use};

/// An access key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessKeyRow {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// The user it belongs to; none for the root of the account.
    pub user_id: Option<String>,
    /// Whether it may be used.
    pub active: bool,
    /// The secret, sealed by `auth`.
    pub secret_sealed: Vec<u8>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT access_key_id, account_id, user_id, active, secret_sealed, created_at ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<AccessKeyRow, MetadataError> {
    Ok(AccessKeyRow {
        access_key_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        user_id: row.text_opt(2)?.map(str::to_owned),
        active: row.boolean(3)?,
        secret_sealed: row.bytes(4)?.to_vec(),
        created_at: row.time(5)?,
    })
}

/// Adds a key.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the key id is taken.
pub async fn insert(tx: &mut Tx, key: &AccessKeyRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO access_key \
               (access_key_id, account_id, user_id, active, secret_sealed, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        &key.access_key_id,
        &key.account,
        key.user_id.as_ref(),
        key.active,
        &key.secret_sealed,
        key.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The key of that id, active or not.
pub async fn find(tx: &mut Tx, access_key_id: &str) -> Result<Option<AccessKeyRow>, MetadataError> {
    let sql = select!("FROM access_key WHERE access_key_id = ?1");
    tx.query_opt(sql, params![access_key_id]).await?.as_ref().map(from_row).transpose()
}

/// The keys of an account after the key id `after`, in order of id.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
    after: &str,
    limit: u32,
) -> Result<Vec<AccessKeyRow>, MetadataError> {
    let sql = select!(
        "FROM access_key WHERE account_id = ?1 AND access_key_id > ?2 \
         ORDER BY access_key_id LIMIT ?3"
    );
    tx.query(sql, params![account, after, limit]).await?.iter().map(from_row).collect()
}

/// The keys of a user (`None`: of the root of the account), in no order. `iam` bounds how many there
/// are.
pub async fn of_owner(
    tx: &mut Tx,
    account: &AccountId,
    user_id: Option<&str>,
) -> Result<Vec<AccessKeyRow>, MetadataError> {
    let rows = match user_id {
        Some(user_id) => {
            let sql = select!("FROM access_key WHERE user_id = ?1 AND account_id = ?2 LIMIT 1000");
            tx.query(sql, params![user_id, account]).await?
        }
        None => {
            let sql =
                select!("FROM access_key WHERE user_id IS NULL AND account_id = ?1 LIMIT 1000");
            tx.query(sql, params![account]).await?
        }
    };
    rows.iter().map(from_row).collect()
}

/// How many keys a user has (`None`: the root of the account).
pub async fn count(
    tx: &mut Tx,
    account: &AccountId,
    user_id: Option<&str>,
) -> Result<u64, MetadataError> {
    let row = match user_id {
        Some(user_id) => {
            let sql = "SELECT COUNT(*) FROM access_key WHERE account_id = ?1 AND user_id = ?2";
            tx.query_opt(sql, params![account, user_id]).await?
        }
        None => {
            let sql = "SELECT COUNT(*) FROM access_key WHERE account_id = ?1 AND user_id IS NULL";
            tx.query_opt(sql, params![account]).await?
        }
    };
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Switches a key on or off; answers whether there is such a key.
pub async fn set_active(
    tx: &mut Tx,
    access_key_id: &str,
    active: bool,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE access_key SET active = ?2 WHERE access_key_id = ?1";
    Ok(tx.execute(sql, params![access_key_id, active]).await? == 1)
}

/// Deletes a key with what is known of its use; answers whether there was one.
pub async fn delete(tx: &mut Tx, access_key_id: &str) -> Result<bool, MetadataError> {
    credential_use::delete(tx, access_key_id).await?;
    let sql = "DELETE FROM access_key WHERE access_key_id = ?1";
    Ok(tx.execute(sql, params![access_key_id]).await? == 1)
}

/// How many active keys the root of an account has.
pub async fn count_active_root(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM access_key \
               WHERE account_id = ?1 AND user_id IS NULL AND active = 1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

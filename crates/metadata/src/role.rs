//! IAM roles.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, credential_use, iam_tag, trusted_principal};

/// An IAM role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleRow {
    /// `AROA…`, unique for ever.
    pub role_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub role_name: String,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: String,
    /// What it is for, in words; may be empty.
    pub description: String,
    /// The longest session it gives, in seconds.
    pub session_seconds_max: u32,
    /// Who may assume it: a policy, as it was given.
    pub trust_policy: String,
    /// The policy that bounds it, if one does.
    pub boundary_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT role_id, account_id, role_name, path, description, session_seconds_max, \
             trust_policy, boundary_arn, created_at FROM iam_role ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<RoleRow, MetadataError> {
    Ok(RoleRow {
        role_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        role_name: row.text(2)?.to_owned(),
        path: row.text(3)?.to_owned(),
        description: row.text(4)?.to_owned(),
        session_seconds_max: u32::try_from(row.unsigned(5)?).unwrap_or(u32::MAX),
        trust_policy: row.text(6)?.to_owned(),
        boundary_arn: row.text_opt(7)?.map(str::to_owned),
        created_at: row.time(8)?,
    })
}

/// Adds a role.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a role of that name.
pub async fn insert(tx: &mut Tx, role: &RoleRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO iam_role (role_id, account_id, role_name, path, description, \
               session_seconds_max, trust_policy, boundary_arn, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        &role.role_id,
        &role.account,
        &role.role_name,
        &role.path,
        &role.description,
        role.session_seconds_max,
        &role.trust_policy,
        role.boundary_arn.as_ref(),
        role.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The role of that name.
pub async fn find(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
) -> Result<Option<RoleRow>, MetadataError> {
    let sql = select!("WHERE account_id = ?1 AND role_name = ?2");
    tx.query_opt(sql, params![account, name]).await?.as_ref().map(from_row).transpose()
}

/// The role of that id.
pub async fn find_by_id(tx: &mut Tx, role_id: &str) -> Result<Option<RoleRow>, MetadataError> {
    let sql = select!("WHERE role_id = ?1");
    tx.query_opt(sql, params![role_id]).await?.as_ref().map(from_row).transpose()
}

/// Whether the account has a role of that name, whatever its case.
pub async fn is_taken(tx: &mut Tx, account: &AccountId, name: &str) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM iam_role WHERE account_id = ?1 AND lower(role_name) = lower(?2) \
               LIMIT 1";
    Ok(tx.query_opt(sql, params![account, name]).await?.is_some())
}

/// How many roles an account has.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM iam_role WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// The roles whose paths begin with `path_prefix`, after the name `after`, in order of name. `iam`
/// bounds how many there are, and so how many of other paths are passed.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
    path_prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<RoleRow>, MetadataError> {
    let sql = select!(
        "WHERE account_id = ?1 AND role_name > ?3 \
         AND substr(path, 1, length(?2)) = ?2 ORDER BY role_name LIMIT ?4"
    );
    let values = params![account, path_prefix, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// Writes what `UpdateRole` may change.
pub async fn update(
    tx: &mut Tx,
    role_id: &str,
    description: &str,
    session_seconds_max: u32,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_role SET description = ?2, session_seconds_max = ?3 WHERE role_id = ?1";
    tx.execute(sql, params![role_id, description, session_seconds_max]).await.map(|_| ())
}

/// Writes who may assume it.
pub async fn set_trust_policy(
    tx: &mut Tx,
    role_id: &str,
    trust_policy: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_role SET trust_policy = ?2 WHERE role_id = ?1";
    tx.execute(sql, params![role_id, trust_policy]).await.map(|_| ())
}

/// Deletes a role with its tags and when it was used last. What is attached to it, and what holds
/// it, must be gone before.
pub async fn delete(tx: &mut Tx, role_id: &str) -> Result<(), MetadataError> {
    iam_tag::delete_all(tx, role_id).await?;
    credential_use::delete(tx, role_id).await?;
    trusted_principal::replace(tx, role_id, &[]).await?;
    tx.execute("DELETE FROM iam_role WHERE role_id = ?1", params![role_id]).await.map(|_| ())
}

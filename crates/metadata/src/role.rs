//! IAM roles.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

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

/// Sets the policy that bounds a role, or takes it away.
pub async fn set_boundary(
    tx: &mut Tx,
    role_id: &str,
    boundary_arn: Option<&str>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_role SET boundary_arn = ?2 WHERE role_id = ?1";
    tx.execute(sql, params![role_id, boundary_arn]).await.map(|_| ())
}

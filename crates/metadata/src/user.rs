//! IAM users.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, iam_tag, inline_policy, policy_attachment};

/// An IAM user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserRow {
    /// `AIDA…`, unique for ever.
    pub user_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub user_name: String,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: String,
    /// The policy that bounds it, if one does.
    pub boundary_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT user_id, account_id, user_name, path, boundary_arn, created_at ", $rest)
    };
}

fn from_row(row: &Row) -> Result<UserRow, MetadataError> {
    Ok(UserRow {
        user_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        user_name: row.text(2)?.to_owned(),
        path: row.text(3)?.to_owned(),
        boundary_arn: row.text_opt(4)?.map(str::to_owned),
        created_at: row.time(5)?,
    })
}

/// Adds a user.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a user of that name.
pub async fn insert(tx: &mut Tx, user: &UserRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO iam_user \
               (user_id, account_id, user_name, path, boundary_arn, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let values = params![
        &user.user_id,
        &user.account,
        &user.user_name,
        &user.path,
        user.boundary_arn.as_ref(),
        user.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The user of that name.
pub async fn find(
    tx: &mut Tx,
    account: &AccountId,
    user_name: &str,
) -> Result<Option<UserRow>, MetadataError> {
    let sql = select!("FROM iam_user WHERE account_id = ?1 AND user_name = ?2");
    tx.query_opt(sql, params![account, user_name]).await?.as_ref().map(from_row).transpose()
}

/// The user of that id.
pub async fn find_by_id(tx: &mut Tx, user_id: &str) -> Result<Option<UserRow>, MetadataError> {
    let sql = select!("FROM iam_user WHERE user_id = ?1");
    tx.query_opt(sql, params![user_id]).await?.as_ref().map(from_row).transpose()
}

/// The users of an account whose names come after `after`, in order of name.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
    after: &str,
    limit: u32,
) -> Result<Vec<UserRow>, MetadataError> {
    let sql = select!(
        "FROM iam_user WHERE account_id = ?1 AND user_name > ?2 \
         ORDER BY user_name LIMIT ?3"
    );
    tx.query(sql, params![account, after, limit]).await?.iter().map(from_row).collect()
}

/// Deletes a user with its keys, policies, tags and memberships; answers whether there was one.
pub async fn delete(
    tx: &mut Tx,
    account: &AccountId,
    user_name: &str,
) -> Result<bool, MetadataError> {
    let Some(user) = find(tx, account, user_name).await? else { return Ok(false) };
    inline_policy::delete_all(tx, &user.user_id).await?;
    policy_attachment::detach_all(tx, &user.user_id).await?;
    iam_tag::delete_all(tx, &user.user_id).await?;
    let sql = "DELETE FROM iam_user WHERE user_id = ?1";
    Ok(tx.execute(sql, params![&user.user_id]).await? == 1)
}

/// Sets the policy that bounds a user, or takes it away.
pub async fn set_boundary(
    tx: &mut Tx,
    user_id: &str,
    boundary_arn: Option<&str>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_user SET boundary_arn = ?2 WHERE user_id = ?1";
    tx.execute(sql, params![user_id, boundary_arn]).await.map(|_| ())
}

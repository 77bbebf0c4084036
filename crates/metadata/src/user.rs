//! IAM users.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, credential_use, iam_tag, inline_policy, policy_attachment};

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

/// Whether the account has a user of that name, whatever its case.
pub async fn is_taken(
    tx: &mut Tx,
    account: &AccountId,
    user_name: &str,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM iam_user WHERE account_id = ?1 AND lower(user_name) = ?2 LIMIT 1";
    let folded = user_name.to_ascii_lowercase();
    Ok(tx.query_opt(sql, params![account, &folded]).await?.is_some())
}

/// How many users an account has.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM iam_user WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Gives a user another name and path.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has another user of that name.
pub async fn rename(
    tx: &mut Tx,
    user_id: &str,
    user_name: &str,
    path: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_user SET user_name = ?2, path = ?3 WHERE user_id = ?1";
    tx.execute(sql, params![user_id, user_name, path]).await.map(|_| ())
}

/// The users of an account whose names come after `after` and whose paths begin with `path_prefix`,
/// in order of name. Passes the users of other paths; `iam` bounds how many there are.
pub async fn list_under(
    tx: &mut Tx,
    account: &AccountId,
    path_prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<UserRow>, MetadataError> {
    let sql = select!(
        "FROM iam_user WHERE account_id = ?1 AND user_name > ?2 \
         AND substr(path, 1, length(?3)) = ?3 ORDER BY user_name LIMIT ?4"
    );
    let rows = tx.query(sql, params![account, after, path_prefix, limit]).await?;
    rows.iter().map(from_row).collect()
}

/// The users of a group whose ids come after `after`, in order of id.
pub async fn of_group(
    tx: &mut Tx,
    group_id: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<UserRow>, MetadataError> {
    let sql = "SELECT iam_user.user_id, iam_user.account_id, iam_user.user_name, iam_user.path, \
               iam_user.boundary_arn, iam_user.created_at FROM group_member \
               JOIN iam_user ON iam_user.user_id = group_member.user_id \
               WHERE group_member.group_id = ?1 AND group_member.user_id > ?2 \
               ORDER BY group_member.user_id LIMIT ?3";
    tx.query(sql, params![group_id, after, limit]).await?.iter().map(from_row).collect()
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
    credential_use::delete_of_user(tx, &user.user_id).await?;
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

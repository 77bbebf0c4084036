//! IAM groups and who is in them.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, inline_policy, policy_attachment};

/// An IAM group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// `AGPA…`, unique for ever.
    pub group_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub group_name: String,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: String,
    /// When it was created.
    pub created_at: Timestamp,
}

fn from_row(row: &Row) -> Result<GroupRow, MetadataError> {
    Ok(GroupRow {
        group_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        group_name: row.text(2)?.to_owned(),
        path: row.text(3)?.to_owned(),
        created_at: row.time(4)?,
    })
}

/// Adds a group.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a group of that name.
pub async fn insert(tx: &mut Tx, group: &GroupRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO iam_group (group_id, account_id, group_name, path, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values =
        params![&group.group_id, &group.account, &group.group_name, &group.path, group.created_at];
    tx.execute(sql, values).await.map(|_| ())
}

/// The group of that name.
pub async fn find(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
) -> Result<Option<GroupRow>, MetadataError> {
    let sql = "SELECT group_id, account_id, group_name, path, created_at FROM iam_group \
               WHERE account_id = ?1 AND group_name = ?2";
    tx.query_opt(sql, params![account, name]).await?.as_ref().map(from_row).transpose()
}

/// The groups that a user is in, in order of id. `iam` bounds how many there are.
pub async fn of_user(tx: &mut Tx, user_id: &str) -> Result<Vec<GroupRow>, MetadataError> {
    let sql = "SELECT iam_group.group_id, iam_group.account_id, iam_group.group_name, \
               iam_group.path, iam_group.created_at FROM group_member \
               JOIN iam_group ON iam_group.group_id = group_member.group_id \
               WHERE group_member.user_id = ?1 ORDER BY group_member.group_id LIMIT 1000";
    tx.query(sql, params![user_id]).await?.iter().map(from_row).collect()
}

/// Puts a user into a group, unless it is in it.
pub async fn add_member(
    tx: &mut Tx,
    group_id: &str,
    user_id: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO group_member (group_id, user_id, added_at) VALUES (?1, ?2, ?3) \
               ON CONFLICT (group_id, user_id) DO NOTHING";
    tx.execute(sql, params![group_id, user_id, now]).await.map(|_| ())
}

/// Takes a user out of a group; answers whether it was in it.
pub async fn remove_member(
    tx: &mut Tx,
    group_id: &str,
    user_id: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM group_member WHERE group_id = ?1 AND user_id = ?2";
    Ok(tx.execute(sql, params![group_id, user_id]).await? == 1)
}

/// Whether anyone is in a group.
pub async fn has_members(tx: &mut Tx, group_id: &str) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM group_member WHERE group_id = ?1 LIMIT 1";
    Ok(tx.query_opt(sql, params![group_id]).await?.is_some())
}

/// Whether the account has a group of that name, whatever its case.
pub async fn is_taken(
    tx: &mut Tx,
    account: &AccountId,
    group_name: &str,
) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM iam_group WHERE account_id = ?1 AND lower(group_name) = ?2 LIMIT 1";
    let folded = group_name.to_ascii_lowercase();
    Ok(tx.query_opt(sql, params![account, &folded]).await?.is_some())
}

/// How many groups an account has.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM iam_group WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// The groups of an account whose names come after `after` and whose paths begin with `path_prefix`,
/// in order of name. Passes the groups of other paths; `iam` bounds how many there are.
pub async fn list_under(
    tx: &mut Tx,
    account: &AccountId,
    path_prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<GroupRow>, MetadataError> {
    let sql = "SELECT group_id, account_id, group_name, path, created_at FROM iam_group \
               WHERE account_id = ?1 AND group_name > ?2 \
               AND substr(path, 1, length(?3)) = ?3 ORDER BY group_name LIMIT ?4";
    let rows = tx.query(sql, params![account, after, path_prefix, limit]).await?;
    rows.iter().map(from_row).collect()
}

/// Gives a group another name and path.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has another group of that name.
pub async fn rename(
    tx: &mut Tx,
    group_id: &str,
    group_name: &str,
    path: &str,
) -> Result<(), MetadataError> {
    let sql = "UPDATE iam_group SET group_name = ?2, path = ?3 WHERE group_id = ?1";
    tx.execute(sql, params![group_id, group_name, path]).await.map(|_| ())
}

/// Deletes a group with its policies and memberships; answers whether there was one.
pub async fn delete(tx: &mut Tx, group_id: &str) -> Result<bool, MetadataError> {
    inline_policy::delete_all(tx, group_id).await?;
    policy_attachment::detach_all(tx, group_id).await?;
    let sql = "DELETE FROM iam_group WHERE group_id = ?1";
    Ok(tx.execute(sql, params![group_id]).await? == 1)
}

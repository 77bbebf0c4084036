//! IAM groups and who is in them.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

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

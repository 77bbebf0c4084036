//! Instance profiles: the boxes in which EC2 hands roles to machines.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, iam_tag};

/// An instance profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InstanceProfileRow {
    /// `AIPA…`, unique for ever.
    pub profile_id: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub profile_name: String,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: String,
    /// The role in it, if there is one.
    pub role_id: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT profile_id, account_id, profile_name, path, role_id, created_at \
             FROM instance_profile ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<InstanceProfileRow, MetadataError> {
    Ok(InstanceProfileRow {
        profile_id: row.text(0)?.to_owned(),
        account: row.parsed(1)?,
        profile_name: row.text(2)?.to_owned(),
        path: row.text(3)?.to_owned(),
        role_id: row.text_opt(4)?.map(str::to_owned),
        created_at: row.time(5)?,
    })
}

/// Adds a profile without a role.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a profile of that name.
pub async fn insert(tx: &mut Tx, profile: &InstanceProfileRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO instance_profile \
               (profile_id, account_id, profile_name, path, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![
        &profile.profile_id,
        &profile.account,
        &profile.profile_name,
        &profile.path,
        profile.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The profile of that name.
pub async fn find(
    tx: &mut Tx,
    account: &AccountId,
    name: &str,
) -> Result<Option<InstanceProfileRow>, MetadataError> {
    let sql = select!("WHERE account_id = ?1 AND profile_name = ?2");
    tx.query_opt(sql, params![account, name]).await?.as_ref().map(from_row).transpose()
}

/// Whether the account has a profile of that name, whatever its case.
pub async fn is_taken(tx: &mut Tx, account: &AccountId, name: &str) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM instance_profile \
               WHERE account_id = ?1 AND lower(profile_name) = lower(?2) LIMIT 1";
    Ok(tx.query_opt(sql, params![account, name]).await?.is_some())
}

/// How many profiles an account has.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM instance_profile WHERE account_id = ?1";
    let row = tx.query_opt(sql, params![account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// The profiles whose paths begin with `path_prefix`, after the name `after`, in order of name.
/// `iam` bounds how many there are, and so how many of other paths are passed.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
    path_prefix: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<InstanceProfileRow>, MetadataError> {
    let sql = select!(
        "WHERE account_id = ?1 AND profile_name > ?3 \
         AND substr(path, 1, length(?2)) = ?2 ORDER BY profile_name LIMIT ?4"
    );
    let values = params![account, path_prefix, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// The profiles that a role is in, after the name `after`, in order of name.
pub async fn of_role(
    tx: &mut Tx,
    role_id: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<InstanceProfileRow>, MetadataError> {
    let sql = select!(
        "WHERE role_id = ?1 AND profile_name > ?2 \
         ORDER BY profile_name LIMIT ?3"
    );
    tx.query(sql, params![role_id, after, limit]).await?.iter().map(from_row).collect()
}

/// Puts a role into a profile, or takes out the one that is in it.
pub async fn set_role(
    tx: &mut Tx,
    profile_id: &str,
    role_id: Option<&str>,
) -> Result<(), MetadataError> {
    let sql = "UPDATE instance_profile SET role_id = ?2 WHERE profile_id = ?1";
    tx.execute(sql, params![profile_id, role_id]).await.map(|_| ())
}

/// Deletes a profile with its tags.
pub async fn delete(tx: &mut Tx, profile_id: &str) -> Result<(), MetadataError> {
    iam_tag::delete_all(tx, profile_id).await?;
    let sql = "DELETE FROM instance_profile WHERE profile_id = ?1";
    tx.execute(sql, params![profile_id]).await.map(|_| ())
}

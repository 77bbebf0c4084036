//! Managed policies of accounts, with their versions. AWS's own have no rows: `iam-policy` knows them.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManagedPolicyRow {
    /// `ANPA…`, unique for ever.
    pub policy_id: String,
    /// `arn:aws:iam::A:policy/path/name`.
    pub policy_arn: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// Its name, unique in the account.
    pub policy_name: String,
    /// Its path, `/` as a rule; starts and ends with a slash.
    pub path: String,
    /// What it is for, in words; may be empty.
    pub description: String,
    /// The version that holds, from 1.
    pub default_version: u64,
    /// The newest version there ever was; numbers do not come again.
    pub last_version: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its newest version was created.
    pub updated_at: Timestamp,
}

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersionRow {
    /// Its number, from 1.
    pub version: u64,
    /// The policy, as it was given.
    pub policy_text: String,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT policy_id, policy_arn, account_id, policy_name, path, description, \
             default_version, last_version, created_at, updated_at FROM managed_policy ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<ManagedPolicyRow, MetadataError> {
    Ok(ManagedPolicyRow {
        policy_id: row.text(0)?.to_owned(),
        policy_arn: row.text(1)?.to_owned(),
        account: row.parsed(2)?,
        policy_name: row.text(3)?.to_owned(),
        path: row.text(4)?.to_owned(),
        description: row.text(5)?.to_owned(),
        default_version: row.unsigned(6)?,
        last_version: row.unsigned(7)?,
        created_at: row.time(8)?,
        updated_at: row.time(9)?,
    })
}

/// Adds a policy without its versions.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the account has a policy of that name.
pub async fn insert(tx: &mut Tx, policy: &ManagedPolicyRow) -> Result<(), MetadataError> {
    let sql = "INSERT INTO managed_policy (policy_id, policy_arn, account_id, policy_name, path, \
               description, default_version, last_version, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    let values = params![
        &policy.policy_id,
        &policy.policy_arn,
        &policy.account,
        &policy.policy_name,
        &policy.path,
        &policy.description,
        policy.default_version,
        policy.last_version,
        policy.created_at,
        policy.updated_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The policy of that ARN.
pub async fn find(tx: &mut Tx, arn: &str) -> Result<Option<ManagedPolicyRow>, MetadataError> {
    let sql = select!("WHERE policy_arn = ?1");
    tx.query_opt(sql, params![arn]).await?.as_ref().map(from_row).transpose()
}

/// Adds a version.
pub async fn insert_version(
    tx: &mut Tx,
    policy_id: &str,
    version: u64,
    policy_text: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO managed_policy_version (policy_id, version, policy_text, created_at) \
               VALUES (?1, ?2, ?3, ?4)";
    tx.execute(sql, params![policy_id, version, policy_text, now]).await.map(|_| ())
}

/// The text of the version that holds of the policy of that ARN.
pub async fn text(tx: &mut Tx, arn: &str) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT managed_policy_version.policy_text FROM managed_policy \
               JOIN managed_policy_version \
               ON managed_policy_version.policy_id = managed_policy.policy_id \
               AND managed_policy_version.version = managed_policy.default_version \
               WHERE managed_policy.policy_arn = ?1";
    let row = tx.query_opt(sql, params![arn]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Whether an account has a policy of that name, whatever its case.
pub async fn exists(tx: &mut Tx, account: &AccountId, name: &str) -> Result<bool, MetadataError> {
    let sql = "SELECT 1 FROM managed_policy \
               WHERE account_id = ?1 AND lower(policy_name) = lower(?2)";
    Ok(tx.query_opt(sql, params![account, name]).await?.is_some())
}

/// How many policies an account has. `iam` bounds them.
pub async fn count(tx: &mut Tx, account: &AccountId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM managed_policy WHERE account_id = ?1";
    tx.query_opt(sql, params![account]).await?.map_or(Ok(0), |row| row.unsigned(0))
}

/// The policies of an account whose names come after `after` and whose paths begin with
/// `path_prefix`, in order of name. All that the account has are walked at the most.
pub async fn list(
    tx: &mut Tx,
    account: &AccountId,
    after: &str,
    path_prefix: &str,
    limit: u32,
) -> Result<Vec<ManagedPolicyRow>, MetadataError> {
    let sql = select!(
        "WHERE account_id = ?1 AND policy_name > ?2 AND substr(path, 1, length(?3)) = ?3 \
         ORDER BY policy_name LIMIT ?4"
    );
    tx.query(sql, params![account, after, path_prefix, limit]).await?.iter().map(from_row).collect()
}

/// Deletes a policy with its versions; its tags and attachments are for the caller.
pub async fn delete(tx: &mut Tx, policy_id: &str) -> Result<(), MetadataError> {
    tx.execute("DELETE FROM managed_policy WHERE policy_id = ?1", params![policy_id])
        .await
        .map(|_| ())
}

fn version_from_row(row: &Row) -> Result<PolicyVersionRow, MetadataError> {
    Ok(PolicyVersionRow {
        version: row.unsigned(0)?,
        policy_text: row.text(1)?.to_owned(),
        created_at: row.time(2)?,
    })
}

/// The versions of a policy, the newest first. `iam` bounds how many there are.
pub async fn versions(
    tx: &mut Tx,
    policy_id: &str,
) -> Result<Vec<PolicyVersionRow>, MetadataError> {
    let sql = "SELECT version, policy_text, created_at FROM managed_policy_version \
               WHERE policy_id = ?1 ORDER BY version DESC LIMIT 1000";
    tx.query(sql, params![policy_id]).await?.iter().map(version_from_row).collect()
}

/// One version of a policy.
pub async fn version(
    tx: &mut Tx,
    policy_id: &str,
    version: u64,
) -> Result<Option<PolicyVersionRow>, MetadataError> {
    let sql = "SELECT version, policy_text, created_at FROM managed_policy_version \
               WHERE policy_id = ?1 AND version = ?2";
    tx.query_opt(sql, params![policy_id, version]).await?.as_ref().map(version_from_row).transpose()
}

/// Deletes a version; answers whether there was one.
pub async fn delete_version(
    tx: &mut Tx,
    policy_id: &str,
    version: u64,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM managed_policy_version WHERE policy_id = ?1 AND version = ?2";
    Ok(tx.execute(sql, params![policy_id, version]).await? == 1)
}

/// Says which version was the last one made, and when.
pub async fn set_last_version(
    tx: &mut Tx,
    policy_id: &str,
    version: u64,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "UPDATE managed_policy SET last_version = ?2, updated_at = ?3 WHERE policy_id = ?1";
    tx.execute(sql, params![policy_id, version, now]).await.map(|_| ())
}

/// Says which version holds.
pub async fn set_default_version(
    tx: &mut Tx,
    policy_id: &str,
    version: u64,
) -> Result<(), MetadataError> {
    let sql = "UPDATE managed_policy SET default_version = ?2 WHERE policy_id = ?1";
    tx.execute(sql, params![policy_id, version]).await.map(|_| ())
}

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
    /// When its default version changed.
    pub updated_at: Timestamp,
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

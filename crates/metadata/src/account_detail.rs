//! What an account has of everything: how many, and which, for its summary and its details.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Tx, Value, group, user};

/// How many there are of what an account has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounts {
    /// Users.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Roles.
    pub roles: u64,
    /// Instance profiles.
    pub instance_profiles: u64,
    /// Managed policies of its own.
    pub policies: u64,
    /// Versions of those.
    pub policy_versions: u64,
    /// OIDC identity providers.
    pub providers: u64,
}

/// A version of a managed policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyVersionRow {
    /// Its number, from 1.
    pub version: u64,
    /// The policy, as it was given.
    pub policy_text: String,
    /// When it was added.
    pub created_at: Timestamp,
}

/// An instance profile of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleProfileRow {
    /// `AIPA…`, unique for ever.
    pub profile_id: String,
    /// Its name.
    pub profile_name: String,
    /// Its path.
    pub path: String,
    /// When it was created.
    pub created_at: Timestamp,
}

async fn number(
    tx: &mut Tx,
    sql: &'static str,
    values: &[Value<'_>],
) -> Result<u64, MetadataError> {
    tx.query_opt(sql, values).await?.map_or(Ok(0), |row| row.unsigned(0))
}

/// Counts what an account has. Walks all of it; `iam` bounds how much that is.
pub async fn counts(tx: &mut Tx, account: &AccountId) -> Result<AccountCounts, MetadataError> {
    let versions = "SELECT COUNT(*) FROM managed_policy JOIN managed_policy_version \
                    ON managed_policy_version.policy_id = managed_policy.policy_id \
                    WHERE managed_policy.account_id = ?1";
    Ok(AccountCounts {
        users: user::count(tx, account).await?,
        groups: group::count(tx, account).await?,
        roles: {
            let sql = "SELECT COUNT(*) FROM iam_role WHERE account_id = ?1";
            number(tx, sql, params![account]).await?
        },
        instance_profiles: {
            let sql = "SELECT COUNT(*) FROM instance_profile WHERE account_id = ?1";
            number(tx, sql, params![account]).await?
        },
        policies: {
            let sql = "SELECT COUNT(*) FROM managed_policy WHERE account_id = ?1";
            number(tx, sql, params![account]).await?
        },
        policy_versions: number(tx, versions, params![account]).await?,
        providers: {
            let sql = "SELECT COUNT(*) FROM oidc_provider WHERE account_id = ?1";
            number(tx, sql, params![account]).await?
        },
    })
}

/// The names of the roles after `after`, in order.
pub async fn role_names(
    tx: &mut Tx,
    account: &AccountId,
    after: &str,
    limit: u32,
) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT role_name FROM iam_role WHERE account_id = ?1 AND role_name > ?2 \
               ORDER BY role_name LIMIT ?3";
    let rows = tx.query(sql, params![account, after, limit]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// The names and ARNs of the account's own managed policies after the name `after`, in order of name.
pub async fn policy_arns(
    tx: &mut Tx,
    account: &AccountId,
    after: &str,
    limit: u32,
) -> Result<Vec<(String, String)>, MetadataError> {
    let sql = "SELECT policy_name, policy_arn FROM managed_policy \
               WHERE account_id = ?1 AND policy_name > ?2 ORDER BY policy_name LIMIT ?3";
    let rows = tx.query(sql, params![account, after, limit]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// The versions of a managed policy, the newest first. `iam` bounds how many there are.
pub async fn versions(
    tx: &mut Tx,
    policy_id: &str,
) -> Result<Vec<PolicyVersionRow>, MetadataError> {
    let sql = "SELECT version, policy_text, created_at FROM managed_policy_version \
               WHERE policy_id = ?1 ORDER BY version DESC LIMIT 1000";
    let rows = tx.query(sql, params![policy_id]).await?;
    let version = |row: &crate::Row| {
        Ok(PolicyVersionRow {
            version: row.unsigned(0)?,
            policy_text: row.text(1)?.to_owned(),
            created_at: row.time(2)?,
        })
    };
    rows.iter().map(version).collect()
}

/// To how many users, groups and roles of an account a policy is attached. Walks what it is attached
/// to in all accounts.
pub async fn attachments(
    tx: &mut Tx,
    account: &AccountId,
    policy_arn: &str,
) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM policy_attachment WHERE policy_arn = ?1 AND (\
               EXISTS (SELECT 1 FROM iam_user WHERE user_id = principal_id AND account_id = ?2) \
               OR EXISTS (SELECT 1 FROM iam_group WHERE group_id = principal_id \
               AND account_id = ?2) \
               OR EXISTS (SELECT 1 FROM iam_role WHERE role_id = principal_id AND account_id = ?2))";
    number(tx, sql, params![policy_arn, account]).await
}

/// How many users and roles of an account a policy bounds.
pub async fn bounded(
    tx: &mut Tx,
    account: &AccountId,
    policy_arn: &str,
) -> Result<u64, MetadataError> {
    let users = "SELECT COUNT(*) FROM iam_user WHERE boundary_arn = ?1 AND account_id = ?2";
    let roles = "SELECT COUNT(*) FROM iam_role WHERE boundary_arn = ?1 AND account_id = ?2";
    let users = number(tx, users, params![policy_arn, account]).await?;
    Ok(users + number(tx, roles, params![policy_arn, account]).await?)
}

/// The instance profiles that a role is in, in no order.
pub async fn profiles_of_role(
    tx: &mut Tx,
    role_id: &str,
) -> Result<Vec<RoleProfileRow>, MetadataError> {
    let sql = "SELECT profile_id, profile_name, path, created_at FROM instance_profile \
               WHERE role_id = ?1 LIMIT 1000";
    let rows = tx.query(sql, params![role_id]).await?;
    let profile = |row: &crate::Row| {
        Ok(RoleProfileRow {
            profile_id: row.text(0)?.to_owned(),
            profile_name: row.text(1)?.to_owned(),
            path: row.text(2)?.to_owned(),
            created_at: row.time(3)?,
        })
    };
    rows.iter().map(profile).collect()
}

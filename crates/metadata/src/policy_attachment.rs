//! Which managed policies are attached to which users, groups and roles.

use wharfinger_core::{AccountId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx, Value};

/// How often an account uses a policy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PolicyUsage {
    /// Users, groups and roles that it is attached to.
    pub attachments: u64,
    /// Users and roles that it bounds.
    pub boundaries: u64,
}

/// A user, a group or a role that uses a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyUserRow {
    /// `AIDA…`, `AGPA…` or `AROA…`.
    pub principal_id: String,
    /// Its name.
    pub name: String,
}

/// Which users of a policy are asked for: of an account, after an id, with paths that begin so.
#[derive(Clone, Copy, Debug)]
pub struct PolicyUsers<'a> {
    /// The policy.
    pub policy_arn: &'a str,
    /// The account of the users; a policy of AWS has some in each.
    pub account: &'a AccountId,
    /// The unique id after which they come.
    pub after: &'a str,
    /// What their paths begin with.
    pub path_prefix: &'a str,
    /// How many at the most.
    pub limit: u32,
}

/// Attaches a policy; nothing changes if it is attached already.
pub async fn attach(
    tx: &mut Tx,
    principal_id: &str,
    policy_arn: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO policy_attachment (principal_id, policy_arn, attached_at) \
               VALUES (?1, ?2, ?3) ON CONFLICT (principal_id, policy_arn) DO NOTHING";
    tx.execute(sql, params![principal_id, policy_arn, now]).await.map(|_| ())
}

/// Detaches a policy; answers whether it was attached.
pub async fn detach(
    tx: &mut Tx,
    principal_id: &str,
    policy_arn: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM policy_attachment WHERE principal_id = ?1 AND policy_arn = ?2";
    Ok(tx.execute(sql, params![principal_id, policy_arn]).await? == 1)
}

/// Detaches all that is attached to a principal that goes.
pub async fn detach_all(tx: &mut Tx, principal_id: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM policy_attachment WHERE principal_id = ?1";
    tx.execute(sql, params![principal_id]).await.map(|_| ())
}

/// The ARNs of the policies attached to a principal, in order. `iam` bounds how many there are.
pub async fn of_principal(tx: &mut Tx, principal_id: &str) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT policy_arn FROM policy_attachment WHERE principal_id = ?1 \
               ORDER BY policy_arn LIMIT 1000";
    let rows = tx.query(sql, params![principal_id]).await?;
    rows.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// How often an account uses a policy.
pub async fn usage(
    tx: &mut Tx,
    account: &AccountId,
    policy_arn: &str,
) -> Result<PolicyUsage, MetadataError> {
    let attached = [
        "SELECT COUNT(*) FROM policy_attachment CROSS JOIN iam_user \
         WHERE policy_arn = ?1 AND user_id = principal_id AND account_id = ?2",
        "SELECT COUNT(*) FROM policy_attachment CROSS JOIN iam_group \
         WHERE policy_arn = ?1 AND group_id = principal_id AND account_id = ?2",
        "SELECT COUNT(*) FROM policy_attachment CROSS JOIN iam_role \
         WHERE policy_arn = ?1 AND role_id = principal_id AND account_id = ?2",
    ];
    let bounded = [
        "SELECT COUNT(*) FROM iam_user WHERE boundary_arn = ?1 AND (account_id || '') = ?2",
        "SELECT COUNT(*) FROM iam_role WHERE boundary_arn = ?1 AND (account_id || '') = ?2",
    ];
    let mut usage = PolicyUsage::default();
    for sql in attached {
        usage.attachments += count(tx, sql, account, policy_arn).await?;
    }
    for sql in bounded {
        usage.boundaries += count(tx, sql, account, policy_arn).await?;
    }
    Ok(usage)
}

async fn count(
    tx: &mut Tx,
    sql: &'static str,
    account: &AccountId,
    policy_arn: &str,
) -> Result<u64, MetadataError> {
    let row = tx.query_opt(sql, params![policy_arn, account]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// The groups that a policy is attached to, in order of id.
pub async fn groups(
    tx: &mut Tx,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let sql = "SELECT principal_id, group_name FROM policy_attachment CROSS JOIN iam_group \
               WHERE policy_arn = ?1 AND principal_id > ?3 AND group_id = principal_id \
               AND account_id = ?2 AND substr(path, 1, length(?4)) = ?4 \
               ORDER BY principal_id LIMIT ?5";
    all(tx, sql, asked).await
}

/// The users that a policy is attached to, in order of id.
pub async fn users(
    tx: &mut Tx,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let sql = "SELECT principal_id, user_name FROM policy_attachment CROSS JOIN iam_user \
               WHERE policy_arn = ?1 AND principal_id > ?3 AND user_id = principal_id \
               AND account_id = ?2 AND substr(path, 1, length(?4)) = ?4 \
               ORDER BY principal_id LIMIT ?5";
    all(tx, sql, asked).await
}

/// The roles that a policy is attached to, in order of id.
pub async fn roles(
    tx: &mut Tx,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let sql = "SELECT principal_id, role_name FROM policy_attachment CROSS JOIN iam_role \
               WHERE policy_arn = ?1 AND principal_id > ?3 AND role_id = principal_id \
               AND account_id = ?2 AND substr(path, 1, length(?4)) = ?4 \
               ORDER BY principal_id LIMIT ?5";
    all(tx, sql, asked).await
}

/// The users that a policy bounds, in order of id.
pub async fn bounded_users(
    tx: &mut Tx,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let sql = "SELECT user_id, user_name FROM iam_user \
               WHERE boundary_arn = ?1 AND user_id > ?3 AND (account_id || '') = ?2 \
               AND substr(path, 1, length(?4)) = ?4 ORDER BY user_id LIMIT ?5";
    all(tx, sql, asked).await
}

/// The roles that a policy bounds, in order of id.
pub async fn bounded_roles(
    tx: &mut Tx,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let sql = "SELECT role_id, role_name FROM iam_role \
               WHERE boundary_arn = ?1 AND role_id > ?3 AND (account_id || '') = ?2 \
               AND substr(path, 1, length(?4)) = ?4 ORDER BY role_id LIMIT ?5";
    all(tx, sql, asked).await
}

async fn all(
    tx: &mut Tx,
    sql: &'static str,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    let PolicyUsers { policy_arn, account, after, path_prefix, limit } = asked;
    let values: &[Value<'_>] = params![policy_arn, account, after, path_prefix, limit];
    let rows = tx.query(sql, values).await?;
    let user = |row: &Row| {
        Ok(PolicyUserRow { principal_id: row.text(0)?.to_owned(), name: row.text(1)?.to_owned() })
    };
    rows.iter().map(user).collect()
}

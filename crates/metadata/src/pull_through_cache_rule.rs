//! Pull through cache rules: which repositories are copies of which upstream registry's.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A rule. Settings are kept as the texts the service model gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PullThroughCacheRuleRow {
    /// The prefix of the repositories it is for, without a slash at its end; unique in the registry.
    pub prefix: String,
    /// The prefix as the client wrote it.
    pub prefix_text: String,
    /// The kind of the upstream registry, such as `quay`.
    pub upstream_registry: String,
    /// Where the upstream registry is, such as `quay.io`.
    pub upstream_registry_url: String,
    /// The prefix of the upstream repositories, as the client wrote it.
    pub upstream_prefix: Option<String>,
    /// The ARN of the secret that holds the login of the upstream registry.
    pub credential_arn: Option<String>,
    /// The ARN of the role to assume for an upstream registry of ECR.
    pub custom_role_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, or created.
    pub updated_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT prefix, prefix_text, upstream_registry, upstream_registry_url, \
             upstream_prefix, credential_arn, custom_role_arn, created_at, updated_at ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<PullThroughCacheRuleRow, MetadataError> {
    Ok(PullThroughCacheRuleRow {
        prefix: row.text(0)?.to_owned(),
        prefix_text: row.text(1)?.to_owned(),
        upstream_registry: row.text(2)?.to_owned(),
        upstream_registry_url: row.text(3)?.to_owned(),
        upstream_prefix: row.text_opt(4)?.map(str::to_owned),
        credential_arn: row.text_opt(5)?.map(str::to_owned),
        custom_role_arn: row.text_opt(6)?.map(str::to_owned),
        created_at: row.time(7)?,
        updated_at: row.time(8)?,
    })
}

/// Adds a rule.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the registry has one of that prefix.
pub async fn insert(
    tx: &mut Tx,
    registry: &RegistryId,
    rule: &PullThroughCacheRuleRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO pull_through_cache_rule (account_id, region, prefix, prefix_text, \
               upstream_registry, upstream_registry_url, upstream_prefix, credential_arn, \
               custom_role_arn, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let values = params![
        &registry.account,
        &registry.region,
        &rule.prefix,
        &rule.prefix_text,
        &rule.upstream_registry,
        &rule.upstream_registry_url,
        rule.upstream_prefix.as_ref(),
        rule.credential_arn.as_ref(),
        rule.custom_role_arn.as_ref(),
        rule.created_at,
        rule.updated_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The rule of that prefix.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    prefix: &str,
) -> Result<Option<PullThroughCacheRuleRow>, MetadataError> {
    let sql = select!(
        "FROM pull_through_cache_rule WHERE account_id = ?1 AND region = ?2 AND prefix = ?3"
    );
    let values = params![&registry.account, &registry.region, prefix];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// The rules of a registry whose prefixes come after `after`, in order of prefix.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<PullThroughCacheRuleRow>, MetadataError> {
    let sql = select!(
        "FROM pull_through_cache_rule WHERE account_id = ?1 AND region = ?2 AND prefix > ?3 \
         ORDER BY prefix LIMIT ?4"
    );
    let values = params![&registry.account, &registry.region, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// How many rules a registry has. Counts them, so that it costs what the limit allows.
pub async fn count(tx: &mut Tx, registry: &RegistryId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM pull_through_cache_rule WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Replaces what of a rule may change: its secret, its role, and the time of the change.
pub async fn update(
    tx: &mut Tx,
    registry: &RegistryId,
    rule: &PullThroughCacheRuleRow,
) -> Result<(), MetadataError> {
    let sql = "UPDATE pull_through_cache_rule \
               SET credential_arn = ?4, custom_role_arn = ?5, updated_at = ?6 \
               WHERE account_id = ?1 AND region = ?2 AND prefix = ?3";
    let values = params![
        &registry.account,
        &registry.region,
        &rule.prefix,
        rule.credential_arn.as_ref(),
        rule.custom_role_arn.as_ref(),
        rule.updated_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// Removes the rule of that prefix, if it is there.
pub async fn delete(tx: &mut Tx, registry: &RegistryId, prefix: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM pull_through_cache_rule \
               WHERE account_id = ?1 AND region = ?2 AND prefix = ?3";
    tx.execute(sql, params![&registry.account, &registry.region, prefix]).await.map(|_| ())
}

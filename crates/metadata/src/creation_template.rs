//! Repository creation templates: what repositories are like that come to be without a call of
//! `CreateRepository`.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A template. Settings are kept as the texts the service model gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationTemplateRow {
    /// The prefix of the repositories it is for, without a slash at its end; unique in the registry.
    pub prefix: String,
    /// The prefix as the client wrote it.
    pub prefix_text: String,
    /// When it is used, as a JSON array of `REPLICATION`, `PULL_THROUGH_CACHE`, `CREATE_ON_PUSH`.
    pub applied_for: String,
    /// What it is for, in the client's words.
    pub description: Option<String>,
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The ARN of the KMS key, for the KMS types; none means the registry's default key.
    pub kms_key: Option<String>,
    /// The resource tags, as a JSON array of `[key, value]`.
    pub resource_tags: String,
    /// `MUTABLE`, `IMMUTABLE`, `MUTABLE_WITH_EXCLUSION` or `IMMUTABLE_WITH_EXCLUSION`.
    pub tag_mutability: String,
    /// The wildcard filters of the exclusion modes, as a JSON array of strings.
    pub exclusion_filters: String,
    /// The text of the repository policy.
    pub repository_policy: Option<String>,
    /// The text of the lifecycle policy.
    pub lifecycle_policy: Option<String>,
    /// The ARN of the role that creates the repositories.
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
            "SELECT prefix, prefix_text, applied_for, description, encryption_type, kms_key, \
             resource_tags, tag_mutability, exclusion_filters, repository_policy, \
             lifecycle_policy, custom_role_arn, created_at, updated_at ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<CreationTemplateRow, MetadataError> {
    Ok(CreationTemplateRow {
        prefix: row.text(0)?.to_owned(),
        prefix_text: row.text(1)?.to_owned(),
        applied_for: row.text(2)?.to_owned(),
        description: row.text_opt(3)?.map(str::to_owned),
        encryption_type: row.text(4)?.to_owned(),
        kms_key: row.text_opt(5)?.map(str::to_owned),
        resource_tags: row.text(6)?.to_owned(),
        tag_mutability: row.text(7)?.to_owned(),
        exclusion_filters: row.text(8)?.to_owned(),
        repository_policy: row.text_opt(9)?.map(str::to_owned),
        lifecycle_policy: row.text_opt(10)?.map(str::to_owned),
        custom_role_arn: row.text_opt(11)?.map(str::to_owned),
        created_at: row.time(12)?,
        updated_at: row.time(13)?,
    })
}

/// Adds a template.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the registry has one of that prefix.
pub async fn insert(
    tx: &mut Tx,
    registry: &RegistryId,
    template: &CreationTemplateRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO creation_template (account_id, region, prefix, prefix_text, \
               applied_for, description, encryption_type, kms_key, resource_tags, \
               tag_mutability, exclusion_filters, repository_policy, lifecycle_policy, \
               custom_role_arn, created_at, updated_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)";
    let values = params![
        &registry.account,
        &registry.region,
        &template.prefix,
        &template.prefix_text,
        &template.applied_for,
        template.description.as_ref(),
        &template.encryption_type,
        template.kms_key.as_ref(),
        &template.resource_tags,
        &template.tag_mutability,
        &template.exclusion_filters,
        template.repository_policy.as_ref(),
        template.lifecycle_policy.as_ref(),
        template.custom_role_arn.as_ref(),
        template.created_at,
        template.updated_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The template of that prefix.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    prefix: &str,
) -> Result<Option<CreationTemplateRow>, MetadataError> {
    let sql =
        select!("FROM creation_template WHERE account_id = ?1 AND region = ?2 AND prefix = ?3");
    let values = params![&registry.account, &registry.region, prefix];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// The templates of a registry whose prefixes come after `after`, in order of prefix.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<CreationTemplateRow>, MetadataError> {
    let sql = select!(
        "FROM creation_template WHERE account_id = ?1 AND region = ?2 AND prefix > ?3 \
         ORDER BY prefix LIMIT ?4"
    );
    let values = params![&registry.account, &registry.region, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// What decides which template is used, of `limit` templates of a registry: (prefix, when it is
/// used as a JSON array), in order of prefix. Reads none of the policies.
pub async fn list_scenarios(
    tx: &mut Tx,
    registry: &RegistryId,
    limit: u32,
) -> Result<Vec<(String, String)>, MetadataError> {
    let sql = "SELECT prefix, applied_for FROM creation_template \
               WHERE account_id = ?1 AND region = ?2 ORDER BY prefix LIMIT ?3";
    let rows = tx.query(sql, params![&registry.account, &registry.region, limit]).await?;
    rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
}

/// How many templates a registry has. Counts them, so that it costs what the limit allows.
pub async fn count(tx: &mut Tx, registry: &RegistryId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM creation_template WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Replaces everything of a template but its prefix and when it was created.
pub async fn update(
    tx: &mut Tx,
    registry: &RegistryId,
    template: &CreationTemplateRow,
) -> Result<(), MetadataError> {
    let sql = "UPDATE creation_template SET applied_for = ?4, description = ?5, \
               encryption_type = ?6, kms_key = ?7, resource_tags = ?8, tag_mutability = ?9, \
               exclusion_filters = ?10, repository_policy = ?11, lifecycle_policy = ?12, \
               custom_role_arn = ?13, updated_at = ?14 \
               WHERE account_id = ?1 AND region = ?2 AND prefix = ?3";
    let values = params![
        &registry.account,
        &registry.region,
        &template.prefix,
        &template.applied_for,
        template.description.as_ref(),
        &template.encryption_type,
        template.kms_key.as_ref(),
        &template.resource_tags,
        &template.tag_mutability,
        &template.exclusion_filters,
        template.repository_policy.as_ref(),
        template.lifecycle_policy.as_ref(),
        template.custom_role_arn.as_ref(),
        template.updated_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// Removes the template of that prefix, if it is there.
pub async fn delete(tx: &mut Tx, registry: &RegistryId, prefix: &str) -> Result<(), MetadataError> {
    let sql = "DELETE FROM creation_template WHERE account_id = ?1 AND region = ?2 AND prefix = ?3";
    tx.execute(sql, params![&registry.account, &registry.region, prefix]).await.map(|_| ())
}

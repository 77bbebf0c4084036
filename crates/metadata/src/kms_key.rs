//! KMS keys and their aliases.

use wharfinger_core::{RegistryId, Timestamp};

use crate::value::params;
use crate::{MetadataError, Row, Tx};

/// A KMS key of an account in a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsKeyRow {
    /// Its id, a UUID as a rule.
    pub key_id: String,
    /// What it is for, in the words of whoever made it; empty if they said nothing.
    pub description: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether it is one of AWS's own, such as that of `alias/aws/ecr`.
    pub aws_managed: bool,
    /// Its material, sealed by `registry`.
    pub material_sealed: Vec<u8>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// A query for the columns that `from_row` reads, in its order.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key_id, description, enabled, aws_managed, material_sealed, created_at ",
            $rest
        )
    };
}

fn from_row(row: &Row) -> Result<KmsKeyRow, MetadataError> {
    Ok(KmsKeyRow {
        key_id: row.text(0)?.to_owned(),
        description: row.text(1)?.to_owned(),
        enabled: row.boolean(2)?,
        aws_managed: row.boolean(3)?,
        material_sealed: row.bytes(4)?.to_vec(),
        created_at: row.time(5)?,
    })
}

/// Adds a key.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the id is taken.
pub async fn insert(
    tx: &mut Tx,
    registry: &RegistryId,
    key: &KmsKeyRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO kms_key (account_id, region, key_id, description, enabled, \
               aws_managed, material_sealed, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let values = params![
        &registry.account,
        &registry.region,
        &key.key_id,
        &key.description,
        key.enabled,
        key.aws_managed,
        &key.material_sealed,
        key.created_at
    ];
    tx.execute(sql, values).await.map(|_| ())
}

/// The key of that id, enabled or not.
pub async fn find(
    tx: &mut Tx,
    registry: &RegistryId,
    key_id: &str,
) -> Result<Option<KmsKeyRow>, MetadataError> {
    let sql = select!("FROM kms_key WHERE account_id = ?1 AND region = ?2 AND key_id = ?3");
    let values = params![&registry.account, &registry.region, key_id];
    tx.query_opt(sql, values).await?.as_ref().map(from_row).transpose()
}

/// The keys after the id `after`, in order of id.
pub async fn list(
    tx: &mut Tx,
    registry: &RegistryId,
    after: &str,
    limit: u32,
) -> Result<Vec<KmsKeyRow>, MetadataError> {
    let sql = select!(
        "FROM kms_key WHERE account_id = ?1 AND region = ?2 AND key_id > ?3 \
         ORDER BY key_id LIMIT ?4"
    );
    let values = params![&registry.account, &registry.region, after, limit];
    tx.query(sql, values).await?.iter().map(from_row).collect()
}

/// How many keys there are. Counts them, so that it costs what the limit allows.
pub async fn count(tx: &mut Tx, registry: &RegistryId) -> Result<u64, MetadataError> {
    let sql = "SELECT COUNT(*) FROM kms_key WHERE account_id = ?1 AND region = ?2";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region]).await?;
    row.map_or(Ok(0), |row| row.unsigned(0))
}

/// Switches a key on or off; answers whether there is such a key.
pub async fn set_enabled(
    tx: &mut Tx,
    registry: &RegistryId,
    key_id: &str,
    enabled: bool,
) -> Result<bool, MetadataError> {
    let sql = "UPDATE kms_key SET enabled = ?4 \
               WHERE account_id = ?1 AND region = ?2 AND key_id = ?3";
    let values = params![&registry.account, &registry.region, key_id, enabled];
    Ok(tx.execute(sql, values).await? == 1)
}

/// Adds an alias (its whole name, `alias/…`) of a key.
///
/// # Errors
/// [`MetadataError::Duplicate`] when the name is taken.
pub async fn insert_alias(
    tx: &mut Tx,
    registry: &RegistryId,
    alias: &str,
    key_id: &str,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO kms_alias (account_id, region, alias, key_id, created_at) \
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let values = params![&registry.account, &registry.region, alias, key_id, now];
    tx.execute(sql, values).await.map(|_| ())
}

/// The id of the key that an alias stands for.
pub async fn find_alias(
    tx: &mut Tx,
    registry: &RegistryId,
    alias: &str,
) -> Result<Option<String>, MetadataError> {
    let sql = "SELECT key_id FROM kms_alias WHERE account_id = ?1 AND region = ?2 AND alias = ?3";
    let row = tx.query_opt(sql, params![&registry.account, &registry.region, alias]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// The first `limit` aliases of a key, in order of name.
pub async fn aliases(
    tx: &mut Tx,
    registry: &RegistryId,
    key_id: &str,
    limit: u32,
) -> Result<Vec<String>, MetadataError> {
    let sql = "SELECT alias FROM kms_alias WHERE account_id = ?1 AND region = ?2 \
               AND key_id = ?3 ORDER BY alias LIMIT ?4";
    let values = params![&registry.account, &registry.region, key_id, limit];
    tx.query(sql, values).await?.iter().map(|row| row.text(0).map(str::to_owned)).collect()
}

/// Removes an alias; answers whether there was one.
pub async fn delete_alias(
    tx: &mut Tx,
    registry: &RegistryId,
    alias: &str,
) -> Result<bool, MetadataError> {
    let sql = "DELETE FROM kms_alias WHERE account_id = ?1 AND region = ?2 AND alias = ?3";
    let values = params![&registry.account, &registry.region, alias];
    Ok(tx.execute(sql, values).await? == 1)
}

//! The registry's own KMS keys: made, listed, switched on and off, named by aliases.
//!
//! They look like those of AWS KMS: each belongs to an account and a region and has an id, an ARN
//! and aliases. Each has random material of its own, which the ring of the master key seals.
//! Whoever runs the registry manages them on the command line; how repositories use them is in
//! [`usage`](self::usage).

mod error;
mod name;
mod usage;

use std::sync::Arc;

use wharfinger_blobs::LocalKeyRing;
use wharfinger_core::limits::{
    KMS_ALIASES_PER_KEY_MAX, KMS_DESCRIPTION_CHARS_MAX, KMS_KEYS_MAX, PAGE_MAX,
};
use wharfinger_core::{Arn, Clock, Entropy, RegistryId, Timestamp, UploadId};
use wharfinger_metadata::kms_key::{self, KmsKeyRow};
use wharfinger_metadata::{Metadata, MetadataError, Tx};

pub use error::KmsError;
pub(crate) use usage::require_usable;

use name::{AWS_MANAGED_ALIAS, KeyName, check_alias};

/// What the material of a key is sealed for; it is bound to the key's ARN besides.
const MATERIAL: &str = "kms key material";

/// A KMS key, without its material.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KmsKey {
    /// `arn:aws:kms:R:A:key/id`.
    pub arn: String,
    /// Its id, a UUID.
    pub key_id: String,
    /// What it is for; empty if nobody said.
    pub description: String,
    /// Whether it may be used.
    pub enabled: bool,
    /// Whether it is the one of `alias/aws/ecr`, which nobody made and nobody can disable.
    pub aws_managed: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its aliases (`alias/…`), in order of name.
    pub aliases: Vec<String>,
}

/// The keys of all accounts and regions: managed here, and, as a
/// [`KeyProvider`](wharfinger_blobs::KeyProvider), what wraps the data keys of all objects.
///
/// Whether a key is enabled is read from its row each time the key is needed, so that a key that
/// is disabled stops being used at once, in this process and in all others.
#[derive(Clone)]
pub struct KmsKeys {
    metadata: Metadata,
    ring: Arc<LocalKeyRing>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl KmsKeys {
    /// The keys in `metadata`, their material sealed by `ring`.
    pub fn new(
        metadata: Metadata,
        ring: Arc<LocalKeyRing>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { metadata, ring, clock, entropy }
    }

    /// Makes a key, with an alias if one is given (KMS `CreateKey`, `CreateAlias`).
    ///
    /// # Errors
    /// [`KmsError::AlreadyExists`], [`KmsError::InvalidAliasName`], [`KmsError::LimitExceeded`],
    /// [`KmsError::Validation`].
    pub async fn create_key(
        &self,
        registry: &RegistryId,
        description: &str,
        alias: Option<&str>,
    ) -> Result<KmsKey, KmsError> {
        if description.chars().count() > KMS_DESCRIPTION_CHARS_MAX {
            return Err(KmsError::Validation("a description has at most 8192 characters"));
        }
        if let Some(alias) = alias {
            check_alias(alias)?;
        }
        let row = self.new_row(registry, description, false)?;
        let (registry, alias) = (registry.clone(), alias.map(str::to_owned));
        let now = row.created_at;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if kms_key::count(tx, &registry).await? >= KMS_KEYS_MAX {
                        let (what, limit) = ("KMS keys per account and region", KMS_KEYS_MAX);
                        return Err(KmsError::LimitExceeded { what, limit });
                    }
                    kms_key::insert(tx, &registry, &row).await?;
                    if let Some(alias) = alias {
                        insert_alias(tx, &registry, &alias, &row.key_id, now).await?;
                    }
                    describe(tx, &registry, row).await
                })
            })
            .await
    }

    /// All keys, in order of id (KMS `ListKeys`, `ListAliases`).
    pub async fn list_keys(&self, registry: &RegistryId) -> Result<Vec<KmsKey>, KmsError> {
        let registry = registry.clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let mut found: Vec<KmsKey> = Vec::new();
                    loop {
                        let after = found.last().map_or("", |last| &last.key_id).to_owned();
                        let page = kms_key::list(tx, &registry, &after, PAGE_MAX).await?;
                        let whole = page.len() < PAGE_MAX as usize;
                        for row in page {
                            found.push(describe(tx, &registry, row).await?);
                        }
                        if whole {
                            return Ok(found);
                        }
                    }
                })
            })
            .await
    }

    /// Switches a key, named by id, alias or ARN, on or off (KMS `EnableKey`, `DisableKey`).
    ///
    /// # Errors
    /// [`KmsError::NoSuchKey`], [`KmsError::NoSuchAlias`] and what else a name can be wrong in;
    /// [`KmsError::AwsManaged`].
    pub async fn set_key_enabled(
        &self,
        registry: &RegistryId,
        key: &str,
        enabled: bool,
    ) -> Result<KmsKey, KmsError> {
        let (registry, name) = (registry.clone(), KeyName::parse(key, registry)?);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, &name).await?;
                    if row.aws_managed {
                        return Err(KmsError::AwsManaged { arn: arn(&registry, &row) });
                    }
                    kms_key::set_enabled(tx, &registry, &row.key_id, enabled).await?;
                    describe(tx, &registry, KmsKeyRow { enabled, ..row }).await
                })
            })
            .await
    }

    /// Gives a key, named by id, alias or ARN, another alias (KMS `CreateAlias`).
    ///
    /// # Errors
    /// As [`Self::create_key`], and those of the key's name.
    pub async fn create_alias(
        &self,
        registry: &RegistryId,
        alias: &str,
        key: &str,
    ) -> Result<KmsKey, KmsError> {
        check_alias(alias)?;
        let (registry, name) = (registry.clone(), KeyName::parse(key, registry)?);
        let (alias, now) = (alias.to_owned(), self.clock.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, &name).await?;
                    insert_alias(tx, &registry, &alias, &row.key_id, now).await?;
                    describe(tx, &registry, row).await
                })
            })
            .await
    }

    /// Deletes an alias (KMS `DeleteAlias`). Its key and whatever uses the key stay.
    ///
    /// # Errors
    /// [`KmsError::NoSuchAlias`], [`KmsError::InvalidAliasName`].
    pub async fn delete_alias(&self, registry: &RegistryId, alias: &str) -> Result<(), KmsError> {
        check_alias(alias)?;
        let (registry, alias) = (registry.clone(), alias.to_owned());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match kms_key::delete_alias(tx, &registry, &alias).await? {
                        true => Ok(()),
                        false => Err(no_such_alias(&registry, &alias)),
                    }
                })
            })
            .await
    }

    /// The key that a new repository is to use: the one that is asked for by id, alias or ARN, or
    /// the AWS-managed one, which is made when it is first needed.
    pub(crate) async fn usable_key(
        &self,
        tx: &mut Tx,
        registry: &RegistryId,
        requested: Option<&str>,
    ) -> Result<Arn, KmsError> {
        let name = KeyName::parse(requested.unwrap_or(AWS_MANAGED_ALIAS), registry)?;
        let row = match must_find(tx, registry, &name).await {
            Err(KmsError::NoSuchAlias { .. }) if name.is_aws_managed() => {
                let row = self.new_row(registry, "Default key that protects repositories", true)?;
                kms_key::insert(tx, registry, &row).await?;
                insert_alias(tx, registry, AWS_MANAGED_ALIAS, &row.key_id, row.created_at).await?;
                row
            }
            found => found?,
        };
        match row.enabled {
            true => Ok(Arn::kms_key(registry, &row.key_id)),
            false => Err(KmsError::Disabled { arn: arn(registry, &row) }),
        }
    }

    /// A key with fresh material.
    fn new_row(
        &self,
        registry: &RegistryId,
        description: &str,
        aws_managed: bool,
    ) -> Result<KmsKeyRow, KmsError> {
        // A key's id is a UUID as an upload's is.
        let key_id = UploadId::random(&*self.entropy).to_string();
        let arn = Arn::kms_key(registry, &key_id);
        Ok(KmsKeyRow {
            material_sealed: self.ring.seal_new_ring(MATERIAL, arn.as_str().as_bytes())?,
            key_id,
            description: description.to_owned(),
            enabled: true,
            aws_managed,
            created_at: self.clock.now(),
        })
    }
}

/// The key of that name, enabled or not.
async fn must_find(
    tx: &mut Tx,
    registry: &RegistryId,
    name: &KeyName,
) -> Result<KmsKeyRow, KmsError> {
    let key_id = match name {
        KeyName::Id(key_id) => key_id.clone(),
        KeyName::Alias(alias) => kms_key::find_alias(tx, registry, alias)
            .await?
            .ok_or_else(|| no_such_alias(registry, alias))?,
    };
    let found = kms_key::find(tx, registry, &key_id).await?;
    found.ok_or_else(|| no_such_key(registry, &key_id))
}

async fn insert_alias(
    tx: &mut Tx,
    registry: &RegistryId,
    alias: &str,
    key_id: &str,
    now: Timestamp,
) -> Result<(), KmsError> {
    let limit = KMS_ALIASES_PER_KEY_MAX;
    let aliases = kms_key::aliases(tx, registry, key_id, limit).await?;
    if aliases.len() >= limit as usize {
        let (what, limit) = ("aliases per KMS key", u64::from(limit));
        return Err(KmsError::LimitExceeded { what, limit });
    }
    match kms_key::insert_alias(tx, registry, alias, key_id, now).await {
        Err(MetadataError::Duplicate(_)) => {
            Err(KmsError::AlreadyExists { arn: Arn::kms_alias(registry, alias).to_string() })
        }
        outcome => Ok(outcome?),
    }
}

async fn describe(tx: &mut Tx, registry: &RegistryId, row: KmsKeyRow) -> Result<KmsKey, KmsError> {
    let aliases = kms_key::aliases(tx, registry, &row.key_id, KMS_ALIASES_PER_KEY_MAX).await?;
    Ok(KmsKey {
        arn: arn(registry, &row),
        key_id: row.key_id,
        description: row.description,
        enabled: row.enabled,
        aws_managed: row.aws_managed,
        created_at: row.created_at,
        aliases,
    })
}

fn arn(registry: &RegistryId, key: &KmsKeyRow) -> String {
    Arn::kms_key(registry, &key.key_id).to_string()
}

fn no_such_key(registry: &RegistryId, key_id: &str) -> KmsError {
    KmsError::NoSuchKey { arn: Arn::kms_key(registry, key_id).to_string() }
}

fn no_such_alias(registry: &RegistryId, alias: &str) -> KmsError {
    KmsError::NoSuchAlias { arn: Arn::kms_alias(registry, alias).to_string() }
}

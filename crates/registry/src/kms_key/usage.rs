//! What KMS keys are used for: the data keys of objects, and manifests.
//!
//! A key domain that names a KMS key is in the hands of that key; all others are the own ring's.
//! The material of a KMS key is the root of a ring of its own, so that its keys are derived as
//! those of the master key are.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use wharfinger_blobs::{DataKey, KeyDomain, KeyError, KeyProvider, LocalKeyRing};
use wharfinger_core::{Arn, RegistryId};
use wharfinger_metadata::Tx;
use wharfinger_metadata::kms_key::{self, KmsKeyRow};

use super::{KmsError, KmsKeys, MATERIAL, arn, no_such_key};
use crate::encryption::{KMS_DOMAIN, KMS_DSSE_DOMAIN};

/// Whether the key of a domain may be used now.
///
/// # Errors
/// [`KmsError::NoSuchKey`], [`KmsError::Disabled`].
pub(crate) async fn require_usable(tx: &mut Tx, key_domain: &str) -> Result<(), KmsError> {
    match kms_arn(key_domain) {
        Some(arn) => find_usable(tx, arn).await.map(|_| ()),
        None => Ok(()),
    }
}

/// The ARN of the KMS key that a domain names, if it names one.
fn kms_arn(key_domain: &str) -> Option<&str> {
    [KMS_DOMAIN, KMS_DSSE_DOMAIN].into_iter().find_map(|prefix| key_domain.strip_prefix(prefix))
}

async fn find_usable(tx: &mut Tx, key_arn: &str) -> Result<KmsKeyRow, KmsError> {
    let invalid = || KmsError::InvalidArn { arn: key_arn.to_owned() };
    let parsed: Arn = key_arn.parse().map_err(|_| invalid())?;
    let account = parsed.account().parse().map_err(|_| invalid())?;
    let region = parsed.region().parse().map_err(|_| invalid())?;
    let key_id = parsed.resource().strip_prefix("key/").ok_or_else(invalid)?;
    let registry = RegistryId::new(account, region);
    match kms_key::find(tx, &registry, key_id).await? {
        Some(row) if row.enabled => Ok(row),
        Some(row) => Err(KmsError::Disabled { arn: arn(&registry, &row) }),
        None => Err(no_such_key(&registry, key_id)),
    }
}

impl KmsKeys {
    /// The rings that seal the manifests of a domain, the innermost first: one, or two where
    /// objects pass through two ciphers.
    pub(crate) async fn rings(
        &self,
        domain: &KeyDomain,
    ) -> Result<Vec<Arc<LocalKeyRing>>, KmsError> {
        let Some(outer) = self.ring_of(domain).await? else {
            return Ok(vec![Arc::clone(&self.ring)]);
        };
        let inner = domain.inner().map(|_| Arc::clone(&self.ring));
        Ok(inner.into_iter().chain([Arc::new(outer)]).collect())
    }

    /// The ring of the KMS key that a domain names; `None` for the domains of the own ring.
    async fn ring_of(&self, domain: &KeyDomain) -> Result<Option<LocalKeyRing>, KmsError> {
        let Some(arn) = kms_arn(domain.as_str()) else { return Ok(None) };
        let named = arn.to_owned();
        let row = self
            .metadata
            .read(move |tx| Box::pin(async move { find_usable(tx, &named).await }))
            .await?;
        Ok(Some(self.ring.open_ring(MATERIAL, arn.as_bytes(), &row.material_sealed)?))
    }
}

impl KeyProvider for KmsKeys {
    fn wrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            match self.ring_of(domain).await.map_err(|error| unusable(domain, &error))? {
                Some(ring) => ring.wrap_key(domain, context, key).await,
                None => self.ring.wrap_key(domain, context, key).await,
            }
        })
    }

    fn unwrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        wrapped: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        Box::pin(async move {
            match self.ring_of(domain).await.map_err(|error| unusable(domain, &error))? {
                Some(ring) => ring.unwrap_key(domain, context, wrapped).await,
                None => self.ring.unwrap_key(domain, context, wrapped).await,
            }
        })
    }
}

/// Faults of this side are no refusals: they are the log's, not the client's.
fn unusable(domain: &KeyDomain, error: &KmsError) -> KeyError {
    let domain = domain.clone();
    match error {
        KmsError::Store(cause) => {
            KeyError::Unavailable { domain, why: format!("{error}: {cause}") }
        }
        KmsError::Material(cause) => {
            KeyError::Unavailable { domain, why: format!("{error}: {cause}") }
        }
        refusal => KeyError::Refused { domain, message: refusal.to_string(), code: refusal.code() },
    }
}

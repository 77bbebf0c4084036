//! How a repository's bytes are encrypted, and the key domain that follows from it.

use wharfinger_core::RegistryId;

use crate::Error;

/// A repository's `encryptionConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The ARN of the KMS key, for the KMS types.
    pub kms_key: Option<String>,
}

const AES256: &str = "AES256";

impl Encryption {
    /// From what a request asks for; nothing means `AES256`, the registry's own key ring.
    ///
    /// # Errors
    /// [`Error::Kms`] for the KMS types: this version has no key service, and nothing is stored
    /// under a key that cannot be had. [`Error::InvalidParameter`] for a KMS key with `AES256`.
    pub fn new(encryption_type: Option<&str>, kms_key: Option<&str>) -> Result<Self, Error> {
        match encryption_type.unwrap_or(AES256) {
            AES256 if kms_key.is_some() => Err(Error::invalid(
                "encryptionConfiguration.kmsKey",
                "KMS key can't be set when encryptionType is set as AES256",
            )),
            AES256 => Ok(Self { encryption_type: AES256.into(), kms_key: None }),
            other => Err(Error::Kms {
                message: format!(
                    "Encryption type {other} needs a KMS key, and this registry has no key service \
                     yet; use AES256, which encrypts with the registry's own keys"
                ),
                kms_error: "NotFoundException",
            }),
        }
    }

    /// The key domain: repositories of one registry that share a key share blobs.
    pub(crate) fn key_domain(&self, registry: &RegistryId) -> String {
        match &self.kms_key {
            None => format!("aes256/{}/{}", registry.account, registry.region),
            Some(key) => format!("kms/{key}"),
        }
    }
}

//! How a repository's bytes are encrypted, and the key domain that follows from it.

use wharfinger_core::RegistryId;
use wharfinger_metadata::Tx;

use crate::Error;
use crate::kms_key::KmsKeys;

/// How the key domains of a KMS key begin; its ARN follows.
pub(crate) const KMS_DOMAIN: &str = "kms/";
/// The same for `KMS_DSSE`. `blobs` knows the name: its objects pass through two ciphers.
pub(crate) const KMS_DSSE_DOMAIN: &str = "kms-dsse/";

const AES256: &str = "AES256";
const KMS: &str = "KMS";
const KMS_DSSE: &str = "KMS_DSSE";

/// A repository's `encryptionConfiguration`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The KMS key, for the KMS types. Of a repository: its full ARN. In a request: its id, an
    /// alias, the ARN of either, or nothing for the AWS-managed key.
    pub kms_key: Option<String>,
}

impl Encryption {
    /// From what a request asks for; nothing means `AES256`, the registry's own key ring. Whether
    /// there is such a key shows when the repository is created.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a KMS key with `AES256`, or an unknown type.
    pub fn new(encryption_type: Option<&str>, kms_key: Option<&str>) -> Result<Self, Error> {
        let encryption_type = encryption_type.unwrap_or(AES256);
        match encryption_type {
            AES256 if kms_key.is_some() => Err(Error::invalid(
                "encryptionConfiguration.kmsKey",
                "KMS key can't be set when encryptionType is set as AES256",
            )),
            AES256 | KMS | KMS_DSSE => Ok(Self {
                encryption_type: encryption_type.to_owned(),
                kms_key: kms_key.map(str::to_owned),
            }),
            _ => Err(Error::invalid(
                "encryptionConfiguration.encryptionType",
                "Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]",
            )),
        }
    }

    /// The same with the ARN of the key in place of whatever the request names it by.
    ///
    /// # Errors
    /// [`Error::Kms`] if there is no such key, or it may not be used.
    pub(crate) async fn resolve(
        mut self,
        tx: &mut Tx,
        keys: &KmsKeys,
        registry: &RegistryId,
    ) -> Result<Self, Error> {
        if self.encryption_type != AES256 {
            let key = keys.usable_key(tx, registry, self.kms_key.as_deref()).await?;
            self.kms_key = Some(key.to_string());
        }
        Ok(self)
    }

    /// The key domain of a repository: those of one registry that share a key (and the number of
    /// ciphers) share blobs.
    pub(crate) fn key_domain(&self, registry: &RegistryId) -> String {
        match &self.kms_key {
            None => format!("aes256/{}/{}", registry.account, registry.region),
            Some(key) if self.encryption_type == KMS_DSSE => format!("{KMS_DSSE_DOMAIN}{key}"),
            Some(key) => format!("{KMS_DOMAIN}{key}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_blobs::KeyDomain;
    use wharfinger_core::Arn;

    use super::*;

    /// The longest ARN there can be must fit the header of an object.
    #[test]
    fn key_domains_are_key_domains() {
        let region = "a-region-name-as-long-as1".parse().unwrap();
        let registry = RegistryId::new("111122223333".parse().unwrap(), region);
        let arn = Arn::kms_key(&registry, "6ba7b810-9dad-11d1-80b4-00c04fd430c8").to_string();
        for (encryption_type, key, ciphers) in
            [(AES256, None, 1), (KMS, Some(&arn), 1), (KMS_DSSE, Some(&arn), 2)]
        {
            let encryption =
                Encryption::new(Some(encryption_type), key.map(String::as_str)).unwrap();
            let domain: KeyDomain = encryption.key_domain(&registry).parse().unwrap();
            assert_eq!(domain.inner().is_some(), ciphers == 2, "{domain}");
        }
        assert!(Encryption::new(Some("ROT13"), None).is_err());
    }
}

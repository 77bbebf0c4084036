//! Account settings: what a registry as a whole does, by name.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{GetAccountSetting, PutAccountSetting};
use wharfinger_core::RegistryId;
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY_SCOPE};
use wharfinger_metadata::{MetadataError, Tx};

use crate::{Error, Registry};

/// A setting and its value, as the wire names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSetting {
    /// `BASIC_SCAN_TYPE_VERSION`, `BLOB_MOUNTING` or `REGISTRY_POLICY_SCOPE`.
    pub name: &'static str,
    /// One of the values that the setting has.
    pub value: String,
}

/// A setting there is.
struct Known {
    name: &'static str,
    /// The name of its document among the settings of the registry.
    document: &'static str,
    /// What it may be set to; the first is what a registry has that never set it.
    values: &'static [&'static str],
    /// What it could be set to once, and what AWS says of that.
    retired: &'static [&'static str],
}

const BLOB_MOUNTING_DOCUMENT: &str = "account-setting/BLOB_MOUNTING";
const ENABLED: &str = "ENABLED";
const DISABLED: &str = "DISABLED";

const SETTINGS: [Known; 3] = [
    Known {
        name: "BASIC_SCAN_TYPE_VERSION",
        document: "account-setting/BASIC_SCAN_TYPE_VERSION",
        values: &["AWS_NATIVE"],
        retired: &["CLAIR"],
    },
    Known {
        name: "BLOB_MOUNTING",
        document: BLOB_MOUNTING_DOCUMENT,
        values: &[ENABLED, DISABLED],
        retired: &[],
    },
    Known {
        name: "REGISTRY_POLICY_SCOPE",
        document: REGISTRY_POLICY_SCOPE,
        values: &["V2", "V1"],
        retired: &[],
    },
];

impl Registry {
    /// ECR `GetAccountSetting`: what a registry has that never set it is the default.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a name that no setting has.
    pub async fn get_account_setting(
        &self,
        permit: &Permit<GetAccountSetting>,
        name: &str,
    ) -> Result<AccountSetting, Error> {
        let known = known(name)?;
        let registry = permit.resource().registry.clone();
        let value = self
            .metadata
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(stored(tx, &registry, known.document).await?) },
                )
            })
            .await?;
        let value =
            value.unwrap_or_else(|| known.values.first().copied().unwrap_or_default().into());
        Ok(AccountSetting { name: known.name, value })
    }

    /// ECR `PutAccountSetting`, which holds from the next request on.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a name or a value that is none; [`Error::Validation`] for a
    /// value that AWS has retired.
    pub async fn put_account_setting(
        &self,
        permit: &Permit<PutAccountSetting>,
        name: &str,
        value: &str,
    ) -> Result<AccountSetting, Error> {
        let known = known(name)?;
        if known.retired.contains(&value) {
            let reason = format!("The value '{value}' of {name} is no longer available");
            return Err(Error::Validation { reason });
        }
        if !known.values.contains(&value) {
            return Err(not_of("value", known.values));
        }
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let setting = AccountSetting { name: known.name, value: value.to_owned() };
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let (document, value) = (known.document, &setting.value);
                    registry_setting::put(tx, &registry, document, value, now).await?;
                    Ok(setting)
                })
            })
            .await
    }
}

/// Whether the registry lets blobs be mounted from one repository into another.
pub(crate) async fn blob_mounting(tx: &mut Tx, registry: &RegistryId) -> Result<bool, Error> {
    Ok(stored(tx, registry, BLOB_MOUNTING_DOCUMENT).await?.as_deref() != Some(DISABLED))
}

async fn stored(
    tx: &mut Tx,
    registry: &RegistryId,
    document: &'static str,
) -> Result<Option<String>, MetadataError> {
    registry_setting::get(tx, registry, document).await
}

fn known(name: &str) -> Result<&'static Known, Error> {
    let names: Vec<&str> = SETTINGS.iter().map(|known| known.name).collect();
    SETTINGS.iter().find(|known| known.name == name).ok_or_else(|| not_of("name", &names))
}

fn not_of(member: &'static str, set: &[&str]) -> Error {
    let mut set = set.to_vec();
    set.sort_unstable();
    Error::invalid(member, format!("Member must satisfy enum value set: [{}]", set.join(", ")))
}

#[cfg(test)]
mod tests {
    use wharfinger_core::Timestamp;
    use wharfinger_metadata::{Metadata, OpenMode};

    use super::*;

    #[tokio::test]
    async fn blobs_are_mounted_where_the_registry_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("metadata.db");
        let metadata = Metadata::open(&file, OpenMode::CreateOrMigrate).unwrap();
        let mounting: Result<Vec<bool>, Error> = metadata
            .write(|tx| {
                Box::pin(async move {
                    let region = "eu-west-1".parse().unwrap();
                    let registry = RegistryId::new("111122223333".parse().unwrap(), region);
                    let mut seen = vec![blob_mounting(tx, &registry).await?];
                    for value in [DISABLED, ENABLED] {
                        let (document, now) = (BLOB_MOUNTING_DOCUMENT, Timestamp::default());
                        registry_setting::put(tx, &registry, document, value, now).await?;
                        seen.push(blob_mounting(tx, &registry).await?);
                    }
                    Ok(seen)
                })
            })
            .await;
        assert_eq!(mounting.unwrap(), [true, false, true]);
    }
}

//! Public registries as wholes (ECR Public): their aliases, and what the catalog calls them.
//!
//! A public registry is a registry like any other, of an id that is never that of a private one:
//! every rule of this crate holds for its repositories, and no setting turns one kind into the
//! other.

use wharfinger_auth::actions::{
    DescribeRegistries, GetRegistryCatalogData, PutRegistryCatalogData,
};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::limits::REGISTRY_ALIAS_CHARS_MAX;
use wharfinger_core::{AccountId, Entropy, EntropyExt, RegistryId};
use wharfinger_metadata::{public_registry, registry_setting};

use crate::{Error, Page, PageRequest, Registry};

/// The name under which the setting with what the catalog calls a registry is kept.
const CATALOG_SETTING: &str = "catalog_data";
/// Aliases that are tried before an account goes without: two of them are never equal in practice.
const ALIAS_ATTEMPTS: usize = 8;

/// A public registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRegistry {
    /// Its owner.
    pub account: AccountId,
    /// Its one alias, which is the default one, and the primary one.
    pub alias: String,
}

impl Registry {
    /// The public registry that has an alias. An alias is part of the name of every public image,
    /// so that this takes no permit and tells nobody anything.
    ///
    /// # Errors
    /// [`Error::RegistryNotFound`].
    pub async fn registry_of_alias(&self, alias: &str) -> Result<RegistryId, Error> {
        let not_found = || Error::RegistryNotFound { registry: alias.to_owned() };
        if alias.len() > REGISTRY_ALIAS_CHARS_MAX {
            return Err(not_found());
        }
        let text = alias.to_owned();
        let account = self
            .metadata
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(public_registry::account_of(tx, &text).await?) },
                )
            })
            .await?;
        account.map(RegistryId::public).ok_or_else(not_found)
    }

    /// The alias of an account's public registry: a random one that it keeps for ever, made when it
    /// is first asked for.
    pub async fn alias_of(&self, account: AccountId) -> Result<String, Error> {
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(
                    async move { Ok::<_, Error>(public_registry::alias_of(tx, &account).await?) },
                )
            })
            .await?;
        if let Some(alias) = found {
            return Ok(alias);
        }
        let candidates: Vec<String> =
            (0..ALIAS_ATTEMPTS).map(|_| random_alias(&*self.entropy)).collect();
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    // Somebody else may have asked meanwhile.
                    if let Some(alias) = public_registry::alias_of(tx, &account).await? {
                        return Ok(alias);
                    }
                    for alias in candidates {
                        if public_registry::account_of(tx, &alias).await?.is_none() {
                            public_registry::insert(tx, &account, &alias, now).await?;
                            return Ok(alias);
                        }
                    }
                    Err(Error::Server("no alias is free".into()))
                })
            })
            .await
    }

    /// ECR Public `DescribeRegistries`: the caller's registry.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for any `nextToken`: there is one page.
    pub async fn describe_registries(
        &self,
        permit: &Permit<DescribeRegistries>,
        page: &PageRequest,
    ) -> Result<Page<PublicRegistry>, Error> {
        let account = permit.resource().registry().account;
        page.position::<u32>(&format!("DescribeRegistries {account}"))?;
        let alias = self.alias_of(account).await?;
        Ok(Page { items: vec![PublicRegistry { account, alias }], next_token: None })
    }

    /// ECR Public `GetRegistryCatalogData`: the display name, if there is one.
    pub async fn get_registry_catalog_data(
        &self,
        permit: &Permit<GetRegistryCatalogData>,
    ) -> Result<Option<String>, Error> {
        let registry = permit.resource().registry().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(registry_setting::get(tx, &registry, CATALOG_SETTING).await?)
                })
            })
            .await
    }

    /// ECR Public `PutRegistryCatalogData`: replaces the display name; none takes it away.
    pub async fn put_registry_catalog_data(
        &self,
        permit: &Permit<PutRegistryCatalogData>,
        display_name: Option<String>,
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry().clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match display_name {
                        Some(name) => {
                            registry_setting::put(tx, &registry, CATALOG_SETTING, &name, now)
                                .await?;
                        }
                        None => {
                            registry_setting::delete(tx, &registry, CATALOG_SETTING).await?;
                        }
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Refuses a private repository whose paths would lead to public registries.
    pub(crate) fn check_reachable(&self, resource: &RepositoryResource) -> Result<(), Error> {
        let shadowed = self
            .public
            .as_ref()
            .filter(|public| !resource.registry.is_public() && public.shadows(&resource.name));
        match shadowed.and_then(|public| public.path_prefix()) {
            None => Ok(()),
            Some(prefix) => Err(Error::invalid(
                "repositoryName",
                format!(
                    "Names that begin with '{prefix}' are those of public repositories in this \
                     installation"
                ),
            )),
        }
    }
}

/// Eight characters, letters and digits in turn: the form of AWS's default aliases, which is never
/// that of an account id.
fn random_alias(entropy: &dyn Entropy) -> String {
    let bytes: [u8; 8] = entropy.bytes();
    let character = |(index, byte): (usize, &u8)| match index % 2 {
        0 => char::from(b'a' + byte % 26),
        _ => char::from(b'0' + byte % 10),
    };
    bytes.iter().enumerate().map(character).collect()
}

//! OpenID Connect providers: who may vouch for web identities that assume roles.

mod tags;
mod url;

use wharfinger_auth::{IamResource, Permit, Resource, iam_actions};
use wharfinger_core::limits::{
    OIDC_CLIENT_IDS_MAX, OIDC_PROVIDERS_PER_ACCOUNT_MAX, OIDC_THUMBPRINTS_MAX,
};
use wharfinger_core::{AccountId, Arn, Timestamp};
use wharfinger_metadata::oidc_provider::{self, OidcProviderRow};
use wharfinger_metadata::{MetadataError, Tx, iam_tag};

use crate::{Error, Iam, Tag, scope, tag};

/// Characters of a thumbprint: SHA-1 in hexadecimal.
const THUMBPRINT_CHARS: usize = 40;

/// An OpenID Connect provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OidcProvider {
    /// `arn:aws:iam::A:oidc-provider/host/path`.
    pub arn: Arn,
    /// Its URL without `https://`.
    pub url: String,
    /// The audiences that are accepted.
    pub client_ids: Vec<String>,
    /// Fingerprints of certificates, in lower case. They decide nothing here.
    pub thumbprints: Vec<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Its tags, in order of key.
    pub tags: Vec<Tag>,
}

/// What `CreateOpenIDConnectProvider` is given.
#[derive(Clone, Debug, Default)]
pub struct NewOidcProvider {
    /// Its URL, which begins with `https://`.
    pub url: String,
    /// The audiences that are accepted.
    pub client_ids: Vec<String>,
    /// Fingerprints of certificates; there need be none.
    pub thumbprints: Vec<String>,
    /// Its tags.
    pub tags: Vec<Tag>,
}

impl Iam {
    /// The ARN that a provider of this URL would have in an account.
    pub fn oidc_provider_arn(&self, account: AccountId, url: &str) -> Arn {
        Arn::oidc_provider(&account, url.strip_prefix(url::SCHEME).unwrap_or(url))
    }

    /// IAM `CreateOpenIDConnectProvider`.
    ///
    /// # Errors
    /// [`Error::EntityAlreadyExists`], [`Error::LimitExceeded`], [`Error::InvalidInput`],
    /// [`Error::Validation`].
    pub async fn create_oidc_provider(
        &self,
        permit: &Permit<iam_actions::CreateOpenIDConnectProvider>,
        new: NewOidcProvider,
    ) -> Result<OidcProvider, Error> {
        let row = OidcProviderRow {
            account: *permit.resource().account(),
            url: url::without_scheme(&new.url)?.to_owned(),
            client_ids: to_json(&checked_client_ids(new.client_ids)?),
            thumbprints: to_json(&checked_thumbprints(new.thumbprints)?),
            created_at: self.now(),
        };
        scope::require(permit.resource(), &arn_of(&row))?;
        let tags = new.tags;
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    match oidc_provider::insert(tx, &row).await {
                        Err(MetadataError::Duplicate(_)) => {
                            let text =
                                format!("Provider with url https://{} already exists.", row.url);
                            return Err(Error::EntityAlreadyExists(text));
                        }
                        other => other?,
                    }
                    let limit = OIDC_PROVIDERS_PER_ACCOUNT_MAX;
                    if oidc_provider::count(tx, &row.account).await? > limit {
                        let quota = "OpenIdConnectProvidersPerAccount";
                        return Err(Error::LimitExceeded { quota, limit });
                    }
                    tag::put(tx, arn_of(&row).as_str(), &tags).await?;
                    describe(tx, row).await
                })
            })
            .await
    }

    /// IAM `GetOpenIDConnectProvider`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn get_oidc_provider(
        &self,
        permit: &Permit<iam_actions::GetOpenIDConnectProvider>,
        arn: &Arn,
    ) -> Result<OidcProvider, Error> {
        let (resource, arn) = (permit.resource().clone(), arn.clone());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &arn).await?;
                    describe(tx, row).await
                })
            })
            .await
    }

    /// IAM `ListOpenIDConnectProviders`: their ARNs, in order of URL.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn list_oidc_providers(
        &self,
        permit: &Permit<iam_actions::ListOpenIDConnectProviders>,
    ) -> Result<Vec<Arn>, Error> {
        let account = *permit.resource().account();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let urls = oidc_provider::urls(tx, &account).await?;
                    Ok(urls.iter().map(|url| Arn::oidc_provider(&account, url)).collect())
                })
            })
            .await
    }

    /// IAM `DeleteOpenIDConnectProvider`. It is no error when there is none.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn delete_oidc_provider(
        &self,
        permit: &Permit<iam_actions::DeleteOpenIDConnectProvider>,
        arn: &Arn,
    ) -> Result<(), Error> {
        let (resource, arn) = (permit.resource().clone(), arn.clone());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    if let Some(url) = url_of(&resource, &arn)
                        && oidc_provider::delete(tx, resource.account(), url).await?
                    {
                        iam_tag::delete_all(tx, arn.as_str()).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// IAM `AddClientIDToOpenIDConnectProvider`. It is no error when it has the id already.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::LimitExceeded`].
    pub async fn add_client_id(
        &self,
        permit: &Permit<iam_actions::AddClientIDToOpenIDConnectProvider>,
        arn: &Arn,
        client_id: String,
    ) -> Result<(), Error> {
        self.change_oidc_provider(permit.resource(), arn, move |provider| {
            provider.client_ids.push(client_id);
            provider.client_ids = checked_client_ids(std::mem::take(&mut provider.client_ids))?;
            Ok(())
        })
        .await
    }

    /// IAM `RemoveClientIDFromOpenIDConnectProvider`. It is no error when it has no such id.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn remove_client_id(
        &self,
        permit: &Permit<iam_actions::RemoveClientIDFromOpenIDConnectProvider>,
        arn: &Arn,
        client_id: String,
    ) -> Result<(), Error> {
        self.change_oidc_provider(permit.resource(), arn, move |provider| {
            provider.client_ids.retain(|had| *had != client_id);
            Ok(())
        })
        .await
    }

    /// IAM `UpdateOpenIDConnectProviderThumbprint`: a new list in place of the old one.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`].
    pub async fn update_oidc_provider_thumbprint(
        &self,
        permit: &Permit<iam_actions::UpdateOpenIDConnectProviderThumbprint>,
        arn: &Arn,
        thumbprints: Vec<String>,
    ) -> Result<(), Error> {
        if thumbprints.is_empty() {
            let text = "Thumbprint list must contain at least one entry.";
            return Err(Error::InvalidInput(text.into()));
        }
        let thumbprints = checked_thumbprints(thumbprints)?;
        self.change_oidc_provider(permit.resource(), arn, move |provider| {
            provider.thumbprints = thumbprints;
            Ok(())
        })
        .await
    }

    async fn change_oidc_provider(
        &self,
        resource: &IamResource,
        arn: &Arn,
        change: impl FnOnce(&mut OidcProvider) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        let (resource, arn) = (resource.clone(), arn.clone());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &arn).await?;
                    let mut provider = describe(tx, row).await?;
                    change(&mut provider)?;
                    let client_ids = to_json(&provider.client_ids);
                    let thumbprints = to_json(&provider.thumbprints);
                    let (url, ids) = (&provider.url, &client_ids);
                    Ok(oidc_provider::set_lists(tx, resource.account(), url, ids, &thumbprints)
                        .await?)
                })
            })
            .await
    }
}

/// The provider of that ARN, if a permit of `resource` reaches it.
async fn existing(
    tx: &mut Tx,
    resource: &IamResource,
    arn: &Arn,
) -> Result<OidcProviderRow, Error> {
    let found = match url_of(resource, arn) {
        Some(url) => oidc_provider::find(tx, resource.account(), url).await?,
        None => None,
    };
    found.ok_or_else(|| {
        Error::NoSuchEntity(format!("OpenIDConnect Provider not found for arn {arn}"))
    })
}

/// The URL in the ARN of a provider that a permit of `resource` reaches.
fn url_of<'a>(resource: &IamResource, arn: &'a Arn) -> Option<&'a str> {
    let url = arn.resource().strip_prefix("oidc-provider/")?;
    let is_whole = Arn::oidc_provider(resource.account(), url) == *arn;
    (is_whole && scope::covers(resource, arn)).then_some(url)
}

async fn describe(tx: &mut Tx, row: OidcProviderRow) -> Result<OidcProvider, Error> {
    let arn = arn_of(&row);
    let tags = iam_tag::list(tx, arn.as_str()).await?;
    Ok(OidcProvider {
        arn,
        client_ids: from_json(&row.client_ids)?,
        thumbprints: from_json(&row.thumbprints)?,
        url: row.url,
        created_at: row.created_at,
        tags,
    })
}

fn arn_of(row: &OidcProviderRow) -> Arn {
    Arn::oidc_provider(&row.account, &row.url)
}

/// Each id once, in the order they were given.
fn checked_client_ids(given: Vec<String>) -> Result<Vec<String>, Error> {
    let mut ids: Vec<String> = Vec::new();
    for id in given {
        if !ids.contains(&id) {
            ids.push(id);
        }
        if ids.len() > OIDC_CLIENT_IDS_MAX {
            let limit = OIDC_CLIENT_IDS_MAX.try_into().unwrap_or(u64::MAX);
            return Err(Error::LimitExceeded { quota: "ClientIdsPerOpenIdConnectProvider", limit });
        }
    }
    Ok(ids)
}

fn checked_thumbprints(given: Vec<String>) -> Result<Vec<String>, Error> {
    if given.len() > OIDC_THUMBPRINTS_MAX {
        let text =
            format!("Thumbprint list must contain fewer than {OIDC_THUMBPRINTS_MAX} entries.");
        return Err(Error::InvalidInput(text));
    }
    if given.iter().any(|thumbprint| thumbprint.chars().count() != THUMBPRINT_CHARS) {
        let text = format!("Thumbprint must be exactly {THUMBPRINT_CHARS} characters.");
        return Err(Error::InvalidInput(text));
    }
    Ok(given.iter().map(|thumbprint| thumbprint.to_ascii_lowercase()).collect())
}

fn to_json(list: &[String]) -> String {
    serde_json::Value::from(list).to_string()
}

fn from_json(text: &str) -> Result<Vec<String>, Error> {
    serde_json::from_str(text)
        .map_err(|error| Error::Internal(format!("unreadable list of a provider: {error}")))
}

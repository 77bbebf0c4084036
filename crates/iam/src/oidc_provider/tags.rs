//! Tags of OpenID Connect providers, and what policies see of them.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::iam_tag;

use super::existing;
use crate::{Error, Iam, Page, PageRequest, Tag, Tagged, tag};

impl Iam {
    /// What policies are asked about a provider of this ARN. Of other accounts nothing is known.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for what is no ARN.
    pub async fn tagged_oidc_provider(
        &self,
        account: AccountId,
        arn: &str,
    ) -> Result<Tagged, Error> {
        let invalid = |_| Error::InvalidInput(format!("ARN {arn} is not valid."));
        let arn: Arn = arn.parse().map_err(invalid)?;
        if arn.account() != account.as_str() {
            return Ok(Tagged { arn, tags: Vec::new() });
        }
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let tags = iam_tag::list(tx, arn.as_str()).await?;
                    Ok(Tagged { arn, tags })
                })
            })
            .await
    }

    /// IAM `TagOpenIDConnectProvider`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`], [`Error::Validation`],
    /// [`Error::LimitExceeded`].
    pub async fn tag_oidc_provider(
        &self,
        permit: &Permit<iam_actions::TagOpenIDConnectProvider>,
        arn: &Arn,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        let (resource, arn) = (permit.resource().clone(), arn.clone());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    existing(tx, &resource, &arn).await?;
                    tag::put(tx, arn.as_str(), &tags).await
                })
            })
            .await
    }

    /// IAM `UntagOpenIDConnectProvider`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn untag_oidc_provider(
        &self,
        permit: &Permit<iam_actions::UntagOpenIDConnectProvider>,
        arn: &Arn,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let (resource, arn) = (permit.resource().clone(), arn.clone());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    existing(tx, &resource, &arn).await?;
                    tag::remove(tx, arn.as_str(), &keys).await
                })
            })
            .await
    }

    /// IAM `ListOpenIDConnectProviderTags`, in order of key.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::Validation`].
    pub async fn list_oidc_provider_tags(
        &self,
        permit: &Permit<iam_actions::ListOpenIDConnectProviderTags>,
        arn: &Arn,
        page: &PageRequest,
    ) -> Result<Page<Tag>, Error> {
        let (resource, arn, page) = (permit.resource().clone(), arn.clone(), page.clone());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    existing(tx, &resource, &arn).await?;
                    tag::page(tx, arn.as_str(), &page).await
                })
            })
            .await
    }
}

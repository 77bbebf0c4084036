//! Tags of managed policies. AWS's own have none.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::{iam_tag, managed_policy};

use super::{Found, must_find, must_find_own};
use crate::{Error, Iam, Page, PageRequest, Tag, Tagged, tag};

impl Iam {
    /// What policies are asked about a managed policy of this ARN.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn tagged_policy(&self, account: AccountId, arn: &Arn) -> Result<Tagged, Error> {
        let arn = arn.clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = managed_policy::find(tx, arn.as_str()).await?;
                    let tags = match row.filter(|row| row.account == account) {
                        Some(row) => iam_tag::list(tx, &row.policy_id).await?,
                        None => Vec::new(),
                    };
                    Ok(Tagged { arn, tags })
                })
            })
            .await
    }

    /// IAM `TagPolicy`: puts tags on a policy, over those of the same keys.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::InvalidInput`] for tags that are none;
    /// [`Error::LimitExceeded`]; [`Error::AccessDenied`] for a policy that is not the account's.
    pub async fn tag_policy(
        &self,
        permit: &Permit<iam_actions::TagPolicy>,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    tag::put(tx, &row.policy_id, &tags).await
                })
            })
            .await
    }

    /// IAM `UntagPolicy`: removes the tags of these keys, those that are there.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for a policy that is not the account's.
    pub async fn untag_policy(
        &self,
        permit: &Permit<iam_actions::UntagPolicy>,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find_own(tx, &resource).await?;
                    tag::remove(tx, &row.policy_id, &keys).await
                })
            })
            .await
    }

    /// IAM `ListPolicyTags`, in order of key.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::AccessDenied`] for a policy of another account;
    /// [`Error::Validation`] for a marker that is none.
    pub async fn list_policy_tags(
        &self,
        permit: &Permit<iam_actions::ListPolicyTags>,
        page: PageRequest,
    ) -> Result<Page<Tag>, Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    match must_find(tx, &resource).await? {
                        Found::Own(row) => tag::page(tx, &row.policy_id, &page).await,
                        Found::Aws(_) => Ok(Page { items: Vec::new(), marker: None }),
                    }
                })
            })
            .await
    }
}

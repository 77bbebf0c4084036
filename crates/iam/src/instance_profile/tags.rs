//! Tags of instance profiles, and what policies see of them.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::{iam_tag, instance_profile};

use super::{arn_of, existing};
use crate::{Error, Iam, Page, PageRequest, Tag, Tagged, tag};

impl Iam {
    /// What policies are asked about an instance profile of this name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn tagged_instance_profile(
        &self,
        account: AccountId,
        profile_name: &str,
    ) -> Result<Tagged, Error> {
        let wanted = profile_name.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let found = instance_profile::find(tx, &account, &wanted).await?;
                    let Some(row) = found else {
                        let arn = Arn::instance_profile(&account, "/", &wanted);
                        return Ok(Tagged { arn, tags: Vec::new() });
                    };
                    let tags = iam_tag::list(tx, &row.profile_id).await?;
                    Ok(Tagged { arn: arn_of(&row), tags })
                })
            })
            .await
    }

    /// IAM `TagInstanceProfile`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`], [`Error::Validation`],
    /// [`Error::LimitExceeded`].
    pub async fn tag_instance_profile(
        &self,
        permit: &Permit<iam_actions::TagInstanceProfile>,
        profile_name: &str,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), profile_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::put(tx, &row.profile_id, &tags).await
                })
            })
            .await
    }

    /// IAM `UntagInstanceProfile`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn untag_instance_profile(
        &self,
        permit: &Permit<iam_actions::UntagInstanceProfile>,
        profile_name: &str,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), profile_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::remove(tx, &row.profile_id, &keys).await
                })
            })
            .await
    }

    /// IAM `ListInstanceProfileTags`, in order of key.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::Validation`].
    pub async fn list_instance_profile_tags(
        &self,
        permit: &Permit<iam_actions::ListInstanceProfileTags>,
        profile_name: &str,
        page: &PageRequest,
    ) -> Result<Page<Tag>, Error> {
        let (resource, wanted) = (permit.resource().clone(), profile_name.to_owned());
        let page = page.clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::page(tx, &row.profile_id, &page).await
                })
            })
            .await
    }
}

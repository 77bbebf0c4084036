//! Tags of roles, and what policies see of them.

use wharfinger_auth::{Permit, iam_actions};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::{iam_tag, role};

use super::row::{arn_of, existing};
use crate::{Error, Iam, Page, PageRequest, Tag, Tagged, tag};

impl Iam {
    /// What policies are asked about a role of this name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn tagged_role(&self, account: AccountId, role_name: &str) -> Result<Tagged, Error> {
        let wanted = role_name.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(row) = role::find(tx, &account, &wanted).await? else {
                        let arn = Arn::role(&account, "/", &wanted);
                        return Ok(Tagged { arn, tags: Vec::new() });
                    };
                    let tags = iam_tag::list(tx, &row.role_id).await?;
                    Ok(Tagged { arn: arn_of(&row), tags })
                })
            })
            .await
    }

    /// IAM `TagRole`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`], [`Error::Validation`],
    /// [`Error::LimitExceeded`].
    pub async fn tag_role(
        &self,
        permit: &Permit<iam_actions::TagRole>,
        role_name: &str,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::put(tx, &row.role_id, &tags).await
                })
            })
            .await
    }

    /// IAM `UntagRole`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn untag_role(
        &self,
        permit: &Permit<iam_actions::UntagRole>,
        role_name: &str,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::remove(tx, &row.role_id, &keys).await
                })
            })
            .await
    }

    /// IAM `ListRoleTags`, in order of key.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::Validation`].
    pub async fn list_role_tags(
        &self,
        permit: &Permit<iam_actions::ListRoleTags>,
        role_name: &str,
        page: &PageRequest,
    ) -> Result<Page<Tag>, Error> {
        let (resource, wanted) = (permit.resource().clone(), role_name.to_owned());
        let page = page.clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let row = existing(tx, &resource, &wanted).await?;
                    tag::page(tx, &row.role_id, &page).await
                })
            })
            .await
    }
}

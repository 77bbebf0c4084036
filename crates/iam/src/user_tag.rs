//! Tags of users.

use wharfinger_auth::Permit;
use wharfinger_auth::iam_actions::{ListUserTags, TagUser, UntagUser};

use crate::user::must_find;
use crate::{Error, Iam, Page, PageRequest, Tag, tag};

impl Iam {
    /// IAM `TagUser`: writes tags, over those whose keys differ in case at the most.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`], [`Error::Validation`],
    /// [`Error::LimitExceeded`].
    pub async fn tag_user(
        &self,
        permit: &Permit<TagUser>,
        name: &str,
        tags: Vec<Tag>,
    ) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &name).await?;
                    tag::put(tx, &user.user_id, &tags).await
                })
            })
            .await
    }

    /// IAM `UntagUser`. Keys that the user has not are no error.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`].
    pub async fn untag_user(
        &self,
        permit: &Permit<UntagUser>,
        name: &str,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &name).await?;
                    tag::remove(tx, &user.user_id, &keys).await
                })
            })
            .await
    }

    /// IAM `ListUserTags`, in order of key.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::Validation`] for a marker that is none.
    pub async fn list_user_tags(
        &self,
        permit: &Permit<ListUserTags>,
        name: &str,
        page: PageRequest,
    ) -> Result<Page<Tag>, Error> {
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &name).await?;
                    tag::page(tx, &user.user_id, &page).await
                })
            })
            .await
    }
}

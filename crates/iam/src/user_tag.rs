//! Tags of users.

use std::collections::BTreeSet;

use wharfinger_auth::Permit;
use wharfinger_auth::iam_actions::{ListUserTags, TagUser, UntagUser};
use wharfinger_core::limits::TAGS_PER_USER_MAX;
use wharfinger_metadata::iam_tag;

use crate::user::must_find;
use crate::{Error, Iam, Page, PageRequest};

impl Iam {
    /// IAM `TagUser`: writes tags, over those whose keys differ in case at the most.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`], [`Error::InvalidInput`], [`Error::LimitExceeded`].
    pub async fn tag_user(
        &self,
        permit: &Permit<TagUser>,
        name: &str,
        tags: Vec<(String, String)>,
    ) -> Result<(), Error> {
        check(&tags)?;
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &name).await?;
                    for (key, value) in &tags {
                        iam_tag::put(tx, &user.user_id, key, value).await?;
                    }
                    let limit = TAGS_PER_USER_MAX;
                    if iam_tag::list(tx, &user.user_id).await?.len() as u64 > limit {
                        return Err(Error::LimitExceeded { quota: "TagsPerUser", limit });
                    }
                    Ok(())
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
                    for key in &keys {
                        iam_tag::delete(tx, &user.user_id, key).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// IAM `ListUserTags`, in order of key. The marker is how many came before: there are fifty at the
    /// most, and a key may have characters that markers have not.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`]; [`Error::Validation`] for a marker that is none.
    pub async fn list_user_tags(
        &self,
        permit: &Permit<ListUserTags>,
        name: &str,
        page: PageRequest,
    ) -> Result<Page<(String, String)>, Error> {
        let before: usize = match page.after.as_str() {
            "" => 0,
            after => after.parse().map_err(|_| Error::Validation("Invalid Marker.".into()))?,
        };
        let (resource, name) = (permit.resource().clone(), name.to_owned());
        let tags: Vec<(String, String)> = self
            .metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let user = must_find(tx, &resource, &name).await?;
                    iam_tag::list(tx, &user.user_id).await.map_err(Error::from)
                })
            })
            .await?;
        let rest = tags.into_iter().skip(before).enumerate().collect();
        let Page { items, marker } =
            page.page(rest, |(number, _)| (before + number + 1).to_string());
        Ok(Page { items: items.into_iter().map(|(_, tag)| tag).collect(), marker })
    }
}

/// Holds tags that are to be written against what the model does not say of them.
///
/// # Errors
/// [`Error::InvalidInput`] for a key that is there twice whatever its case, or is one of AWS's;
/// [`Error::LimitExceeded`].
pub(crate) fn check(tags: &[(String, String)]) -> Result<(), Error> {
    let mut keys = BTreeSet::new();
    for (key, _) in tags {
        let folded = key.to_lowercase();
        if folded.starts_with("aws:") {
            let text = "Tag keys that begin with aws: are reserved for AWS.";
            return Err(Error::InvalidInput(text.into()));
        }
        if !keys.insert(folded) {
            return Err(Error::InvalidInput(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.".into(),
            ));
        }
    }
    if tags.len() as u64 > TAGS_PER_USER_MAX {
        return Err(Error::LimitExceeded { quota: "TagsPerUser", limit: TAGS_PER_USER_MAX });
    }
    Ok(())
}

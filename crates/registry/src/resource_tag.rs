//! Resource tags of repositories: `TagResource`, `UntagResource`, `ListTagsForResource`.

use std::collections::{BTreeSet, HashSet};

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{ListTagsForResource, TagResource, UntagResource};
use wharfinger_core::limits::{
    RESOURCE_TAG_KEY_CHARS_MAX, RESOURCE_TAG_VALUE_CHARS_MAX, RESOURCE_TAGS_MAX,
};
use wharfinger_metadata::resource_tag;

use crate::repository::must_find;
use crate::{Error, Registry};

impl Registry {
    /// ECR `ListTagsForResource`: (key, value), in order of key.
    pub async fn list_tags_for_resource(
        &self,
        permit: &Permit<ListTagsForResource>,
    ) -> Result<Vec<(String, String)>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    Ok(resource_tag::list(tx, row.id).await?)
                })
            })
            .await
    }

    /// ECR `TagResource`: writes these tags and leaves the others.
    ///
    /// # Errors
    /// [`Error::TooManyTags`] if there would be more than [`RESOURCE_TAGS_MAX`];
    /// [`Error::InvalidTagParameter`]. Nothing is written then.
    pub async fn tag_resource(
        &self,
        permit: &Permit<TagResource>,
        tags: Vec<(String, String)>,
    ) -> Result<(), Error> {
        check_tags(&tags)?;
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    for (key, value) in &tags {
                        resource_tag::put(tx, row.id, key, value).await?;
                    }
                    if resource_tag::list(tx, row.id).await?.len() > RESOURCE_TAGS_MAX {
                        return Err(Error::TooManyTags { limit: RESOURCE_TAGS_MAX });
                    }
                    Ok(())
                })
            })
            .await
    }

    /// ECR `UntagResource`: removes these keys; those that are not there are ignored.
    pub async fn untag_resource(
        &self,
        permit: &Permit<UntagResource>,
        keys: Vec<String>,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let keys: HashSet<String> = keys.into_iter().collect();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    // The model names no limit for the keys of a request; a repository has few.
                    for (key, _) in resource_tag::list(tx, row.id).await? {
                        if keys.contains(&key) {
                            resource_tag::delete(tx, row.id, &key).await?;
                        }
                    }
                    Ok(())
                })
            })
            .await
    }
}

/// Whether these tags may be set together.
pub(crate) fn check_tags(tags: &[(String, String)]) -> Result<(), Error> {
    let bad = |reason: String| Err(Error::InvalidTagParameter { reason });
    if tags.len() > RESOURCE_TAGS_MAX {
        return Err(Error::TooManyTags { limit: RESOURCE_TAGS_MAX });
    }
    let mut keys = BTreeSet::new();
    for (key, value) in tags {
        if !(1..=RESOURCE_TAG_KEY_CHARS_MAX).contains(&key.chars().count()) {
            return bad(format!("Tag keys must have 1 to {RESOURCE_TAG_KEY_CHARS_MAX} characters"));
        }
        if value.chars().count() > RESOURCE_TAG_VALUE_CHARS_MAX {
            let max = RESOURCE_TAG_VALUE_CHARS_MAX;
            return bad(format!("Tag values must have at most {max} characters"));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return bad("Tag keys that begin with 'aws:' are reserved".into());
        }
        if !keys.insert(key) {
            return bad(format!("Duplicate tag key '{key}'"));
        }
    }
    Ok(())
}

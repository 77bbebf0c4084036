//! Tags of users, roles, policies, instance profiles and identity providers: one set of rules for
//! all (IAM user guide, "Tags for IAM resources").

use std::collections::BTreeSet;

use wharfinger_core::Arn;
use wharfinger_core::limits::{IAM_TAG_KEY_CHARS_MAX, IAM_TAG_VALUE_CHARS_MAX, IAM_TAGS_MAX};
use wharfinger_metadata::{Tx, iam_tag};

use crate::{Error, Page, PageRequest};

/// A tag: key and value.
pub type Tag = (String, String);

/// What belongs to AWS.
const RESERVED_PREFIX: &str = "aws:";

/// What policies are asked about: the ARN of something, and its tags. Of what is not there the ARN is
/// the one it would have at the path `/`, and there are no tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its ARN.
    pub arn: Arn,
    /// Its tags, in order of key.
    pub tags: Vec<Tag>,
}

/// Checks tags that are to be put together.
///
/// # Errors
/// [`Error::InvalidInput`] for a key that is there twice, whatever its case, or belongs to AWS;
/// [`Error::Validation`] for one that is too long, or too many.
pub(crate) fn check(tags: &[Tag]) -> Result<(), Error> {
    if tags.len() > IAM_TAGS_MAX {
        return Err(Error::Validation(format!("There are more than {IAM_TAGS_MAX} tags.")));
    }
    let mut keys = BTreeSet::new();
    for (key, value) in tags {
        if !(1..=IAM_TAG_KEY_CHARS_MAX).contains(&key.chars().count())
            || value.chars().count() > IAM_TAG_VALUE_CHARS_MAX
        {
            return Err(Error::Validation(format!(
                "A tag has a key of 1 to {IAM_TAG_KEY_CHARS_MAX} characters and a value of at \
                 most {IAM_TAG_VALUE_CHARS_MAX}."
            )));
        }
        let folded = key.to_lowercase();
        if folded.starts_with(RESERVED_PREFIX) {
            let text = "System tags cannot be added/updated by requester";
            return Err(Error::InvalidInput(text.into()));
        }
        if !keys.insert(folded) {
            let text = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";
            return Err(Error::InvalidInput(text.into()));
        }
    }
    Ok(())
}

/// Puts tags on what has this unique id (a provider: this ARN), over those of the same keys.
///
/// # Errors
/// As [`check`]; [`Error::LimitExceeded`] if it has more than fifty then.
pub(crate) async fn put(tx: &mut Tx, owner_id: &str, tags: &[Tag]) -> Result<(), Error> {
    check(tags)?;
    for (key, value) in tags {
        iam_tag::put(tx, owner_id, key, value).await?;
    }
    if iam_tag::list(tx, owner_id).await?.len() > IAM_TAGS_MAX {
        let limit = IAM_TAGS_MAX.try_into().unwrap_or(u64::MAX);
        return Err(Error::LimitExceeded { quota: "TagsPerResource", limit });
    }
    Ok(())
}

/// Removes the tags of these keys, those that are there.
pub(crate) async fn remove(tx: &mut Tx, owner_id: &str, keys: &[String]) -> Result<(), Error> {
    for key in keys {
        iam_tag::delete(tx, owner_id, key).await?;
    }
    Ok(())
}

/// A page of tags, in order of key. Keys have letters that a marker has not, so a marker says how
/// many tags were shown.
///
/// # Errors
/// [`Error::Validation`] for a marker that does not.
pub(crate) async fn page(
    tx: &mut Tx,
    owner_id: &str,
    request: &PageRequest,
) -> Result<Page<Tag>, Error> {
    let shown: usize = match request.after.as_str() {
        "" => 0,
        text => text.parse().map_err(|_| Error::Validation("Invalid Marker.".into()))?,
    };
    let tags = iam_tag::list(tx, owner_id).await?;
    let numbered = tags.into_iter().zip(1_usize..).skip(shown).collect();
    let page = request.page(numbered, |(_, number): &(Tag, usize)| number.to_string());
    let items = page.items.into_iter().map(|(tag, _)| tag).collect();
    Ok(Page { items, marker: page.marker })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tags(keys: &[&str]) -> Vec<Tag> {
        keys.iter().map(|key| ((*key).to_owned(), String::new())).collect()
    }

    #[test]
    fn tags_have_rules() {
        check(&tags(&["Team", "env"])).unwrap();
        check(&[("k".repeat(128), "v".repeat(256))]).unwrap();
        let duplicate = check(&tags(&["Team", "TEAM"])).unwrap_err();
        assert_eq!(duplicate.code(), "InvalidInput");
        assert!(duplicate.to_string().starts_with("Duplicate tag keys found."));
        let reserved = check(&tags(&["Aws:x"])).unwrap_err();
        assert_eq!(reserved.to_string(), "System tags cannot be added/updated by requester");
        let long = [("k".repeat(129), String::new())];
        for bad in [&tags(&[""]), &long[..], &[("k".into(), "v".repeat(257))]] {
            assert_eq!(check(bad).unwrap_err().code(), "ValidationError");
        }
        let many: Vec<Tag> = (0..51).map(|it| (format!("k{it}"), String::new())).collect();
        assert_eq!(check(&many).unwrap_err().code(), "ValidationError");
    }
}

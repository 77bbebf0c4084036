//! The condition keys that only some calls have: what a client asks for, where policies may look at
//! it. The keys that every request has are the caller's own business.
//!
//! Source: the IAM service reference for Amazon ECR, "Condition keys".

use wharfinger_iam_policy::ContextKeys;

/// `aws:RequestTag/…` and `aws:TagKeys`: the tags that a request puts (`CreateRepository`,
/// `TagResource`). Without tags there are no keys.
pub fn request_tags(tags: &[(String, String)]) -> ContextKeys {
    if tags.is_empty() {
        return ContextKeys::default();
    }
    let mut keys = tag_keys(tags.iter().map(|(key, _)| key));
    for (key, value) in tags {
        keys.insert(&format!("aws:RequestTag/{key}"), value.as_str());
    }
    keys
}

/// `aws:TagKeys`: the keys that a request names (`UntagResource`).
pub fn tag_keys<'a>(names: impl IntoIterator<Item = &'a String>) -> ContextKeys {
    let mut keys = ContextKeys::default();
    keys.insert_all("aws:TagKeys", names.into_iter().cloned());
    keys
}

/// `ecr:AccountSetting`: the name of the setting (`GetAccountSetting`, `PutAccountSetting`).
pub fn account_setting(name: &str) -> ContextKeys {
    let mut keys = ContextKeys::default();
    keys.insert("ecr:AccountSetting", name);
    keys
}

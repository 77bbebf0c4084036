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

/// The keys of STS for a session that is asked for: `sts:RoleSessionName`, `sts:ExternalId`,
/// `sts:SourceIdentity`, `sts:TransitiveTagKeys`, and those of the tags (IAM user guide, "Available keys
/// for AWS STS").
pub fn assume_role(
    session_name: &str,
    external_id: Option<&str>,
    source_identity: Option<&str>,
    tags: &[(String, String)],
    transitive_tag_keys: &[String],
) -> ContextKeys {
    let mut keys = request_tags(tags);
    keys.insert("sts:RoleSessionName", session_name);
    if let Some(external_id) = external_id {
        keys.insert("sts:ExternalId", external_id);
    }
    if let Some(source_identity) = source_identity {
        keys.insert("sts:SourceIdentity", source_identity);
    }
    if !transitive_tag_keys.is_empty() {
        keys.insert_all("sts:TransitiveTagKeys", transitive_tag_keys.iter().cloned());
    }
    keys
}

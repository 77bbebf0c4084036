//! What a request looks like to a policy: who wants to do what to what, and under which
//! circumstances.

use std::collections::BTreeMap;

use wharfinger_core::AccountId;
use wharfinger_core::limits::CONDITION_VALUE_CHARS_MAX;

/// The condition keys of a request (IAM user guide, "Global condition context keys", and the
/// service authorization reference of ECR).
///
/// Names are the same whatever their case, those of tags (`aws:RequestTag/Key`) too. A key may
/// have several values, or none. Of a value, the first [`CONDITION_VALUE_CHARS_MAX`] characters
/// are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ContextKeys {
    /// By folded name.
    values: BTreeMap<String, Vec<String>>,
}

impl ContextKeys {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `value` to those of `key`.
    ///
    /// So two tags whose keys differ in case only make one condition key with both values, and
    /// neither hides the other from a policy that denies it.
    pub fn insert(&mut self, key: &str, value: impl Into<String>) {
        self.insert_all(key, [value.into()]);
    }

    /// Adds `values` to those of `key`. If there are none, the key is there with no value.
    pub fn insert_all(&mut self, key: &str, values: impl IntoIterator<Item = String>) {
        self.values.entry(folded(key)).or_default().extend(values.into_iter().map(cut));
    }

    /// Adds `value` to those of `key`, if there is one; the key does not come without.
    pub fn insert_some(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.insert(key, value);
        }
    }

    /// Puts the keys of `others` in the place of those of the same names.
    pub fn replace_with(&mut self, others: &Self) {
        self.values.extend(others.values.iter().map(|(key, values)| (key.clone(), values.clone())));
    }

    /// The values of `key`, in the order in which they were added; `None` if the request does not
    /// have the key.
    pub fn get(&self, key: &str) -> Option<&[String]> {
        self.get_folded(&folded(key))
    }

    pub(crate) fn get_folded(&self, key: &str) -> Option<&[String]> {
        self.values.get(key).map(Vec::as_slice)
    }
}

/// The name of a condition key, without its case.
pub(crate) fn folded(key: &str) -> String {
    key.to_lowercase()
}

fn cut(mut value: String) -> String {
    if let Some((end, _)) = value.char_indices().nth(CONDITION_VALUE_CHARS_MAX) {
        value.truncate(end);
    }
    value
}

/// Who makes a request, as `Principal` elements name it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PrincipalFacts {
    /// The account it belongs to.
    pub account: AccountId,
    /// `arn:aws:iam::A:root`, `arn:aws:iam::A:user/path/name`, or that of a role's session,
    /// `arn:aws:sts::A:assumed-role/Role/Session`.
    pub arn: String,
    /// Of a session: the ARN of its role, `arn:aws:iam::A:role/path/Role`; of a federated user,
    /// that of the user who asked for it.
    pub role_arn: Option<String>,
    /// The service that makes the request, such as `replication.ecr.amazonaws.com`; what names
    /// the account or the ARN names the request too.
    pub service: Option<String>,
    /// Of a request that an identity provider vouches for, before it has any ARN: the provider, by
    /// its ARN or as `accounts.google.com`.
    pub federated: Option<String>,
}

/// A request, as policies see it.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Such as `ecr:PutImage`: a service, a colon, a name.
    pub action: &'a str,
    /// An ARN, or `*` for actions that have no resource.
    pub resource: &'a str,
    /// Who makes it.
    pub principal: &'a PrincipalFacts,
    /// Its condition keys.
    pub keys: &'a ContextKeys,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_case_and_values_add_up() {
        let mut keys = ContextKeys::new();
        keys.insert("aws:RequestTag/Team", "a");
        keys.insert("aws:requesttag/TEAM", "b");
        keys.insert_all("aws:TagKeys", []);
        assert_eq!(
            keys.get("AWS:RequestTag/team"),
            Some(["a".to_owned(), "b".to_owned()].as_slice())
        );
        assert_eq!(keys.get("aws:TagKeys"), Some([].as_slice()));
        assert_eq!(keys.get("aws:username"), None);
        keys.insert_all("aws:TagKeys", ["x".to_owned()]);
        assert_eq!(keys.get("aws:tagkeys").map(<[String]>::len), Some(1));
    }

    #[test]
    fn long_values_are_cut_between_characters() {
        let mut keys = ContextKeys::new();
        keys.insert("aws:UserAgent", "ä".repeat(CONDITION_VALUE_CHARS_MAX + 1));
        let value = &keys.get("aws:UserAgent").unwrap()[0];
        assert_eq!(*value, "ä".repeat(CONDITION_VALUE_CHARS_MAX));
    }
}

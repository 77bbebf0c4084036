//! What a session is narrowed to and marked with when it is asked for: session policies and tags
//! (IAM user guide, "Session policies" and "Pass session tags in AWS STS").

use std::collections::HashSet;

use wharfinger_auth::SessionFacts;
use wharfinger_core::AccountId;
use wharfinger_core::limits::{
    SESSION_PACKED_BYTES_MAX, SESSION_POLICY_ARNS_MAX, SESSION_POLICY_CHARS_MAX, SESSION_TAGS_MAX,
};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind, managed};
use wharfinger_metadata::{Tx, managed_policy};

use crate::Error;

/// Tags, (key, value).
pub type Tags = Vec<(String, String)>;

/// Session policies and tags as they are asked for, each of which can be right by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionScope {
    policy: Option<String>,
    policy_arns: Vec<String>,
    tags: Tags,
    transitive_tag_keys: Vec<String>,
}

impl SessionScope {
    /// Checks what a request asks for.
    ///
    /// # Errors
    /// [`Error::Validation`], [`Error::MalformedPolicyDocument`], [`Error::PackedPolicyTooLarge`].
    pub fn new(
        policy: Option<String>,
        policy_arns: Vec<String>,
        tags: Tags,
        transitive_tag_keys: Vec<String>,
    ) -> Result<Self, Error> {
        if let Some(policy) = &policy {
            if policy.chars().count() > SESSION_POLICY_CHARS_MAX {
                return Err(too_long("policy", SESSION_POLICY_CHARS_MAX));
            }
            PolicyDocument::parse_as(PolicyKind::Session, policy)?;
        }
        if policy_arns.len() > SESSION_POLICY_ARNS_MAX {
            return Err(too_long("policyArns", SESSION_POLICY_ARNS_MAX));
        }
        check_tags(&tags, &transitive_tag_keys)?;
        let scope = Self { policy, policy_arns, tags, transitive_tag_keys };
        match scope.packed_percent() {
            Some(percent) if percent > 100 => Err(Error::PackedPolicyTooLarge(format!(
                "Packed size of session policies and tags consumes {percent}% of allotted space."
            ))),
            _ => Ok(scope),
        }
    }

    /// The same policies with these tags.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn with_tags(
        self,
        tags: Tags,
        transitive_tag_keys: Vec<String>,
    ) -> Result<Self, Error> {
        Self::new(self.policy, self.policy_arns, tags, transitive_tag_keys)
    }

    /// The same with tags that go on from the session before.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub(crate) fn with_inherited(self, inherited: Tags) -> Result<Self, Error> {
        let Self { policy, policy_arns, mut tags, mut transitive_tag_keys } = self;
        transitive_tag_keys.extend(inherited.iter().map(|(key, _)| key.clone()));
        tags.extend(inherited);
        Self::new(policy, policy_arns, tags, transitive_tag_keys)
    }

    /// How much of the room there is the policies and tags take; `None` without any.
    pub fn packed_percent(&self) -> Option<i32> {
        let policies = self.policy.iter().chain(&self.policy_arns).map(|text| text.len() + 1);
        let tags = self.tags.iter().map(|(key, value)| key.len() + value.len() + 2);
        let bytes: usize = policies.chain(tags).sum();
        let percent = (bytes * 100).div_ceil(SESSION_PACKED_BYTES_MAX);
        (bytes > 0).then(|| i32::try_from(percent).unwrap_or(i32::MAX))
    }

    /// The tags.
    pub fn tags(&self) -> &[(String, String)] {
        &self.tags
    }

    /// The keys of the tags that go on to the next sessions.
    pub fn transitive_tag_keys(&self) -> &[String] {
        &self.transitive_tag_keys
    }

    /// What a session has of it, beside other facts.
    pub(crate) fn facts(&self, others: SessionFacts) -> SessionFacts {
        SessionFacts {
            policies: self.policy.clone().into_iter().collect(),
            policy_arns: self.policy_arns.clone(),
            tags: self.tags.clone(),
            transitive_tag_keys: self.transitive_tag_keys.clone(),
            ..others
        }
    }

    /// Checks that the managed policies are AWS's, or of the account.
    ///
    /// # Errors
    /// [`Error::Validation`].
    pub(crate) async fn check_policies_exist(
        &self,
        tx: &mut Tx,
        account: &AccountId,
    ) -> Result<(), Error> {
        for arn in &self.policy_arns {
            let exists = managed::find(arn).is_some()
                || managed_policy::find(tx, arn).await?.is_some_and(|row| row.account == *account);
            if !exists {
                let text = format!("Policy {arn} does not exist or is not attachable.");
                return Err(Error::Validation(text));
            }
        }
        Ok(())
    }
}

/// The text of the model's own constraint, which it has for the other operations.
fn too_long(member: &str, most: usize) -> Error {
    Error::Validation(format!(
        "1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must \
         have length less than or equal to {most}"
    ))
}

fn check_tags(tags: &[(String, String)], transitive: &[String]) -> Result<(), Error> {
    let refuse = |text: &str| Err(Error::Validation(text.to_owned()));
    if tags.len() > SESSION_TAGS_MAX {
        return Err(too_long("tags", SESSION_TAGS_MAX));
    }
    let mut keys = HashSet::new();
    for (key, _) in tags {
        let key = key.to_lowercase();
        if key.starts_with("aws:") {
            return refuse("Tag keys beginning with aws: are reserved for system use.");
        }
        if !keys.insert(key) {
            return refuse(
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            );
        }
    }
    if transitive.iter().all(|key| keys.contains(&key.to_lowercase())) {
        return Ok(());
    }
    refuse("The specified transitive tag key must be included in the requested tags.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str) -> (String, String) {
        (key.to_owned(), "value".to_owned())
    }

    #[test]
    fn what_is_asked_for_is_checked() {
        let policy = r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
        let scope =
            SessionScope::new(Some(policy.into()), vec![], vec![tag("a")], vec!["A".into()]);
        assert_eq!(scope.unwrap().packed_percent(), Some(2));
        assert_eq!(SessionScope::default().packed_percent(), None);
        let refused = |policy: Option<&str>, arns: usize, tags: &[&str], transitive: &[&str]| {
            let arns = vec!["arn:aws:iam::aws:policy/AdministratorAccess".to_owned(); arns];
            let tags = tags.iter().map(|key| tag(key)).collect();
            let transitive = transitive.iter().map(|key| (*key).to_owned()).collect();
            SessionScope::new(policy.map(str::to_owned), arns, tags, transitive).unwrap_err().code()
        };
        assert_eq!(refused(Some("{}"), 0, &[], &[]), "MalformedPolicyDocument");
        assert_eq!(refused(Some(&" ".repeat(2_049)), 0, &[], &[]), "ValidationError");
        assert_eq!(refused(None, 11, &[], &[]), "ValidationError");
        assert_eq!(refused(None, 0, &["a", "A"], &[]), "ValidationError");
        assert_eq!(refused(None, 0, &["aws:a"], &[]), "ValidationError");
        assert_eq!(refused(None, 0, &["a"], &["b"]), "ValidationError");
        let long: Tags = (0..50).map(|n| (format!("key{n}"), "x".repeat(200))).collect();
        let error = SessionScope::new(None, vec![], long, vec![]).unwrap_err();
        assert_eq!(error.code(), "PackedPolicyTooLarge");
        let text = "Packed size of session policies and tags consumes 169% of allotted space.";
        assert_eq!(error.to_string(), text);
    }
}

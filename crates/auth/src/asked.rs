//! One action on one resource, whichever way it was asked about.

use std::borrow::Cow;

use wharfinger_core::{AccountId, RegistryId};
use wharfinger_iam_policy::{PolicyDocument, PolicyType};

use crate::decision::Place;
use crate::{Action, PolicySource, Resource, actions};

/// What a decision is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// Such as `ecr:PutImage`.
    pub(crate) action: &'a str,
    /// The ARN of the resource, or `*`.
    pub(crate) arn: &'a str,
    /// The account that has it.
    pub(crate) account: &'a AccountId,
    /// The registry that has it, if one has.
    pub(crate) registry: Option<&'a RegistryId>,
    pub(crate) place: Place,
    /// The policy of the resource itself, and that of its registry.
    pub(crate) policies: [Option<&'a PolicyDocument>; 2],
    /// The tags of the resource, (key, value).
    pub(crate) tags: &'a [(String, String)],
}

impl Asked<'_> {
    /// Where its own policies come from, in their order.
    pub(crate) fn sources(&self, kind: PolicyType) -> [PolicySource; 2] {
        [self.arn, self.account.as_str()].map(|holder| PolicySource {
            kind,
            policy: String::new(),
            holder: holder.to_owned(),
        })
    }
}

/// The name of an action as policies have it.
pub(crate) fn action_of<A: Action>(resource: &A::Resource) -> Cow<'static, str> {
    match resource.registry().filter(|registry| registry.is_public() && A::SERVICE.is_none()) {
        Some(registry) => format!("{}:{}", registry.service(), A::NAME).into(),
        None => A::ECR_NAME.into(),
    }
}

/// A token says who its bearer is and lets it do nothing, so no account is asked but its own.
pub(crate) fn is_of_identity_alone(name: &str) -> bool {
    [actions::GetAuthorizationToken::NAME, actions::GetServiceBearerToken::NAME].contains(&name)
}

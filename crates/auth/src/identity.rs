//! Who a caller is, and what its own policies say: as it was read at one moment, for as many requests
//! as it stays true.

use std::sync::Arc;

use wharfinger_iam_policy::{PolicyDocument, PrincipalFacts};

use crate::Principal;

/// A principal with its identity policies.
pub(crate) struct Identity {
    pub(crate) principal: Arc<Principal>,
    /// The principal as policies see it.
    pub(crate) facts: PrincipalFacts,
    pub(crate) policies: IdentityPolicies,
}

/// The identity policies of a principal.
pub(crate) enum IdentityPolicies {
    /// All of them.
    Read(Vec<PolicyDocument>),
    /// One of them is not understood. It might deny, so nothing may be allowed beside it.
    Unreadable,
}

impl Identity {
    pub(crate) fn new(principal: Principal, policies: IdentityPolicies) -> Self {
        let facts = PrincipalFacts {
            account: principal.account,
            arn: principal.arn().to_string(),
            role_arn: principal.role_arn().map(|arn| arn.to_string()),
            service: None,
        };
        Self { principal: Arc::new(principal), facts, policies }
    }
}

impl IdentityPolicies {
    /// Reads the policies of a user, (name, text).
    pub(crate) fn of_user(user: &str, policies: &[(String, String)]) -> Self {
        let mut documents = Vec::with_capacity(policies.len());
        for (policy, text) in policies {
            match PolicyDocument::parse(text) {
                Ok(document) => documents.push(document),
                // It parsed when it was stored.
                Err(error) => {
                    tracing::error!(user, policy, %error, "unreadable policy");
                    return Self::Unreadable;
                }
            }
        }
        Self::Read(documents)
    }
}

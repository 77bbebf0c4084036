//! What policies say to one request (IAM user guide, "Policy evaluation logic"). How the decisions
//! of several kinds of policies add up is for `auth` to know.

use crate::denial::{AccessDenied, DenialReason, PolicyType};
use crate::document::{Effect, PolicyDocument, Statement};
use crate::principal::Naming;
use crate::request::Request;
use crate::resource::ResourceName;

/// What a set of policies that name no principals decides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[must_use]
pub enum Decision {
    /// A statement denies the request, whatever others say.
    ExplicitDeny,
    /// A statement allows it, and none denies it.
    Allow,
    /// No statement applies.
    ImplicitDeny,
}

impl Decision {
    /// Whether the request may go on.
    pub fn is_allowed(self) -> bool {
        self == Self::Allow
    }

    /// The refusal by identity policies of the request for which this was decided; `None` if it is
    /// allowed.
    pub fn denial(self, principal: &str, action: &str, resource: &str) -> Option<AccessDenied> {
        let reason = match self {
            Self::Allow => return None,
            Self::ExplicitDeny => DenialReason::Explicit(PolicyType::IdentityBased),
            Self::ImplicitDeny => DenialReason::Implicit(PolicyType::IdentityBased),
        };
        Some(AccessDenied::new(reason, principal, action, resource))
    }
}

/// What a repository's or a registry's policy decides.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[must_use]
pub enum ResourceDecision {
    /// A statement denies the request, whatever others say.
    ExplicitDeny,
    /// A statement allows it, and none denies it.
    Allow {
        /// How the statement names the principal; of several, the one that names it most closely.
        naming: Naming,
    },
    /// No statement applies.
    ImplicitDeny,
}

/// Decides on `request` by the policies of an identity, a session or a boundary.
///
/// Neither the order of policies nor that of their statements matters.
pub fn evaluate<'a>(
    policies: impl IntoIterator<Item = &'a PolicyDocument>,
    request: &Request<'_>,
) -> Decision {
    let resource = ResourceName::new(request.resource);
    let mut decision = Decision::ImplicitDeny;
    for statement in policies.into_iter().flat_map(PolicyDocument::statements) {
        let effect = statement.effect();
        if effect == Effect::Allow && decision.is_allowed() {
            continue;
        }
        if !statement.is_for(request.principal) || !statement.applies_to(request, &resource) {
            continue;
        }
        match effect {
            Effect::Allow => decision = Decision::Allow,
            Effect::Deny => return Decision::ExplicitDeny,
        }
    }
    decision
}

/// Decides on `request` by the policy of a resource. Statements that name no principal, which
/// such a policy cannot have, say nothing.
///
/// The order of its statements does not matter.
pub fn evaluate_resource_policy(
    policy: &PolicyDocument,
    request: &Request<'_>,
) -> ResourceDecision {
    let resource = ResourceName::new(request.resource);
    let mut allowed: Option<Naming> = None;
    for statement in policy.statements() {
        let Some(naming) = statement.naming(request.principal) else { continue };
        let effect = statement.effect();
        if effect == Effect::Allow && allowed >= Some(naming) {
            continue;
        }
        if !statement.applies_to(request, &resource) {
            continue;
        }
        match effect {
            Effect::Allow => allowed = Some(naming),
            Effect::Deny => return ResourceDecision::ExplicitDeny,
        }
    }
    allowed.map_or(ResourceDecision::ImplicitDeny, |naming| ResourceDecision::Allow { naming })
}

/// The statements of a policy that apply to `request`, by their places in it: what a decision is
/// explained with. Those of a resource's policy must name the principal.
pub fn matching<'a>(
    policy: &'a PolicyDocument,
    request: &Request<'a>,
) -> impl Iterator<Item = (usize, &'a Statement)> {
    let (request, resource) = (*request, ResourceName::new(request.resource));
    policy.statements().iter().enumerate().filter(move |(_, statement)| {
        statement.is_for(request.principal) && statement.applies_to(&request, &resource)
    })
}

#[cfg(test)]
mod tests;

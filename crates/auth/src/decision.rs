//! How the policies of both sides come together (`ecr-semantics`, "Decision procedure"; IAM user
//! guide, "Policy evaluation logic" and "Cross-account policy evaluation logic").

use wharfinger_iam_policy::{Decision, DenialReason, PolicyType, ResourceDecision};

/// What each side says to one action on one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says {
    /// The caller's own policies.
    pub(crate) identity: Decision,
    /// The policies of the repository and of its registry, where there are any.
    pub(crate) resource: [Option<ResourceDecision>; 2],
    /// Whether the resource is in the caller's account.
    pub(crate) same_account: bool,
}

const NO_IDENTITY_ALLOWS: DenialReason = DenialReason::Implicit(PolicyType::IdentityBased);

impl Says {
    /// Why the request is denied; `None` if it may go on.
    ///
    /// Within one account either side suffices; what a resource policy gives to the account as such
    /// is for its identity policies to hand on, so it allows nobody by itself. Across accounts both
    /// sides must allow.
    pub(crate) fn denial(self) -> Option<DenialReason> {
        if self.identity == Decision::ExplicitDeny {
            return Some(DenialReason::Explicit(PolicyType::IdentityBased));
        }
        let resource = || self.resource.into_iter().flatten();
        if resource().any(|it| matches!(it, ResourceDecision::ExplicitDeny)) {
            return Some(DenialReason::Explicit(PolicyType::ResourceBased));
        }
        if self.same_account {
            let direct = |it| matches!(it, ResourceDecision::Allow { direct: true });
            let allowed = self.identity.is_allowed() || resource().any(direct);
            return (!allowed).then_some(NO_IDENTITY_ALLOWS);
        }
        // The caller's own side first: who may not knock does not hear whether someone would open.
        if !self.identity.is_allowed() {
            return Some(NO_IDENTITY_ALLOWS);
        }
        let allowed = resource().any(|it| matches!(it, ResourceDecision::Allow { .. }));
        (!allowed).then_some(DenialReason::Implicit(PolicyType::ResourceBased))
    }
}

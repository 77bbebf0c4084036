//! How the policies of both sides come together (`ecr-semantics`, "Decision procedure"; IAM user
//! guide, "Policy evaluation logic" and "Cross-account policy evaluation logic").

use wharfinger_iam_policy::{Decision, ResourceDecision};

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

/// Why a request is denied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Denial {
    /// An identity policy denies it.
    Identity,
    /// A policy of the repository or the registry denies it.
    Resource,
    /// No identity policy allows it.
    NoIdentityAllow,
    /// The account that owns the resource does not let the caller in.
    NoResourceAllow,
}

impl Says {
    /// Why the request is denied; `None` if it may go on.
    ///
    /// Within one account either side suffices; what a resource policy gives to the account as such
    /// is for its identity policies to hand on, so it allows nobody by itself. Across accounts both
    /// sides must allow.
    pub(crate) fn denial(self) -> Option<Denial> {
        if self.identity == Decision::ExplicitDeny {
            return Some(Denial::Identity);
        }
        let resource = || self.resource.into_iter().flatten();
        if resource().any(|it| matches!(it, ResourceDecision::ExplicitDeny)) {
            return Some(Denial::Resource);
        }
        if self.same_account {
            let direct = |it| matches!(it, ResourceDecision::Allow { direct: true });
            let allowed = self.identity.is_allowed() || resource().any(direct);
            return (!allowed).then_some(Denial::NoIdentityAllow);
        }
        // The caller's own side first: who may not knock does not hear whether someone would open.
        if !self.identity.is_allowed() {
            return Some(Denial::NoIdentityAllow);
        }
        let allowed = resource().any(|it| matches!(it, ResourceDecision::Allow { .. }));
        (!allowed).then_some(Denial::NoResourceAllow)
    }
}

impl Denial {
    /// The end of AWS's message.
    pub(crate) fn reason(self, action: &str) -> String {
        match self {
            Self::Identity => "with an explicit deny in an identity-based policy".into(),
            Self::Resource => "with an explicit deny in a resource-based policy".into(),
            Self::NoIdentityAllow => {
                format!("because no identity-based policy allows the {action} action")
            }
            Self::NoResourceAllow => {
                format!("because no resource-based policy allows the {action} action")
            }
        }
    }
}

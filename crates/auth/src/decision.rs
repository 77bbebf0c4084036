//! How all policies that hold come together (`ecr-semantics`, "Decision procedure"; IAM user guide,
//! "Policy evaluation logic" and "Cross-account policy evaluation logic").

use wharfinger_iam_policy::{
    Decision, DenialReason, Naming, PolicyDocument, PolicyType, Request, ResourceDecision,
    evaluate, evaluate_resource_policy,
};

use crate::held_policy::{HeldPolicies, HeldPolicy, Layer};

/// What each kind of policy says to one action on one resource.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Says {
    /// What the caller was given; the root has all of its account to give.
    pub(crate) identity: Decision,
    /// What bounds it, where anything does.
    pub(crate) boundary: Option<Decision>,
    /// What bounds its session, where anything does.
    pub(crate) session: Option<Decision>,
    /// What bounds its account, where anything does.
    pub(crate) guardrails: Option<Decision>,
    /// The policies of the resource (a repository and its registry, a role), where there are any.
    pub(crate) resource: [Option<ResourceDecision>; 2],
    /// Where the resource is, as seen by the caller.
    pub(crate) place: Place,
}

/// Where a resource is, and so which sides have to allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// In the caller's account: either side suffices.
    SameAccount,
    /// In another account: both sides must allow.
    OtherAccount,
    /// It is a role, which its trust policy has to allow; with that of another account, and with one
    /// that names only the account, the caller's side as well.
    Role {
        /// Whether it is in the caller's account.
        is_own: bool,
    },
}

impl Says {
    /// Asks the policies of the caller; `resource` are what those of the resource say.
    pub(crate) fn of(
        held: &HeldPolicies,
        is_root: bool,
        request: &Request<'_>,
        resource: [Option<&PolicyDocument>; 2],
        place: Place,
    ) -> Self {
        let asked = |layer: &Layer| evaluate(layer.iter().map(HeldPolicy::document), request);
        Self {
            identity: if is_root { Decision::Allow } else { asked(&held.identity) },
            boundary: held.boundary.as_ref().map(asked),
            session: held.session.as_ref().map(asked),
            guardrails: held.guardrails.iter().map(asked).reduce(both),
            resource: resource
                .map(|policy| policy.map(|policy| evaluate_resource_policy(policy, request))),
            place,
        }
    }

    /// What each kind of policy decided, for those there are.
    pub(crate) fn each(&self) -> impl Iterator<Item = (PolicyType, Decision)> {
        let own = [
            (PolicyType::IdentityBased, Some(self.identity)),
            (PolicyType::PermissionsBoundary, self.boundary),
            (PolicyType::Session, self.session),
            (PolicyType::ServiceControl, self.guardrails),
        ];
        let resource = self.resource.into_iter().flatten().map(|decision| match decision {
            ResourceDecision::ExplicitDeny => Decision::ExplicitDeny,
            ResourceDecision::Allow { .. } => Decision::Allow,
            ResourceDecision::ImplicitDeny => Decision::ImplicitDeny,
        });
        let kind = self.resource_kind();
        let own = own.into_iter().filter_map(|(kind, decision)| Some((kind, decision?)));
        own.chain(resource.map(move |decision| (kind, decision)))
    }

    /// Why the request is denied; `None` if it may go on.
    ///
    /// A denial anywhere denies. Guardrails must allow, whoever it is. Then, within one account, a
    /// resource policy that names the user or the session itself lets it do what it says; one that
    /// names its role or everyone stands in for identity policies, within boundary and session
    /// policies; one that names the account allows nobody by itself. Across accounts the caller's
    /// side must allow in full, and the resource's as well.
    pub(crate) fn denial(&self) -> Option<DenialReason> {
        let denies = |(kind, decision)| (decision == Decision::ExplicitDeny).then_some(kind);
        if let Some(kind) = self.each().find_map(denies) {
            return Some(DenialReason::Explicit(kind));
        }
        if self.guardrails.is_some_and(|decision| !decision.is_allowed()) {
            return Some(DenialReason::Implicit(PolicyType::ServiceControl));
        }
        let named = self.named();
        match self.place {
            Place::SameAccount => self.denial_within(named),
            Place::Role { .. } if named.is_none() => {
                // Who may not ask does not hear whether somebody would listen.
                let own = self.denial_within(None);
                own.or(Some(DenialReason::Implicit(PolicyType::RoleTrust)))
            }
            Place::Role { is_own: true } => self.denial_within(named),
            Place::Role { is_own: false } => self.denial_within(None),
            Place::OtherAccount => self.denial_within(None).or_else(|| {
                named.is_none().then_some(DenialReason::Implicit(PolicyType::ResourceBased))
            }),
        }
    }

    /// Why the caller's side does not allow, when the resource's names it so.
    fn denial_within(&self, named: Option<Naming>) -> Option<DenialReason> {
        if named == Some(Naming::Itself) {
            return None;
        }
        let is_given = self.identity.is_allowed() || named == Some(Naming::Shared);
        let bounds = [
            (PolicyType::IdentityBased, is_given),
            (PolicyType::PermissionsBoundary, self.boundary.is_none_or(Decision::is_allowed)),
            (PolicyType::Session, self.session.is_none_or(Decision::is_allowed)),
        ];
        let missing = bounds.into_iter().find(|(_, allows)| !allows);
        missing.map(|(kind, _)| DenialReason::Implicit(kind))
    }

    /// How closely a policy of the resource that allows names the caller.
    fn named(&self) -> Option<Naming> {
        let naming = |decision| match decision {
            ResourceDecision::Allow { naming } => Some(naming),
            ResourceDecision::ExplicitDeny | ResourceDecision::ImplicitDeny => None,
        };
        self.resource.into_iter().flatten().filter_map(naming).max()
    }

    /// What the policies of the resource are.
    pub(crate) fn resource_kind(&self) -> PolicyType {
        match self.place {
            Place::Role { .. } => PolicyType::RoleTrust,
            Place::SameAccount | Place::OtherAccount => PolicyType::ResourceBased,
        }
    }
}

/// What two levels of guardrails, each of which must allow, say together.
fn both(one: Decision, other: Decision) -> Decision {
    match (one, other) {
        (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
        (Decision::Allow, Decision::Allow) => Decision::Allow,
        _ => Decision::ImplicitDeny,
    }
}

#[cfg(test)]
mod tests;

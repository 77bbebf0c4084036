//! The words in which a request is refused.

use thiserror::Error;

/// A request that policies do not allow. `Display` is the message of AWS's
/// `AccessDeniedException`, which `/v2` answers carry as well.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error(
    "User: {principal} is not authorized to perform: {action} on resource: {resource} {}",
    self.words()
)]
pub struct AccessDenied {
    reason: DenialReason,
    principal: String,
    action: String,
    resource: String,
}

/// Why a request is refused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DenialReason {
    /// No statement of such policies allows it.
    Implicit(PolicyType),
    /// A statement of such a policy denies it.
    Explicit(PolicyType),
}

/// The kinds of policies that a refusal may be due to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PolicyType {
    /// Of a user, a group or a role.
    IdentityBased,
    /// Of what the request is about: a repository or a registry.
    ResourceBased,
    /// What bounds the identity policies of a user or a role.
    PermissionsBoundary,
    /// What bounds one session of a role or a user.
    Session,
    /// What bounds an account in an organization.
    ServiceControl,
    /// Of a role: who may assume it.
    RoleTrust,
}

impl PolicyType {
    /// As messages call it, such as `identity-based policy`.
    pub fn name(self) -> &'static str {
        match self {
            Self::IdentityBased => "identity-based policy",
            Self::ResourceBased => "resource-based policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::Session => "session policy",
            Self::ServiceControl => "service control policy",
            Self::RoleTrust => "role trust policy",
        }
    }

    fn article(self) -> &'static str {
        if self == Self::IdentityBased { "an" } else { "a" }
    }
}

impl AccessDenied {
    /// The refusal of `action` on `resource` to `principal`, an ARN (of a session, not of its
    /// role).
    pub fn new(reason: DenialReason, principal: &str, action: &str, resource: &str) -> Self {
        Self {
            reason,
            principal: principal.to_owned(),
            action: action.to_owned(),
            resource: resource.to_owned(),
        }
    }

    /// Why it is refused.
    pub fn reason(&self) -> DenialReason {
        self.reason
    }

    /// Whether a statement denies the request, rather than none allowing it.
    pub fn is_explicit(&self) -> bool {
        matches!(self.reason, DenialReason::Explicit(_))
    }

    fn words(&self) -> String {
        match self.reason {
            DenialReason::Implicit(policy) => {
                format!("because no {} allows the {} action", policy.name(), self.action)
            }
            DenialReason::Explicit(policy) => {
                format!("with an explicit deny in {} {}", policy.article(), policy.name())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Decision;

    const USER: &str = "arn:aws:iam::111122223333:user/dev";
    const REPOSITORY: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/app";

    #[test]
    fn the_messages_are_those_of_aws() {
        let denied = |decision: Decision| {
            decision.denial(USER, "ecr:PutImage", REPOSITORY).map(|denied| denied.to_string())
        };
        assert_eq!(
            denied(Decision::ImplicitDeny).unwrap(),
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ecr:PutImage \
             on resource: arn:aws:ecr:eu-west-1:111122223333:repository/app because no \
             identity-based policy allows the ecr:PutImage action"
        );
        assert_eq!(
            denied(Decision::ExplicitDeny).unwrap(),
            "User: arn:aws:iam::111122223333:user/dev is not authorized to perform: ecr:PutImage \
             on resource: arn:aws:ecr:eu-west-1:111122223333:repository/app with an explicit deny \
             in an identity-based policy"
        );
        assert_eq!(denied(Decision::Allow), None);
    }

    #[test]
    fn each_kind_of_policy_has_its_words() {
        for (policy, name) in [
            (PolicyType::IdentityBased, "an identity-based policy"),
            (PolicyType::ResourceBased, "a resource-based policy"),
            (PolicyType::PermissionsBoundary, "a permissions boundary"),
            (PolicyType::Session, "a session policy"),
            (PolicyType::ServiceControl, "a service control policy"),
            (PolicyType::RoleTrust, "a role trust policy"),
        ] {
            let denied = |reason| AccessDenied::new(reason, USER, "ecr:PutImage", REPOSITORY);
            let explicit = denied(DenialReason::Explicit(policy));
            let tail = format!("repository/app with an explicit deny in {name}");
            assert!(explicit.to_string().ends_with(&tail), "{explicit}");
            assert!(explicit.is_explicit());
            let implicit = denied(DenialReason::Implicit(policy));
            let (_, bare) = name.split_once(' ').unwrap();
            let tail = format!("repository/app because no {bare} allows the ecr:PutImage action");
            assert!(implicit.to_string().ends_with(&tail), "{implicit}");
            assert!(!implicit.is_explicit());
            assert_eq!(implicit.reason(), DenialReason::Implicit(policy));
        }
    }
}

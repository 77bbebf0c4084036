//! What a set of identity policies says to one request (IAM user guide, "Policy evaluation
//! logic", within one account and with identity policies only).

use crate::denial::AccessDenied;
use crate::document::{Effect, PolicyDocument};
use crate::resource::ResourceName;

/// The outcome of an evaluation.
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

    /// The refusal of the request for which this was decided; `None` if it is allowed.
    pub fn denial(self, principal: &str, action: &str, resource: &str) -> Option<AccessDenied> {
        let explicit = match self {
            Self::Allow => return None,
            Self::ExplicitDeny => true,
            Self::ImplicitDeny => false,
        };
        Some(AccessDenied::new(explicit, principal, action, resource))
    }
}

/// Decides on `action` (such as `ecr:PutImage`) on `resource` (an ARN, or `*` for actions that
/// have none).
///
/// Neither the order of policies nor that of their statements matters. Allocates nothing.
pub fn evaluate<'a>(
    policies: impl IntoIterator<Item = &'a PolicyDocument>,
    action: &str,
    resource: &str,
) -> Decision {
    let resource = ResourceName::new(resource);
    let mut decision = Decision::ImplicitDeny;
    for statement in policies.into_iter().flat_map(PolicyDocument::statements) {
        match statement.effect() {
            Effect::Allow if decision.is_allowed() => {}
            Effect::Allow if statement.applies_to(action, &resource) => decision = Decision::Allow,
            Effect::Deny if statement.applies_to(action, &resource) => {
                return Decision::ExplicitDeny;
            }
            Effect::Allow | Effect::Deny => {}
        }
    }
    decision
}

#[cfg(test)]
mod tests;

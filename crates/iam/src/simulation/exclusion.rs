//! Policies that a simulation leaves out.

use wharfinger_auth::PolicySource;
use wharfinger_core::Arn;
use wharfinger_iam_policy::PolicyType;

/// Policies that do not count in a simulation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exclusion {
    /// All inline policies.
    Inline,
    /// All that AWS made.
    AwsManaged,
    /// All that the account made.
    UserManaged,
    /// The boundary.
    Boundary,
    /// All guardrails.
    Guardrails,
    /// What has this ARN.
    Arn(String),
    /// An inline policy of this name.
    Named {
        /// The name of the policy.
        policy: String,
        /// What it is part of: `user`, `group` or `role`.
        holder_kind: String,
        /// The name of that, in which `*` stands for any characters and `?` for one.
        holder: String,
    },
}

impl Exclusion {
    /// Whether it means the policy of this source.
    pub(super) fn picks(&self, source: &PolicySource) -> bool {
        let is_identity = source.kind == PolicyType::IdentityBased;
        let is_managed = source.policy.starts_with("arn:");
        let is_of_aws = source.policy.starts_with("arn:aws:iam::aws:");
        match self {
            Self::Inline => is_identity && !is_managed,
            Self::AwsManaged => is_identity && is_of_aws,
            Self::UserManaged => is_identity && is_managed && !is_of_aws,
            Self::Boundary => source.kind == PolicyType::PermissionsBoundary,
            Self::Guardrails => source.kind == PolicyType::ServiceControl,
            Self::Arn(arn) => source.policy == *arn,
            Self::Named { policy, holder_kind, holder } => {
                let arn: Option<Arn> = source.holder.parse().ok();
                let path = arn.as_ref().and_then(|arn| arn.resource().split_once('/'));
                let is_holder = path.is_some_and(|(kind, path)| {
                    let name = path.rsplit('/').next().unwrap_or_default();
                    kind == holder_kind && is_like(name.as_bytes(), holder.as_bytes())
                });
                is_identity && source.policy == *policy && is_holder
            }
        }
    }
}

/// Whether `name` is what a pattern with one `*` at the most, and any `?`, means.
fn is_like(name: &[u8], pattern: &[u8]) -> bool {
    let same = |name: &[u8], pattern: &[u8]| {
        name.len() == pattern.len()
            && name.iter().zip(pattern).all(|(byte, wanted)| *wanted == b'?' || byte == wanted)
    };
    let Some(star) = pattern.iter().position(|byte| *byte == b'*') else {
        return same(name, pattern);
    };
    let (before, after) = (&pattern[..star], &pattern[star + 1..]);
    let Some(rest) = name.len().checked_sub(after.len()).filter(|rest| *rest >= star) else {
        return false;
    };
    same(&name[..star], before) && same(&name[rest..], after)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_picked_by_patterns() {
        for (pattern, fits, other) in [
            ("dev", "dev", "dev2"),
            ("d?v", "dev", "deev"),
            ("dev-*", "dev-", "de"),
            ("*-ci", "a-ci", "a-cd"),
            ("a*a", "aa", "a"),
        ] {
            assert!(is_like(fits.as_bytes(), pattern.as_bytes()), "{pattern}");
            assert!(!is_like(other.as_bytes(), pattern.as_bytes()), "{pattern}");
        }
    }
}

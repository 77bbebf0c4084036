//! What a policy is for, and so which elements and how many characters it has.

use wharfinger_core::limits::{
    GUARDRAIL_CHARS_MAX, IDENTITY_POLICY_CHARS_MAX, MANAGED_POLICY_CHARS_MAX,
    RESOURCE_POLICY_CHARS_MAX, SESSION_POLICY_CHARS_MAX, TRUST_POLICY_CHARS_MAX,
};

/// What a policy is attached to, and so which elements it has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum PolicyKind {
    /// To a principal, of which it is a part: its statements name none, and name resources. How
    /// many characters all of a principal have together is for whoever stores them to say.
    Identity,
    /// To principals, by itself: as one of a principal, of version 2012-10-17.
    Managed,
    /// To one session, which it bounds: as one of a principal.
    Session,
    /// To an account, which it bounds: as one of a principal.
    Guardrail,
    /// To a role, which it lets be assumed: its statements name principals and actions of STS, and
    /// no resources. They speak of the role alone.
    Trust,
    /// To a repository: its statements name principals, and resources only if they like. Without,
    /// they speak of every resource they are asked about.
    Repository,
    /// To a registry: its statements name principals and resources.
    Registry,
}

/// Whether statements have an element.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Presence {
    Required,
    Optional,
    Prohibited,
}

impl PolicyKind {
    /// Characters of such a policy at the most, as [`Self::chars`] counts them.
    pub fn chars_max(self) -> usize {
        match self {
            Self::Identity => IDENTITY_POLICY_CHARS_MAX,
            Self::Managed => MANAGED_POLICY_CHARS_MAX,
            Self::Session => SESSION_POLICY_CHARS_MAX,
            Self::Guardrail => GUARDRAIL_CHARS_MAX,
            Self::Trust => TRUST_POLICY_CHARS_MAX,
            Self::Repository | Self::Registry => RESOURCE_POLICY_CHARS_MAX,
        }
    }

    /// The characters of a text that count: IAM's own policies may be laid out with blanks as one
    /// likes ("IAM and AWS STS quotas").
    pub fn chars(self, text: &str) -> usize {
        match self {
            Self::Identity | Self::Managed | Self::Trust => {
                text.chars().filter(|character| !character.is_whitespace()).count()
            }
            Self::Session | Self::Guardrail | Self::Repository | Self::Registry => {
                text.chars().count()
            }
        }
    }

    /// What IAM calls the quota of [`Self::chars_max`].
    pub fn quota(self) -> &'static str {
        match self {
            Self::Trust => "ACLSizePerRole",
            _ => "PolicySize",
        }
    }

    /// Whether IAM keeps it, rather than ECR: these differ in what they take.
    pub(super) fn is_of_iam(self) -> bool {
        !matches!(self, Self::Repository | Self::Registry)
    }

    pub(super) fn principals(self) -> Presence {
        match self {
            Self::Identity | Self::Managed | Self::Session | Self::Guardrail => {
                Presence::Prohibited
            }
            Self::Trust | Self::Repository | Self::Registry => Presence::Required,
        }
    }

    pub(super) fn resources(self) -> Presence {
        match self {
            Self::Trust => Presence::Prohibited,
            Self::Repository => Presence::Optional,
            _ => Presence::Required,
        }
    }
}

//! Policy documents (IAM user guide, "Grammar of the IAM JSON policy language").

mod read;
mod source;

use wharfinger_core::limits::IDENTITY_POLICY_CHARS_MAX;

use crate::action::ActionPattern;
use crate::malformed::MalformedPolicy;
use crate::resource::{ResourceName, ResourcePattern};
use source::Source;

/// Bytes of a policy with all its blanks, which the quota does not count: what IAM's API takes.
pub const POLICY_BYTES_MAX: usize = 131_072;

/// The version of the policy language.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Version {
    /// `2008-10-17`, which is what a policy without a version has: no policy variables.
    #[default]
    V2008,
    /// `2012-10-17`
    V2012,
}

/// What a statement does to the requests it applies to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them, whatever other statements say.
    Deny,
}

/// A parsed and compiled identity policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyDocument {
    version: Version,
    id: Option<String>,
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Reads an identity policy.
    ///
    /// Refused are: unknown or repeated members; a statement without exactly one of `Action` and
    /// `NotAction`, and of `Resource` and `NotResource`; principals, which identity policies have
    /// none of; `Condition` and policy variables, which this version does not evaluate; more
    /// than [`IDENTITY_POLICY_CHARS_MAX`] characters besides blanks.
    ///
    /// # Errors
    /// [`MalformedPolicy`]: the first thing that is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        let within = text.len() <= POLICY_BYTES_MAX
            && text.chars().filter(|character| !character.is_whitespace()).count()
                <= IDENTITY_POLICY_CHARS_MAX;
        if !within {
            let reason = format!("Cannot exceed quota for PolicySize: {IDENTITY_POLICY_CHARS_MAX}");
            return Err(MalformedPolicy::new(&reason, 1, 1));
        }
        read::document(Source::new(text))
    }

    /// The version of the language it is written in.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its `Id`, which has no meaning to IAM.
    pub fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }

    /// Its statements, one or more.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

/// One statement of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    sid: Option<String>,
    effect: Effect,
    actions: Selection<ActionPattern>,
    resources: Selection<ResourcePattern>,
}

impl Statement {
    /// Its id, if it has one that is not empty.
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// What it does to the requests it applies to.
    pub fn effect(&self) -> Effect {
        self.effect
    }

    /// Whether it is about a request of this kind.
    pub(crate) fn applies_to(&self, action: &str, resource: &ResourceName<'_>) -> bool {
        self.actions.selects(|pattern| pattern.matches(action))
            && self.resources.selects(|pattern| pattern.matches(resource))
    }
}

/// Things named by patterns: those that match one of them, or those that match none.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Selection<P> {
    Of(Vec<P>),
    AllBut(Vec<P>),
}

impl<P> Selection<P> {
    fn selects(&self, matches: impl FnMut(&P) -> bool) -> bool {
        match self {
            Self::Of(patterns) => patterns.iter().any(matches),
            Self::AllBut(patterns) => !patterns.iter().any(matches),
        }
    }
}

#[cfg(test)]
mod tests;

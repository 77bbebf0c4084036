//! Policy documents (IAM user guide, "Grammar of the IAM JSON policy language").

mod condition;
mod kind;
mod principal;
mod read;
mod source;

use crate::action::ActionPattern;
use crate::condition::Condition;
use crate::malformed::MalformedPolicy;
use crate::principal::{self as principals, Naming, PrincipalName, PrincipalPattern};
use crate::request::{PrincipalFacts, Request};
use crate::resource::{ResourceName, ResourcePattern};
pub use kind::PolicyKind;
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

impl Version {
    /// Whether `${` has a meaning.
    pub(crate) fn has_variables(self) -> bool {
        self == Self::V2012
    }
}

/// What a statement does to the requests it applies to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Allows them, unless another statement denies them.
    Allow,
    /// Denies them, whatever other statements say.
    Deny,
}

/// A parsed and compiled policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PolicyDocument {
    version: Version,
    id: Option<String>,
    statements: Vec<Statement>,
}

impl PolicyDocument {
    /// Reads an identity policy: [`Self::parse_as`] of [`PolicyKind::Identity`].
    ///
    /// # Errors
    /// [`MalformedPolicy`]: the first thing that is wrong, and where.
    pub fn parse(text: &str) -> Result<Self, MalformedPolicy> {
        Self::parse_as(PolicyKind::Identity, text)
    }

    /// Reads a policy.
    ///
    /// Refused are: unknown or repeated members; a statement without exactly one of `Action` and
    /// `NotAction`; with both of a member and its opposite; with members its kind has none of, or
    /// without those it must have; operators and variables that are none, and values that are not
    /// of an operator's type; more than [`PolicyKind::chars_max`] characters.
    ///
    /// Which actions, resources and principals there are is not asked: see
    /// [`Self::action_patterns`], [`Self::resource_patterns`] and [`Self::principals`].
    ///
    /// # Errors
    /// [`MalformedPolicy`]: the first thing that is wrong, and where.
    pub fn parse_as(kind: PolicyKind, text: &str) -> Result<Self, MalformedPolicy> {
        let chars_max = kind.chars_max();
        if text.len() > POLICY_BYTES_MAX || kind.chars(text) > chars_max {
            let reason = format!("Cannot exceed quota for {}: {chars_max}", kind.quota());
            return Err(MalformedPolicy::new(&reason, 1, 1));
        }
        read::document(kind, Source::new(text))
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

    /// Whether what it says may depend on the condition keys of a request: it has conditions, or
    /// policy variables.
    pub fn asks_for_keys(&self) -> bool {
        self.statements.iter().any(Statement::asks_for_keys)
    }

    /// The elements of `Action` and `NotAction`, as they are written, such as `ecr:Get*`.
    pub fn action_patterns(&self) -> impl Iterator<Item = &str> {
        let patterns = self.statements.iter().flat_map(|statement| statement.actions.patterns());
        patterns.map(ActionPattern::text)
    }

    /// The elements of `Resource` and `NotResource`, as they are written.
    pub fn resource_patterns(&self) -> impl Iterator<Item = &str> {
        let selections =
            self.statements.iter().filter_map(|statement| statement.resources.as_ref());
        selections.flat_map(Selection::patterns).map(ResourcePattern::text)
    }

    /// The elements of `Principal` and `NotPrincipal`.
    pub fn principals(&self) -> impl Iterator<Item = PrincipalName<'_>> {
        let selections =
            self.statements.iter().filter_map(|statement| statement.principals.as_ref());
        selections.flat_map(Selection::patterns).map(PrincipalPattern::name)
    }
}

/// One statement of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Statement {
    sid: Option<String>,
    effect: Effect,
    /// `None` in a policy that names none.
    principals: Option<Selection<PrincipalPattern>>,
    actions: Selection<ActionPattern>,
    /// `None` for every resource.
    resources: Option<Selection<ResourcePattern>>,
    conditions: Vec<Condition>,
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

    fn asks_for_keys(&self) -> bool {
        let resources = self.resources.as_ref().map_or(&[][..], Selection::patterns);
        !self.conditions.is_empty() || resources.iter().any(ResourcePattern::has_variables)
    }

    /// Whether it is about such a request, whoever makes it.
    pub(crate) fn applies_to(&self, request: &Request<'_>, resource: &ResourceName<'_>) -> bool {
        self.actions.selects(|pattern| pattern.matches(request.action))
            && self.resources.as_ref().is_none_or(|resources| {
                resources.selects(|pattern| pattern.matches(resource, request.keys))
            })
            && self.conditions.iter().all(|condition| condition.holds(request.keys))
    }

    /// How it names who makes a request; `None` if it does not, as in an identity policy.
    pub(crate) fn naming(&self, facts: &PrincipalFacts) -> Option<Naming> {
        principals::naming(self.principals.as_ref()?, self.effect, facts)
    }

    /// Whether it may speak of a principal that it is attached to.
    pub(crate) fn is_for(&self, facts: &PrincipalFacts) -> bool {
        self.principals.is_none() || self.naming(facts).is_some()
    }
}

/// Things named by patterns: those that match one of them, or those that match none.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Selection<P> {
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

    fn patterns(&self) -> &[P] {
        match self {
            Self::Of(patterns) | Self::AllBut(patterns) => patterns,
        }
    }
}

#[cfg(test)]
mod tests;

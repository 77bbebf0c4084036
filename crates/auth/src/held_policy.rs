//! The policies that hold for a principal, each with where it comes from, by what they do: allow,
//! bound it, bound its session, bound its account.

use std::fmt;
use std::sync::Arc;

use wharfinger_iam_policy::{MalformedPolicy, PolicyDocument, PolicyType};

/// Where a policy comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PolicySource {
    /// What it does.
    pub kind: PolicyType,
    /// The name of an inline policy or a guardrail, or the ARN of a managed policy; of a resource's
    /// policy, empty.
    pub policy: String,
    /// What it is attached to or part of: the ARN of a user, a group, a role, a session or a
    /// repository; of guardrails and of registries, the account.
    pub holder: String,
}

impl fmt::Display for PolicySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.policy.is_empty() {
            true => write!(f, "the policy of {}", self.holder),
            false => write!(f, "{} of {}", self.policy, self.holder),
        }
    }
}

/// A policy that holds for a principal.
#[derive(Clone, Debug)]
pub(crate) struct HeldPolicy {
    pub(crate) source: Arc<PolicySource>,
    pub(crate) document: Arc<PolicyDocument>,
    /// Its text, where that is kept for explanations.
    pub(crate) text: Option<Arc<str>>,
}

impl HeldPolicy {
    pub(crate) fn document(&self) -> &PolicyDocument {
        &self.document
    }
}

/// Policies that together allow or bound.
pub(crate) type Layer = Vec<HeldPolicy>;

/// All policies that hold for a principal. Of those that bound, `None` bounds nothing, and an empty
/// layer allows nothing: something should bound, and is not there.
#[derive(Clone, Debug, Default)]
pub(crate) struct HeldPolicies {
    /// What lets a user or a role do anything: its own, and those of a user's groups.
    pub(crate) identity: Layer,
    /// Its permissions boundary.
    pub(crate) boundary: Option<Layer>,
    /// What its session was asked for with.
    pub(crate) session: Option<Layer>,
    /// What its account is held to, level by level, each of which must allow. An installation has one
    /// level, or none.
    pub(crate) guardrails: Vec<Layer>,
    /// One that is not understood. It might deny, so nothing may be allowed beside it.
    pub(crate) unreadable: Option<PolicySource>,
    /// Bytes of all their texts.
    pub(crate) text_bytes: usize,
    /// Whether texts are kept.
    pub(crate) keeps_texts: bool,
}

impl HeldPolicies {
    /// All of them, in no order that matters.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &HeldPolicy> {
        let bounds = self.boundary.iter().chain(&self.session).chain(&self.guardrails);
        self.identity.iter().chain(bounds.flatten())
    }

    /// Whether any looks at the condition keys of a request.
    pub(crate) fn ask_for_keys(&self) -> bool {
        self.iter().any(|held| held.document.asks_for_keys())
    }

    /// Reads a text. One that is no policy (it was when it was stored) makes all of them unreadable.
    pub(crate) fn parse(&mut self, source: PolicySource, text: &str) -> Option<HeldPolicy> {
        match self.try_parse(source.clone(), text) {
            Ok(held) => Some(held),
            Err(error) => {
                tracing::error!(policy = %source, %error, "unreadable policy");
                self.unreadable = Some(source);
                None
            }
        }
    }

    /// The same of a text that may be anything.
    pub(crate) fn try_parse(
        &mut self,
        source: PolicySource,
        text: &str,
    ) -> Result<HeldPolicy, MalformedPolicy> {
        let document = Arc::new(PolicyDocument::parse(text)?);
        self.text_bytes += source.policy.len() + source.holder.len() + text.len();
        let text = self.keeps_texts.then(|| Arc::from(text));
        Ok(HeldPolicy { source: Arc::new(source), document, text })
    }
}

//! Callers that nobody is: with other policies than those that hold, or another name, for IAM's
//! simulator. They are only ever asked what they could do.

use std::sync::Arc;

use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{MalformedPolicy, PolicyType};

use crate::held_policy::{HeldPolicies, Layer};
use crate::identity::Identity;
use crate::{Auth, Caller, PolicySource, Principal, PrincipalKind, SessionFacts};

/// What is supposed beside what holds. Policies are texts with the names they are called by.
#[derive(Clone, Debug, Default)]
pub struct Supposition {
    /// Identity policies beside those there are.
    pub policies: Vec<(String, String)>,
    /// A boundary in place of the one there is.
    pub boundary: Option<Vec<(String, String)>>,
    /// Guardrails in place of those there are, level by level.
    pub guardrails: Option<Vec<Vec<(String, String)>>>,
    /// Who the caller is instead, with the same policies.
    pub caller: Option<Arn>,
}

impl Auth {
    /// Somebody in `account` for whom nothing holds.
    pub fn caller_of_nothing(&self, account: AccountId) -> Caller {
        let principal = Principal { account, ..Principal::anonymous() };
        let policies = HeldPolicies { keeps_texts: true, ..HeldPolicies::default() };
        self.caller_of(Identity::new(principal, policies))
    }
}

impl Caller {
    /// The same caller under a supposition.
    ///
    /// # Errors
    /// [`MalformedPolicy`] of the first text that is no policy.
    pub fn supposing(&self, supposition: &Supposition) -> Result<Self, MalformedPolicy> {
        let own = self.identity();
        let mut policies = own.policies.clone();
        let account = own.principal.account.to_string();
        let mut read = |kind, texts: &[(String, String)]| -> Result<Layer, MalformedPolicy> {
            let held = texts.iter().map(|(name, text)| {
                let (policy, holder) = (name.clone(), account.clone());
                policies.try_parse(PolicySource { kind, policy, holder }, text)
            });
            held.collect()
        };
        let added = read(PolicyType::IdentityBased, &supposition.policies)?;
        let boundary = supposition.boundary.as_deref();
        let boundary = boundary.map(|texts| read(PolicyType::PermissionsBoundary, texts));
        let boundary = boundary.transpose()?;
        let levels = supposition.guardrails.as_deref().map(|levels| {
            levels.iter().map(|texts| read(PolicyType::ServiceControl, texts)).collect()
        });
        let levels: Option<Vec<Layer>> = levels.transpose()?;
        policies.identity.extend(added);
        policies.boundary = boundary.or(policies.boundary);
        policies.guardrails = levels.unwrap_or(policies.guardrails);
        let named = supposition.caller.as_ref().and_then(principal_of);
        let mut identity = match named {
            Some(principal) => Identity::new(principal, policies),
            None => own.with_policies(policies),
        };
        identity.organization_id.clone_from(&own.organization_id);
        Ok(self.with_identity(identity))
    }

    /// The same caller without the policies that `is_excluded` picks.
    #[must_use]
    pub fn without(&self, is_excluded: impl Fn(&PolicySource) -> bool) -> Self {
        let own = self.identity();
        let mut policies = own.policies.clone();
        let keep = |layer: &mut Layer| layer.retain(|held| !is_excluded(&held.source));
        keep(&mut policies.identity);
        policies.guardrails.iter_mut().for_each(keep);
        policies.guardrails.retain(|level| !level.is_empty());
        let boundary = policies.boundary.take();
        policies.boundary =
            boundary.filter(|layer| !layer.iter().any(|held| is_excluded(&held.source)));
        self.with_identity(own.with_policies(policies))
    }

    /// The policies that hold with their texts, of a caller that was made to be asked.
    pub fn texts(&self) -> impl Iterator<Item = (&PolicySource, &str)> {
        let texts = |held| -> Option<(&PolicySource, &str)> {
            let held: &crate::held_policy::HeldPolicy = held;
            Some((&held.source, held.text.as_deref()?))
        };
        self.identity().policies.iter().filter_map(texts)
    }
}

/// Who an ARN names, whether or not there is such a one.
fn principal_of(arn: &Arn) -> Option<Principal> {
    let account: AccountId = arn.account().parse().ok()?;
    let (user_id, role_id) = (String::new(), String::new());
    let kind = match arn.resource().split_once('/') {
        None if arn.resource() == "root" => PrincipalKind::Root,
        Some(("user", name)) => {
            let (path, user_name) = split(name);
            PrincipalKind::User { user_id, user_name, path }
        }
        Some(("role", name)) => {
            let (path, role_name) = split(name);
            let session_name = role_name.clone();
            PrincipalKind::AssumedRole { role_id, role_name, path, session_name }
        }
        _ => return None,
    };
    let session = matches!(kind, PrincipalKind::AssumedRole { .. }).then(SessionFacts::default);
    Some(Principal { account, kind, access_key_id: String::new(), session })
}

/// The path and the name in `a/b/name`.
fn split(name: &str) -> (String, String) {
    let (path, name) = name.rsplit_once('/').unwrap_or(("", name));
    let path = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    (path, name.to_owned())
}

impl Identity {
    fn with_policies(&self, policies: HeldPolicies) -> Self {
        Self {
            principal: Arc::clone(&self.principal),
            facts: self.facts.clone(),
            policies,
            tags: self.tags.clone(),
            organization_id: self.organization_id.clone(),
            rendered: self.rendered.clone(),
        }
    }
}

//! Who may assume a role: its trust policy, and the policies of who asks (IAM user guide, "Methods to
//! assume a role", "Cross account resource access").

use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{
    ContextKeys, Decision, PolicyDocument, PrincipalFacts, Request, evaluate_resource_policy,
};

use crate::asked::Asked;
use crate::decision::{Place, Says};
use crate::held_policy::HeldPolicies;
use crate::{AccessDenied, AuthorizeError, Caller, Explanation};

/// A role that somebody wants to assume.
#[derive(Clone, Copy, Debug)]
pub struct AssumedRole<'a> {
    /// The account it is in.
    pub account: &'a AccountId,
    /// Its ARN.
    pub arn: &'a Arn,
    /// Its trust policy; none of a role that is not there, which nobody may assume and which looks
    /// like one that trusts nobody.
    pub trust: Option<&'a PolicyDocument>,
    /// Its tags, (key, value).
    pub tags: &'a [(String, String)],
}

/// Whether `caller` may do `action` (`sts:AssumeRole`, `sts:TagSession`, `sts:SetSourceIdentity`) to a
/// role. Its trust policy must allow that. Where it names the caller itself, or everyone, in the same
/// account, nothing else is needed but that nothing denies and what bounds the caller allows; where
/// it names only the account, and from another account, the policies of the caller must allow it too.
///
/// # Errors
/// [`AuthorizeError::Denied`] with AWS's message; else faults of this side.
pub fn may_assume(
    caller: &Caller,
    role: &AssumedRole<'_>,
    action: &str,
    keys: &ContextKeys,
) -> Result<(), AuthorizeError> {
    let is_own = caller.principal().account == *role.account;
    caller.must_allow(&role.asked(action, is_own), keys)
}

/// Whether somebody without an ARN, for whom `provider` vouches (its ARN, or the name of one that is
/// known to everyone), may do `action` (`sts:AssumeRoleWithWebIdentity`, `sts:TagSession` …) to a role.
/// Only its trust policy counts. `anonymous` is who sent the request, and `keys` what the provider says
/// of it.
///
/// # Errors
/// [`AccessDenied`] with AWS's message.
pub fn may_federate(
    anonymous: &Caller,
    provider: &str,
    role: &AssumedRole<'_>,
    action: &str,
    keys: &ContextKeys,
) -> Result<(), AccessDenied> {
    let asked = role.asked(action, false);
    let keys = anonymous.keys_of_nobody(keys, &asked);
    let principal = PrincipalFacts {
        account: *role.account,
        arn: provider.to_owned(),
        role_arn: None,
        service: None,
        federated: Some(provider.to_owned()),
    };
    let request =
        Request { action, resource: role.arn.as_str(), principal: &principal, keys: &keys };
    let says = Says {
        identity: Decision::Allow,
        boundary: None,
        session: None,
        guardrails: None,
        resource: [role.trust.map(|policy| evaluate_resource_policy(policy, &request)), None],
        place: asked.place,
    };
    if says.denial().is_none() {
        return Ok(());
    }
    let [source, _] = asked.sources(says.resource_kind());
    let held = HeldPolicies::default();
    let explanation =
        Explanation::new(&held, &says, &request, [role.trust.zip(Some(source)), None]);
    let message = format!("Not authorized to perform {action}");
    Err(AccessDenied::with_message(message, explanation))
}

impl<'a> AssumedRole<'a> {
    fn asked(&self, action: &'a str, is_own: bool) -> Asked<'a> {
        Asked {
            action,
            arn: self.arn.as_str(),
            account: self.account,
            registry: None,
            place: Place::Role { is_own },
            policies: [self.trust, None],
            tags: self.tags,
        }
    }
}

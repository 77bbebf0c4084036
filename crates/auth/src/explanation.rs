//! Why a request is allowed or denied: for the audit log, the command line and IAM's simulator, never
//! for whoever is denied.

use wharfinger_iam_policy::{
    AccessDenied as Refusal, Decision, DenialReason, Effect, PolicyDocument, PolicyType, Request,
    matching,
};

use crate::PolicySource;
use crate::decision::Says;
use crate::held_policy::HeldPolicies;

/// A decision with what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What was decided.
    pub decision: Decision,
    /// Why it is denied; `None` if it is allowed.
    pub reason: Option<DenialReason>,
    /// What each kind of policy says by itself, for those that hold.
    pub kinds: Vec<(PolicyType, Decision)>,
    /// The statements that decided, the first of all first: those that deny, or those that allow. No
    /// statement decides that none applies.
    pub statements: Vec<DecidingStatement>,
    principal: String,
    action: String,
    resource: String,
}

/// A statement that took part in a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidingStatement {
    /// The policy it is in.
    pub policy: PolicySource,
    /// Its place in the policy, from 0.
    pub index: usize,
    /// Its `Sid`, if it has one.
    pub sid: Option<String>,
}

impl Explanation {
    /// Explains what `says` comes to. `resource` are the policies of the resource, in the order in
    /// which they were asked.
    pub(crate) fn new(
        held: &HeldPolicies,
        says: &Says,
        request: &Request<'_>,
        resource: [Option<(&PolicyDocument, PolicySource)>; 2],
    ) -> Self {
        let reason = says.denial();
        let decision = match reason {
            None => Decision::Allow,
            Some(DenialReason::Explicit(_)) => Decision::ExplicitDeny,
            Some(DenialReason::Implicit(_)) => Decision::ImplicitDeny,
        };
        let effect = match decision {
            Decision::Allow => Some(Effect::Allow),
            Decision::ExplicitDeny => Some(Effect::Deny),
            Decision::ImplicitDeny => None,
        };
        let own = held.iter().map(|held| (held.document(), PolicySource::clone(&held.source)));
        let statements = own.chain(resource.into_iter().flatten()).flat_map(|(policy, source)| {
            matching(policy, request)
                .filter(|(_, statement)| Some(statement.effect()) == effect)
                .map(|(index, statement)| DecidingStatement {
                    policy: source.clone(),
                    index,
                    sid: statement.sid().map(str::to_owned),
                })
                .collect::<Vec<_>>()
        });
        Self {
            decision,
            reason,
            kinds: says.each().collect(),
            statements: statements.collect(),
            principal: request.principal.arn.clone(),
            action: request.action.to_owned(),
            resource: request.resource.to_owned(),
        }
    }

    /// The statement that decided; `None` when none applies, and of the root, who needs none.
    pub fn decided_by(&self) -> Option<&DecidingStatement> {
        self.statements.first()
    }

    /// The sentence of AWS that a client is refused with; `None` if it is allowed.
    pub fn refusal(&self) -> Option<String> {
        let refusal = |reason| {
            Refusal::new(reason, &self.principal, &self.action, &self.resource).to_string()
        };
        self.reason.map(refusal)
    }
}

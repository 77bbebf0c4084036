//! An authenticated caller with the policies that hold for it: the one place that makes permits.

use std::sync::Arc;

use wharfinger_iam_policy::{ContextKeys, PolicyDocument, PrincipalFacts, Request};

use crate::{AccessDenied, Action, Permit, Principal, PrincipalKind, Resource};

/// A principal and its identity policies, as they were when the request was authenticated.
#[derive(Clone, Debug)]
pub struct Caller {
    principal: Arc<Principal>,
    policies: Arc<[PolicyDocument]>,
}

impl Caller {
    pub(crate) fn new(principal: Principal, policies: Vec<PolicyDocument>) -> Self {
        Self { principal: Arc::new(principal), policies: policies.into() }
    }

    /// Who it is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Decides whether the caller may do `A` to `resource`.
    ///
    /// The root of an account may do everything in its account. A user may do what an identity
    /// policy allows and none denies. Nobody may do anything in another account: that takes a
    /// policy of the other side, and there are none yet.
    ///
    /// # Errors
    /// [`AccessDenied`] with the message AWS gives. It is the same whether or not the resource
    /// exists.
    pub async fn authorize<A: Action>(
        &self,
        resource: A::Resource,
    ) -> Result<Permit<A>, AccessDenied> {
        let action = format!("{}:{}", resource.registry().service(), A::NAME);
        for arn in resource.arns() {
            if let Some(denied) = self.denial(&action, &arn, &resource) {
                return Err(denied);
            }
        }
        Ok(Permit::granted(Arc::clone(&self.principal), resource))
    }

    /// What denies the caller, if anything does.
    fn denial(&self, action: &str, arn: &str, resource: &impl Resource) -> Option<AccessDenied> {
        let principal = self.principal.arn();
        if resource.registry().account != self.principal.account {
            let message = format!(
                "User: {principal} is not authorized to perform: {action} on resource: {arn} \
                 because no resource-based policy allows the {action} action"
            );
            return Some(AccessDenied { message });
        }
        if self.principal.kind == PrincipalKind::Root {
            return None;
        }
        let facts = PrincipalFacts {
            account: self.principal.account,
            arn: principal.to_string(),
            role_arn: None,
            service: None,
        };
        let keys = ContextKeys::new();
        let request = Request { action, resource: arn, principal: &facts, keys: &keys };
        let decision = wharfinger_iam_policy::evaluate(self.policies.iter(), &request);
        let denial = decision.denial(principal.as_str(), action, arn)?;
        Some(AccessDenied { message: denial.to_string() })
    }
}

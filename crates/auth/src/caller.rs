//! An authenticated caller with the policies that hold for it: the one place that makes permits.

use std::sync::Arc;

use wharfinger_iam_policy::PolicyDocument;

use crate::{AccessDenied, Action, Permit, Principal, PrincipalKind, Resource, public_token};

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
    /// policy of the other side, and there are none yet. Somebody without a login may read public
    /// registries, and nothing else whatever any policy says.
    ///
    /// # Errors
    /// [`AccessDenied`] with the message AWS gives. It is the same whether or not the resource
    /// exists.
    pub async fn authorize<A: Action>(
        &self,
        resource: A::Resource,
    ) -> Result<Permit<A>, AccessDenied> {
        let service = A::SERVICE.unwrap_or(resource.registry().service());
        let action = format!("{service}:{}", A::NAME);
        if self.principal.kind == PrincipalKind::Anonymous {
            return match public_token::anyone_may::<A>(resource.registry()) {
                true => Ok(Permit::granted(Arc::clone(&self.principal), resource)),
                false => Err(AccessDenied::anonymous(&action, &resource.arns())),
            };
        }
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
        let decision = wharfinger_iam_policy::evaluate(self.policies.iter(), action, arn);
        let denial = decision.denial(principal.as_str(), action, arn)?;
        Some(AccessDenied { message: denial.to_string() })
    }
}

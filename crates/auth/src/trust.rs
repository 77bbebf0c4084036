//! Whom a role trusts: those that an identity provider vouches for. Callers with keys are authorized as
//! for anything else.

use wharfinger_core::RequestContext;
use wharfinger_iam_policy::{
    ContextKeys, PolicyDocument, PolicyKind, PrincipalFacts, Request, ResourceDecision,
    evaluate_resource_policy,
};

use crate::{Auth, AuthorizeError, IamResource, Resource};

impl Auth {
    /// Whether a trust policy allows all of `actions` to whom the provider vouches for. `keys` are those of
    /// its token and of what is asked for; the request's own are added.
    ///
    /// # Errors
    /// [`AuthorizeError::PolicyUnreadable`].
    pub fn trusts_web_identity(
        &self,
        context: &RequestContext,
        role: &IamResource,
        trust_policy: &str,
        provider_arn: &str,
        actions: &[&str],
        mut keys: ContextKeys,
    ) -> Result<bool, AuthorizeError> {
        let policy = PolicyDocument::parse_as(PolicyKind::Repository, trust_policy)
            .map_err(|error| AuthorizeError::PolicyUnreadable(error.to_string()))?;
        keys.insert("aws:CurrentTime", context.received_at.iso8601());
        keys.insert("aws:EpochTime", context.received_at.seconds().to_string());
        keys.insert("aws:SecureTransport", context.secure_transport.to_string());
        keys.insert("aws:SourceIp", context.source_ip.to_string());
        keys.insert("aws:PrincipalIsAWSService", "false");
        keys.insert("aws:ViaAWSService", "false");
        keys.insert("aws:ResourceAccount", role.account().as_str());
        if let Some(user_agent) = &context.user_agent {
            keys.insert("aws:UserAgent", user_agent.as_str());
        }
        let principal = PrincipalFacts {
            account: *role.account(),
            // It has none yet, and no policy can name it by this one.
            arn: String::new(),
            role_arn: None,
            service: None,
            federated: Some(provider_arn.to_owned()),
        };
        let (principal, keys) = (&principal, &keys);
        Ok(actions.iter().all(|action| {
            let request = Request { action, resource: role.arn(), principal, keys };
            let decision = evaluate_resource_policy(&policy, &request);
            matches!(decision, ResourceDecision::Allow { .. })
        }))
    }
}

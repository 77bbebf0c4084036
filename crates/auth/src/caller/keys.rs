//! The condition keys of a request about one resource (IAM user guide, "AWS global condition context
//! keys").

use wharfinger_core::{RequestContext, Timestamp};
use wharfinger_iam_policy::ContextKeys;

use super::Caller;
use crate::asked::Asked;
use crate::{PrincipalKind, SessionFacts, organization};

/// Where services without regions are called, and ECR Public.
const GLOBAL_REGION: &str = "us-east-1";

impl Caller {
    /// The keys of a request that was sent, and over them those that only this call has.
    pub(super) fn keys(&self, given: &ContextKeys, asked: &Asked<'_>) -> ContextKeys {
        let mut keys = self.keys_of_context();
        self.insert_facts(&mut keys, asked);
        keys.replace_with(given);
        keys
    }

    /// The keys of a request by nobody who is known yet, and over them those that are given.
    pub(crate) fn keys_of_nobody(&self, given: &ContextKeys, asked: &Asked<'_>) -> ContextKeys {
        let mut keys = self.keys_of_context();
        insert_resource(&mut keys, asked);
        keys.replace_with(given);
        keys
    }

    fn keys_of_context(&self) -> ContextKeys {
        let mut keys = ContextKeys::new();
        let RequestContext {
            received_at, secure_transport, source_ip, user_agent, referer, ..
        } = &self.shared.context;
        insert_time(&mut keys, *received_at);
        keys.insert("aws:SecureTransport", secure_transport.to_string());
        keys.insert("aws:SourceIp", source_ip.to_string());
        keys.insert_some("aws:UserAgent", user_agent.clone());
        keys.insert_some("aws:Referer", referer.clone());
        keys
    }

    /// The keys of a request that nobody sent: of the circumstances, only what is given is known.
    pub(super) fn supposed_keys(&self, given: &ContextKeys, asked: &Asked<'_>) -> ContextKeys {
        let mut keys = ContextKeys::new();
        insert_time(&mut keys, self.shared.context.received_at);
        self.insert_facts(&mut keys, asked);
        keys.replace_with(given);
        keys
    }

    fn insert_facts(&self, keys: &mut ContextKeys, asked: &Asked<'_>) {
        self.insert_principal(keys);
        insert_resource(keys, asked);
        let signed_for = self.shared.signed_for.as_ref();
        let private = asked.registry.filter(|registry| !registry.is_public());
        let region = match (private, asked.registry) {
            (Some(registry), _) => registry.region.as_str(),
            (None, Some(_)) => GLOBAL_REGION,
            (None, None) => signed_for.map_or(GLOBAL_REGION, |region| region.as_str()),
        };
        keys.insert("aws:RequestedRegion", region);
        if let Some(id) = &self.identity.organization_id {
            let path = organization::path(id);
            for side in ["Principal", "Resource"] {
                keys.insert(&format!("aws:{side}OrgID"), id.as_str());
                keys.insert(&format!("aws:{side}OrgPaths"), path.as_str());
            }
        }
    }

    fn insert_principal(&self, keys: &mut ContextKeys) {
        let principal = self.principal();
        keys.insert("aws:PrincipalAccount", principal.account.as_str());
        // Of a session, the ARN of its role: what its policies and those who name it mean.
        let facts = &self.identity.facts;
        let is_of_role = matches!(principal.kind, PrincipalKind::AssumedRole { .. });
        let role_arn = facts.role_arn.as_ref().filter(|_| is_of_role);
        keys.insert("aws:PrincipalArn", role_arn.unwrap_or(&facts.arn).as_str());
        keys.insert("aws:PrincipalType", principal.kind.type_name());
        keys.insert_some("aws:userid", Some(principal.unique_id()).filter(|id| !id.is_empty()));
        // Every request of AWS has these two, so policies ask for them without `IfExists`; a
        // denial that finds none would deny nothing. No service calls here for somebody else.
        keys.insert("aws:PrincipalIsAWSService", "false");
        keys.insert("aws:ViaAWSService", "false");
        if let PrincipalKind::User { user_name, .. } = &principal.kind {
            keys.insert("aws:username", user_name.as_str());
        }
        for (key, value) in &self.identity.tags {
            keys.insert(&format!("aws:PrincipalTag/{key}"), value.as_str());
        }
        if let Some(session) = &principal.session {
            insert_session(keys, session);
        }
    }
}

fn insert_time(keys: &mut ContextKeys, now: Timestamp) {
    keys.insert("aws:CurrentTime", now.iso8601());
    keys.insert("aws:EpochTime", now.seconds().to_string());
}

/// What temporary credentials have and long-lived keys have not. Nobody has a second factor here.
pub(crate) fn insert_session(keys: &mut ContextKeys, session: &SessionFacts) {
    keys.insert("aws:TokenIssueTime", session.issued_at.iso8601());
    keys.insert("aws:MultiFactorAuthPresent", "false");
    keys.insert_some("aws:SourceIdentity", session.source_identity.clone());
    if let Some(identity) = &session.web_identity {
        keys.insert("aws:FederatedProvider", identity.provider_arn.as_str());
        let name = identity.provider_arn.split_once(":oidc-provider/");
        let provider = name.map_or(identity.provider_arn.as_str(), |(_, name)| name);
        keys.insert(&format!("{provider}:sub"), identity.subject.as_str());
        keys.insert(&format!("{provider}:aud"), identity.audience.as_str());
    }
}

fn insert_resource(keys: &mut ContextKeys, asked: &Asked<'_>) {
    keys.insert("aws:ResourceAccount", asked.account.as_str());
    let service = asked.registry.map_or("iam", |registry| registry.service());
    for (key, value) in asked.tags {
        keys.insert(&format!("aws:ResourceTag/{key}"), value.as_str());
        keys.insert(&format!("{service}:ResourceTag/{key}"), value.as_str());
    }
}

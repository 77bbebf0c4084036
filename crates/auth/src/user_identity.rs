//! A principal as the audit log names it: CloudTrail's `userIdentity`.

use std::borrow::Cow;

use wharfinger_audit::{
    SessionAttributes, SessionContext, SessionIssuer, UserIdentity, WebIdFederationData,
};
use wharfinger_core::Arn;

use crate::{Principal, PrincipalKind, SessionFacts};

impl Principal {
    /// What the audit log says of it.
    pub fn user_identity(&self) -> UserIdentity<'_> {
        if self.kind == PrincipalKind::Anonymous {
            return UserIdentity {
                kind: "AWSAccount",
                principal_id: Some(Cow::Borrowed("")),
                account_id: Some("ANONYMOUS_PRINCIPAL"),
                ..UserIdentity::default()
            };
        }
        UserIdentity {
            kind: match self.kind {
                PrincipalKind::Root => "Root",
                PrincipalKind::User { .. } => "IAMUser",
                PrincipalKind::AssumedRole { .. } => "AssumedRole",
                PrincipalKind::FederatedUser { .. } => "FederatedUser",
                PrincipalKind::Anonymous => "AWSAccount",
            },
            principal_id: Some(Cow::Owned(self.unique_id())),
            arn: Some(Cow::Owned(self.arn().to_string())),
            account_id: Some(self.account.as_str()),
            access_key_id: Some(&self.access_key_id),
            user_name: match &self.kind {
                PrincipalKind::User { user_name, .. } => Some(user_name),
                _ => None,
            },
            invoked_by: None,
            session_context: self.session.as_ref().map(|facts| Box::new(self.context(facts))),
        }
    }

    fn context<'a>(&'a self, facts: &'a SessionFacts) -> SessionContext<'a> {
        let account_id = self.account.as_str();
        let session_issuer = match &self.kind {
            PrincipalKind::AssumedRole { role_id, role_name, path, .. } => Some(SessionIssuer {
                kind: "Role",
                principal_id: Cow::Borrowed(role_id),
                arn: Cow::Owned(Arn::role(&self.account, path, role_name).to_string()),
                account_id,
                user_name: Some(role_name),
            }),
            _ => None,
        };
        let web = facts.web_identity.as_ref();
        SessionContext {
            session_issuer,
            web_id_federation_data: web.map(|web| {
                WebIdFederationData::new(&web.provider_arn, &web.subject, &web.audience)
            }),
            attributes: SessionAttributes {
                mfa_authenticated: "false",
                creation_date: facts.issued_at,
            },
            source_identity: facts.source_identity.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use wharfinger_core::Timestamp;

    use super::*;
    use crate::WebIdentity;

    fn shown(kind: PrincipalKind, session: Option<SessionFacts>) -> Value {
        let account = "111122223333".parse().unwrap();
        let principal = Principal { account, kind, access_key_id: "AKIAX".into(), session };
        serde_json::to_value(principal.user_identity()).unwrap()
    }

    #[test]
    fn principals_look_as_in_cloudtrail() {
        assert_eq!(
            shown(PrincipalKind::Root, None),
            json!({ "type": "Root", "principalId": "111122223333",
                "arn": "arn:aws:iam::111122223333:root", "accountId": "111122223333",
                "accessKeyId": "AKIAX" })
        );
        let (user_name, path) = ("ann".to_owned(), "/x/".to_owned());
        assert_eq!(
            shown(PrincipalKind::User { user_id: "AIDAX".into(), user_name, path }, None),
            json!({ "type": "IAMUser", "principalId": "AIDAX",
                "arn": "arn:aws:iam::111122223333:user/x/ann", "accountId": "111122223333",
                "accessKeyId": "AKIAX", "userName": "ann" })
        );
        assert_eq!(
            shown(PrincipalKind::Anonymous, None),
            json!({ "type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL" })
        );
    }

    #[test]
    fn sessions_say_whose_they_are() {
        let web = WebIdentity {
            provider_arn: "arn:aws:iam::111122223333:oidc-provider/ci.test".into(),
            subject: "repo:x".into(),
            audience: "sts.amazonaws.com".into(),
        };
        let facts = SessionFacts {
            issued_at: Timestamp::from_seconds(1_772_368_200),
            source_identity: Some("ann".into()),
            web_identity: Some(web),
            ..SessionFacts::default()
        };
        let kind = PrincipalKind::AssumedRole {
            role_id: "AROAX".into(),
            role_name: "deploy".into(),
            path: "/ci/".into(),
            session_name: "run".into(),
        };
        assert_eq!(
            shown(kind, Some(facts)),
            json!({ "type": "AssumedRole", "principalId": "AROAX:run",
                "arn": "arn:aws:sts::111122223333:assumed-role/deploy/run",
                "accountId": "111122223333", "accessKeyId": "AKIAX", "sessionContext": {
                    "sessionIssuer": { "type": "Role", "principalId": "AROAX",
                        "arn": "arn:aws:iam::111122223333:role/ci/deploy",
                        "accountId": "111122223333", "userName": "deploy" },
                    "webIdFederationData": {
                        "federatedProvider": "arn:aws:iam::111122223333:oidc-provider/ci.test",
                        "attributes": { "sub": "repo:x", "aud": "sts.amazonaws.com" } },
                    "attributes": { "mfaAuthenticated": "false",
                        "creationDate": "2026-03-01T12:30:00Z" },
                    "sourceIdentity": "ann" } })
        );
    }
}

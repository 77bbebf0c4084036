//! Principals: the root of an account, its users, sessions of roles and users, and nobody in particular.

use wharfinger_core::{AccountId, Arn, Timestamp};

/// An authenticated identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account it belongs to.
    pub account: AccountId,
    /// What it is.
    pub kind: PrincipalKind,
    /// The access key it came with (directly, or through the token issued to it).
    pub access_key_id: String,
    /// Of temporary credentials: the session they belong to.
    pub session: Option<SessionFacts>,
}

/// What is known of a session of STS beside whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SessionFacts {
    /// When it was given out.
    #[serde(skip)]
    pub issued_at: Timestamp,
    /// Until when it may be used.
    #[serde(skip)]
    pub expires_at: Timestamp,
    /// The session policies it was asked for with: texts, each of which and all of which together
    /// with those of `policy_arns` bound it. None and no ARNs: nothing bounds it.
    pub policies: Vec<String>,
    /// The managed policies it was asked for with, by ARN.
    pub policy_arns: Vec<String>,
    /// Its tags, (key, value).
    pub tags: Vec<(String, String)>,
    /// The keys of those tags that go on to the sessions it assumes.
    pub transitive_tag_keys: Vec<String>,
    /// Who began the chain, as it was said then.
    pub source_identity: Option<String>,
    /// Whether it was assumed by another role's session, which bounds it to an hour.
    pub is_chained: bool,
    /// Of a web identity: the ARN of the provider, its subject and its audience.
    pub web_identity: Option<WebIdentity>,
}

/// Whom an identity provider vouched for.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebIdentity {
    /// `arn:aws:iam::A:oidc-provider/host/path`.
    pub provider_arn: String,
    /// The claim `sub`.
    pub subject: String,
    /// The claim `aud` (or `azp`).
    pub audience: String,
}

/// The kinds of principals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// The root of the account, who may do everything in it.
    Root,
    /// An IAM user, who may do what policies say.
    User {
        /// `AIDA…`.
        user_id: String,
        /// The user's name.
        user_name: String,
        /// The user's path.
        path: String,
    },
    /// A session of a role.
    AssumedRole {
        /// `AROA…`.
        role_id: String,
        /// The role's name.
        role_name: String,
        /// The role's path.
        path: String,
        /// The name the session was given.
        session_name: String,
    },
    /// A user's `GetFederationToken`, who may do what the user and the session's policies both let.
    FederatedUser {
        /// The name it was given.
        name: String,
        /// The user who asked for it, `AIDA…`; none for the root of the account.
        user_id: Option<String>,
    },
    /// Nobody in particular: someone who reads public registries without a login. Its account is
    /// nobody's, and counts for nothing.
    Anonymous,
}

impl PrincipalKind {
    /// What policies see as `aws:PrincipalType`.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::Root => "Account",
            Self::User { .. } => "User",
            Self::AssumedRole { .. } => "AssumedRole",
            Self::FederatedUser { .. } => "FederatedUser",
            Self::Anonymous => "Anonymous",
        }
    }
}

impl Principal {
    /// Nobody in particular.
    pub(crate) fn anonymous() -> Self {
        let account = AccountId::from_seed(0);
        Self {
            account,
            kind: PrincipalKind::Anonymous,
            access_key_id: String::new(),
            session: None,
        }
    }

    /// `arn:aws:iam::A:root`, `arn:aws:iam::A:user/name`, `arn:aws:sts::A:assumed-role/Role/Session` or
    /// `arn:aws:sts::A:federated-user/name`; `arn:aws:iam::A:anonymous` for nobody in particular.
    pub fn arn(&self) -> Arn {
        match &self.kind {
            PrincipalKind::Root => Arn::root(&self.account),
            PrincipalKind::User { user_name, path, .. } => {
                Arn::user(&self.account, path, user_name)
            }
            PrincipalKind::AssumedRole { role_name, session_name, .. } => {
                Arn::assumed_role(&self.account, role_name, session_name)
            }
            PrincipalKind::FederatedUser { name, .. } => Arn::federated_user(&self.account, name),
            PrincipalKind::Anonymous => Arn::anonymous(&self.account),
        }
    }

    /// The ARN of the role that this is a session of.
    pub fn role_arn(&self) -> Option<Arn> {
        match &self.kind {
            PrincipalKind::AssumedRole { role_name, path, .. } => {
                Some(Arn::role(&self.account, path, role_name))
            }
            _ => None,
        }
    }

    /// The unique id that `GetCallerIdentity` answers: the account id for root, `AIDA…` for
    /// a user, `AROA…:session` for a session of a role, `A:name` for a federated user.
    pub fn unique_id(&self) -> String {
        match &self.kind {
            PrincipalKind::Root => self.account.to_string(),
            PrincipalKind::User { user_id, .. } => user_id.clone(),
            PrincipalKind::AssumedRole { role_id, session_name, .. } => {
                format!("{role_id}:{session_name}")
            }
            PrincipalKind::FederatedUser { name, .. } => format!("{}:{name}", self.account),
            PrincipalKind::Anonymous => "anonymous".into(),
        }
    }
}

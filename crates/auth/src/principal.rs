//! Principals: the root of an account, its users, and nobody in particular.

use wharfinger_core::{AccountId, Arn};

/// An authenticated identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The account it belongs to.
    pub account: AccountId,
    /// What it is.
    pub kind: PrincipalKind,
    /// The access key it came with (directly, or through the token issued to it).
    pub access_key_id: String,
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
            Self::Anonymous => "Anonymous",
        }
    }
}

impl Principal {
    /// Nobody in particular.
    pub(crate) fn anonymous() -> Self {
        let account = AccountId::from_seed(0);
        Self { account, kind: PrincipalKind::Anonymous, access_key_id: String::new() }
    }

    /// `arn:aws:iam::A:root` or `arn:aws:iam::A:user/name`; `arn:aws:iam::A:anonymous` for nobody
    /// in particular.
    pub fn arn(&self) -> Arn {
        match &self.kind {
            PrincipalKind::Root => Arn::root(&self.account),
            PrincipalKind::User { user_name, path, .. } => {
                Arn::user(&self.account, path, user_name)
            }
            PrincipalKind::Anonymous => Arn::anonymous(&self.account),
        }
    }

    /// The unique id that `GetCallerIdentity` answers: the account id for root, `AIDA…` for
    /// a user.
    pub fn unique_id(&self) -> &str {
        match &self.kind {
            PrincipalKind::Root => self.account.as_str(),
            PrincipalKind::User { user_id, .. } => user_id,
            PrincipalKind::Anonymous => "anonymous",
        }
    }
}

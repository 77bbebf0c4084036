//! Why IAM and STS refuse: IAM's own errors, by their codes, with its sentences.

use wharfinger_metadata::MetadataError;

/// A refusal. `Display` is the message; [`code`](Self::code) is what stands in the answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What is asked for is not there: `The user with name x cannot be found.`
    #[error("{0}")]
    NoSuchEntity(String),
    /// There is one of this name: `User with name x already exists.`
    #[error("{0}")]
    EntityAlreadyExists(String),
    /// It cannot go before something else went: `Cannot delete entity, must detach all policies
    /// first.`
    #[error("{0}")]
    DeleteConflict(String),
    /// `Cannot exceed quota for AccessKeysPerUser: 2`
    #[error("Cannot exceed quota for {quota}: {limit}")]
    LimitExceeded {
        /// The quota, such as `AccessKeysPerUser`.
        quota: &'static str,
        /// What it is.
        limit: u64,
    },
    /// The same, where IAM has a sentence of its own: `A managed policy can have up to 5 versions. …`
    #[error("{0}")]
    LimitReached(String),
    /// A text that is no policy of its kind.
    #[error("{0}")]
    MalformedPolicyDocument(String),
    /// A value that is right by itself and wrong here.
    #[error("{0}")]
    InvalidInput(String),
    /// A value that breaks a rule the model does not state: `ValidationError`.
    #[error("{0}")]
    Validation(String),
    /// It belongs to AWS or to a service, and only they may change it.
    #[error("{0}")]
    UnmodifiableEntity(String),
    /// The policy is not for attaching to this.
    #[error("{0}")]
    PolicyNotAttachable(String),
    /// Session policies and tags take up too much.
    #[error("{0}")]
    PackedPolicyTooLarge(String),
    /// The caller may not. The sentence is AWS's, as `auth` made it.
    #[error("{0}")]
    AccessDenied(String),
    /// The caller may not assume the role, which may not be there. The sentence tells neither from the
    /// other, nor why.
    #[error("{message}")]
    RoleRefused {
        /// The sentence.
        message: String,
        /// What decided, for the audit log.
        denied: wharfinger_auth::AccessDenied,
    },
    /// A web identity token that is none, or whose signature is wrong.
    #[error("{0}")]
    InvalidIdentityToken(String),
    /// A web identity token that is too old.
    #[error("{0}")]
    ExpiredToken(String),
    /// The identity provider refused, or its token says what the role does not take.
    #[error("{0}")]
    IdpRejectedClaim(String),
    /// The identity provider could not be reached.
    #[error("{0}")]
    IdpCommunication(String),
    /// An encoded message that is not of this installation.
    #[error("{0}")]
    InvalidAuthorizationMessage(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] MetadataError),
    /// A policy that was stored cannot be read, or a secret not be sealed: a fault of this side.
    #[error("{0}")]
    Internal(String),
}

impl Error {
    /// What IAM and STS call it on the wire.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchEntity(_) => "NoSuchEntity",
            Self::EntityAlreadyExists(_) => "EntityAlreadyExists",
            Self::DeleteConflict(_) => "DeleteConflict",
            Self::LimitExceeded { .. } | Self::LimitReached(_) => "LimitExceeded",
            Self::MalformedPolicyDocument(_) => "MalformedPolicyDocument",
            Self::InvalidInput(_) => "InvalidInput",
            Self::Validation(_) => "ValidationError",
            Self::UnmodifiableEntity(_) => "UnmodifiableEntity",
            Self::PolicyNotAttachable(_) => "PolicyNotAttachable",
            Self::PackedPolicyTooLarge(_) => "PackedPolicyTooLarge",
            Self::AccessDenied(_) | Self::RoleRefused { .. } => "AccessDenied",
            Self::InvalidIdentityToken(_) => "InvalidIdentityToken",
            Self::ExpiredToken(_) => "ExpiredTokenException",
            Self::IdpRejectedClaim(_) => "IDPRejectedClaim",
            Self::IdpCommunication(_) => "IDPCommunicationError",
            Self::InvalidAuthorizationMessage(_) => "InvalidAuthorizationMessageException",
            Self::Store(_) | Self::Internal(_) => "ServiceFailure",
        }
    }

    /// The HTTP status that goes with the code.
    pub fn status(&self) -> u16 {
        match self {
            Self::NoSuchEntity(_) => 404,
            Self::EntityAlreadyExists(_)
            | Self::DeleteConflict(_)
            | Self::LimitExceeded { .. }
            | Self::LimitReached(_) => 409,
            Self::AccessDenied(_) | Self::RoleRefused { .. } | Self::IdpRejectedClaim(_) => 403,
            Self::Store(_) | Self::Internal(_) => 500,
            _ => 400,
        }
    }

    /// `The user with name x cannot be found.`
    pub fn not_found(kind: &str, name: &str) -> Self {
        Self::NoSuchEntity(format!("The {kind} with name {name} cannot be found."))
    }

    /// `User with name x already exists.`
    pub fn exists(kind: &str, name: &str) -> Self {
        Self::EntityAlreadyExists(format!("{kind} with name {name} already exists."))
    }
}

impl From<wharfinger_iam_policy::MalformedPolicy> for Error {
    fn from(error: wharfinger_iam_policy::MalformedPolicy) -> Self {
        Self::MalformedPolicyDocument(error.to_string())
    }
}

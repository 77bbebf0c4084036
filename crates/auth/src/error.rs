//! What can go wrong on the way to a permit.

use std::sync::Arc;

use wharfinger_aws_protocol::sigv4::SigV4Error;
use wharfinger_metadata::MetadataError;

use crate::Explanation;

/// A signature or key that did not lead to a caller.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The signature is missing, malformed, wrong, or too old.
    #[error("{}", .0.message())]
    Signature(#[from] SigV4Error),
    /// The key is unknown or switched off, came without the token it needs or with one it cannot
    /// have, or is none that the service takes.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session that the key is of is over.
    #[error("The security token included in the request is expired")]
    Expired,
    /// The store failed.
    #[error("the credentials could not be looked up")]
    Store(#[from] MetadataError),
    /// A stored secret does not open: the master key is not the one it was sealed under.
    #[error("a stored secret cannot be opened with this master key")]
    SecretUnreadable,
}

/// A password that did not lead to a caller.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// No credentials were sent.
    #[error("Not Authorized")]
    Missing,
    /// Not a token of this installation, altered, or of a key that is off or gone.
    #[error("Not Authorized")]
    Invalid,
    /// Its twelve hours are over.
    #[error("Your authorization token has expired. Reauthenticate and try again.")]
    Expired,
    /// The store failed.
    #[error("the credentials could not be looked up")]
    Store(#[from] MetadataError),
}

impl PartialEq for TokenError {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// A caller who may not. `Display` is the message AWS gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct AccessDenied {
    message: String,
    explanation: Option<Arc<Explanation>>,
}

impl AccessDenied {
    /// The refusal that an explanation ends in.
    pub(crate) fn new(explanation: Explanation) -> Self {
        let message = explanation.refusal().unwrap_or_default();
        Self { message, explanation: Some(Arc::new(explanation)) }
    }

    /// The same in other words.
    pub(crate) fn with_message(message: String, explanation: Explanation) -> Self {
        Self { message, explanation: Some(Arc::new(explanation)) }
    }

    /// What it was decided by: for the audit log, never for the client. `None` of somebody without a
    /// login, for whom no policy is asked.
    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_deref()
    }

    /// For somebody without a login, who has no ARN that would say anything.
    pub(crate) fn anonymous(action: &str, arns: &[String]) -> Self {
        let arn = arns.first().map_or("*", String::as_str);
        let message = format!(
            "User: anonymous is not authorized to perform: {action} on resource: {arn} because \
             no resource-based policy allows the {action} action"
        );
        Self { message, explanation: None }
    }
}

/// No permit: denied, or it could not be decided.
#[derive(Debug, thiserror::Error)]
pub enum AuthorizeError {
    /// The policies do not let the caller.
    #[error(transparent)]
    Denied(#[from] AccessDenied),
    /// The store failed. Nobody knows what its policies would have said.
    #[error("the policies could not be looked up")]
    Store(#[from] MetadataError),
    /// A stored policy is not understood. It might deny, so nothing is decided without it.
    #[error("a stored policy cannot be read: {0}")]
    PolicyUnreadable(String),
}

/// Why the first account could not be made or found.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The crypto provider failed.
    #[error("the secret could not be sealed")]
    Sealing,
    /// The store failed.
    #[error("the change could not be stored")]
    Store(#[from] MetadataError),
}

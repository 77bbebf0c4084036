//! What the services of the Query protocol share: how a form is read, and how a call fails.

use http::StatusCode;
use http::request::Parts;
use wharfinger_auth::{AccessDenied, AuthorizeError, CredentialError};
use wharfinger_aws_model::{DecodeError, QuerySource, XmlSink};
use wharfinger_aws_protocol::query::{FORM_BYTES_MAX, Params, QueryError, XmlBody};
use wharfinger_aws_protocol::sigv4::{SigV4Error, SignedRequest};

use crate::body::BodyError;
use crate::failure::{Failure, INTERNAL};
use crate::trail::NotRecordable;
use crate::{ApiAws, signed_parts};

/// Bytes of a form that is not signed: the operations that need no signature bring a token and a
/// few names. Few enough to be read without asking for room.
const UNSIGNED_FORM_BYTES_MAX: usize = 64 * 1024;

/// Why a call fails. `Display` is the message, save for faults of the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Query(#[from] QueryError),
    #[error("Could not find operation {action} for version {version}")]
    UnknownAction { action: String, version: String },
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Input(#[from] DecodeError),
    #[error(
        "The operation {0} is not implemented by this version of Wharfinger; \
         docs/compatibility.md lists what is."
    )]
    NotImplemented(&'static str),
    #[error(transparent)]
    Authorize(#[from] AuthorizeError),
    #[error(transparent)]
    Iam(#[from] wharfinger_iam::Error),
    #[error(transparent)]
    NotRecordable(#[from] NotRecordable),
    #[error("a signed operation has no caller")]
    CallerMissing,
}

impl ApiAws {
    /// How much of a form is read: little of one that is not signed, nothing of one that is signed
    /// with a key that nobody has.
    pub(crate) async fn form_bytes_max(&self, head: &Parts) -> Result<usize, CallError> {
        match SignedRequest::from_request(&signed_parts(head)) {
            Ok(signed) => {
                self.auth.check_key(&signed).await?;
                Ok(FORM_BYTES_MAX)
            }
            Err(SigV4Error::MissingAuthenticationToken) => Ok(UNSIGNED_FORM_BYTES_MAX),
            Err(error) => Err(CredentialError::from(error).into()),
        }
    }
}

/// Parameters as the decoders of the model ask for them.
pub(crate) struct Form<'a>(pub(crate) &'a Params);

impl QuerySource for Form<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }
}

/// Where the structures of the model write themselves.
pub(crate) struct Sink<'a>(pub(crate) &'a mut XmlBody);

impl XmlSink for Sink<'_> {
    fn start(&mut self, name: &str) {
        self.0.start(name);
    }

    fn end(&mut self, name: &str) {
        self.0.end(name);
    }

    fn text(&mut self, name: &str, value: &str) {
        self.0.text(name, value);
    }
}

impl CallError {
    pub(crate) fn failure(&self) -> Failure {
        let bad_request = |code| Failure::new(StatusCode::BAD_REQUEST, code, self.to_string());
        let internal =
            || Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceFailure", INTERNAL);
        match self {
            Self::Body(BodyError::TooLarge { .. }) => Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLarge",
                self.to_string(),
            ),
            Self::Body(BodyError::NoRoom) => bad_request("Throttling"),
            Self::Body(BodyError::Interrupted(_)) => bad_request("MalformedInput"),
            Self::Query(error) => {
                let (status, code) = error.code();
                Failure::new(status, code, self.to_string())
            }
            // The model of STS has no error for what is not there; this one is common to all
            // services of the Query protocol, and no SDK tries it again.
            Self::UnknownAction { .. } | Self::NotImplemented(_) => bad_request("InvalidAction"),
            Self::Authorize(AuthorizeError::Denied(_)) => {
                Failure::new(StatusCode::FORBIDDEN, "AccessDenied", self.to_string())
            }
            Self::Authorize(_) => internal(),
            Self::Iam(error) => match StatusCode::from_u16(error.status()) {
                Ok(status) if !status.is_server_error() => {
                    Failure::new(status, error.code(), error.to_string())
                }
                _ => internal(),
            },
            Self::Credential(error) => {
                let signature = match error {
                    CredentialError::Signature(error) => error,
                    CredentialError::UnrecognizedClient => &SigV4Error::UnrecognizedClient,
                    CredentialError::Expired => &SigV4Error::ExpiredToken,
                    CredentialError::Store(_) | CredentialError::SecretUnreadable => {
                        return internal();
                    }
                };
                let (status, code) = signature.query_code();
                Failure::new(status, code, signature.message())
            }
            Self::Input(DecodeError::Serialization(_)) => bad_request("MalformedInput"),
            Self::Input(DecodeError::Constraint(_)) => bad_request("ValidationError"),
            Self::NotRecordable(error) => {
                let status = StatusCode::INSUFFICIENT_STORAGE;
                Failure::new(status, "ServiceFailure", error.to_string())
            }
            Self::CallerMissing => internal(),
        }
    }

    /// The denial, if it is one.
    pub(crate) fn denied(&self) -> Option<&AccessDenied> {
        match self {
            Self::Authorize(AuthorizeError::Denied(denied)) => Some(denied),
            _ => None,
        }
    }
}

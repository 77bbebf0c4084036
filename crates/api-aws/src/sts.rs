//! STS: from a Query request to the operation it names, and back.

use http::StatusCode;
use http::request::Parts;
use wharfinger_auth::{Caller, CredentialError};
use wharfinger_aws_model::sts::{API_VERSION, Operation, Request, SIGNING_NAME, XML_NAMESPACE};
use wharfinger_aws_model::{DecodeError, QuerySource};
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::query::{self, FORM_BYTES_MAX, Params, QueryError};
use wharfinger_aws_protocol::sigv4::{InvalidSignature, SigV4Error, SignedRequest};
use wharfinger_core::RequestContext;

use crate::body::{self, BodyError, FORMS, WholeBody};
use crate::endpoint::sts_of_another_region;
use crate::failure::{Failure, INTERNAL};
use crate::{ApiAws, Body, signed_parts};

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
    NotImplemented(Operation),
    #[error(
        "IAM's operation {0} is not implemented by this version of Wharfinger; manage users with \
         `wharfinger user` and keys with `wharfinger key`."
    )]
    IamNotImplemented(String),
    #[error("a signed operation has no caller")]
    CallerMissing,
}

impl ApiAws {
    /// Answers a request of the Query protocol.
    pub(crate) async fn answer_sts(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
    ) -> Answer {
        self.call_sts(context, head, body).await.unwrap_or_else(|error| {
            let failure = error.failure();
            failure.log(context, "sts", &error);
            let (status, message) = (failure.status, &failure.message);
            query::error(XML_NAMESPACE, status, failure.code, message, context.request_id)
        })
    }

    async fn call_sts(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
    ) -> Result<Answer, CallError> {
        let limit_bytes = self.form_bytes_max(head).await?;
        let WholeBody { bytes, sha256, room: _room } =
            body::read(body, limit_bytes, FORMS, &self.body_room).await?;
        let params = Params::parse(head.uri.query(), &bytes)?;
        let operation = operation(&params)?;
        let caller = match operation.is_unsigned() {
            true => None,
            false => {
                let parts = signed_parts(head);
                let auth = &self.auth;
                let signed = auth.authenticate_signature(context, &parts, &sha256, SIGNING_NAME);
                let (caller, region) = signed.await?;
                if sts_of_another_region(&context.host, &region) {
                    let wrong_region = SigV4Error::from(InvalidSignature::WrongRegion);
                    return Err(CredentialError::from(wrong_region).into());
                }
                Some(caller)
            }
        };
        match Request::decode(operation, &Form(&params))? {
            Request::GetCallerIdentity(_) => {
                let caller = caller.ok_or(CallError::CallerMissing)?;
                Ok(caller_identity(context, &caller))
            }
            Request::AssumeRole(_)
            | Request::AssumeRoleWithSAML(_)
            | Request::AssumeRoleWithWebIdentity(_)
            | Request::AssumeRoot(_)
            | Request::DecodeAuthorizationMessage(_)
            | Request::GetAccessKeyInfo(_)
            | Request::GetDelegatedAccessToken(_)
            | Request::GetFederationToken(_)
            | Request::GetSessionToken(_)
            | Request::GetWebIdentityToken(_) => Err(CallError::NotImplemented(operation)),
        }
    }
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

/// The operation of STS that a request names, with its version.
fn operation(params: &Params) -> Result<Operation, CallError> {
    let action = params.action()?;
    let version = params.version().unwrap_or("NO_VERSION_SPECIFIED");
    let known = Operation::from_name(action).filter(|_| version == API_VERSION);
    known.ok_or_else(|| CallError::UnknownAction {
        action: action.to_owned(),
        version: version.to_owned(),
    })
}

/// STS `GetCallerIdentity`, which needs no permission: who holds a key may know whose it is.
fn caller_identity(context: &RequestContext, caller: &Caller) -> Answer {
    let principal = caller.principal();
    query::success(XML_NAMESPACE, "GetCallerIdentity", context.request_id, |result| {
        result.text("Arn", principal.arn().as_str());
        result.text("UserId", principal.unique_id());
        result.text("Account", principal.account.as_str());
    })
}

/// Parameters as the decoders of the model ask for them.
struct Form<'a>(&'a Params);

impl QuerySource for Form<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
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
            Self::UnknownAction { .. } | Self::NotImplemented(_) | Self::IamNotImplemented(_) => {
                bad_request("InvalidAction")
            }
            Self::Credential(error) => {
                let signature = match error {
                    CredentialError::Signature(error) => error,
                    CredentialError::UnrecognizedClient => &SigV4Error::UnrecognizedClient,
                    CredentialError::Store(_) | CredentialError::SecretUnreadable => {
                        return internal();
                    }
                };
                let (status, code) = signature.query_code();
                Failure::new(status, code, signature.message())
            }
            Self::Input(DecodeError::Serialization(_)) => bad_request("MalformedInput"),
            Self::Input(DecodeError::Constraint(_)) => bad_request("ValidationError"),
            Self::CallerMissing => internal(),
        }
    }
}

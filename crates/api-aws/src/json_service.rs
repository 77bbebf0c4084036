//! What the services of the JSON protocol have in common: from a request to the operation that it
//! names, with its caller and its input. Each service goes on in its own file.

use bytes::Bytes;
use http::Method;
use http::request::Parts;
use wharfinger_auth::{Caller, CredentialError};
use wharfinger_aws_model::{DecodeError, ecr, ecr_public};
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::json::{self, JsonError, Target};
use wharfinger_aws_protocol::sigv4::SignedRequest;
use wharfinger_core::limits::API_BODY_BYTES_MAX;
use wharfinger_core::{Region, RequestContext};

use crate::body::{self, WholeBody};
use crate::ecr::error::CallError;
use crate::trail::{Trail, input_parameters};
use crate::{ApiAws, Body, signed_parts};

/// Bodies above this are decoded off the async threads: it takes milliseconds.
const LARGE_BODY_BYTES: usize = 256 * 1024;

/// A service of the JSON protocol.
pub(crate) trait JsonService {
    /// What its requests are signed for.
    const SIGNING_NAME: &str;
    /// Its operations.
    type Operation: Send + 'static;
    /// An operation with its input.
    type Request: Send + 'static;

    /// The operation of a name.
    fn operation(name: &str) -> Option<Self::Operation>;
    /// The input of an operation, out of a request's body.
    fn request(operation: Self::Operation, body: &[u8]) -> Result<Self::Request, DecodeError>;
}

/// A request whose signature holds.
pub(crate) struct SignedCall {
    pub(crate) caller: Caller,
    /// The region it is signed for.
    pub(crate) region: Region,
    pub(crate) body: WholeBody,
}

impl ApiAws {
    /// Answers a request that has an `X-Amz-Target`.
    pub(crate) async fn answer_json(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Answer {
        let (operation, outcome) = match Target::from_headers(&head.headers) {
            Ok(target) => {
                trail.target(&target);
                (target.operation, self.call(context, head, target, body, trail).await)
            }
            Err(error) => ("", Err(error.into())),
        };
        outcome.unwrap_or_else(|error| refuse(context, operation, &error, trail))
    }

    async fn call(
        &self,
        context: &RequestContext,
        head: &Parts,
        target: Target<'_>,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<Answer, CallError> {
        let Target { prefix, operation } = target;
        match prefix {
            _ if head.method != Method::POST => Err(unknown(operation)),
            ecr::TARGET_PREFIX => self.call_ecr(context, head, operation, body, trail).await,
            ecr_public::TARGET_PREFIX => {
                self.call_ecr_public(context, head, operation, body, trail).await
            }
            _ => Err(unknown(operation)),
        }
    }

    /// Verifies a request's signature, and reads its body for that.
    pub(crate) async fn admit<S: JsonService>(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<SignedCall, CallError> {
        // Nothing is read from those who sign nothing, or with a key that nobody has.
        let parts = signed_parts(head);
        let signed = SignedRequest::from_request(&parts).map_err(CredentialError::from)?;
        self.auth.check_key(&signed).await?;
        let body =
            body::read(body, API_BODY_BYTES_MAX, signed.access_key_id(), &self.body_room).await?;
        let auth = &self.auth;
        let proved = auth.authenticate_signature(context, &parts, &body.sha256, S::SIGNING_NAME);
        let (caller, region) = proved.await?;
        trail.signed(&caller, &region);
        Ok(SignedCall { caller, region, body })
    }

    /// The operation of a name with its input. The room of the body is still needed then: decoded,
    /// it is as large as it was.
    pub(crate) async fn decode<S: JsonService>(
        &self,
        operation: &str,
        bytes: Bytes,
        trail: &Trail<'_>,
    ) -> Result<S::Request, CallError> {
        let found = S::operation(operation).ok_or_else(|| unknown(operation))?;
        let records = trail.records();
        let read = move |bytes: &[u8]| {
            let parameters = if records { input_parameters(bytes) } else { None };
            (parameters, S::request(found, bytes))
        };
        let (parameters, request) = match bytes.len() <= LARGE_BODY_BYTES {
            true => read(&bytes),
            false => {
                let _turn = self.large_bodies.acquire().await.map_err(CallError::internal)?;
                let reading = tokio::task::spawn_blocking(move || read(&bytes));
                reading.await.map_err(CallError::internal)?
            }
        };
        trail.parameters(parameters);
        let request = request?;
        trail.check_writable()?;
        Ok(request)
    }
}

fn unknown(operation: &str) -> CallError {
    CallError::UnknownOperation(operation.to_owned())
}

/// The answer to a request that is of neither dialect.
pub(crate) fn unknown_request(context: &RequestContext, trail: &Trail<'_>) -> Answer {
    refuse(context, "", &JsonError::UnknownOperation.into(), trail)
}

fn refuse(
    context: &RequestContext,
    operation: &str,
    error: &CallError,
    trail: &Trail<'_>,
) -> Answer {
    let failure = error.failure();
    trail.failed(&failure, error.denied());
    failure.log(context, operation, error);
    let id = context.request_id;
    json::error(failure.status, failure.code, &failure.message, failure.members, id)
}

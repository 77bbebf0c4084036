//! Answers that are not what the client asked for, and what is logged of them.

use std::error::Error as StdError;

use http::header::{HeaderName, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use wharfinger_core::RequestContext;
use wharfinger_oci::error::ERROR_CONTENT_TYPE;
use wharfinger_oci::{ErrorBody, ErrorCode};

use crate::answer::Answer;
use crate::origin::Origin;
use crate::{Body, BoxError};

/// The body that ECR sends with 401, plain text and not the error envelope.
const NOT_AUTHORIZED: &str = "Not Authorized\n";

/// A request that is refused.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    body: RefusalBody,
    /// What the envelope says, for the log.
    message: String,
    headers: Vec<(HeaderName, String)>,
    /// Which policy decided, for the audit log.
    decided_by: Option<String>,
    /// What went wrong on this side, if it did. For the log, never for the client.
    cause: Option<BoxError>,
}

#[derive(Debug)]
enum RefusalBody {
    Envelope(ErrorBody),
    NotAuthorized,
}

impl Refusal {
    /// A refusal in the error envelope.
    pub(crate) fn new(status: StatusCode, code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = RefusalBody::Envelope(ErrorBody::new(code, message.clone()));
        Self::of_body(status, body, message)
    }

    /// 401 with ECR's challenge: the client must send the user `AWS` and a token.
    pub(crate) fn unauthorized(origin: &Origin) -> Self {
        let realm = origin.url("/");
        let challenge = format!("Basic realm=\"{realm}\",service=\"ecr.amazonaws.com\"");
        Self::of_body(StatusCode::UNAUTHORIZED, RefusalBody::NotAuthorized, "no valid login".into())
            .with_header(WWW_AUTHENTICATE, challenge)
    }

    /// 401 with the challenge of ECR Public: the client must get a token, and says whose.
    pub(crate) fn bearer_challenge(origin: &Origin) -> Self {
        let (realm, service) = (origin.url("/token/"), origin.host());
        let challenge = format!("Bearer realm=\"{realm}\",service=\"{service}\",scope=\"aws\"");
        Self::not_authorized().with_header(WWW_AUTHENTICATE, challenge)
    }

    /// 401 to a login that gets no token.
    pub(crate) fn bad_login(origin: &Origin) -> Self {
        let (realm, service) = (origin.url("/token/"), origin.host());
        let challenge = format!("Basic realm=\"{realm}\",service=\"{service}\"");
        Self::not_authorized().with_header(WWW_AUTHENTICATE, challenge)
    }

    /// The 401 of ECR Public, whose body is the envelope.
    fn not_authorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, ErrorCode::Denied, "Not Authorized")
    }

    /// 403, with the message that AWS gives.
    pub(crate) fn denied(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, ErrorCode::Denied, message)
    }

    #[must_use]
    pub(crate) fn with_header(mut self, name: HeaderName, value: String) -> Self {
        self.0.headers.push((name, value));
        self
    }

    /// The same refusal with unstructured `detail` in its envelope.
    #[must_use]
    pub(crate) fn with_detail(mut self, detail: String) -> Self {
        if let RefusalBody::Envelope(body) = self.0.body {
            self.0.body = RefusalBody::Envelope(body.with_detail(detail));
        }
        self
    }

    /// The same refusal, which is the fault of this side.
    #[must_use]
    pub(crate) fn with_cause(mut self, cause: impl Into<BoxError>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }

    /// The same refusal, with what decided it.
    #[must_use]
    pub(crate) fn with_decided_by(mut self, decided_by: Option<String>) -> Self {
        self.0.decided_by = decided_by;
        self
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn code(&self) -> ErrorCode {
        match &self.0.body {
            RefusalBody::Envelope(body) => body.code(),
            RefusalBody::NotAuthorized => ErrorCode::Unauthorized,
        }
    }

    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    pub(crate) fn decided_by(&self) -> Option<&str> {
        self.0.decided_by.as_deref()
    }

    /// One line for each refusal: an error with its causes if this side is at fault, else for those
    /// who debug a client.
    pub(crate) fn log(&self, context: &RequestContext) {
        let (request_id, status) = (context.request_id, self.0.status.as_u16());
        if let Some(cause) = &self.0.cause {
            let error = chain(&**cause);
            tracing::error!(%request_id, status, error, "the request failed");
            return;
        }
        let code = self.code();
        let reason = &self.0.message;
        tracing::debug!(%request_id, status, %code, reason, "the request was refused");
    }

    pub(crate) fn into_response(self) -> Response<Body> {
        let Inner { status, body, headers, message: _, cause: _, decided_by: _ } = *self.0;
        let answer = match body {
            RefusalBody::Envelope(body) => {
                Answer::full(status, ERROR_CONTENT_TYPE, body.to_bytes())
            }
            RefusalBody::NotAuthorized => {
                Answer::full(status, "text/plain; charset=utf-8", NOT_AUTHORIZED)
            }
        };
        let headers = headers.into_iter();
        headers.fold(answer, |answer, (name, value)| answer.header(name, value)).into_response()
    }

    fn of_body(status: StatusCode, body: RefusalBody, message: String) -> Self {
        let (headers, cause, decided_by) = (Vec::new(), None, None);
        Self(Box::new(Inner { status, body, message, headers, cause, decided_by }))
    }
}

/// An error and its causes, in one line.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

//! The AWS edge: ECR and ECR Public over JSON 1.1, STS and IAM over Query, in front of the services
//! that have the rules.
//!
//! `server` calls [`ApiAws::handle`] with every request that is not the OCI protocol's. An
//! operation decodes, authorizes, calls the registry once and encodes; what may be done and what a
//! client is told when it may not is decided in `registry` and `auth`, never here.

mod body;
pub mod compatibility;
mod dialect;
mod ecr;
mod ecr_public;
mod endpoint;
mod failure;
mod iam;
mod json_service;
mod query_service;
mod sts;
mod trail;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tokio::sync::Semaphore;
use wharfinger_audit::Audit;
use wharfinger_auth::Auth;
use wharfinger_aws_protocol::Answer;
use wharfinger_aws_protocol::sigv4::RequestParts;
use wharfinger_core::RequestContext;
use wharfinger_iam::Iam;
use wharfinger_registry::Registry;

use body::BodyRoom;
use dialect::Dialect;
pub use endpoint::Endpoints;
use trail::Trail;

/// Whatever may go wrong with a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The body of requests and of answers.
pub type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// Large bodies that are decoded at the same time. Decoding a layer part of 20 MiB holds it three
/// times over (base64, JSON, bytes), so only a few may do so at once.
const LARGE_BODIES_AT_ONCE: usize = 4;

/// The AWS APIs of an installation, for all its accounts and regions.
pub struct ApiAws {
    registry: Arc<Registry>,
    iam: Arc<Iam>,
    auth: Arc<Auth>,
    endpoints: Endpoints,
    large_bodies: Semaphore,
    body_room: BodyRoom,
    audit: Audit,
}

impl ApiAws {
    /// The APIs over these services. `endpoints` says under which host registries are reached.
    pub fn new(registry: Arc<Registry>, iam: Arc<Iam>, endpoints: Endpoints) -> Self {
        let auth = Arc::clone(iam.auth());
        Self {
            registry,
            iam,
            auth,
            endpoints,
            large_bodies: Semaphore::new(LARGE_BODIES_AT_ONCE),
            body_room: BodyRoom::new(),
            audit: Audit::off(),
        }
    }

    /// The same, which record every call.
    #[must_use]
    pub fn with_audit(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// Answers one request: ECR or ECR Public if it has an `X-Amz-Target`, STS (or IAM, if it is
    /// meant for that) if it is a form or a query with an `Action`, and
    /// `UnknownOperationException` otherwise. Never fails; errors are answers,
    /// in the dialect of the request. `Date` is left to the server.
    pub async fn handle(&self, context: &RequestContext, request: Request<Body>) -> Response<Body> {
        let (mut head, body) = request.into_parts();
        add_host(&mut head.headers, &context.host);
        let trail = Trail::new(&self.audit, context, &head);
        let answer = match Dialect::of(&head) {
            Some(Dialect::Json) => self.answer_json(context, &head, body, &trail).await,
            Some(Dialect::Query) if iam::is_meant(context, &head) => {
                self.answer_iam(context, &head, body, &trail).await
            }
            Some(Dialect::Query) => self.answer_sts(context, &head, body, &trail).await,
            None => json_service::unknown_request(context, &trail),
        };
        respond(trail.finish(answer).await)
    }
}

/// HTTP/2 names the host in `:authority`; signatures always cover it as `host`.
fn add_host(headers: &mut HeaderMap, host: &str) {
    if !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(host)
    {
        headers.insert(HOST, host);
    }
}

/// The parts of a request that its signature covers.
fn signed_parts(head: &http::request::Parts) -> RequestParts<'_> {
    RequestParts {
        method: head.method.as_str(),
        path: head.uri.path(),
        query: head.uri.query(),
        headers: &head.headers,
    }
}

fn respond(answer: Answer) -> Response<Body> {
    let body = Full::new(Bytes::from(answer.body)).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

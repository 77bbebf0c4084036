//! The OCI Distribution edge: everything under `/v2`, as ECR speaks it.
//!
//! A request is authenticated, its path and method are looked up, and one handler decodes it,
//! obtains the permits it needs, calls the registry, and encodes the answer. What is allowed and
//! what is true is for `auth` and `registry` to say; the only rules here are those of the wire.
//!
//! Where answers differ from ECR's own, [`compatibility::DEVIATIONS`] says so and why.

mod answer;
mod authenticate;
mod blob;
mod body;
mod call;
mod catalog;
pub mod compatibility;
mod conditional;
mod create_on_push;
mod error;
mod host;
mod manifest;
mod mount;
mod origin;
mod public;
mod referrers;
mod refusal;
pub mod required_actions;
mod routing;
mod tag;
mod trail;
mod upload;
mod upload_credential;

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use wharfinger_audit::Audit;
use wharfinger_auth::Auth;
use wharfinger_core::RequestContext;
use wharfinger_oci::Route;
use wharfinger_registry::Registry;

use call::Call;
use public::Plane;
use refusal::Refusal;
use trail::{Failed, Trail};

/// What can go wrong with a body that is read or written.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The body of a request or an answer.
pub type Body = http_body_util::combinators::UnsyncBoxBody<bytes::Bytes, BoxError>;

/// The `/v2` API over a registry.
pub struct ApiOci {
    registry: Arc<Registry>,
    auth: Arc<Auth>,
    audit: Audit,
}

impl ApiOci {
    /// The API over these services.
    pub fn new(registry: Arc<Registry>, auth: Arc<Auth>) -> Self {
        Self { registry, auth, audit: Audit::off() }
    }

    /// The same, which records every request.
    #[must_use]
    pub fn with_audit(self, audit: Audit) -> Self {
        Self { audit, ..self }
    }

    /// Answers a request whose path is `/v2` or begins with `/v2/`, and those for `/token/` and
    /// `/logo/…`, which are served beside public registries; any other path is answered as an
    /// unknown route. Never fails: whatever goes wrong is an answer.
    ///
    /// The answer has a `Content-Length`, save where its status forbids one, and no `Date`.
    pub async fn handle(&self, context: &RequestContext, request: Request<Body>) -> Response<Body> {
        let is_head = request.method() == Method::HEAD;
        let (head, body) = request.into_parts();
        let trail = Trail::new(&self.audit, context, &head);
        let outcome = self.answer(context, &head, body, &trail).await;
        let mut response = recorded(trail, outcome).await.unwrap_or_else(|refusal| {
            refusal.log(context);
            refusal.into_response()
        });
        let version = HeaderValue::from_static("registry/2.0");
        response.headers_mut().insert(answer::API_VERSION, version);
        if is_head {
            *response.body_mut() = body::empty();
        }
        response
    }

    async fn answer(
        &self,
        context: &RequestContext,
        head: &Parts,
        body: Body,
        trail: &Trail<'_>,
    ) -> Result<Response<Body>, Refusal> {
        match Plane::of(self.registry.public_endpoint(), &context.host, head.uri.path()) {
            Plane::Private => {}
            Plane::Public(place) => {
                return Box::pin(self.answer_public(context, head, body, place, trail)).await;
            }
            plane => return Box::pin(self.answer_beside(context, head, &plane, trail)).await,
        }
        let session = self.authenticate(context, head).await?;
        let session = trail.session(session);
        let path = head.uri.path();
        let route = Route::parse(path)
            .map_err(|error| error::of_path(&error, &head.method, path, &session.registry))?;
        let route = trail.route(route)?;
        let call = Call { registry: &self.registry, context, session, head, trail };
        routing::dispatch(&call, route, body).await
    }
}

/// The outcome of a request, once it is on record. What was done and is not, is not acknowledged.
async fn recorded(
    trail: Trail<'_>,
    outcome: Result<Response<Body>, Refusal>,
) -> Result<Response<Body>, Refusal> {
    let told = match &outcome {
        Ok(response) => Ok((response.status(), response.headers())),
        Err(refusal) => Err(Failed::of(refusal)),
    };
    match trail.finish(told).await {
        Ok(()) => outcome,
        Err(_) => Err(trail::not_acknowledged()),
    }
}

//! What every request goes through: its id and context, its route, its log line.
//!
//! `listener` calls [`Pipeline::handle`]; the edges behind it never see a request that has no
//! context, and never write a log line for one that succeeded.

mod body;
mod client;
mod edge;
mod health;
mod patience;
mod request_log;
mod trusted_proxies;
mod welcome;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use http::header::HeaderName;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use wharfinger_core::{Clock, Entropy, RequestContext, RequestId};

pub(crate) use body::{Body, BoxError};
pub(crate) use client::Client;
pub(crate) use edge::Edge;
pub(crate) use health::Health;
pub(crate) use patience::Patience;
pub(crate) use trusted_proxies::TrustedProxies;

use crate::metrics::{CONTENT_TYPE, Metrics, Served};
use body::{IdleBody, text};
use request_log::RequestLog;
use trusted_proxies::Sender;

const SERVER: HeaderValue =
    HeaderValue::from_static(concat!("wharfinger/", env!("CARGO_PKG_VERSION")));
/// The header in which ECR's `/v2` answers carry the request id.
const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// The way of a request through the server.
pub(crate) struct Pipeline {
    /// Serves `/v2`, and what is beside public registries.
    pub oci: Arc<dyn Edge>,
    /// Serves the AWS API at `/`.
    pub aws: Arc<dyn Edge>,
    pub health: Health,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    /// How long a request body may lie still.
    pub idle_timeout: Duration,
    /// Whether all connections are over TLS.
    pub secure_transport: bool,
    /// Who is believed about whose requests it brings.
    pub trusted_proxies: TrustedProxies,
    pub metrics: Metrics,
}

/// Which part of the server a request is for.
enum Route {
    Oci,
    Aws,
    Welcome,
    Live,
    Ready,
    /// For those who may read them; for all others it is unknown.
    Metrics,
    Unknown,
}

impl Route {
    fn of<B>(request: &Request<B>) -> Self {
        let (method, uri) = (request.method(), request.uri());
        let reads = method == Method::GET || method == Method::HEAD;
        match uri.path() {
            path if path == "/v2" || path.starts_with("/v2/") => Self::Oci,
            // Beside public registries.
            "/token" | "/token/" => Self::Oci,
            path if path.starts_with("/logo/") => Self::Oci,
            "/" if method == Method::POST => Self::Aws,
            "/" if reads && names_an_action(uri.query().unwrap_or_default()) => Self::Aws,
            "/" if reads => Self::Welcome,
            "/health/live" if reads => Self::Live,
            "/health/ready" if reads => Self::Ready,
            "/metrics" if reads => Self::Metrics,
            _ => Self::Unknown,
        }
    }

    fn served(&self) -> Served {
        match self {
            Self::Oci => Served::Oci,
            Self::Aws => Served::Aws,
            Self::Live | Self::Ready => Served::Health,
            Self::Metrics => Served::Metrics,
            Self::Welcome | Self::Unknown => Served::Other,
        }
    }
}

/// Whether a query is a call of the Query protocol (`?Action=GetCallerIdentity&…`).
fn names_an_action(query: &str) -> bool {
    query.split('&').any(|pair| pair.starts_with("Action="))
}

impl Pipeline {
    /// Answers one request of `client`. Never fails: a panic of a handler is an answer too.
    pub(crate) async fn handle<B>(&self, client: &Client, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let request_id = RequestId::random(&*self.entropy);
        let (peer, headers) = (client.address.ip(), request.headers());
        let sender = self.trusted_proxies.sender(peer, self.secure_transport, headers);
        let log = RequestLog::new(request_id, client, sender.address, &request);
        let mut route = Route::of(&request);
        if matches!(route, Route::Metrics)
            && !self.metrics.may_be_read_by(peer, sender.address, headers)
        {
            route = Route::Unknown;
        }
        let served = route.served();
        let (oci, aws) = (served == Served::Oci, served == Served::Aws);
        let work = AssertUnwindSafe(self.route(request_id, route, sender, request, &log));
        let mut answer = work.catch_unwind().await.unwrap_or_else(|panic| {
            log.panicked(&*panic);
            text(StatusCode::INTERNAL_SERVER_ERROR, "The server failed on this request.\n")
        });
        let headers = answer.headers_mut();
        headers.insert(header::SERVER, SERVER);
        if oci && let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
            headers.entry(REQUEST_ID_HEADER).or_insert(id);
        }
        self.metrics.answered(served, answer.status());
        log.follow(answer, !oci && !aws)
    }

    async fn route<B>(
        &self,
        request_id: RequestId,
        route: Route,
        sender: Sender,
        request: Request<B>,
        log: &RequestLog,
    ) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let Some(host) = host(&request) else {
            return text(StatusCode::BAD_REQUEST, "A request needs exactly one Host.\n");
        };
        let context = RequestContext {
            request_id,
            received_at: self.clock.now(),
            host,
            secure_transport: sender.secure_transport,
            source_ip: sender.address,
            user_agent: header_text(request.headers(), header::USER_AGENT),
            referer: header_text(request.headers(), header::REFERER),
        };
        let awaits_continue = request.headers().contains_key(header::EXPECT);
        let wrap = |body: B| {
            // Most requests have none.
            if body.is_end_stream() {
                return body::none();
            }
            let body = IdleBody::new(body, self.idle_timeout, log.received()).of(log.body());
            body.awaited(awaits_continue).boxed()
        };
        match route {
            Route::Oci => self.oci.handle(&context, with_host(&context, request.map(wrap))).await,
            Route::Aws => self.aws.handle(&context, with_host(&context, request.map(wrap))).await,
            Route::Welcome => text(StatusCode::OK, welcome::text(&context)),
            Route::Live => text(StatusCode::OK, "live\n"),
            Route::Ready => match self.health.check().await {
                Ok(()) => text(StatusCode::OK, "ready\n"),
                Err(reason) => {
                    text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {reason}\n"))
                }
            },
            Route::Metrics => {
                let mut answer = text(StatusCode::OK, self.metrics.text(context.received_at).await);
                let form = HeaderValue::from_static(CONTENT_TYPE);
                answer.headers_mut().insert(header::CONTENT_TYPE, form);
                answer
            }
            Route::Unknown => text(StatusCode::NOT_FOUND, "There is nothing at this address.\n"),
        }
    }
}

/// The host a request asks for: its `:authority` or absolute address, else its one `Host` (RFC
/// 9112, 3.2). HTTP/1.0 may name none.
fn host<B>(request: &Request<B>) -> Option<String> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.as_str().to_owned());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().ok().map(str::to_owned),
        (None, None) if request.version() < http::Version::HTTP_11 => Some(String::new()),
        _ => None,
    }
}

fn header_text(headers: &header::HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The request with the host it asks for as its `Host` header, which signatures are made over.
/// HTTP/2 leaves it out, and beside an absolute address it does not count.
fn with_host(context: &RequestContext, mut request: Request<Body>) -> Request<Body> {
    let absent = !request.headers().contains_key(header::HOST);
    if (absent || request.uri().authority().is_some())
        && let Ok(host) = HeaderValue::from_str(&context.host)
    {
        request.headers_mut().insert(header::HOST, host);
    }
    request
}

#[cfg(test)]
pub(crate) mod tests;

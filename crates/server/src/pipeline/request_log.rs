//! The one log line of a request, written when its answer has been sent or given up.
//!
//! Of the headers it holds the user agent and the operation's name, and nothing of the query: the rest
//! carries secrets.

use std::any::Any;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http::header::HeaderName;
use http::{Request, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use wharfinger_core::RequestId;

use super::client::{InFlight, OpenBody};
use super::{Body, BoxError, Client};

/// The header that names the operation of an AWS JSON request.
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");
/// Characters of a path, a target or a user agent that are logged.
const LOGGED_CHARS_MAX: usize = 512;

/// What is known of a request so far. Dropping it writes the line.
pub(super) struct RequestLog {
    request_id: RequestId,
    source_ip: IpAddr,
    method: http::Method,
    path: String,
    /// `X-Amz-Target`: which operation a `POST /` asks for.
    target: String,
    user_agent: String,
    started: Instant,
    received: Arc<AtomicU64>,
    sent: u64,
    status: Option<StatusCode>,
    /// Whether the whole answer was taken; one that was cut off was not.
    complete: bool,
    in_flight: InFlight,
}

impl RequestLog {
    pub(super) fn new<B>(
        request_id: RequestId,
        client: &Client,
        source_ip: IpAddr,
        request: &Request<B>,
    ) -> Self {
        let text = |name: HeaderName| {
            let value = request.headers().get(name);
            value.map_or_else(String::new, |value| {
                start_of(&String::from_utf8_lossy(value.as_bytes()))
            })
        };
        Self {
            request_id,
            source_ip,
            method: request.method().clone(),
            path: start_of(request.uri().path()),
            target: text(TARGET),
            user_agent: text(header::USER_AGENT),
            started: now(),
            received: Arc::default(),
            sent: 0,
            status: None,
            complete: false,
            in_flight: client.request(has_credentials(request)),
        }
    }

    /// Where the bytes of the request body are counted.
    pub(super) fn received(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.received)
    }

    /// Keeps the connection from being taken for idle while the request body comes.
    pub(super) fn body(&self) -> OpenBody {
        self.in_flight.body()
    }

    pub(super) fn panicked(&self, panic: &(dyn Any + Send)) {
        let cause = panic
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("unknown");
        tracing::error!(request_id = %self.request_id, cause, "a handler panicked");
    }

    /// Stays with the answer until its end, and writes the line when that is over. `is_open` says
    /// whether anybody would have been answered so, with credentials or without.
    pub(super) fn follow(mut self, answer: Response<Body>, is_open: bool) -> Response<Body> {
        let status = answer.status();
        self.in_flight.answered(is_open || status.is_client_error() || status.is_server_error());
        let length = answer.headers().get(header::CONTENT_LENGTH);
        let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let size = length.or_else(|| http_body::Body::size_hint(answer.body()).exact());
        self.status = Some(answer.status());
        self.complete = size == Some(0) || self.method == http::Method::HEAD;
        answer.map(|inner| FollowedBody { inner, log: self, size }.boxed_unsync())
    }
}

impl Drop for RequestLog {
    fn drop(&mut self) {
        let millis = self.started.elapsed().as_secs_f64() * 1000.0;
        macro_rules! line {
            ($level:ident) => {
                tracing::$level!(
                    request_id = %self.request_id,
                    source_ip = %self.source_ip,
                    method = %self.method,
                    path = self.path,
                    target = self.target,
                    status = self.status.map_or(0, |status| status.as_u16()),
                    complete = self.complete,
                    bytes_in = self.received.load(Ordering::Relaxed),
                    bytes_out = self.sent,
                    duration_ms = (millis * 10.0).round() / 10.0,
                    user_agent = self.user_agent,
                    "request"
                )
            };
        }
        // Probes come every few seconds and would drown the rest.
        if self.path.starts_with("/health/") { line!(debug) } else { line!(info) }
    }
}

struct FollowedBody {
    inner: Body,
    log: RequestLog,
    /// The size of the whole body, if it is known: who has taken that much does not ask for the
    /// end.
    size: Option<u64>,
}

impl http_body::Body for FollowedBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                self.log.in_flight.taken();
                self.log.sent += frame.data_ref().map_or(0, |data| data.len() as u64);
                self.log.complete = self.size == Some(self.log.sent);
            }
            Some(Err(error)) => tracing::warn!(
                request_id = %self.log.request_id,
                error = &**error as &(dyn std::error::Error + 'static),
                "an answer was broken off"
            ),
            None => self.log.complete = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Whether a request claims to be somebody's.
fn has_credentials<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.headers().contains_key(header::AUTHORIZATION) || query.contains("X-Amz-Signature=")
}

fn start_of(text: &str) -> String {
    // No text has more characters than bytes.
    let longer = text.len() > LOGGED_CHARS_MAX;
    let end = longer.then(|| text.char_indices().nth(LOGGED_CHARS_MAX)).flatten();
    end.map_or(text, |(end, _)| &text[..end]).to_owned()
}

#[expect(clippy::disallowed_methods, reason = "durations of requests are measured here")]
fn now() -> Instant {
    Instant::now()
}

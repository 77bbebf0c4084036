//! Bodies on their way through the pipeline.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Empty, Full};
use tokio::time::{Instant, Sleep};

/// Any error of a body.
pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
/// The body of requests and answers, as the edges take and give it.
pub(crate) type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, BoxError>;

/// An answer of plain text.
pub(crate) fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Body> {
    let body = Full::new(text.into()).map_err(|never| match never {}).boxed_unsync();
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    answer.headers_mut().insert(header::CONTENT_TYPE, plain);
    answer
}

/// The body of a request without one.
pub(super) fn none() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Bytes of a body nobody wants that are read all the same, so that the client gets to read why.
const DRAINED_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// How long that may take.
const DRAINING_MAX: Duration = Duration::from_secs(10);

/// What must come within the time a body may lie still.
const PROGRESS_BYTES: u64 = 16 * 1024;

/// A request body that counts its bytes and gives up when it lies still for too long while
/// somebody waits for it. One byte now and then is as good as none: only [`PROGRESS_BYTES`] win
/// new patience.
///
/// One that is dropped before its end is read on for a while: a socket that is closed with bytes
/// unread resets the connection, and the client would see that instead of its answer.
pub(super) struct IdleBody {
    inner: Option<Body>,
    limit: Duration,
    received: Arc<AtomicU64>,
    /// When patience ends; made with the first wait.
    patience: Option<Pin<Box<Sleep>>>,
    /// Since when somebody waits.
    waiting_since: Option<Instant>,
    /// How long was waited for the bytes of `progress`.
    waited: Duration,
    progress: u64,
    drains: bool,
}

impl IdleBody {
    pub(super) fn new<B>(inner: B, limit: Duration, received: Arc<AtomicU64>) -> Self
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let inner = Some(inner.map_err(Into::into).boxed_unsync());
        Self {
            inner,
            limit,
            received,
            patience: None,
            waiting_since: None,
            waited: Duration::ZERO,
            progress: 0,
            drains: true,
        }
    }

    /// The same body for a client that waits for `100 Continue`: it sends nothing unasked, so there
    /// is nothing to read on.
    pub(super) fn awaited(mut self, awaits_continue: bool) -> Self {
        self.drains = !awaits_continue;
        self
    }

    pub(super) fn boxed(self) -> Body {
        self.boxed_unsync()
    }

    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit.saturating_sub(self.waited);
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if self.waiting_since.is_none() {
            let now = Instant::now();
            self.waiting_since = Some(now);
            patience.as_mut().reset(now + limit);
        }
        patience.as_mut().poll(context)
    }

    /// Counts what came, and how long it took while somebody waited.
    fn advance(&mut self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.waited += self.waiting_since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.progress += bytes;
        if self.progress >= PROGRESS_BYTES {
            (self.progress, self.waited) = (0, Duration::ZERO);
        }
    }
}

impl http_body::Body for IdleBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        let Poll::Ready(frame) = Pin::new(inner).poll_frame(context) else {
            ready!(this.poll_patience(context));
            let idle = io::Error::new(io::ErrorKind::TimedOut, "the request body lay still");
            this.inner = None;
            return Poll::Ready(Some(Err(idle.into())));
        };
        if let Some(Ok(frame)) = &frame {
            this.advance(frame.data_ref().map_or(0, |data| data.len() as u64));
        }
        if !matches!(frame, Some(Ok(_))) {
            this.inner = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.as_ref().map_or_else(|| SizeHint::with_exact(0), http_body::Body::size_hint)
    }
}

impl Drop for IdleBody {
    fn drop(&mut self) {
        let wanted = |rest: &Body| self.drains && !http_body::Body::is_end_stream(rest);
        let Some(rest) = self.inner.take().filter(wanted) else { return };
        // There is no runtime when the program ends, and then nobody waits for an answer either.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(tokio::time::timeout(DRAINING_MAX, drain(rest)));
        }
    }
}

/// Reads a body to its end or its error, or until it was read on for long enough.
async fn drain(mut body: Body) {
    let mut drained = 0;
    while drained < DRAINED_BYTES_MAX
        && let Some(Ok(frame)) = body.frame().await
    {
        drained += frame.data_ref().map_or(0, |data| data.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt;
    use http_body_util::StreamBody;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_lies_still_is_given_up() {
        let frames = [Bytes::from("abc"), Bytes::from("defghi")].map(Frame::data);
        let frames = futures_util::stream::iter(frames.map(Ok::<_, BoxError>));
        let stream = frames.chain(futures_util::stream::pending());
        let received = Arc::new(AtomicU64::new(0));
        let limit = Duration::from_millis(1);
        let mut body = IdleBody::new(StreamBody::new(stream), limit, Arc::clone(&received));
        for expected in ["abc", "defghi"] {
            let frame = body.frame().await.unwrap().unwrap();
            assert_eq!(frame.into_data().unwrap(), expected);
        }
        let error = body.frame().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("lay still"), "{error}");
        assert_eq!(received.load(Ordering::Relaxed), 9);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_trickles_is_given_up() {
        let frames = futures_util::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(2)).await;
            Some((Ok::<_, BoxError>(Frame::data(Bytes::from("x"))), ()))
        });
        let received = Arc::new(AtomicU64::new(0));
        let limit = Duration::from_millis(50);
        let body = IdleBody::new(StreamBody::new(frames), limit, Arc::clone(&received));
        let error = body.collect().await.unwrap_err();
        assert!(error.to_string().contains("lay still"), "{error}");
        assert!(received.load(Ordering::Relaxed) < 50);
    }

    #[tokio::test]
    async fn a_body_nobody_wants_is_read_on_unless_it_waits_to_be_asked() {
        for (awaits_continue, left_max) in [(false, 0), (true, 3)] {
            let left = Arc::new(AtomicU64::new(3));
            let count = Arc::clone(&left);
            let frames = futures_util::stream::iter(0..3).map(move |_| {
                count.fetch_sub(1, Ordering::Relaxed);
                Ok::<_, BoxError>(Frame::data(Bytes::from("x")))
            });
            let body = StreamBody::new(frames);
            let received = Arc::new(AtomicU64::new(0));
            drop(IdleBody::new(body, Duration::from_secs(1), received).awaited(awaits_continue));
            // The test's runtime has one thread: what was spawned runs when this task yields.
            tokio::task::yield_now().await;
            assert_eq!(left.load(Ordering::Relaxed), left_max);
        }
    }

    #[tokio::test]
    async fn what_is_known_of_a_body_stays_known() {
        let received = Arc::new(AtomicU64::new(0));
        let body = IdleBody::new(Full::new(Bytes::from("four")), Duration::from_secs(1), received);
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(4));
        assert_eq!(body.boxed().collect().await.unwrap().to_bytes(), "four");
    }
}

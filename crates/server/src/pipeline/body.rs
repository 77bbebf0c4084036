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
use tokio::time::Sleep;

use super::client::OpenBody;
use super::patience::Patience;

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

/// A request body that counts its bytes and gives up when it lies still for too long while
/// somebody waits for it. One byte now and then is as good as none: see [`Patience`].
///
/// One that is dropped before its end is read on for a while: a socket that is closed with bytes
/// unread resets the connection, and the client would see that instead of its answer.
pub(super) struct IdleBody {
    inner: Option<Body>,
    limit: Duration,
    received: Arc<AtomicU64>,
    patience: Patience,
    /// When that ends; made with the first wait.
    alarm: Option<Pin<Box<Sleep>>>,
    drains: bool,
    open: Option<OpenBody>,
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
            patience: Patience::default(),
            alarm: None,
            drains: true,
            open: None,
        }
    }

    /// The same body, which counts as open until it is over or nobody reads it on.
    pub(super) fn of(mut self, open: OpenBody) -> Self {
        self.open = Some(open);
        self
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

    /// Ready when the body was waited for long enough.
    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let end = self.patience.begin(self.limit);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        alarm.as_mut().poll(context)
    }

    /// Counts what came.
    fn advance(&mut self, bytes: u64) {
        self.received.fetch_add(bytes, Ordering::Relaxed);
        self.patience.end();
        self.patience.win_back(bytes);
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
            let open = self.open.take();
            runtime.spawn(async move {
                // Whether it came to its end or not.
                let _ = tokio::time::timeout(DRAINING_MAX, drain(rest)).await;
                drop(open);
            });
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
        let bytes = received.load(Ordering::Relaxed);
        assert!((25..100).contains(&bytes), "half of its time, and what its bytes won: {bytes}");
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

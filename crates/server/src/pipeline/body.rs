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
use http_body_util::{BodyExt, Full};
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

/// A request body that counts its bytes and gives up when it lies still for too long while
/// somebody waits for it.
pub(super) struct IdleBody<B> {
    inner: Pin<Box<B>>,
    limit: Duration,
    received: Arc<AtomicU64>,
    /// When patience ends; made with the first wait.
    patience: Option<Pin<Box<Sleep>>>,
    waiting: bool,
}

impl<B> IdleBody<B>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn new(inner: B, limit: Duration, received: Arc<AtomicU64>) -> Self {
        Self { inner: Box::pin(inner), limit, received, patience: None, waiting: false }
    }

    pub(super) fn boxed(self) -> Body {
        self.boxed_unsync()
    }

    fn poll_patience(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let limit = self.limit;
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.waiting {
            self.waiting = true;
            patience.as_mut().reset(Instant::now() + limit);
        }
        patience.as_mut().poll(context)
    }
}

impl<B> http_body::Body for IdleBody<B>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let Poll::Ready(frame) = this.inner.as_mut().poll_frame(context) else {
            ready!(this.poll_patience(context));
            let idle = io::Error::new(io::ErrorKind::TimedOut, "the request body lay still");
            return Poll::Ready(Some(Err(idle.into())));
        };
        this.waiting = false;
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            this.received.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::StreamBody;

    use super::*;

    #[tokio::test]
    async fn a_body_that_lies_still_is_given_up() {
        let frames = [Bytes::from("abc"), Bytes::from("defghi")].map(Frame::data);
        let frames = futures_util::stream::iter(frames.map(Ok::<_, BoxError>));
        let stream = futures_util::StreamExt::chain(frames, futures_util::stream::pending());
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

    #[tokio::test]
    async fn what_is_known_of_a_body_stays_known() {
        let received = Arc::new(AtomicU64::new(0));
        let body = IdleBody::new(Full::new(Bytes::from("four")), Duration::from_secs(1), received);
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(4));
        assert_eq!(body.boxed().collect().await.unwrap().to_bytes(), "four");
    }
}

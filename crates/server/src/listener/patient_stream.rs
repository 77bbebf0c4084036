//! A socket that gives up on a peer that takes nothing.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep};

use crate::pipeline::Client;

/// A stream whose writes fail when not one byte goes out for `limit`. Reads wait for ever: how long
/// a peer may be silent depends on what it is silent about.
pub(super) struct PatientStream<S> {
    inner: S,
    limit: Duration,
    /// When patience ends; made with the first wait.
    patience: Option<Pin<Box<Sleep>>>,
    waiting: bool,
    /// Who is told of it.
    client: Arc<Client>,
}

impl<S> PatientStream<S> {
    pub(super) fn new(inner: S, limit: Duration, client: Arc<Client>) -> Self {
        Self { inner, limit, patience: None, waiting: false, client }
    }

    /// The stream itself.
    pub(super) fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Tells the client of what went out.
    fn count(&self, outcome: &Poll<io::Result<usize>>) {
        if let Poll::Ready(Ok(bytes)) = outcome {
            self.client.wrote(*bytes);
        }
    }

    /// What became of a write: itself, or an error if it has waited for too long.
    fn within_limit<T>(
        &mut self,
        outcome: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        self.client.set_writing(outcome.is_pending());
        if outcome.is_ready() {
            self.waiting = false;
            return outcome;
        }
        let limit = self.limit;
        let patience = self.patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.waiting {
            self.waiting = true;
            patience.as_mut().reset(Instant::now() + limit);
        }
        patience
            .as_mut()
            .poll(context)
            .map(|()| Err(io::Error::new(io::ErrorKind::TimedOut, "the peer takes no bytes")))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PatientStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PatientStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.count(&outcome);
        self.within_limit(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.count(&outcome);
        self.within_limit(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up() {
        let (ours, mut theirs) = tokio::io::duplex(4);
        let client = Arc::new(Client::new("127.0.0.1:1".parse().unwrap()));
        let mut stream = PatientStream::new(ours, Duration::from_millis(1), Arc::clone(&client));
        stream.write_all(b"four").await.unwrap();
        let error = stream.write_all(b"five").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(client.idle_for(), None, "it is owed the rest");
        let mut taken = [0; 4];
        theirs.read_exact(&mut taken).await.unwrap();
        assert_eq!(&taken, b"four");
        stream.write_all(b"more").await.unwrap();
    }
}

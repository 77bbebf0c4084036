//! A socket that gives up on a peer that takes nothing.

use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use crate::pipeline::{Client, Patience};

/// A stream whose writes fail when the peer takes too little: see [`Patience`]. Reads wait for ever:
/// how long a peer may be silent depends on what it is silent about.
pub(super) struct PatientStream<S> {
    inner: S,
    limit: Duration,
    patience: Patience,
    /// When that ends; made with the first wait.
    alarm: Option<Pin<Box<Sleep>>>,
    /// Who is told of it.
    client: Arc<Client>,
}

impl<S> PatientStream<S> {
    pub(super) fn new(inner: S, limit: Duration, client: Arc<Client>) -> Self {
        Self { inner, limit, patience: Patience::default(), alarm: None, client }
    }

    /// The stream itself.
    pub(super) fn get_ref(&self) -> &S {
        &self.inner
    }

    /// What became of a write: itself, or an error if it has waited for too long.
    fn within_limit(
        &mut self,
        outcome: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        self.client.set_writing(outcome.is_pending());
        if let Poll::Ready(outcome) = outcome {
            self.patience.end();
            if let Ok(bytes) = outcome {
                self.client.wrote(bytes as u64);
                self.patience.win_back(bytes as u64);
            }
            return Poll::Ready(outcome);
        }
        let end = self.patience.begin(self.limit);
        let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        if alarm.deadline() != end {
            alarm.as_mut().reset(end);
        }
        alarm
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
        self.within_limit(outcome, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
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
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_a_byte_now_and_then_is_given_up() {
        let (ours, mut theirs) = tokio::io::duplex(1);
        let client = Arc::new(Client::new("127.0.0.1:1".parse().unwrap()));
        let mut stream = PatientStream::new(ours, Duration::from_secs(300), client);
        let reading = tokio::spawn(async move {
            let mut taken = 0;
            while theirs.read_u8().await.is_ok() {
                taken += 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            taken
        });
        let error = stream.write_all(&[0; 1000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(stream);
        assert!((300..310).contains(&reading.await.unwrap()));
    }
}

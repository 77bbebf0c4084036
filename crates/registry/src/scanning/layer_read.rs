//! A blob as a plain reader: bytes that come from an asynchronous stream, for parsers on a blocking
//! thread.

use std::io::{self, Read};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt, pin_mut};
use tokio::sync::mpsc;
use wharfinger_blobs::BlobError;

/// Parts that wait for the parser.
const WAITING_PARTS: usize = 2;

enum Part {
    Bytes(Bytes),
    /// All of them were there, and are what was pushed.
    End,
    Failed(String),
}

/// The parser's end.
pub(super) struct LayerRead {
    parts: mpsc::Receiver<Part>,
    current: Bytes,
    ended: bool,
}

/// The blob's end.
pub(super) struct LayerFeed(mpsc::Sender<Part>);

pub(super) fn layer_pipe() -> (LayerFeed, LayerRead) {
    let (sender, parts) = mpsc::channel(WAITING_PARTS);
    (LayerFeed(sender), LayerRead { parts, current: Bytes::new(), ended: false })
}

impl LayerFeed {
    /// Passes a blob on until its end, or until the parser wants no more of it; answers what was wrong
    /// with it.
    pub(super) async fn feed(
        self,
        blob: impl Stream<Item = Result<Bytes, BlobError>>,
    ) -> Option<BlobError> {
        pin_mut!(blob);
        while let Some(part) = blob.next().await {
            let (part, error) = match part {
                Ok(bytes) => (Part::Bytes(bytes), None),
                Err(error) => (Part::Failed(error.to_string()), Some(error)),
            };
            let gone = self.0.send(part).await.is_err();
            if gone || error.is_some() {
                return error;
            }
        }
        // If the parser is gone, it needs no end.
        let _ = self.0.send(Part::End).await;
        None
    }
}

impl LayerRead {
    /// Reads what the parser has left, so that all of the blob is known to be sound.
    pub(super) fn drain(&mut self) -> io::Result<()> {
        io::copy(self, &mut io::sink()).map(|_| ())
    }
}

impl Read for LayerRead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() && !self.ended {
            match self.parts.blocking_recv() {
                Some(Part::Bytes(bytes)) => self.current = bytes,
                Some(Part::End) => self.ended = true,
                Some(Part::Failed(why)) => return Err(io::Error::other(why)),
                // Whoever feeds has been dropped: this is no end.
                None => return Err(io::Error::other("the scan was broken off")),
            }
        }
        let count = self.current.len().min(buffer.len());
        self.current.copy_to_slice(&mut buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(parts: Vec<Result<Bytes, BlobError>>, broken_off: bool) -> io::Result<Vec<u8>> {
        let (feed, mut layer) = layer_pipe();
        let reading = tokio::task::spawn_blocking(move || {
            let mut first = [0; 3];
            layer.read_exact(&mut first)?;
            let mut rest = Vec::new();
            layer.read_to_end(&mut rest)?;
            layer.drain()?;
            Ok([&first[..], &rest].concat())
        });
        if broken_off {
            feed.0.send(Part::Bytes(Bytes::from_static(b"some"))).await.ok();
            drop(feed);
        } else {
            feed.feed(futures_util::stream::iter(parts)).await;
        }
        reading.await.unwrap()
    }

    #[tokio::test]
    async fn bytes_come_through_and_nothing_but_the_end_is_the_end() {
        let parts = ["ab", "", "cdefg"].map(|part| Ok(Bytes::from_static(part.as_bytes())));
        assert_eq!(read(parts.into(), false).await.unwrap(), b"abcdefg");
        let whole = || Ok(Bytes::from_static(b"abcd"));
        let damaged = vec![whole(), Err(BlobError::OutOfRange { size_bytes: 1 })];
        assert!(read(damaged, false).await.is_err());
        let error = read(vec![], true).await.unwrap_err();
        assert_eq!(error.to_string(), "the scan was broken off");
    }

    #[tokio::test]
    async fn a_parser_that_wants_no_more_ends_the_feeding() {
        let (feed, layer) = layer_pipe();
        drop(layer);
        let endless = futures_util::stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        assert!(feed.feed(endless).await.is_none());
    }
}

//! Reading a request's body whole, up to a limit, with the hash that its signature covers.

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Body, BoxError};

/// Bodies up to this size are read without asking: the connections bound how many there are.
const SMALL_BODY_BYTES: usize = 256 * 1024;
/// KiB of larger bodies that are in memory at once, undecoded. Whoever comes later waits, and so
/// does its client.
const LARGE_BODIES_KIB_MAX: u32 = 256 * 1024;

/// A body that was read whole.
pub(crate) struct WholeBody<'a> {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: [u8; 32],
    /// The room it takes, to be kept as long as the bytes.
    pub(crate) room: Option<SemaphorePermit<'a>>,
}

/// The room for large bodies.
pub(crate) struct BodyRoom(Semaphore);

impl BodyRoom {
    pub(crate) fn new() -> Self {
        Self(Semaphore::new(LARGE_BODIES_KIB_MAX as usize))
    }

    /// Room for a body of at most `bytes`, once there is any.
    async fn take(&self, bytes: usize) -> Option<SemaphorePermit<'_>> {
        if bytes <= SMALL_BODY_BYTES {
            return None;
        }
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(LARGE_BODIES_KIB_MAX);
        // It is never closed, so there is always an answer.
        self.0.acquire_many(kib).await.ok()
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than the limit. The rest of it is not read.
    #[error("The request body must have at most {limit_bytes} bytes.")]
    TooLarge { limit_bytes: usize },
    /// The connection broke off.
    #[error("The request body ended early.")]
    Interrupted(#[source] BoxError),
}

/// Reads a body of at most `limit_bytes`, once there is room for it.
pub(crate) async fn read(
    mut body: Body,
    limit_bytes: usize,
    room: &BodyRoom,
) -> Result<WholeBody<'_>, BodyError> {
    let hint = body.size_hint();
    let expected = usize::try_from(hint.lower()).unwrap_or(usize::MAX);
    if expected > limit_bytes {
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let most = hint.upper().and_then(|most| usize::try_from(most).ok()).unwrap_or(limit_bytes);
    let room = room.take(most.min(limit_bytes)).await;
    let mut bytes = Vec::with_capacity(expected);
    let mut hash = Context::new(&SHA256);
    while let Some(frame) = body.frame().await {
        // Trailers mean nothing to AWS.
        let Ok(data) = frame.map_err(BodyError::Interrupted)?.into_data() else { continue };
        if data.len() > limit_bytes - bytes.len() {
            return Err(BodyError::TooLarge { limit_bytes });
        }
        hash.update(&data);
        bytes.extend_from_slice(&data);
    }
    let mut sha256 = [0; 32];
    sha256.copy_from_slice(hash.finish().as_ref());
    Ok(WholeBody { bytes: bytes.into(), sha256, room })
}

#[cfg(test)]
mod tests {
    use futures_util::stream;
    use http_body::Frame;
    use http_body_util::{Full, StreamBody};
    use wharfinger_aws_protocol::sigv4::body_sha256;

    use super::*;

    fn streamed(parts: Vec<Result<&'static str, BoxError>>) -> Body {
        let frames = parts.into_iter().map(|part| part.map(|text| Frame::data(text.into())));
        StreamBody::new(stream::iter(frames)).boxed_unsync()
    }

    #[tokio::test]
    async fn a_body_up_to_the_limit_is_read_and_hashed() {
        let room = BodyRoom::new();
        let whole = read(streamed(vec![Ok("ab"), Ok(""), Ok("c")]), 3, &room).await.unwrap();
        assert_eq!((&whole.bytes[..], whole.sha256), (&b"abc"[..], body_sha256(b"abc")));
    }

    #[tokio::test]
    async fn a_longer_one_is_not() {
        let full = Full::from("abcd").map_err(|never| match never {}).boxed_unsync();
        for body in [full, streamed(vec![Ok("ab"), Ok("cd")])] {
            let refused = read(body, 3, &BodyRoom::new()).await.err().unwrap();
            assert_eq!(refused.to_string(), "The request body must have at most 3 bytes.");
        }
    }

    #[tokio::test]
    async fn a_broken_one_is_not() {
        let body = streamed(vec![Ok("a"), Err("connection reset".into())]);
        let room = BodyRoom::new();
        assert!(matches!(read(body, 3, &room).await, Err(BodyError::Interrupted(_))));
    }

    #[tokio::test]
    async fn large_bodies_wait_for_room_and_give_it_back() {
        use futures_util::FutureExt;

        let room = BodyRoom::new();
        let large = || {
            let bytes = Bytes::from(vec![0; 100 * 1024 * 1024]);
            Full::from(bytes).map_err(|never| match never {}).boxed_unsync()
        };
        let limit = usize::MAX;
        let first = read(large(), limit, &room).await.unwrap();
        let second = read(large(), limit, &room).await.unwrap();
        assert!(read(large(), limit, &room).now_or_never().is_none());
        let small = read(streamed(vec![Ok("small")]), 5, &room).await;
        assert!(small.is_ok(), "small ones do not wait");
        drop((first, second));
        assert!(read(large(), limit, &room).now_or_never().is_some());
    }
}

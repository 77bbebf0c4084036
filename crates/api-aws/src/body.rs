//! Reading a request's body whole, up to a limit, with the hash that its signature covers.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use bytes::Bytes;
use http_body::Body as _;
use http_body_util::BodyExt;
use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wharfinger_core::limits::{
    API_BODY_WAIT_SECONDS_MAX, PLACE_BYTES_PER_SECOND_MIN, PLACE_SECONDS_MIN,
};

use crate::{Body, BoxError};

/// Bodies up to this size are read without asking: the connections bound how many there are.
const SMALL_BODY_BYTES: usize = 64 * 1024;
/// KiB of larger bodies that are in memory at once, undecoded. Whoever comes later waits, and so
/// does its client.
const LARGE_BODIES_KIB_MAX: u32 = 128 * 1024;
/// KiB of these that one access key has at the most. Before a body has come nobody knows whether
/// its sender has more of a key than its id, which is no secret.
const KEY_KIB_MAX: u32 = LARGE_BODIES_KIB_MAX / 2;

/// Stands for the key where forms are read: they are small, and their key is not known before.
pub(crate) const FORMS: &str = "";

/// A body that was read whole.
#[derive(Debug)]
pub(crate) struct WholeBody {
    pub(crate) bytes: Bytes,
    pub(crate) sha256: [u8; 32],
    /// The room it takes, to be kept as long as the bytes.
    pub(crate) room: Option<Room>,
}

/// The room for large bodies.
pub(crate) struct BodyRoom {
    all: Arc<Semaphore>,
    /// The shares of the keys that have bodies in the room, or waiting for it.
    keys: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
}

/// Room that one body takes.
#[derive(Debug)]
pub(crate) struct Room {
    _all: Option<OwnedSemaphorePermit>,
    share: Share,
}

/// A use of the share of one key.
#[derive(Debug)]
struct Share {
    keys: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    key: String,
    permit: Option<OwnedSemaphorePermit>,
}

impl BodyRoom {
    pub(crate) fn new() -> Self {
        let all = Arc::new(Semaphore::new(LARGE_BODIES_KIB_MAX as usize));
        Self { all, keys: Arc::default() }
    }

    /// Room for a body of at most `bytes` of `key`, once there is any.
    async fn take(&self, key: &str, bytes: usize) -> Result<Option<Room>, BodyError> {
        if bytes <= SMALL_BODY_BYTES {
            return Ok(None);
        }
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).min(KEY_KIB_MAX);
        // Made before it is waited for, so that it tidies up after one who gives up waiting, too.
        let share = Share { keys: Arc::clone(&self.keys), key: key.to_owned(), permit: None };
        let mut room = Room { _all: None, share };
        let own = Arc::clone(
            self.keys
                .lock()
                .entry(key.to_owned())
                .or_insert_with(|| Arc::new(Semaphore::new(KEY_KIB_MAX as usize))),
        );
        let taking = async {
            room.share.permit = own.acquire_many_owned(kib).await.ok();
            room._all = Arc::clone(&self.all).acquire_many_owned(kib).await.ok();
        };
        let wait = Duration::from_secs(API_BODY_WAIT_SECONDS_MAX);
        tokio::time::timeout(wait, taking).await.map_err(|_| BodyError::NoRoom)?;
        Ok(Some(room))
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        drop(self.permit.take());
        let mut keys = self.keys.lock();
        // The map's own reference is the last one when nobody else has any of it, or waits.
        if keys.get(&self.key).is_some_and(|share| Arc::strong_count(share) == 1) {
            keys.remove(&self.key);
        }
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BodyError {
    /// It is longer than the limit. The rest of it is not read.
    #[error("The request body must have at most {limit_bytes} bytes.")]
    TooLarge { limit_bytes: usize },
    /// There was no room for it for too long.
    #[error("Rate exceeded")]
    NoRoom,
    /// The connection broke off, or the client was too slow.
    #[error("The request body ended early.")]
    Interrupted(#[source] BoxError),
}

/// Reads a body of at most `limit_bytes` that is signed with `key`, once there is room for it.
pub(crate) async fn read(
    body: Body,
    limit_bytes: usize,
    key: &str,
    room: &BodyRoom,
) -> Result<WholeBody, BodyError> {
    let hint = body.size_hint();
    let expected = usize::try_from(hint.lower()).unwrap_or(usize::MAX);
    if expected > limit_bytes {
        return Err(BodyError::TooLarge { limit_bytes });
    }
    let most = hint.upper().and_then(|most| usize::try_from(most).ok()).unwrap_or(limit_bytes);
    let most = most.min(limit_bytes);
    let room = room.take(key, most).await?;
    if room.is_none() {
        return collect(body, expected, limit_bytes).await;
    }
    // Others wait for what it holds.
    let seconds = PLACE_SECONDS_MIN + most as u64 / PLACE_BYTES_PER_SECOND_MIN;
    let collecting = collect(body, expected, limit_bytes);
    let collected = tokio::time::timeout(Duration::from_secs(seconds), collecting).await;
    let too_slow = |_| BodyError::Interrupted("it came too slowly".into());
    Ok(WholeBody { room, ..collected.map_err(too_slow)?? })
}

async fn collect(
    mut body: Body,
    expected: usize,
    limit_bytes: usize,
) -> Result<WholeBody, BodyError> {
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
    Ok(WholeBody { bytes: bytes.into(), sha256, room: None })
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
        let whole = read(streamed(vec![Ok("ab"), Ok(""), Ok("c")]), 3, "key", &room).await.unwrap();
        assert_eq!((&whole.bytes[..], whole.sha256), (&b"abc"[..], body_sha256(b"abc")));
    }

    #[tokio::test]
    async fn a_longer_one_is_not() {
        let full = Full::from("abcd").map_err(|never| match never {}).boxed_unsync();
        for body in [full, streamed(vec![Ok("ab"), Ok("cd")])] {
            let refused = read(body, 3, "key", &BodyRoom::new()).await.err().unwrap();
            assert_eq!(refused.to_string(), "The request body must have at most 3 bytes.");
        }
    }

    #[tokio::test]
    async fn a_broken_one_is_not() {
        let body = streamed(vec![Ok("a"), Err("connection reset".into())]);
        let room = BodyRoom::new();
        assert!(matches!(read(body, 3, "key", &room).await, Err(BodyError::Interrupted(_))));
    }

    fn large() -> Body {
        let bytes = Bytes::from(vec![0; 30 * 1024 * 1024]);
        Full::from(bytes).map_err(|never| match never {}).boxed_unsync()
    }

    #[tokio::test(start_paused = true)]
    async fn large_bodies_wait_for_room_and_give_it_back() {
        let room = BodyRoom::new();
        let read_of = |key| read(large(), usize::MAX, key, &room);
        let held = [read_of("a").await.unwrap(), read_of("a").await.unwrap()];
        assert!(matches!(read_of("a").await, Err(BodyError::NoRoom)), "a key has its share");
        let others = [read_of("b").await.unwrap(), read_of("b").await.unwrap()];
        assert!(matches!(read_of("c").await, Err(BodyError::NoRoom)), "all of it is taken");
        let small = read(streamed(vec![Ok("small")]), 5, "a", &room).await;
        assert!(small.is_ok(), "small ones do not wait");
        let (mut waits, mut comes) = (Box::pin(read_of("c")), None);
        tokio::select! {
            outcome = &mut waits => comes = outcome.ok(),
            () = tokio::time::sleep(Duration::from_secs(5)) => {}
        }
        assert!(comes.is_none());
        drop(held);
        let third = waits.await.unwrap();
        assert_eq!(room.keys.lock().len(), 2);
        drop((others, third));
        assert!(room.keys.lock().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_large_body_that_trickles_does_not_hold_its_room() {
        let frames = stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            Some((Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; 8 * 1024]))), ()))
        });
        let room = BodyRoom::new();
        let slow = read(StreamBody::new(frames).boxed_unsync(), 1024 * 1024, "a", &room).await;
        assert!(matches!(slow, Err(BodyError::Interrupted(_))));
        assert!(room.keys.lock().is_empty());
        // The least a large body may bring.
        let frames = stream::unfold(64, |left| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let frame = Ok::<_, BoxError>(Frame::data(Bytes::from(vec![0; 16 * 1024])));
            (left > 0).then_some((frame, left - 1))
        });
        let body = StreamBody::new(frames).boxed_unsync();
        assert!(read(body, 1024 * 1024, "a", &room).await.is_ok());
    }
}

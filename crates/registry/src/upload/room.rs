//! The room for uploads: how many are written at once, and who gives way when it is full.
//!
//! A writer holds buffers and a file, so there are places for a bounded number of them. A body
//! needs none for its first bytes, which the small layers consist of. Whoever finds no place is not
//! read any further, and so is its client; after a while it is told to come again. Meanwhile those
//! whose clients send next to nothing lose their places: what they sent is kept.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use wharfinger_core::limits::{
    PLACE_BYTES_PER_SECOND_MIN, PLACE_SECONDS_MIN, UPLOAD_BYTES_WITHOUT_PLACE,
    UPLOAD_PLACE_WAIT_SECONDS_MAX, UPLOADS_BEGUN_AT_ONCE_MAX, UPLOADS_WRITTEN_AT_ONCE_MAX,
};

use super::feed::BodyError;
use crate::Error;

/// Why a body broke off that had to give way. What came of it is kept, as with any that breaks off.
const TOO_SLOW: &str =
    "others wait for the place of an upload, and this one is too slow to keep it";
/// How often those who wait look for somebody who has to give way.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// The places of all uploads of this process.
pub(crate) struct UploadRoom(Arc<Shared>);

struct Shared {
    begun: Arc<Semaphore>,
    places: Arc<Semaphore>,
    holders: Mutex<Holders>,
}

#[derive(Default)]
struct Holders {
    /// Counts the places ever taken, which gives each a name of its own.
    names: u64,
    by_name: HashMap<u64, Arc<Holder>>,
}

/// The client of one that has a place.
struct Holder {
    pace: Mutex<Pace>,
    leave: Notify,
}

/// What a client sent in the time it was waited for, since it was last found fast enough.
#[derive(Default)]
struct Pace {
    bytes: u64,
    waited: Duration,
    since: Option<Instant>,
}

/// A place, until it is dropped.
pub(super) struct Place {
    room: Arc<Shared>,
    name: u64,
    holder: Arc<Holder>,
    _permit: OwnedSemaphorePermit,
}

/// One body's part in the room: kept as long as what was read of it is worked on.
pub(super) struct Turn {
    place: Arc<Mutex<Option<Place>>>,
    _begun: OwnedSemaphorePermit,
}

/// A body that was not let in. Nothing of its request is kept: a client that is told to come again
/// may send it again from its beginning.
#[derive(Debug, thiserror::Error)]
#[error("too many uploads are in progress")]
struct NoRoom;

/// What a failure of a body is to the registry.
pub(super) fn body_failure(error: &BodyError) -> Error {
    match error.is::<NoRoom>() {
        true => Error::Throttling,
        false => Error::BodyInterrupted(error.to_string()),
    }
}

impl UploadRoom {
    pub(crate) fn new() -> Self {
        Self::with_places(UPLOADS_BEGUN_AT_ONCE_MAX, UPLOADS_WRITTEN_AT_ONCE_MAX)
    }

    fn with_places(begun: usize, places: usize) -> Self {
        let (begun, places) = (Arc::new(Semaphore::new(begun)), Arc::new(Semaphore::new(places)));
        Self(Arc::new(Shared { begun, places, holders: Mutex::default() }))
    }

    /// How many bodies are in, and how many of these have places.
    pub(crate) fn taken(&self) -> (usize, usize) {
        let begun = UPLOADS_BEGUN_AT_ONCE_MAX.saturating_sub(self.0.begun.available_permits());
        let places = UPLOADS_WRITTEN_AT_ONCE_MAX.saturating_sub(self.0.places.available_permits());
        (begun, places)
    }

    /// Lets one more body in.
    ///
    /// # Errors
    /// [`Error::Throttling`] while there are too many already, whatever they wait for.
    pub(super) fn begin(&self) -> Result<Turn, Error> {
        let begun = Arc::clone(&self.0.begun).try_acquire_owned();
        let begun = begun.map_err(|_| Error::Throttling)?;
        Ok(Turn { place: Arc::default(), _begun: begun })
    }

    /// A place for bytes that are all in memory.
    ///
    /// # Errors
    /// [`Error::Throttling`] if there was none for too long.
    pub(super) async fn place(&self) -> Result<Place, Error> {
        Shared::place(&self.0).await.ok_or(Error::Throttling)
    }

    /// The body, which gets a place when it is found not to be small. It fails if there is none, and
    /// if it is too slow to keep it.
    pub(super) fn admit<B>(
        &self,
        turn: &Turn,
        body: B,
    ) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + use<B>
    where
        B: Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
    {
        let admitted = Admitted {
            room: Arc::clone(&self.0),
            place: Arc::clone(&turn.place),
            body: Box::pin(body),
            received: 0,
            holder: None,
        };
        stream::unfold(Some(admitted), |admitted| async move {
            let mut admitted = admitted?;
            match admitted.next().await? {
                Ok(bytes) => Some((Ok(bytes), Some(admitted))),
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}

/// A body on its way through the room.
struct Admitted {
    room: Arc<Shared>,
    place: Arc<Mutex<Option<Place>>>,
    body: Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>,
    received: u64,
    holder: Option<Arc<Holder>>,
}

impl Admitted {
    async fn next(&mut self) -> Option<Result<Bytes, BodyError>> {
        if self.holder.is_none() && self.received >= UPLOAD_BYTES_WITHOUT_PLACE {
            match Shared::place(&self.room).await {
                Some(place) => {
                    self.holder = Some(Arc::clone(&place.holder));
                    *self.place.lock() = Some(place);
                }
                None => return Some(Err(NoRoom.into())),
            }
        }
        let piece = match &self.holder {
            None => self.body.next().await,
            Some(holder) => {
                holder.pace.lock().since = Some(Instant::now());
                tokio::select! {
                    biased;
                    piece = self.body.next() => piece,
                    () = holder.leave.notified() => return Some(Err(TOO_SLOW.into())),
                }
            }
        };
        let bytes = piece.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, Bytes::len)) as u64;
        self.received += bytes;
        if let Some(holder) = &self.holder {
            holder.pace.lock().came(bytes);
        }
        piece
    }
}

impl Shared {
    /// A place, once there is one; `None` if there is none for too long.
    async fn place(room: &Arc<Self>) -> Option<Place> {
        let mut places = std::pin::pin!(Arc::clone(&room.places).acquire_owned());
        let end = Instant::now() + Duration::from_secs(UPLOAD_PLACE_WAIT_SECONDS_MAX);
        let permit = loop {
            tokio::select! {
                biased;
                permit = &mut places => break permit.ok()?,
                () = tokio::time::sleep_until(end) => return None,
                () = tokio::time::sleep(LOOK_INTERVAL) => room.ask_the_slowest_to_leave(),
            }
        };
        let mut holders = room.holders.lock();
        holders.names += 1;
        let name = holders.names;
        let holder = Arc::new(Holder { pace: Mutex::default(), leave: Notify::new() });
        holders.by_name.insert(name, Arc::clone(&holder));
        drop(holders);
        Some(Place { room: Arc::clone(room), name, holder, _permit: permit })
    }

    fn ask_the_slowest_to_leave(&self) {
        let holders = self.holders.lock();
        let slow = holders.by_name.values().filter_map(|holder| Some((holder.slowness()?, holder)));
        if let Some((_, slowest)) = slow.min_by_key(|(bytes_per_second, _)| *bytes_per_second) {
            slowest.leave.notify_one();
        }
    }
}

impl Holder {
    /// Bytes a second, if they are fewer than a place is worth when others wait for it.
    fn slowness(&self) -> Option<u64> {
        let mut pace = self.pace.lock();
        let waited = pace.waited + pace.since.map_or(Duration::ZERO, |since| since.elapsed());
        if waited < Duration::from_secs(PLACE_SECONDS_MIN) {
            return None;
        }
        let bytes_per_second = pace.bytes / waited.as_secs().max(1);
        if bytes_per_second < PLACE_BYTES_PER_SECOND_MIN {
            return Some(bytes_per_second);
        }
        // What was sent long ago does not excuse a client that has stopped since.
        *pace = Pace { since: pace.since.map(|_| Instant::now()), ..Pace::default() };
        None
    }
}

impl Pace {
    fn came(&mut self, bytes: u64) {
        self.waited += self.since.take().map_or(Duration::ZERO, |since| since.elapsed());
        self.bytes += bytes;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.holders.lock().by_name.remove(&self.name);
    }
}

#[cfg(test)]
mod tests;

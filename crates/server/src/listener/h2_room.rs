//! What connections of HTTP/2 may hold, all together.
//!
//! What a peer sends within its window is held until somebody reads it, so the windows of all peers
//! are a promise of memory. A few are given a wide one; whoever comes when those are taken, and none
//! of their owners rests, gets the narrow one that the protocol begins with. And since the engine of
//! an idle connection cannot be unmade, no more of them are kept than may be.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

use crate::pipeline::Client;

/// Connections with a wide window at a time: 128 MiB, all together.
pub(super) const WIDE_WINDOWS_MAX: usize = 32;
/// Connections of HTTP/2 that stay although they rest.
pub(super) const RESTING_MAX: usize = 1_024;
/// How long a connection has asked for nothing when it has to give up what others want, and how long
/// it is then waited for.
pub(super) const RESTS_AFTER: Duration = Duration::from_millis(500);
/// How long to wait for one that rests to be gone.
const LEAVING: Duration = Duration::from_millis(50);

/// The room there is.
pub(super) struct H2Room {
    windows: Arc<Semaphore>,
    resting_max: usize,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Connections that are there and have not been asked to go.
    connections: usize,
    /// The owners of wide windows.
    wide: Vec<Arc<Owner>>,
}

struct Owner {
    client: Arc<Client>,
    /// Told when another one wants the window.
    wanted: Notify,
    /// Whether it was told, and has neither gone nor said that it stays.
    is_asked: AtomicBool,
}

/// The part of the room that one connection has; given back when it is dropped.
pub(super) struct H2Share {
    room: Arc<H2Room>,
    /// Whether it still counts among those that may stay.
    counts: bool,
    wide: Option<(OwnedSemaphorePermit, Arc<Owner>)>,
}

impl H2Room {
    pub(super) fn new(windows_max: usize, resting_max: usize) -> Arc<Self> {
        let windows = Arc::new(Semaphore::new(windows_max));
        Arc::new(Self { windows, resting_max, taken: Mutex::default() })
    }

    /// The share of a connection that begins. Waits a moment for a wide window if the owner of one
    /// rests.
    pub(super) async fn take(self: &Arc<Self>, client: &Arc<Client>) -> H2Share {
        let window = match Arc::clone(&self.windows).try_acquire_owned() {
            Ok(window) => Some(window),
            Err(_) if self.ask_for_window() => {
                let window = Arc::clone(&self.windows).acquire_owned();
                tokio::time::timeout(LEAVING, window).await.ok().and_then(Result::ok)
            }
            Err(_) => None,
        };
        let mut taken = self.taken.lock();
        taken.connections += 1;
        let wide = window.map(|window| {
            let owner = Owner {
                client: Arc::clone(client),
                wanted: Notify::new(),
                is_asked: AtomicBool::new(false),
            };
            let owner = Arc::new(owner);
            taken.wide.push(Arc::clone(&owner));
            (window, owner)
        });
        H2Share { room: Arc::clone(self), counts: true, wide }
    }

    /// Tells the owner of a wide window who has rested for longest. Whether there is one.
    fn ask_for_window(&self) -> bool {
        let taken = self.taken.lock();
        let resting = taken.wide.iter().filter(|owner| {
            !owner.is_asked.load(Ordering::Relaxed) && owner.client.rests_for(RESTS_AFTER)
        });
        let Some(owner) = resting.max_by_key(|owner| owner.client.idle_for()) else { return false };
        owner.is_asked.store(true, Ordering::Relaxed);
        owner.wanted.notify_one();
        true
    }
}

impl H2Share {
    /// Whether the window is a wide one.
    pub(super) fn is_wide(&self) -> bool {
        self.wide.is_some()
    }

    /// Waits until another connection wants the window.
    pub(super) async fn window_wanted(&self) {
        match &self.wide {
            Some((_, owner)) => owner.wanted.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Stays although the window is wanted: it may be asked for again.
    pub(super) fn keep_window(&self) {
        if let Some((_, owner)) = &self.wide {
            owner.is_asked.store(false, Ordering::Relaxed);
        }
    }

    /// Whether there are more connections than may stay, of which this one, which rests, is one. It
    /// is none of those that stay from then on.
    pub(super) fn is_one_too_many(&mut self) -> bool {
        let mut taken = self.room.taken.lock();
        if self.counts && taken.connections > self.room.resting_max {
            taken.connections -= 1;
            self.counts = false;
        }
        !self.counts
    }
}

impl Drop for H2Share {
    fn drop(&mut self) {
        let mut taken = self.room.taken.lock();
        taken.connections -= usize::from(self.counts);
        if let Some((_, owner)) = &self.wide {
            taken.wide.retain(|other| !Arc::ptr_eq(other, owner));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn client() -> Arc<Client> {
        Arc::new(Client::new("127.0.0.1:1".parse().unwrap()))
    }

    #[tokio::test(start_paused = true)]
    async fn who_rests_longest_is_asked_for_its_window() {
        let room = H2Room::new(3, 10);
        let (first, second, third) = (client(), client(), client());
        let busy = first.request(true);
        let shares = [room.take(&first).await, room.take(&second).await, room.take(&third).await];
        assert!(shares.iter().all(H2Share::is_wide));
        assert!(!room.take(&client()).await.is_wide(), "none has rested");
        tokio::time::advance(Duration::from_millis(1)).await;
        drop(third.request(true));
        tokio::time::advance(RESTS_AFTER).await;
        let [first, second, third] = shares;
        let newcomer = client();
        let mut next = Box::pin(room.take(&newcomer));
        assert!(next.as_mut().now_or_never().is_none(), "it waits for a window");
        let asked = [&first, &second, &third].map(|share| share.window_wanted().now_or_never());
        assert_eq!(asked, [None, Some(()), None]);
        drop(second);
        let next = next.now_or_never().unwrap();
        assert!(next.is_wide());
        // One that does not leave is not waited for, and is asked again when it has said so.
        for asked in [Some(()), None, Some(())] {
            assert!(!room.take(&client()).await.is_wide());
            assert_eq!(third.window_wanted().now_or_never(), asked);
            if asked.is_none() {
                third.keep_window();
            }
        }
        drop((busy, first, third, next));
        assert!(room.take(&client()).await.is_wide());
        assert_eq!(room.taken.lock().wide.len(), 0);
    }

    #[tokio::test]
    async fn as_many_stay_as_may() {
        let room = H2Room::new(1, 2);
        let client = client();
        let mut shares = Vec::new();
        for _ in 0..4 {
            shares.push(room.take(&client).await);
        }
        let asked: Vec<_> = shares.iter_mut().map(H2Share::is_one_too_many).collect();
        assert_eq!(asked, [true, true, false, false]);
        assert!(shares[0].is_one_too_many(), "it was told so");
        drop(shares);
        assert_eq!(room.taken.lock().connections, 0);
    }
}

//! The other end of a connection, and what goes on with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// The peer of one connection.
pub(crate) struct Client {
    /// The peer's end of the socket.
    pub address: SocketAddr,
    activity: Arc<Mutex<Activity>>,
    leave: Notify,
}

struct Activity {
    in_flight: u64,
    /// Whether bytes are left that the peer does not take.
    is_writing: bool,
    /// When it was accepted, or the last of this changed.
    last: Instant,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let activity = Activity { in_flight: 0, is_writing: false, last: Instant::now() };
        Self { address, activity: Arc::new(Mutex::new(activity)), leave: Notify::new() }
    }

    /// Counts a request as in flight until the guard is dropped, if it brings credentials. One that
    /// brings none is refused at once, or is over in no time: it keeps nobody's connection alive.
    pub(super) fn request(&self, has_credentials: bool) -> InFlight {
        let mut activity = self.activity.lock();
        let counts = u64::from(has_credentials);
        activity.in_flight += counts;
        activity.last = Instant::now();
        InFlight { activity: Arc::clone(&self.activity), counts }
    }

    /// Whether an answer waits for the peer to take it.
    pub(crate) fn set_writing(&self, is_writing: bool) {
        let mut activity = self.activity.lock();
        if activity.is_writing != is_writing {
            activity.is_writing = is_writing;
            activity.last = Instant::now();
        }
    }

    /// How long the peer has asked for nothing; `None` while it is being answered.
    pub(crate) fn idle_for(&self) -> Option<Duration> {
        let activity = self.activity.lock();
        let is_idle = activity.in_flight == 0 && !activity.is_writing;
        is_idle.then(|| activity.last.elapsed())
    }

    /// Asks whoever serves this client to end its connection.
    pub(crate) fn ask_to_leave(&self) {
        self.leave.notify_one();
    }

    /// Waits until [`ask_to_leave`](Self::ask_to_leave) was called.
    pub(crate) async fn asked_to_leave(&self) {
        self.leave.notified().await;
    }
}

/// A request that is being answered.
pub(super) struct InFlight {
    activity: Arc<Mutex<Activity>>,
    counts: u64,
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut activity = self.activity.lock();
        activity.in_flight -= self.counts;
        activity.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn a_client_is_idle_while_it_is_owed_nothing() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        assert!(client.idle_for().is_some());
        let (first, second) = (client.request(true), client.request(true));
        drop(first);
        assert_eq!(client.idle_for(), None, "one is in flight");
        drop(second);
        assert!(client.idle_for().is_some());
        let _unsigned = client.request(false);
        assert!(client.idle_for().is_some());
        client.set_writing(true);
        assert_eq!(client.idle_for(), None, "an answer is on its way");
        client.set_writing(false);
        assert!(client.idle_for().is_some());
    }

    #[test]
    fn a_client_is_asked_to_leave() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        assert!(client.asked_to_leave().now_or_never().is_none());
        client.ask_to_leave();
        assert!(client.asked_to_leave().now_or_never().is_some());
    }
}

//! The other end of a connection, and what goes on with it.

use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::patience;

/// The peer of one connection.
pub(crate) struct Client {
    /// The peer's end of the socket.
    pub address: SocketAddr,
    activity: Arc<Mutex<Activity>>,
    leave: Notify,
}

struct Activity {
    /// Requests that ever came.
    requests: u64,
    /// Requests and bodies that are not over, whosoever they are.
    open: u64,
    in_flight: u64,
    /// Those in flight that have no answer yet.
    at_work: u64,
    /// Whether bytes are left that the peer does not take.
    is_writing: bool,
    /// When it was accepted, or the last of this changed.
    last: Instant,
    /// When something of an answer was last taken, or later by what was written since is
    /// [worth](patience::worth): little of it is what the peers of HTTP/2 say while nothing is taken.
    taken_at: Instant,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        let now = Instant::now();
        let activity = Activity {
            requests: 0,
            open: 0,
            in_flight: 0,
            at_work: 0,
            is_writing: false,
            last: now,
            taken_at: now,
        };
        Self { address, activity: Arc::new(Mutex::new(activity)), leave: Notify::new() }
    }

    /// Counts a request as in flight until the guard is dropped, if it brings credentials. One that
    /// brings none is refused at once, or is over in no time: it keeps nobody's connection alive.
    pub(crate) fn request(&self, has_credentials: bool) -> InFlight {
        let mut activity = self.activity.lock();
        let counts = u64::from(has_credentials);
        activity.requests += 1;
        activity.open += 1;
        activity.in_flight += counts;
        activity.at_work += counts;
        activity.last = Instant::now();
        InFlight { activity: Arc::clone(&self.activity), counts, at_work: counts }
    }

    /// Counts bytes that went out.
    pub(crate) fn wrote(&self, bytes: u64) {
        let mut activity = self.activity.lock();
        activity.taken_at = Instant::now().min(activity.taken_at + patience::worth(bytes));
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

    /// How many requests ever came.
    pub(crate) fn requests(&self) -> u64 {
        self.activity.lock().requests
    }

    /// Whether for so long nothing at all has gone on: no request, no body, no answer.
    pub(crate) fn rests_for(&self, time: Duration) -> bool {
        let activity = self.activity.lock();
        activity.open == 0 && !activity.is_writing && activity.last.elapsed() >= time
    }

    /// How long the peer has taken nothing of its answers, if it is owed nothing but answers: one
    /// of HTTP/2 may leave no room for them, and is not written to at all.
    pub(crate) fn stuck_for(&self) -> Option<Duration> {
        let activity = self.activity.lock();
        let is_answered = activity.in_flight > 0 && activity.at_work == 0;
        is_answered.then(|| activity.taken_at.elapsed())
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

/// A request body that has not been read to its end.
pub(crate) struct OpenBody(Arc<Mutex<Activity>>);

impl Drop for OpenBody {
    fn drop(&mut self) {
        let mut activity = self.0.lock();
        activity.open -= 1;
        activity.last = Instant::now();
    }
}

/// A request that is being answered.
pub(crate) struct InFlight {
    activity: Arc<Mutex<Activity>>,
    counts: u64,
    at_work: u64,
}

impl Activity {
    fn taken(&mut self) {
        self.taken_at = Instant::now();
    }
}

impl InFlight {
    /// Counts the body of the request as open until the guard is dropped.
    pub(super) fn body(&self) -> OpenBody {
        self.activity.lock().open += 1;
        OpenBody(Arc::clone(&self.activity))
    }

    /// There is an answer, which the peer has to take. One that refuses keeps nobody's connection
    /// alive: whoever got it may be nobody.
    pub(super) fn answered(&mut self, refused: bool) {
        let mut activity = self.activity.lock();
        activity.at_work -= mem::take(&mut self.at_work);
        if refused {
            activity.in_flight -= mem::take(&mut self.counts);
        }
        activity.last = Instant::now();
        activity.taken();
    }

    /// Something of the answer was taken.
    pub(super) fn taken(&self) {
        self.activity.lock().taken();
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut activity = self.activity.lock();
        activity.open -= 1;
        activity.at_work -= self.at_work;
        activity.in_flight -= self.counts;
        activity.last = Instant::now();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use wharfinger_core::limits::BODY_BYTES_PER_SECOND_MIN;

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

    #[tokio::test(start_paused = true)]
    async fn a_client_rests_when_nothing_of_it_is_open() {
        let second = Duration::from_secs(1);
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        let request = client.request(false);
        let body = request.body();
        tokio::time::advance(second).await;
        assert!(client.idle_for().is_some() && !client.rests_for(second), "nobody's request");
        drop(request);
        tokio::time::advance(second).await;
        assert!(!client.rests_for(second), "its body is still coming");
        drop(body);
        assert!(!client.rests_for(second), "since now only");
        tokio::time::advance(second).await;
        assert!(client.rests_for(second));
        assert_eq!(client.requests(), 1);
    }

    #[test]
    fn a_refusal_keeps_nobody() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        let mut request = client.request(true);
        assert_eq!(client.idle_for(), None, "it may be somebody");
        request.answered(true);
        assert!(client.idle_for().is_some() && client.stuck_for().is_none());
        drop(request);
        assert!(client.idle_for().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_is_stuck_when_it_takes_nothing_of_what_it_is_owed() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        let (mut first, mut second) = (client.request(true), client.request(true));
        let second_passes = async || tokio::time::advance(Duration::from_secs(1)).await;
        first.answered(false);
        second_passes().await;
        assert_eq!(client.stuck_for(), None, "one is at work");
        second.answered(false);
        second_passes().await;
        assert_eq!(client.stuck_for(), Some(Duration::from_secs(1)));
        client.wrote(BODY_BYTES_PER_SECOND_MIN / 4);
        assert_eq!(client.stuck_for(), Some(Duration::from_millis(750)));
        client.wrote(u64::MAX);
        assert_eq!(client.stuck_for(), Some(Duration::ZERO));
        second_passes().await;
        first.taken();
        assert_eq!(client.stuck_for(), Some(Duration::ZERO));
        drop((first, second));
        assert_eq!(client.stuck_for(), None, "it is owed nothing");
    }

    #[test]
    fn a_client_is_asked_to_leave() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        assert!(client.asked_to_leave().now_or_never().is_none());
        client.ask_to_leave();
        assert!(client.asked_to_leave().now_or_never().is_some());
    }
}

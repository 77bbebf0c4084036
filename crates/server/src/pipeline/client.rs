//! The other end of a connection, and what goes on with it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The peer of one connection.
pub(crate) struct Client {
    /// The peer's end of the socket.
    pub address: SocketAddr,
    activity: Arc<Activity>,
}

#[derive(Default)]
struct Activity {
    in_flight: AtomicU64,
    begun: AtomicU64,
    begun_at_last_check: AtomicU64,
}

impl Client {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, activity: Arc::default() }
    }

    /// Counts a request as in flight until the guard is dropped.
    pub(super) fn request(&self) -> InFlight {
        self.activity.begun.fetch_add(1, Ordering::Relaxed);
        self.activity.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(Arc::clone(&self.activity))
    }

    /// Whether nothing is in flight and nothing has begun since this was asked before.
    pub(crate) fn was_idle(&self) -> bool {
        let begun = self.activity.begun.load(Ordering::Relaxed);
        let before = self.activity.begun_at_last_check.swap(begun, Ordering::Relaxed);
        before == begun && self.activity.in_flight.load(Ordering::Relaxed) == 0
    }
}

/// A request that is being answered.
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_idle_when_nothing_happened_between_two_looks() {
        let client = Client::new("127.0.0.1:1".parse().unwrap());
        assert!(client.was_idle());
        let request = client.request();
        assert!(!client.was_idle(), "one is in flight");
        assert!(!client.was_idle(), "it still is");
        drop(request);
        assert!(client.was_idle());
        drop(client.request());
        assert!(!client.was_idle(), "one came and went");
        assert!(client.was_idle());
    }
}

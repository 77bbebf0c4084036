//! Places for connections, and who gives one up when all are taken.
//!
//! A connection costs its peer nothing, so whoever opens as many as there are places would lock
//! everybody else out. What has a request in flight keeps its place; what asks for nothing leaves
//! when another one comes.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pipeline::Client;

/// How long a connection may be idle before it has to leave for another: time enough to ask for
/// something after it was accepted.
const IDLE_MIN: Duration = Duration::from_millis(500);
/// How long to wait until the next one is asked to leave.
const LEAVING: Duration = Duration::from_millis(20);
/// Those that have been idle for longest are looked for this many at a time: one look at every
/// connection is then shared by so many that come.
const LEAVERS_AT_ONCE: usize = 64;

/// The places of a listener.
pub(super) struct Places {
    count: u32,
    per_address: Option<u32>,
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Counts the places ever taken, which gives each a name of its own.
    names: u64,
    clients: HashMap<u64, Arc<Client>>,
    /// How many places each address has; kept only where that is bounded.
    addresses: HashMap<IpAddr, u32>,
    /// Who was idle for longest when that was last looked for, the longest first. Whoever is not
    /// among them has been idle for less, as long as these ask for nothing.
    leavers: VecDeque<Weak<Client>>,
}

/// The place of one connection, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    name: u64,
    client: Arc<Client>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// This many places, all free, of which one address has `per_address` at the most.
    pub(super) fn new(count: u32, per_address: Option<u32>) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { count, per_address, free, taken: Mutex::default() })
    }

    /// A place for the peer at `address`, once there is one. Meanwhile those that have been idle
    /// for longest are asked to leave, one after the other. `None` if its address has as many
    /// places as it may; it is not waited for, since others wait behind it.
    pub(super) async fn take(self: &Arc<Self>, address: SocketAddr) -> Option<Place> {
        if self.is_full_for(address.ip()) {
            return None;
        }
        let mut free = pin!(Arc::clone(&self.free).acquire_owned());
        let permit = loop {
            tokio::select! {
                biased;
                permit = &mut free => break permit.ok()?,
                () = self.make_room() => {}
            }
        };
        // Made now: it has not been idle while it waited.
        let client = Arc::new(Client::new(address));
        let mut taken = self.taken.lock();
        taken.names += 1;
        let name = taken.names;
        taken.clients.insert(name, Arc::clone(&client));
        if self.per_address.is_some() {
            *taken.addresses.entry(address.ip()).or_default() += 1;
        }
        Some(Place { places: Arc::clone(self), name, client, _permit: permit })
    }

    /// Waits until every place is free.
    pub(super) async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    fn is_full_for(&self, address: IpAddr) -> bool {
        self.per_address.is_some_and(|most| {
            self.taken.lock().addresses.get(&address).is_some_and(|count| *count >= most)
        })
    }

    /// Asks whoever has been idle for longest to leave, and gives it the time to do so.
    async fn make_room(&self) {
        let leaver = self.taken.lock().longest_idle();
        if let Some(client) = leaver {
            client.ask_to_leave();
        }
        tokio::time::sleep(LEAVING).await;
    }
}

impl Taken {
    fn longest_idle(&mut self) -> Option<Arc<Client>> {
        let is_idle = |client: &Arc<Client>| client.idle_for().is_some_and(|idle| idle >= IDLE_MIN);
        while let Some(client) = self.leavers.pop_front() {
            // It may have gone, or have asked for something, since it was found.
            if let Some(client) = client.upgrade().filter(is_idle) {
                return Some(client);
            }
        }
        let clients = self.clients.values().filter(|client| is_idle(client));
        let mut idle: Vec<_> = clients.map(|client| (client.idle_for(), client)).collect();
        if idle.len() > LEAVERS_AT_ONCE {
            idle.select_nth_unstable_by_key(LEAVERS_AT_ONCE, |(idle, _)| Reverse(*idle));
            idle.truncate(LEAVERS_AT_ONCE);
        }
        idle.sort_unstable_by_key(|(idle, _)| Reverse(*idle));
        let mut idle = idle.into_iter().map(|(_, client)| client);
        let longest = idle.next().map(Arc::clone);
        self.leavers.extend(idle.map(Arc::downgrade));
        longest
    }
}

impl Place {
    /// Whose place it is.
    pub(super) fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock();
        taken.clients.remove(&self.name);
        let address = self.client.address.ip();
        if let Some(count) = taken.addresses.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                taken.addresses.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn address(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([10, 0, 0, last], port))
    }

    /// A flood of newcomers meets as many idle ones as there are places.
    #[tokio::test(start_paused = true)]
    async fn the_longest_idle_leave_first_in_their_order() {
        let count = 3 * LEAVERS_AT_ONCE as u16;
        let places = Places::new(count.into(), None);
        let mut taken = VecDeque::new();
        for port in 0..count {
            taken.push_back(places.take(address(1, port)).await.unwrap());
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let busy = taken[5].client().request(true);
        tokio::time::advance(IDLE_MIN).await;
        let mut newcomers = Vec::new();
        for port in (0..count).filter(|port| *port != 5) {
            let mut next = Box::pin(places.take(address(2, port)));
            assert!(next.as_mut().now_or_never().is_none(), "all are taken");
            let at = taken.iter().position(|place| place.client().address.port() == port).unwrap();
            let left = taken[at].client().asked_to_leave().now_or_never();
            assert!(left.is_some(), "{port} is the next");
            drop(taken.remove(at));
            newcomers.push(next.now_or_never().flatten().unwrap());
            // A task may not take from semaphores for ever.
            tokio::task::yield_now().await;
        }
        let mut last = Box::pin(places.take(address(2, count)));
        assert!(last.as_mut().now_or_never().is_none());
        let stays = taken[0].client().asked_to_leave().now_or_never();
        assert!(stays.is_none(), "it has a request in flight");
        drop(busy);
    }

    #[tokio::test]
    async fn an_address_has_no_more_places_than_it_may() {
        let places = Places::new(10, Some(2));
        let first = places.take(address(1, 1)).await.unwrap();
        let _second = places.take(address(1, 2)).await.unwrap();
        assert!(places.take(address(1, 3)).await.is_none());
        let _other = places.take(address(2, 1)).await.unwrap();
        drop(first);
        let again = places.take(address(1, 3)).await;
        assert!(again.is_some());
        assert_eq!(places.taken.lock().addresses.len(), 2);
        drop(again);
        drop((_second, _other));
        assert!(places.taken.lock().addresses.is_empty());
    }
}

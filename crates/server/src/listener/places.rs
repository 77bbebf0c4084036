//! Places for connections, and who gives one up when all are taken.
//!
//! A connection costs its peer nothing, so whoever opens as many as there are places would lock
//! everybody else out. What has a request in flight keeps its place; what asks for nothing leaves
//! when another one comes.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pipeline::Client;

/// How long a connection may be idle before it has to leave for another: time enough to ask for
/// something after it was accepted.
const IDLE_MIN: Duration = Duration::from_millis(500);
/// How long to wait until the next one is asked to leave.
const LEAVING: Duration = Duration::from_millis(20);

/// The places of a listener.
pub(super) struct Places {
    count: u32,
    free: Arc<Semaphore>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    /// Counts the places ever taken, which gives each a name of its own.
    names: u64,
    clients: HashMap<u64, Arc<Client>>,
}

/// The place of one connection, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    name: u64,
    client: Arc<Client>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// This many places, all free.
    pub(super) fn new(count: u32) -> Arc<Self> {
        let free = Arc::new(Semaphore::new(count as usize));
        Arc::new(Self { count, free, taken: Mutex::default() })
    }

    /// A place for the peer at `address`, once there is one. Meanwhile those that have been idle
    /// for longest are asked to leave, one after the other. `None` never comes: nobody closes the
    /// places.
    pub(super) async fn take(self: &Arc<Self>, address: SocketAddr) -> Option<Place> {
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
        Some(Place { places: Arc::clone(self), name, client, _permit: permit })
    }

    /// Waits until every place is free.
    pub(super) async fn all_free(&self) {
        let _ = self.free.acquire_many(self.count).await;
    }

    /// Asks whoever has been idle for longest to leave, and gives it the time to do so.
    async fn make_room(&self) {
        if let Some(client) = self.longest_idle() {
            client.ask_to_leave();
        }
        tokio::time::sleep(LEAVING).await;
    }

    fn longest_idle(&self) -> Option<Arc<Client>> {
        let taken = self.taken.lock();
        let idle = taken.clients.values().filter_map(|client| Some((client.idle_for()?, client)));
        let (longest, client) = idle.max_by_key(|(idle, _)| *idle)?;
        (longest >= IDLE_MIN).then(|| Arc::clone(client))
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
        self.places.taken.lock().clients.remove(&self.name);
    }
}

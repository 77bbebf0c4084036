//! What waits to be written: lines in one buffer, and those who want to know when theirs is on
//! disk. Requests fill it, the writer thread empties it.

use std::time::Duration;

use parking_lot::{Condvar, Mutex};
use tokio::sync::{Notify, oneshot};
use wharfinger_core::limits::{
    AUDIT_GATHER_MILLIS_MAX, AUDIT_PENDING_BYTES_MAX, AUDIT_RETRY_MILLIS,
};

use crate::Unrecorded;

/// Bytes after which the writer does not wait for more.
const GATHER_BYTES: usize = 256 * 1024;
const GATHER: Duration = Duration::from_millis(AUDIT_GATHER_MILLIS_MAX);

/// Someone who waits until its line is on disk.
pub(crate) type Waiter = oneshot::Sender<Result<(), Unrecorded>>;

/// The queue between requests and the writer.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Told when there is something for the writer.
    work: Condvar,
    /// Told when there is room again.
    pub(crate) room: Notify,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    waiters: Vec<Waiter>,
    closed: bool,
    /// Whether the log cannot be written at the moment.
    failing: bool,
    /// Records of reads that were given up since it cannot.
    lost: u64,
}

/// What is written together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) bytes: Vec<u8>,
    pub(crate) waiters: Vec<Waiter>,
}

/// What became of a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    Queued,
    /// There is no room; nothing was queued.
    Full,
    /// The log cannot be written; nothing was queued.
    Failing,
}

impl Queue {
    /// Queues a line, and takes the one who waits for it if there is one.
    pub(crate) fn push(&self, line: &[u8], waiter: &mut Option<Waiter>) -> Pushed {
        let mut state = self.state.lock();
        if state.failing || state.closed {
            return Pushed::Failing;
        }
        let before = state.bytes.len();
        if before > 0 && before + line.len() > AUDIT_PENDING_BYTES_MAX {
            return Pushed::Full;
        }
        state.bytes.extend_from_slice(line);
        // The writer waits for a first line, or for a reason not to gather any longer.
        let crossed = before < GATHER_BYTES && state.bytes.len() >= GATHER_BYTES;
        let wakes = before == 0 || waiter.is_some() || crossed;
        state.waiters.extend(waiter.take());
        drop(state);
        if wakes {
            self.work.notify_one();
        }
        Pushed::Queued
    }

    /// Counts a record that is given up.
    pub(crate) fn give_up(&self) {
        self.state.lock().lost += 1;
    }

    /// Records given up so far and not told of yet.
    pub(crate) fn lost(&self) -> u64 {
        self.state.lock().lost
    }

    pub(crate) fn is_failing(&self) -> bool {
        self.state.lock().failing
    }

    /// Lets the writer finish. Nothing is queued any more.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.work.notify_one();
        self.room.notify_waiters();
    }

    /// Moves what waits into an empty `batch`, as soon as it is worth it: at once if someone waits
    /// for it, else when others had time to join. An empty batch means that there was time to
    /// sync what is `unsynced`. False: it is over.
    pub(crate) fn take(&self, batch: &mut Batch, unsynced: bool) -> bool {
        let mut state = self.state.lock();
        loop {
            let urgent = !state.waiters.is_empty() || state.bytes.len() >= GATHER_BYTES;
            if urgent || state.closed {
                break;
            }
            if state.bytes.is_empty() && !unsynced {
                self.work.wait(&mut state);
            } else if self.work.wait_for(&mut state, GATHER).timed_out() {
                break;
            }
        }
        std::mem::swap(&mut state.bytes, &mut batch.bytes);
        std::mem::swap(&mut state.waiters, &mut batch.waiters);
        let over = state.closed && batch.bytes.is_empty() && batch.waiters.is_empty();
        drop(state);
        self.room.notify_waiters();
        !over
    }

    /// From now on nothing is queued; those who wait already are answered with this.
    pub(crate) fn fail(&self) -> Vec<Waiter> {
        let mut state = self.state.lock();
        state.failing = true;
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        self.room.notify_waiters();
        waiters
    }

    /// Waits until it is time to try again. False: it is over.
    pub(crate) fn wait_to_retry(&self) -> bool {
        let mut state = self.state.lock();
        if !state.closed {
            self.work.wait_for(&mut state, Duration::from_millis(AUDIT_RETRY_MILLIS));
        }
        !state.closed
    }

    /// The log can be written again. Answers how many records were given up.
    pub(crate) fn recover(&self) -> u64 {
        let mut state = self.state.lock();
        state.failing = false;
        std::mem::take(&mut state.lost)
    }
}

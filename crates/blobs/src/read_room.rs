//! Which of the streams that read objects may hold much memory.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Streams that read ahead at once; the others hold a segment and no more. Of a wide one are held,
/// whatever its consumer does, two chunks of plaintext and one of ciphertext: 768 KiB.
pub const WIDE_READS_MAX: usize = 32;

/// The right to read ahead, of all the streams of a store.
#[derive(Clone)]
pub(crate) struct ReadRoom(Arc<Semaphore>);

/// One such right, until it is dropped.
pub(crate) type Wide = OwnedSemaphorePermit;

impl ReadRoom {
    pub(crate) fn new() -> Self {
        Self::of(WIDE_READS_MAX)
    }

    pub(crate) fn of(count: usize) -> Self {
        Self(Arc::new(Semaphore::new(count)))
    }

    /// A right to read ahead, if there is one now. Nobody waits for one.
    pub(crate) fn try_take(&self) -> Option<Wide> {
        Arc::clone(&self.0).try_acquire_owned().ok()
    }

    #[cfg(test)]
    pub(crate) fn left(&self) -> usize {
        self.0.available_permits()
    }
}

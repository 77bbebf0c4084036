//! One writer at a time for each upload of this process. Across processes the row decides: of two
//! writers that began at the same place, the second finds it moved.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, Notify, OwnedMutexGuard};
use wharfinger_core::UploadId;

/// The uploads that are being written to.
#[derive(Clone, Default)]
pub(crate) struct UploadLocks(Arc<Shared>);

#[derive(Default)]
struct Shared {
    locks: Mutex<HashMap<UploadId, Arc<AsyncMutex<()>>>>,
    /// Tells those who wait that there are none left.
    all_released: Notify,
}

/// The right to write to an upload, until it is dropped.
pub(crate) struct UploadLock {
    locks: UploadLocks,
    upload_id: UploadId,
    guard: Option<OwnedMutexGuard<()>>,
}

impl UploadLocks {
    /// Waits until nobody else writes to the upload. A client that sends a chunk again while the
    /// server still reads from its broken connection waits here.
    pub(crate) async fn lock(&self, upload_id: UploadId) -> UploadLock {
        // Made before it is waited for, so that it tidies up after one who gives up waiting, too.
        let mut held = UploadLock { locks: self.clone(), upload_id, guard: None };
        let lock = Arc::clone(self.0.locks.lock().entry(upload_id).or_default());
        held.guard = Some(lock.lock_owned().await);
        held
    }

    /// The right to write, if nobody has it now: for those whose bytes are in memory already, so
    /// that none of them lie there for as long as another client takes.
    pub(crate) fn try_lock(&self, upload_id: UploadId) -> Option<UploadLock> {
        let mut held = UploadLock { locks: self.clone(), upload_id, guard: None };
        let lock = Arc::clone(self.0.locks.lock().entry(upload_id).or_default());
        held.guard = Some(lock.try_lock_owned().ok()?);
        Some(held)
    }

    /// Whether somebody writes to the upload, or waits to.
    pub(crate) fn is_held(&self, upload_id: UploadId) -> bool {
        self.0.locks.lock().contains_key(&upload_id)
    }

    /// The uploads that somebody writes to, or waits to.
    pub(crate) fn held(&self) -> Vec<UploadId> {
        self.0.locks.lock().keys().copied().collect()
    }

    /// Waits until nobody writes to any upload.
    pub(crate) async fn all_released(&self) {
        loop {
            // Listens first, so that a release between the look and the wait is not missed.
            let mut released = pin!(self.0.all_released.notified());
            released.as_mut().enable();
            if self.0.locks.lock().is_empty() {
                return;
            }
            released.await;
        }
    }
}

impl Drop for UploadLock {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.locks.0.locks.lock();
        // The map's own reference is the last one when nobody waits.
        if locks.get(&self.upload_id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.upload_id);
            if locks.is_empty() {
                self.locks.0.all_released.notify_waiters();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use wharfinger_core::SeededEntropy;

    use super::*;

    #[tokio::test]
    async fn one_that_does_not_wait_leaves_nothing_behind() {
        let locks = UploadLocks::default();
        let upload_id = UploadId::random(&SeededEntropy::new(1));
        let held = locks.lock(upload_id).await;
        assert!(locks.try_lock(upload_id).is_none());
        assert!(locks.is_held(upload_id), "by the one before");
        drop(held);
        assert!(!locks.is_held(upload_id));
        drop(locks.try_lock(upload_id).unwrap());
        assert!(!locks.is_held(upload_id));
    }

    #[tokio::test]
    async fn whoever_waits_for_all_is_told_of_the_last() {
        let locks = UploadLocks::default();
        locks.all_released().await;
        let entropy = SeededEntropy::new(1);
        let first = locks.lock(UploadId::random(&entropy)).await;
        let last = locks.lock(UploadId::random(&entropy)).await;
        let mut all = Box::pin(locks.all_released());
        assert!(all.as_mut().now_or_never().is_none());
        drop(first);
        assert!(all.as_mut().now_or_never().is_none());
        drop(last);
        all.await;
    }

    #[tokio::test]
    async fn one_that_gave_up_waiting_leaves_nothing_behind() {
        let locks = UploadLocks::default();
        let upload_id = UploadId::random(&SeededEntropy::new(1));
        let held = locks.lock(upload_id).await;
        let mut waits = Box::pin(locks.lock(upload_id));
        assert!(waits.as_mut().now_or_never().is_none());
        assert!(locks.is_held(upload_id));
        drop(held);
        drop(waits);
        assert!(!locks.is_held(upload_id));
        drop(locks.lock(upload_id).await);
        assert!(!locks.is_held(upload_id));
    }
}

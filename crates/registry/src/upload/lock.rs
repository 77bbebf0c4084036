//! One writer at a time for each upload of this process. Across processes the row decides: of two
//! writers that began at the same place, the second finds it moved.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};
use wharfinger_core::UploadId;

/// The uploads that are being written to.
#[derive(Clone, Default)]
pub(crate) struct UploadLocks(Arc<Mutex<HashMap<UploadId, Arc<AsyncMutex<()>>>>>);

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
        let lock = Arc::clone(self.0.lock().entry(upload_id).or_default());
        held.guard = Some(lock.lock_owned().await);
        held
    }

    /// The right to write, if nobody has it now: for those whose bytes are in memory already, so
    /// that none of them lie there for as long as another client takes.
    pub(crate) fn try_lock(&self, upload_id: UploadId) -> Option<UploadLock> {
        let mut held = UploadLock { locks: self.clone(), upload_id, guard: None };
        let lock = Arc::clone(self.0.lock().entry(upload_id).or_default());
        held.guard = Some(lock.try_lock_owned().ok()?);
        Some(held)
    }

    /// Whether somebody writes to the upload, or waits to.
    pub(crate) fn is_held(&self, upload_id: UploadId) -> bool {
        self.0.lock().contains_key(&upload_id)
    }
}

impl Drop for UploadLock {
    fn drop(&mut self) {
        drop(self.guard.take());
        let mut locks = self.locks.0.lock();
        // The map's own reference is the last one when nobody waits.
        if locks.get(&self.upload_id).is_some_and(|lock| Arc::strong_count(lock) == 1) {
            locks.remove(&self.upload_id);
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

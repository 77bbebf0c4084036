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
        let lock = Arc::clone(self.0.lock().entry(upload_id).or_default());
        let guard = lock.lock_owned().await;
        UploadLock { locks: self.clone(), upload_id, guard: Some(guard) }
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

//! The thread that writes: it takes what waits, writes it at once, syncs it if someone waits for
//! that, and tells them.

use std::io;
use std::sync::Arc;

use wharfinger_core::{Clock, Timestamp};

use crate::Unrecorded;
use crate::queue::{Batch, Queue};

/// Seconds after which reads are synced too, if nobody waits for it before.
const SYNC_SECONDS: i64 = 1;

/// Where lines go. Whole lines only, in order.
pub trait Sink: Send + 'static {
    /// Appends lines. After an error it is unknown how much of them is there.
    ///
    /// # Errors
    /// Those of the file system.
    fn append(&mut self, lines: &[u8]) -> io::Result<()>;

    /// Returns when everything that was appended is on disk. It is not called again after an
    /// error until [`Self::recover`] was.
    ///
    /// # Errors
    /// Those of the file system.
    fn sync(&mut self) -> io::Result<()>;

    /// Makes a fresh start after an error. Everything that [`Self::append`] took is there, though
    /// not synced, and nothing of what it did not take.
    ///
    /// # Errors
    /// Those of the file system; it is tried again later.
    fn recover(&mut self) -> io::Result<()>;
}

pub(crate) struct Writer {
    pub(crate) queue: Arc<Queue>,
    pub(crate) sink: Box<dyn Sink>,
    pub(crate) clock: Arc<dyn Clock>,
    /// Whether something was appended since the last sync, and when that was.
    pub(crate) unsynced: bool,
    pub(crate) synced_at: Timestamp,
}

impl Writer {
    pub(crate) fn run(mut self) {
        let mut batch = Batch::default();
        while self.queue.take(&mut batch, self.unsynced) {
            if let Err(error) = self.write(&mut batch) {
                self.fail(&error, &mut batch);
            }
            for waiter in batch.waiters.drain(..) {
                // One that went away does not want to know.
                let _ = waiter.send(Ok(()));
            }
        }
        if self.unsynced
            && let Err(error) = self.sink.sync()
        {
            tracing::error!(%error, "the last records of reads in the audit log may be missing");
        }
    }

    /// Empties the batch, all but those who wait, if the sink takes it.
    fn write(&mut self, batch: &mut Batch) -> io::Result<()> {
        let is_idle = batch.bytes.is_empty();
        if !is_idle {
            self.sink.append(&batch.bytes)?;
            batch.bytes.clear();
            self.unsynced = true;
        }
        let now = self.clock.now();
        let due = now.seconds() - self.synced_at.seconds() >= SYNC_SECONDS;
        if self.unsynced && (is_idle || !batch.waiters.is_empty() || due) {
            self.sink.sync()?;
            self.unsynced = false;
            self.synced_at = now;
        }
        Ok(())
    }

    fn make_up_for(&mut self, batch: &mut Batch) -> io::Result<()> {
        self.sink.recover()?;
        if !batch.bytes.is_empty() {
            self.sink.append(&batch.bytes)?;
            batch.bytes.clear();
        }
        self.sink.sync()
    }

    /// Tells those who wait that their record is not on disk, and keeps trying: what they did has
    /// happened, so its record is kept until there is room for it.
    fn fail(&mut self, error: &io::Error, batch: &mut Batch) {
        tracing::error!(%error, "the audit log cannot be written: writes are refused until it can");
        let refused = self.queue.fail();
        for waiter in batch.waiters.drain(..).chain(refused) {
            let _ = waiter.send(Err(Unrecorded));
        }
        loop {
            if !self.queue.wait_to_retry() {
                self.unsynced = false;
                let lost = self.queue.lost();
                tracing::error!(lost, "the audit log is closed without its last records");
                return;
            }
            if self.make_up_for(batch).is_ok() {
                break;
            }
        }
        self.unsynced = false;
        self.synced_at = self.clock.now();
        let lost = self.queue.recover();
        tracing::warn!(lost, "the audit log is written again; some reads were not recorded");
    }
}

//! How much memory each of the uploads that are written at once may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Segments that a batch has when few uploads are written: 512 KiB, for each costs waking two threads.
pub(crate) const BATCH_SEGMENTS_MAX: usize = 8;
/// Segments that a batch has when many are: 256 KiB.
pub(crate) const BATCH_SEGMENTS_MIN: usize = 4;
/// Segments in the batches that fill at the same moment, of all uploads, as far as the smallest batch
/// allows.
const FILLING_SEGMENTS: usize = 64;

/// Uploads for each core that may receive a batch while the one before is sealed and written. With more,
/// the cores are busy anyway, and what would be received only waits.
const AHEAD_PER_CORE: usize = 2;

/// The uploads of a store that go into files at the moment.
#[derive(Clone)]
pub(crate) struct WriteRoom {
    uploads: Arc<AtomicUsize>,
    /// How many of them there may be for each to receive ahead.
    ahead_max: usize,
}

/// One of them, until it is dropped.
pub(crate) struct Writing(WriteRoom);

impl WriteRoom {
    /// For a machine with so many cores.
    pub(crate) fn new(cores: usize) -> Self {
        Self { uploads: Arc::default(), ahead_max: AHEAD_PER_CORE * cores }
    }

    /// Counts one more.
    pub(crate) fn enter(&self) -> Writing {
        self.uploads.fetch_add(1, Ordering::Relaxed);
        Writing(self.clone())
    }

    /// Segments of a batch that begins now.
    pub(crate) fn batch_segments(&self) -> usize {
        let uploads = self.uploads.load(Ordering::Relaxed).max(1);
        (FILLING_SEGMENTS / uploads).clamp(BATCH_SEGMENTS_MIN, BATCH_SEGMENTS_MAX)
    }

    /// Whether an upload is to receive a batch while the one before is sealed and written.
    pub(crate) fn receives_ahead(&self) -> bool {
        self.uploads.load(Ordering::Relaxed) <= self.ahead_max
    }
}

impl Default for WriteRoom {
    fn default() -> Self {
        Self::new(std::thread::available_parallelism().map_or(1, usize::from))
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.uploads.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_are_written_the_less_each_one_takes() {
        let room = WriteRoom::new(4);
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
        let mut uploads: Vec<_> = (0..8).map(|_| room.enter()).collect();
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
        assert!(room.receives_ahead());
        uploads.extend((0..4).map(|_| room.enter()));
        assert_eq!(room.batch_segments(), 5);
        assert!(!room.receives_ahead(), "the cores are busy without");
        uploads.extend((0..100).map(|_| room.enter()));
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MIN);
        drop(uploads);
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
        assert!(room.receives_ahead());
    }
}

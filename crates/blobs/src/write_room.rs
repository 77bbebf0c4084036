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

/// The uploads of a store that go into files at the moment.
#[derive(Clone, Default)]
pub(crate) struct WriteRoom(Arc<AtomicUsize>);

/// One of them, until it is dropped.
pub(crate) struct Writing(WriteRoom);

impl WriteRoom {
    /// Counts one more.
    pub(crate) fn enter(&self) -> Writing {
        self.0.fetch_add(1, Ordering::Relaxed);
        Writing(self.clone())
    }

    /// Segments of a batch that begins now.
    pub(crate) fn batch_segments(&self) -> usize {
        let uploads = self.0.load(Ordering::Relaxed).max(1);
        (FILLING_SEGMENTS / uploads).clamp(BATCH_SEGMENTS_MIN, BATCH_SEGMENTS_MAX)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_are_written_the_less_each_one_takes() {
        let room = WriteRoom::default();
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
        let mut uploads: Vec<_> = (0..8).map(|_| room.enter()).collect();
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
        uploads.extend((0..4).map(|_| room.enter()));
        assert_eq!(room.batch_segments(), 5);
        uploads.extend((0..100).map(|_| room.enter()));
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MIN);
        drop(uploads);
        assert_eq!(room.batch_segments(), BATCH_SEGMENTS_MAX);
    }
}

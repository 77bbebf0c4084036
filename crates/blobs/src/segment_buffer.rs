//! Plaintext on its way into a file, laid out as the file will be.
//!
//! Room for nonce and tag is left around each segment, so that sealing works in place and a whole
//! batch is one write. A segment begins anywhere in a block of the disk, but a direct write begins
//! with a block: so a buffer has room for the part of the file that is before its first segment in the
//! same block, and is itself laid out in memory as those blocks are.

use bytes::{Buf, Bytes};

use crate::object_file::{AlignedBytes, DIRECT_BLOCK_BYTES};
use crate::segment::{
    NONCE_BYTES, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, segment_offset,
};
use crate::write_room::BATCH_SEGMENTS_MAX;

/// Bytes of memory a buffer takes at the most.
pub(crate) const BUFFER_BYTES_MAX: usize =
    AlignedBytes::memory_bytes(stored_bytes_max(BATCH_SEGMENTS_MAX));

/// A batch of segments that are sealed and written together. Takes no memory until the first byte
/// comes.
#[derive(Default)]
pub(crate) struct SegmentBuffer {
    /// From the beginning of the block that the first segment begins in.
    stored: AlignedBytes,
    /// Bytes of that block before the first segment.
    lead: usize,
    /// Segments that make it full.
    segments_max: usize,
    text_bytes: usize,
}

impl SegmentBuffer {
    /// Empties the buffer, which is to take up to `segments_max` segments; the next byte it takes
    /// is the first of segment `first` of the object.
    pub(crate) fn begin_at(&mut self, first: u64, segments_max: usize) {
        self.lead = lead(first);
        self.segments_max = segments_max;
        self.text_bytes = 0;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.text_bytes == self.segments_max * SEGMENT_BYTES
    }

    /// Segments inside, the last of which may be short.
    pub(crate) fn segments(&self) -> usize {
        self.text_bytes.div_ceil(SEGMENT_BYTES)
    }

    /// Takes as much of `bytes` as there is room for.
    pub(crate) fn fill_from(&mut self, bytes: &mut Bytes) {
        let stored_bytes = stored_bytes_max(self.segments_max);
        if self.text_bytes == 0 && self.stored.len() != stored_bytes && !bytes.is_empty() {
            self.stored = AlignedBytes::zeroed(stored_bytes);
        }
        while !bytes.is_empty() && !self.is_full() {
            let (slot, within) = (self.text_bytes / SEGMENT_BYTES, self.text_bytes % SEGMENT_BYTES);
            let count = bytes.len().min(SEGMENT_BYTES - within);
            let start = self.place(slot) + NONCE_BYTES + within;
            self.stored[start..start + count].copy_from_slice(&bytes[..count]);
            bytes.advance(count);
            self.text_bytes += count;
        }
    }

    /// The plaintext of segment `index`; empty if there is none.
    pub(crate) fn text(&self, index: usize) -> &[u8] {
        let start = self.place(index) + NONCE_BYTES;
        self.stored.get(start..start + self.length(index)).unwrap_or_default()
    }

    /// Segment `index` with the room around it. An empty buffer has one empty segment.
    pub(crate) fn slot(&mut self, index: usize) -> &mut [u8] {
        if self.stored.len() < self.place(0) + SEGMENT_OVERHEAD_BYTES {
            self.stored = AlignedBytes::zeroed(self.place(0) + SEGMENT_OVERHEAD_BYTES);
        }
        let start = self.place(index);
        let length = self.length(index) + SEGMENT_OVERHEAD_BYTES;
        &mut self.stored[start..start + length]
    }

    /// The room before the first segment, for what the file has there in the same block.
    pub(crate) fn room_before(&mut self) -> &mut [u8] {
        self.slot(0);
        &mut self.stored[..self.lead]
    }

    /// What goes into the file with the first `count` segments, from [`block_offset`] of the first of
    /// them on. All but the last must be full.
    pub(crate) fn stored(&self, count: usize) -> &[u8] {
        let last = count.saturating_sub(1);
        &self.stored[..self.place(last) + self.length(last) + SEGMENT_OVERHEAD_BYTES]
    }

    /// Drops the first `count` segments, behind which at most one is left, which is segment `first`
    /// of the object.
    pub(crate) fn drop_front(&mut self, count: usize, first: u64) {
        let (place, rest) = (self.place(count) + NONCE_BYTES, self.length(count));
        self.begin_at(first, self.segments_max);
        if rest > 0 {
            let start = self.place(0) + NONCE_BYTES;
            self.stored.copy_within(place..place + rest, start);
        }
        self.text_bytes = rest;
    }

    fn place(&self, index: usize) -> usize {
        self.lead + index * STORED_SEGMENT_BYTES
    }

    fn length(&self, index: usize) -> usize {
        self.text_bytes.saturating_sub(index * SEGMENT_BYTES).min(SEGMENT_BYTES)
    }
}

/// Where the block begins in the file that segment `first` begins in.
pub(crate) fn block_offset(first: u64) -> u64 {
    segment_offset(first) - lead(first) as u64
}

/// The whole blocks of `stored`, and what is left behind them.
pub(crate) fn whole_blocks(stored: &[u8]) -> (&[u8], &[u8]) {
    stored.split_at(stored.len() - stored.len() % DIRECT_BLOCK_BYTES)
}

/// Bytes of a full buffer: its segments, and the block they begin in.
const fn stored_bytes_max(segments: usize) -> usize {
    segments * STORED_SEGMENT_BYTES + DIRECT_BLOCK_BYTES
}

fn lead(first: u64) -> usize {
    (segment_offset(first) % DIRECT_BLOCK_BYTES as u64) as usize
}

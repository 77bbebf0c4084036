//! Plaintext on its way into a file, laid out as the file will be.
//!
//! Room for nonce and tag is left around each segment, so that sealing works in place and a whole
//! batch is one write.

use bytes::{Buf, Bytes};

use crate::segment::{NONCE_BYTES, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES};

/// Segments sealed and written at a time: 512 KiB of plaintext.
pub(crate) const BATCH_SEGMENTS: usize = 8;
/// Bytes of memory a buffer takes.
pub(crate) const BUFFER_BYTES: usize = BATCH_SEGMENTS * STORED_SEGMENT_BYTES;

/// Up to [`BATCH_SEGMENTS`] segments. Takes no memory until the first byte comes.
#[derive(Default)]
pub(crate) struct SegmentBuffer {
    stored: Vec<u8>,
    text_bytes: usize,
}

impl SegmentBuffer {
    pub(crate) fn is_full(&self) -> bool {
        self.text_bytes == BATCH_SEGMENTS * SEGMENT_BYTES
    }

    /// Segments inside, the last of which may be short.
    pub(crate) fn segments(&self) -> usize {
        self.text_bytes.div_ceil(SEGMENT_BYTES)
    }

    /// Takes as much of `bytes` as there is room for.
    pub(crate) fn fill_from(&mut self, bytes: &mut Bytes) {
        if self.stored.len() < BUFFER_BYTES && !bytes.is_empty() {
            // Zeroed by the system page by page as it is touched, so a small blob costs little.
            self.stored = vec![0; BUFFER_BYTES];
        }
        while !bytes.is_empty() && !self.is_full() {
            let (slot, within) = (self.text_bytes / SEGMENT_BYTES, self.text_bytes % SEGMENT_BYTES);
            let count = bytes.len().min(SEGMENT_BYTES - within);
            let start = slot * STORED_SEGMENT_BYTES + NONCE_BYTES + within;
            self.stored[start..start + count].copy_from_slice(&bytes[..count]);
            bytes.advance(count);
            self.text_bytes += count;
        }
    }

    /// The plaintext of segment `index`; empty if there is none.
    pub(crate) fn text(&self, index: usize) -> &[u8] {
        let start = index * STORED_SEGMENT_BYTES + NONCE_BYTES;
        self.stored.get(start..start + self.length(index)).unwrap_or_default()
    }

    /// Segment `index` with the room around it. An empty buffer has one empty segment.
    pub(crate) fn slot(&mut self, index: usize) -> &mut [u8] {
        if self.stored.is_empty() {
            self.stored = vec![0; SEGMENT_OVERHEAD_BYTES];
        }
        let start = index * STORED_SEGMENT_BYTES;
        let length = self.length(index) + SEGMENT_OVERHEAD_BYTES;
        &mut self.stored[start..start + length]
    }

    /// The first `count` full segments as they go into the file.
    pub(crate) fn stored(&self, count: usize) -> &[u8] {
        &self.stored[..count * STORED_SEGMENT_BYTES]
    }

    /// Drops the first `count` segments, behind which at most one is left.
    pub(crate) fn drop_front(&mut self, count: usize) {
        let rest = self.length(count);
        if count > 0 && rest > 0 {
            let start = count * STORED_SEGMENT_BYTES + NONCE_BYTES;
            self.stored.copy_within(start..start + rest, NONCE_BYTES);
        }
        if count > 0 {
            self.text_bytes = rest;
        }
    }

    fn length(&self, index: usize) -> usize {
        self.text_bytes.saturating_sub(index * SEGMENT_BYTES).min(SEGMENT_BYTES)
    }
}

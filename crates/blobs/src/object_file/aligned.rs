//! Memory that direct writes may use.

use std::ops::{Deref, DerefMut};

use super::DIRECT_BLOCK_BYTES;

/// Bytes that begin at a multiple of [`DIRECT_BLOCK_BYTES`] in memory. Takes none while it is empty.
#[derive(Default)]
pub(crate) struct AlignedBytes {
    memory: Vec<u8>,
    start: usize,
    length: usize,
}

impl AlignedBytes {
    /// `length` zeros. The system gives their pages as they are touched.
    pub(crate) fn zeroed(length: usize) -> Self {
        let memory = vec![0; Self::memory_bytes(length)];
        let start = memory.as_ptr().align_offset(DIRECT_BLOCK_BYTES);
        Self { memory, start, length }
    }

    /// Bytes of memory that `length` of them take.
    pub(crate) const fn memory_bytes(length: usize) -> usize {
        length + DIRECT_BLOCK_BYTES
    }
}

impl Deref for AlignedBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBytes {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.length]
    }
}

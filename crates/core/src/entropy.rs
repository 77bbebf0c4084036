//! Randomness as something that is handed in.

use std::sync::atomic::{AtomicU64, Ordering};

/// A source of random bytes. The one of a running server is the operating system's, made in
/// `server`; tests bring a [`SeededEntropy`].
pub trait Entropy: Send + Sync + 'static {
    /// Fills `buffer` with random bytes.
    ///
    /// # Panics
    /// An implementation that cannot deliver must panic: going on without randomness would break
    /// every key that is made afterwards.
    fn fill(&self, buffer: &mut [u8]);
}

/// Arrays of random bytes from any source.
pub trait EntropyExt: Entropy {
    /// `N` random bytes.
    fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut buffer = [0; N];
        self.fill(&mut buffer);
        buffer
    }
}

impl<E: Entropy + ?Sized> EntropyExt for E {}

/// A reproducible source for tests and simulations. Not secure.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// The sequence that belongs to `seed`.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        // SplitMix64: the finaliser of a counter, so that concurrent callers never see one value twice.
        for chunk in buffer.chunks_mut(8) {
            let mut word = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            word ^= word >> 31;
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
    }
}

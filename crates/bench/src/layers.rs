//! Layers to push: random bytes, each layer unique.

use sha2::{Digest as _, Sha256};
use wharfinger_core::{Digest, Entropy, SeededEntropy};

/// Bytes of one layer.
pub const LAYER_BYTES: usize = 64 * 1_000_000;

/// A layer and its digest.
pub struct Layer {
    /// What is pushed.
    pub bytes: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
}

/// `count` layers of [`LAYER_BYTES`] that do not compress and share nothing.
pub fn generate(count: usize) -> Vec<Layer> {
    let entropy = SeededEntropy::new(4566);
    (0..count)
        .map(|_| {
            let mut bytes = vec![0; LAYER_BYTES];
            entropy.fill(&mut bytes);
            let digest = Digest::Sha256(Sha256::digest(&bytes).into());
            Layer { bytes, digest }
        })
        .collect()
}

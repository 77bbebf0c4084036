//! Layers to push: random bytes that do not compress, each layer unique, made from one pool so that
//! gigabytes of them need no memory.

use std::sync::LazyLock;
use std::time::Instant;

use sha2::{Digest as _, Sha256};
use wharfinger_core::{Digest, Entropy, SeededEntropy};

use crate::stats::{as_f64, ratio};

/// Bytes of the pool. More than caches of processors hold, so that the client reads memory as a
/// real one does.
const POOL_BYTES: usize = 64 * 1_000_000;
/// Bytes at the start of each layer that no other layer has.
const UNIQUE_BYTES: usize = 32;
/// Bytes that the pool is entered at further in, from one layer to the next.
const STEP_BYTES: usize = 4099;
/// Bytes that are written at a time.
const PIECE_BYTES: usize = 1 << 20;

static POOL: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut pool = vec![0; POOL_BYTES];
    SeededEntropy::new(4566).fill(&mut pool);
    pool
});

/// A layer that can be pushed.
#[derive(Clone)]
pub struct Layer {
    unique: [u8; UNIQUE_BYTES],
    start: usize,
    /// Its size.
    pub bytes: u64,
    /// Its digest.
    pub digest: Digest,
}

/// Makes layers that no other run of this program made.
pub struct LayerSource {
    entropy: SeededEntropy,
    made: usize,
}

impl LayerSource {
    /// A source whose layers differ from those of any other seed.
    pub fn new(seed: u64) -> Self {
        Self { entropy: SeededEntropy::new(seed), made: 0 }
    }

    /// `count` layers of `bytes` each.
    pub fn take(&mut self, count: usize, bytes: u64) -> Vec<Layer> {
        (0..count).map(|_| self.next(bytes)).collect()
    }

    /// A layer of `bytes`.
    pub fn next(&mut self, bytes: u64) -> Layer {
        let mut unique = [0; UNIQUE_BYTES];
        self.entropy.fill(&mut unique);
        self.made += 1;
        let start = self.made * STEP_BYTES % POOL_BYTES;
        let mut layer = Layer { unique, start, bytes, digest: Digest::Sha256([0; 32]) };
        let mut hash = Sha256::new();
        layer.pieces().iter().for_each(|piece| hash.update(piece));
        layer.digest = Digest::Sha256(hash.finalize().into());
        layer
    }
}

impl Layer {
    /// Its bytes, in order.
    pub fn pieces(&self) -> Vec<&[u8]> {
        let mut left = usize::try_from(self.bytes).unwrap_or(usize::MAX);
        let unique = &self.unique[..UNIQUE_BYTES.min(left)];
        left -= unique.len();
        let mut pieces = vec![unique];
        let mut place = self.start;
        while left > 0 {
            let size = PIECE_BYTES.min(left).min(POOL_BYTES - place);
            pieces.push(&POOL[place..place + size]);
            left -= size;
            place = (place + size) % POOL_BYTES;
        }
        pieces
    }
}

/// What SHA-256 alone takes here: the floor of every push. Taken again before each run, it shows
/// moments in which neighbours slow the machine down.
#[derive(Clone, Copy, Debug)]
pub struct Floor {
    /// CPU-seconds for 10^9 bytes; more than usual where a neighbour has the other half of the core.
    pub cpu_per_gb: f64,
    /// Seconds of wall time for 10^9 bytes; more where a neighbour has the core.
    pub wall_per_gb: f64,
}

impl Floor {
    /// Measures it.
    pub fn measure() -> Self {
        let pool: &[u8] = &POOL;
        let (started, cpu) = (Instant::now(), thread_cpu_seconds());
        std::hint::black_box(Sha256::digest(pool));
        let per_gb = |seconds: f64| ratio(seconds * 1e9, as_f64(pool.len() as u64));
        let (wall, cpu) = (started.elapsed().as_secs_f64(), thread_cpu_seconds() - cpu);
        Self { cpu_per_gb: per_gb(cpu), wall_per_gb: per_gb(wall) }
    }
}

/// CPU time of this thread; zero if the kernel does not say.
fn thread_cpu_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanos = text.split_whitespace().next().and_then(|field| field.parse::<f64>().ok());
    nanos.unwrap_or_default() / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_have_their_size_and_share_nothing() {
        let mut source = LayerSource::new(1);
        let bytes = POOL_BYTES as u64 + 5;
        for layer in [source.next(bytes), source.next(7), source.next(0)] {
            let whole = layer.pieces().concat();
            assert_eq!(whole.len() as u64, layer.bytes);
            assert_eq!(layer.digest, Digest::Sha256(Sha256::digest(&whole).into()));
        }
        let digests: Vec<_> = source.take(3, 4096).into_iter().map(|layer| layer.digest).collect();
        assert_ne!(digests[0], digests[1]);
        assert_ne!(digests[1], digests[2]);
        assert_ne!(LayerSource::new(2).next(9).digest, LayerSource::new(3).next(9).digest);
    }
}

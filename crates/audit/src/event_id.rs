//! Ids of records: unique, and cheap enough for every read. They are no secret and grant nothing, so
//! they need not be hard to guess; what is random about them is drawn once.

use std::sync::atomic::{AtomicU64, Ordering};

use wharfinger_core::{Entropy, EntropyExt, EventId, Timestamp};

/// The ids of one process: two keyed permutations of a counter side by side.
pub(crate) struct EventIds {
    keys: [u64; 2],
    next: AtomicU64,
}

/// One id, as the bytes that it is made of.
struct Drawn([u64; 2]);

impl EventIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let word = || u64::from_le_bytes(entropy.bytes());
        Self { keys: [word(), word()], next: AtomicU64::new(word()) }
    }

    /// The next one.
    pub(crate) fn next(&self) -> EventId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        EventId::random(&Drawn(self.keys.map(|key| mixed(count ^ key))))
    }
}

/// The id of the record of a service event, from the number and the time that it was stored under: if
/// it is recorded twice, one can tell.
pub(crate) fn of_service_event(number: i64, occurred_at: Timestamp) -> EventId {
    let words = [number.cast_unsigned(), occurred_at.millis().cast_unsigned()];
    EventId::random(&Drawn([mixed(words[0]), mixed(words[1] ^ mixed(words[0]))]))
}

impl Entropy for Drawn {
    fn fill(&self, buffer: &mut [u8]) {
        let bytes = self.0.into_iter().cycle().flat_map(u64::to_le_bytes);
        for (place, byte) in buffer.iter_mut().zip(bytes) {
            *place = byte;
        }
    }
}

/// The finaliser of SplitMix64, in which each bit of the counter moves half of the others.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use wharfinger_core::SeededEntropy;

    use super::*;

    #[test]
    fn no_id_comes_twice_in_one_process_or_two() {
        let processes = [1, 2].map(|seed| EventIds::new(&SeededEntropy::new(seed)));
        let ids: HashSet<EventId> =
            processes.iter().flat_map(|ids| (0..50_000).map(|_| ids.next())).collect();
        assert_eq!(ids.len(), 100_000);
    }
}

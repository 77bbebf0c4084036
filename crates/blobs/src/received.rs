//! Plaintext between the network and the cipher, in the pieces in which it came.
//!
//! Who copies what was received touches memory twice more for each byte than hashing and sealing
//! do, so pieces are kept as they are. But a piece keeps alive all the memory that was read along with
//! it: small ones are copied together instead.

use std::collections::VecDeque;
use std::mem;

use bytes::Bytes;

use crate::SEGMENT_BYTES;

/// Bytes of the smallest piece that is kept as it came. Connections are read at most 128 KiB at a time,
/// and less if less has come twice: so what is kept alive is a small multiple of what is kept.
pub(crate) const PIECE_BYTES_MIN: usize = 32 * 1024;

/// What was received and has not been sealed.
#[derive(Default)]
pub(crate) struct Received {
    pieces: VecDeque<Bytes>,
    /// What follows them: small pieces, on their way to the end of the segment they are in.
    gathered: Vec<u8>,
    length: usize,
}

impl Received {
    /// Bytes there are.
    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Segments there are, the last of which may be short.
    pub(crate) fn segments(&self) -> usize {
        self.length.div_ceil(SEGMENT_BYTES)
    }

    /// Takes from `bytes` what is missing to `length_max`. The first byte there ever was is the
    /// first of a segment.
    pub(crate) fn fill_from(&mut self, bytes: &mut Bytes, length_max: usize) {
        while !bytes.is_empty() && self.length < length_max {
            let room = length_max - self.length;
            self.length += if self.gathered.is_empty() && bytes.len() >= PIECE_BYTES_MIN {
                let count = bytes.len().min(room);
                self.pieces.push_back(bytes.split_to(count));
                count
            } else {
                self.gather(bytes, room)
            };
        }
    }

    /// Copies from `bytes` what the segment has room for, and says how much that was.
    fn gather(&mut self, bytes: &mut Bytes, room: usize) -> usize {
        let room = room.min(SEGMENT_BYTES - self.length % SEGMENT_BYTES);
        if self.gathered.capacity() == 0 {
            self.gathered.reserve_exact(room);
        }
        let count = bytes.len().min(room);
        self.gathered.extend_from_slice(&bytes.split_to(count));
        if count == room {
            self.pieces.push_back(mem::take(&mut self.gathered).into());
        }
        count
    }

    /// The parts of all there is, in their order.
    pub(crate) fn parts(&self) -> Vec<&[u8]> {
        let gathered = Some(&self.gathered[..]).filter(|gathered| !gathered.is_empty());
        self.pieces.iter().map(|piece| &piece[..]).chain(gathered).collect()
    }

    /// Takes away the first segment, in its parts; what there is, if that is less.
    pub(crate) fn take_segment(&mut self) -> Vec<Bytes> {
        if self.length < SEGMENT_BYTES && !self.gathered.is_empty() {
            self.pieces.push_back(mem::take(&mut self.gathered).into());
        }
        let mut parts = Vec::with_capacity(2);
        let mut missing = self.length.min(SEGMENT_BYTES);
        self.length -= missing;
        while missing > 0 {
            let Some(mut piece) = self.pieces.pop_front() else { break };
            if piece.len() > missing {
                self.pieces.push_front(piece.split_off(missing));
            }
            missing -= piece.len();
            parts.push(piece);
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;
    use crate::conformance::sample;

    fn lengths(received: &Received) -> Vec<usize> {
        received.parts().iter().map(|part| part.len()).collect()
    }

    #[test]
    fn large_pieces_are_kept_as_they_came_and_small_ones_copied_together() {
        let bytes = sample(4 * SEGMENT_BYTES, 1);
        let mut received = Received::default();
        let mut rest = bytes.clone();
        let mut put = |received: &mut Received, count: usize| {
            let mut piece = rest.split_to(count);
            received.fill_from(&mut piece, 4 * SEGMENT_BYTES);
            assert!(piece.is_empty());
        };
        put(&mut received, 40_000);
        assert_eq!(received.parts()[0].as_ptr(), bytes.as_ptr());
        put(&mut received, 10_000);
        put(&mut received, 10_000);
        assert_eq!(lengths(&received), [40_000, 20_000]);
        // What was begun is filled up to the end of the segment, so that no memory lies idle.
        put(&mut received, 100_000);
        assert_eq!(lengths(&received), [40_000, 25_536, 94_464]);
        assert_eq!(received.parts()[2].as_ptr(), bytes[SEGMENT_BYTES..].as_ptr());
        put(&mut received, 4 * SEGMENT_BYTES - 160_000);
        assert_eq!(received.parts().concat(), bytes);
        assert_eq!((received.len(), received.segments()), (4 * SEGMENT_BYTES, 4));
    }

    #[test]
    fn no_more_is_taken_than_there_is_room_for() {
        let bytes = sample(3 * SEGMENT_BYTES, 2);
        for first in [0, 1, PIECE_BYTES_MIN, SEGMENT_BYTES] {
            let (mut received, mut rest) = (Received::default(), bytes.clone());
            received.fill_from(&mut rest.split_to(first), 2 * SEGMENT_BYTES);
            received.fill_from(&mut rest, 2 * SEGMENT_BYTES);
            assert_eq!((received.len(), rest.len()), (2 * SEGMENT_BYTES, SEGMENT_BYTES));
            received.fill_from(&mut rest, 2 * SEGMENT_BYTES);
            assert_eq!(received.parts().concat(), bytes[..2 * SEGMENT_BYTES]);
        }
    }

    proptest! {
        #[test]
        fn segments_are_whole_however_the_bytes_came(
            pieces in proptest::collection::vec(1..90_000_usize, 0..12),
        ) {
            let bytes = sample(pieces.iter().sum(), 3);
            let (mut received, mut rest) = (Received::default(), bytes.clone());
            for length in pieces {
                received.fill_from(&mut rest.split_to(length), usize::MAX);
            }
            assert!(received.parts().concat() == bytes);
            let mut taken = Vec::new();
            while received.len() > 0 {
                let segment = received.take_segment();
                assert!(segment.len() <= 3, "{} parts", segment.len());
                let segment = segment.concat();
                taken.extend_from_slice(&segment);
                assert!(segment.len() == SEGMENT_BYTES || taken.len() == bytes.len());
            }
            assert!(taken == bytes);
            assert!(received.take_segment().is_empty());
        }
    }
}

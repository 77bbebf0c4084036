//! The state of an upload as bytes, for the metadata row of its session.

use std::fmt;
use std::sync::Arc;

use sha2::Sha256;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use wharfinger_core::{Entropy, EntropyExt, ObjectId};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::key::KeyDomain;
use crate::object_file::{ObjectFile, ObjectFolder};
use crate::outgoing::Outgoing;
use crate::sealer::Sealer;
use crate::segment::{
    SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, SegmentKey, SegmentTag, TAG_BYTES, segment_offset,
};

/// The version of the bytes below. Another minor version of `sha2` may write its state another
/// way: raise this number with it.
const CHECKPOINT_VERSION: u8 = 1;
/// Version, plaintext length, header of the object.
const CLEAR_BYTES: usize = 1 + 8 + HEADER_BYTES;
const HASH_STATE_BYTES: usize = size_of::<SerializedState<Sha256>>();
/// Bytes of a checkpoint at the most.
pub const CHECKPOINT_BYTES_MAX: usize =
    CLEAR_BYTES + SEGMENT_OVERHEAD_BYTES + TAG_BYTES + HASH_STATE_BYTES + SEGMENT_BYTES;

/// All that another process needs to go on with an upload, beside the object file, if there is one
/// yet: opaque bytes (at most [`CHECKPOINT_BYTES_MAX`]) to be stored in the transaction that
/// acknowledges what the upload received. Plaintext and hash state in it are encrypted under the
/// object's data key.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadCheckpoint {
    bytes: Vec<u8>,
    size_bytes: u64,
    header: Header,
}

impl UploadCheckpoint {
    /// Reads what [`Self::as_bytes`] gave.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, BlobError> {
        let unusable = |what| BlobError::UnusableCheckpoint { what };
        if bytes.first() != Some(&CHECKPOINT_VERSION) {
            return Err(unusable("its version is not known"));
        }
        if bytes.len() > CHECKPOINT_BYTES_MAX {
            return Err(unusable("it is too long"));
        }
        let short = || unusable("it is too short");
        let size = bytes.get(1..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
        let header = bytes.get(9..).and_then(<[u8]>::first_chunk).ok_or_else(short)?;
        let size_bytes = u64::from_be_bytes(*size);
        let header = Header::parse(header).map_err(unusable)?;
        Ok(Self { bytes, size_bytes, header })
    }

    /// The checkpoint as bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The checkpoint as bytes, without a copy.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The object the upload writes.
    pub fn object_id(&self) -> ObjectId {
        self.header.object_id
    }

    /// The key domain of the object.
    pub fn domain(&self) -> &KeyDomain {
        &self.header.domain
    }

    /// Bytes of plaintext received up to here.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// The state of `sealer` and the plaintext `rest`, in its parts, that it has not sealed yet.
    pub(crate) fn seal(
        sealer: &Sealer,
        size_bytes: u64,
        rest: &[&[u8]],
    ) -> Result<Self, BlobError> {
        let hash = sealer.hash.serialize();
        let state = [&[&sealer.previous_tag[..], &hash[..]], rest].concat();
        let state_bytes: usize = state.iter().map(|part| part.len()).sum();
        let mut bytes = vec![0; CLEAR_BYTES + state_bytes + SEGMENT_OVERHEAD_BYTES];
        let (clear, slot) = bytes.split_at_mut(CLEAR_BYTES);
        clear[0] = CHECKPOINT_VERSION;
        clear[1..9].copy_from_slice(&size_bytes.to_be_bytes());
        clear[9..].copy_from_slice(&sealer.header.encode());
        sealer
            .key
            .seal_checkpoint(clear, sealer.entropy.bytes(), &state, slot)
            .map_err(|_| BlobError::UnusableCheckpoint { what: "the cipher refused to seal it" })?;
        Ok(Self { bytes, size_bytes, header: sealer.header.clone() })
    }

    /// Whether this is all there is: no segment has been sealed, so the store holds nothing of the
    /// object.
    pub(crate) fn is_whole(&self) -> bool {
        self.size_bytes <= SEGMENT_BYTES as u64
    }

    /// The object whose file the upload goes on with; `None` while all there is is in here.
    pub fn begun_object(&self) -> Option<ObjectId> {
        (!self.is_whole()).then_some(self.header.object_id)
    }

    /// Bytes that the file of the object has at the least: the segments sealed before this was taken.
    pub(crate) fn file_bytes_min(&self) -> u64 {
        segment_offset(self.size_bytes.div_ceil(SEGMENT_BYTES as u64).saturating_sub(1))
    }

    /// The plaintext of an upload that [is whole](Self::is_whole).
    pub(crate) fn text(&self, key: &SegmentKey) -> Result<Vec<u8>, BlobError> {
        let state = self.state(key)?;
        match state.sealed_segments {
            0 => Ok(state.rest),
            _ => Err(BlobError::UnusableCheckpoint { what: "its lengths do not fit together" }),
        }
    }

    /// The sealer that goes on here with `file`, and the plaintext it has not sealed yet.
    pub(crate) fn open(
        &self,
        key: SegmentKey,
        folder: Arc<dyn ObjectFolder>,
        file: Arc<dyn ObjectFile>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<(Sealer, Vec<u8>), BlobError> {
        let State { previous_tag, hash, rest, sealed_segments } = self.state(&key)?;
        let (file, header) = (Some(file), self.header.clone());
        let sealer = Sealer {
            folder,
            file,
            header,
            key,
            entropy,
            hash,
            sealed_segments,
            previous_tag,
            outgoing: Outgoing::behind(segment_offset(sealed_segments)),
            folder_synced: true,
        };
        Ok((sealer, rest))
    }

    fn state(&self, key: &SegmentKey) -> Result<State, BlobError> {
        let unusable = |what| BlobError::UnusableCheckpoint { what };
        let (clear, sealed) = self.bytes.split_at(CLEAR_BYTES);
        let state = key
            .open_checkpoint(clear, sealed)
            .map_err(|_| unusable("it does not open under the key of its object"))?;
        let (previous_tag, rest) =
            state.split_first_chunk().ok_or_else(|| unusable("its state is too short"))?;
        let previous_tag: SegmentTag = *previous_tag;
        let (hash, rest) = rest
            .split_at_checked(HASH_STATE_BYTES)
            .ok_or_else(|| unusable("its state is too short"))?;
        let hash = SerializedState::<Sha256>::try_from(hash)
            .ok()
            .and_then(|state| Sha256::deserialize(&state).ok())
            .ok_or_else(|| unusable("its hash state does not read"))?;
        let sealed_bytes = self.size_bytes.checked_sub(rest.len() as u64);
        let sealed_segments = sealed_bytes
            .filter(|bytes| bytes.is_multiple_of(SEGMENT_BYTES as u64))
            .filter(|bytes| *bytes == 0 || !rest.is_empty())
            .map(|bytes| bytes / SEGMENT_BYTES as u64)
            .ok_or_else(|| unusable("its lengths do not fit together"))?;
        Ok(State { previous_tag, hash, rest: rest.to_vec(), sealed_segments })
    }
}

/// What the encrypted part of a checkpoint says.
struct State {
    previous_tag: SegmentTag,
    hash: Sha256,
    rest: Vec<u8>,
    sealed_segments: u64,
}

impl fmt::Debug for UploadCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UploadCheckpoint({}, {} bytes)", self.header.object_id, self.size_bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use sha2::Digest as _;

    use super::*;

    /// Checkpoints are stored, so the form of the hash state must not change unnoticed: eight
    /// words in little-endian, the count of blocks, then an empty block buffer.
    #[test]
    fn the_hash_state_has_the_form_of_version_one() {
        let mut hash = Sha256::new();
        hash.update(vec![0; SEGMENT_BYTES]);
        let state = hash.serialize();
        assert_eq!((state.len(), HASH_STATE_BYTES), (104, 104));
        let expected =
            "eacf304bdf8e72eaa56df048af75b57ebe99b1203ea06b9c769f129392c27edf0004000000000000";
        assert_eq!(hex::encode(&state[..40]), expected);
        assert!(state[40..].iter().all(|byte| *byte == 0), "{}", hex::encode(&state[40..]));
    }

    proptest! {
        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..700)) {
            let mut versioned = bytes.clone();
            versioned.insert(0, CHECKPOINT_VERSION);
            for bytes in [bytes, versioned] {
                if let Ok(checkpoint) = UploadCheckpoint::from_bytes(bytes.clone()) {
                    assert_eq!(checkpoint.into_bytes(), bytes);
                }
            }
        }
    }
}

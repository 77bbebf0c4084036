//! Segments: where they lie, what they are bound to, how they are sealed and opened.
//!
//! Every segment is bound to the object, to its index, to whether it is the last, and to the tag
//! of the segment before it. So the segments form a chain: the last one, which also names length
//! and digest of the whole, opens only behind exactly the segments its writer sealed before it,
//! never behind ones that an earlier or a parallel session left in the file.

use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use aws_lc_rs::error::Unspecified;
use wharfinger_core::{Digest, ObjectId};

use crate::header::HEADER_BYTES;
use crate::inner_cipher::InnerCipher;
use crate::key::DataKey;
use crate::key_ring::cipher;

#[cfg(test)]
mod tests;

/// The version of everything this crate writes to an object file.
pub(crate) const FORMAT_VERSION: u8 = 1;
/// The same, for objects that pass through two ciphers.
pub(crate) const FORMAT_VERSION_TWO_CIPHERS: u8 = 2;
pub(crate) const SEGMENT_BYTES_LOG2: u8 = 16;
/// Bytes of plaintext in every segment but the last (64 KiB).
pub const SEGMENT_BYTES: usize = 1 << SEGMENT_BYTES_LOG2;
pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;
/// Bytes a segment takes beyond its plaintext.
pub(crate) const SEGMENT_OVERHEAD_BYTES: usize = NONCE_BYTES + TAG_BYTES;
pub(crate) const STORED_SEGMENT_BYTES: usize = SEGMENT_BYTES + SEGMENT_OVERHEAD_BYTES;

/// The authentication tag of a segment.
pub(crate) type SegmentTag = [u8; TAG_BYTES];
/// What stands for the tag before the first segment.
pub(crate) const NO_TAG: SegmentTag = [0; TAG_BYTES];

/// How many segments an object of `size_bytes` has: at least one.
pub(crate) fn segment_count(size_bytes: u64) -> u64 {
    size_bytes.div_ceil(SEGMENT_BYTES as u64).max(1)
}

/// Where segment `index` begins in the file.
pub(crate) fn segment_offset(index: u64) -> u64 {
    (HEADER_BYTES as u64).saturating_add(index.saturating_mul(STORED_SEGMENT_BYTES as u64))
}

/// Bytes of the file of an object of `size_bytes`; saturates where no file could be as long.
pub(crate) fn file_bytes(size_bytes: u64) -> u64 {
    (segment_count(size_bytes).saturating_mul(SEGMENT_OVERHEAD_BYTES as u64))
        .saturating_add(size_bytes)
        .saturating_add(HEADER_BYTES as u64)
}

/// What a sealed piece of the object is.
#[derive(Clone, Copy)]
pub(crate) enum SegmentKind<'a> {
    /// 64 KiB with more to come.
    Inner,
    /// The end: it vouches for the length and the digest of the whole.
    Last { size_bytes: u64, digest: &'a Digest },
}

/// The data key of one object, bound to its id; with the key of its inner cipher, if it has one.
pub(crate) struct SegmentKey {
    key: LessSafeKey,
    inner: Option<InnerCipher>,
    object_id: ObjectId,
}

impl SegmentKey {
    pub(crate) fn new(key: &DataKey, object_id: ObjectId) -> Self {
        Self { key: cipher(key), inner: None, object_id }
    }

    /// The same for an object that passes through an inner cipher, whose key this is.
    pub(crate) fn with_inner(self, key: &DataKey) -> Self {
        Self { inner: Some(InnerCipher::new(key)), ..self }
    }

    pub(crate) fn object_id(&self) -> ObjectId {
        self.object_id
    }

    /// Seals the plaintext that `parts` are together into `slot`, which is 28 bytes longer. Reads
    /// them where they are if they are two at the most, and there is no inner cipher.
    pub(crate) fn seal(
        &self,
        index: u64,
        kind: SegmentKind<'_>,
        previous: &SegmentTag,
        nonce: [u8; NONCE_BYTES],
        parts: &[&[u8]],
        slot: &mut [u8],
    ) -> Result<SegmentTag, Unspecified> {
        self.seal_slot(self.context(index, kind, previous).as_ref(), nonce, parts, slot)
    }

    /// Opens `stored` into `text`, which must be as long as the plaintext. On failure `text` holds
    /// garbage that must not be used.
    pub(crate) fn open(
        &self,
        index: u64,
        kind: SegmentKind<'_>,
        previous: &SegmentTag,
        stored: &[u8],
        text: &mut [u8],
    ) -> Result<SegmentTag, Unspecified> {
        self.open_slot(self.context(index, kind, previous).as_ref(), stored, text)
    }

    /// Seals the state of an upload, which is never part of the file, under the same key; `parts`
    /// and `slot` as in [`Self::seal`].
    pub(crate) fn seal_checkpoint(
        &self,
        clear: &[u8],
        nonce: [u8; NONCE_BYTES],
        parts: &[&[u8]],
        slot: &mut [u8],
    ) -> Result<SegmentTag, Unspecified> {
        self.seal_slot(&[CHECKPOINT_LABEL, clear].concat(), nonce, parts, slot)
    }

    /// Opens what [`Self::seal_checkpoint`] sealed.
    pub(crate) fn open_checkpoint(
        &self,
        clear: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, Unspecified> {
        let mut text = vec![0; sealed.len().saturating_sub(SEGMENT_OVERHEAD_BYTES)];
        self.open_slot(&[CHECKPOINT_LABEL, clear].concat(), sealed, &mut text)?;
        Ok(text)
    }

    fn seal_slot(
        &self,
        context: &[u8],
        nonce: [u8; NONCE_BYTES],
        parts: &[&[u8]],
        slot: &mut [u8],
    ) -> Result<SegmentTag, Unspecified> {
        let (nonce_room, rest) = slot.split_first_chunk_mut::<NONCE_BYTES>().ok_or(Unspecified)?;
        *nonce_room = nonce;
        let nonce_once = Nonce::assume_unique_for_key(nonce);
        let context = Aad::from(context);
        match (&self.inner, parts) {
            (None, &[text]) => {
                let (out, tag) = rest.split_at_mut_checked(text.len()).ok_or(Unspecified)?;
                self.key.seal_out_of_place_scatter(nonce_once, context, text, out, &[], tag)?;
            }
            (None, &[front, back]) => {
                let (out, back_out) = rest.split_at_mut_checked(front.len()).ok_or(Unspecified)?;
                self.key
                    .seal_out_of_place_scatter(nonce_once, context, front, out, back, back_out)?;
            }
            (inner, parts) => {
                let (text, tag) = rest.split_last_chunk_mut::<TAG_BYTES>().ok_or(Unspecified)?;
                gather(parts, text)?;
                if let Some(inner) = inner {
                    inner.apply(&nonce, text)?;
                }
                let sealed = self.key.seal_in_place_separate_tag(nonce_once, context, text)?;
                tag.copy_from_slice(sealed.as_ref());
            }
        }
        slot.last_chunk().copied().ok_or(Unspecified)
    }

    fn open_slot(
        &self,
        context: &[u8],
        stored: &[u8],
        text: &mut [u8],
    ) -> Result<SegmentTag, Unspecified> {
        let (nonce, rest) = stored.split_first_chunk::<NONCE_BYTES>().ok_or(Unspecified)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Unspecified)?;
        let nonce_once = Nonce::assume_unique_for_key(*nonce);
        self.key.open_separate_gather(nonce_once, Aad::from(context), ciphertext, tag, text)?;
        if let Some(inner) = &self.inner {
            inner.apply(nonce, text)?;
        }
        Ok(*tag)
    }

    fn context(&self, index: u64, kind: SegmentKind<'_>, previous: &SegmentTag) -> Context {
        let mut context = Context { bytes: [0; CONTEXT_BYTES_MAX], length: 0 };
        let version = match self.inner {
            Some(_) => FORMAT_VERSION_TWO_CIPHERS,
            None => FORMAT_VERSION,
        };
        context.push(&[version]);
        context.push(self.object_id.as_bytes());
        context.push(&index.to_be_bytes());
        context.push(&[u8::from(matches!(kind, SegmentKind::Last { .. }))]);
        context.push(previous);
        if let SegmentKind::Last { size_bytes, digest } = kind {
            context.push(&size_bytes.to_be_bytes());
            context.push(&[algorithm_code(digest)]);
            context.push(digest.hash());
        }
        context
    }
}

/// Copies `parts`, one behind the other, into `text`, which is as long as they are together.
fn gather(parts: &[&[u8]], mut text: &mut [u8]) -> Result<(), Unspecified> {
    for part in parts {
        let room = text.split_off_mut(..part.len()).ok_or(Unspecified)?;
        room.copy_from_slice(part);
    }
    if text.is_empty() { Ok(()) } else { Err(Unspecified) }
}

/// No segment's associated data can begin so: theirs begin with the format version.
const CHECKPOINT_LABEL: &[u8] = b"checkpoint";

const CONTEXT_BYTES_MAX: usize = 1 + 16 + 8 + 1 + TAG_BYTES + 8 + 1 + 64;

/// The associated data of a segment, built without an allocation.
struct Context {
    bytes: [u8; CONTEXT_BYTES_MAX],
    length: usize,
}

impl Context {
    fn push(&mut self, part: &[u8]) {
        self.bytes[self.length..self.length + part.len()].copy_from_slice(part);
        self.length += part.len();
    }
}

impl AsRef<[u8]> for Context {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

fn algorithm_code(digest: &Digest) -> u8 {
    match digest {
        Digest::Sha256(_) => 1,
        Digest::Sha512(_) => 2,
    }
}

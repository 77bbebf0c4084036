//! The blocking half of a writer: hashes, seals and writes what the buffers bring.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256, Sha512};
use wharfinger_core::{Digest, Entropy, EntropyExt};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::object_file::{ObjectFile, ObjectFolder};
use crate::segment::{
    NO_TAG, NONCE_BYTES, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, SegmentKey,
    SegmentKind, SegmentTag, TAG_BYTES, file_bytes, segment_offset,
};
use crate::segment_buffer::{SegmentBuffer, block_offset, whole_blocks};
use crate::write_room::BATCH_SEGMENTS_MAX;

/// An object file that grows, once there is one, and all that its next segment depends on.
///
/// The hash covers exactly the segments that are sealed; the plaintext behind them is the
/// buffer's. So the hash always stands at a segment boundary.
pub(crate) struct Sealer {
    pub(crate) folder: Arc<dyn ObjectFolder>,
    /// None before the first whole segment is sealed.
    pub(crate) file: Option<Arc<dyn ObjectFile>>,
    pub(crate) header: Header,
    pub(crate) key: SegmentKey,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) hash: Sha256,
    pub(crate) sealed_segments: u64,
    pub(crate) previous_tag: SegmentTag,
    /// What the file has in the block that the next segment begins in: written with that segment, or
    /// by [`Self::write_carry`]. The header is the first of it.
    pub(crate) carry: Vec<u8>,
    /// Whether the file's name is known to be durable.
    pub(crate) folder_synced: bool,
}

impl Sealer {
    /// Begins a new object, of which there is no file yet. Its header is written with the first segment.
    pub(crate) fn begin(
        folder: Arc<dyn ObjectFolder>,
        header: Header,
        key: SegmentKey,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self {
            carry: header.encode().to_vec(),
            folder,
            file: None,
            header,
            key,
            entropy,
            hash: Sha256::new(),
            sealed_segments: 0,
            previous_tag: NO_TAG,
            folder_synced: false,
        }
    }

    /// The whole object as the bytes its file would have: `text` is all of it, one segment at the
    /// most.
    pub(crate) fn seal_inline(&self, text: &[u8], digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let mut sealed = Vec::with_capacity(HEADER_BYTES + text.len() + SEGMENT_OVERHEAD_BYTES);
        sealed.extend_from_slice(&self.header.encode());
        sealed.extend_from_slice(&[0; NONCE_BYTES]);
        sealed.extend_from_slice(text);
        sealed.extend_from_slice(&[0; TAG_BYTES]);
        let kind = SegmentKind::Last { size_bytes: text.len() as u64, digest };
        let (nonce, slot) = (self.entropy.bytes(), &mut sealed[HEADER_BYTES..]);
        self.key.seal(0, kind, &NO_TAG, nonce, slot).map_err(|_| cipher_refused())?;
        Ok(sealed)
    }

    /// Takes over a file at a checkpoint: what lies behind it is dropped, what lies before it must
    /// be what the checkpoint saw.
    pub(crate) fn take_over(mut self) -> Result<Self, BlobError> {
        let object_id = self.header.object_id;
        let corrupt = |what| BlobError::Corrupt { object_id, what };
        let reading = |error| BlobError::object_io(object_id, "read an unfinished object", error);
        let end = segment_offset(self.sealed_segments);
        let file = self.file.as_ref().ok_or(BlobError::Missing { object_id })?;
        let size_bytes = file.size_bytes().map_err(reading)?;
        if size_bytes < end {
            return Err(corrupt("the file is shorter than its upload's checkpoint"));
        }
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0).map_err(reading)?;
        if header != self.header.encode() {
            return Err(corrupt("the header is not the one of its upload's checkpoint"));
        }
        let block = block_offset(self.sealed_segments);
        let mut carry = vec![0; (end - block) as usize];
        file.read_exact_at(&mut carry, block).map_err(reading)?;
        if self.sealed_segments > 0 {
            let mut tag = [0; TAG_BYTES];
            file.read_exact_at(&mut tag, end - TAG_BYTES as u64).map_err(reading)?;
            if tag != self.previous_tag {
                return Err(corrupt("the last segment is not the one of its upload's checkpoint"));
            }
        }
        if size_bytes > end {
            file.truncate(end).map_err(|error| BlobError::io("truncate an object", error))?;
        }
        self.carry = carry;
        Ok(self)
    }

    /// Hashes, seals and writes the first `count` segments of `buffer`, all of them full, and
    /// leaves in `buffer` what follows them.
    pub(crate) fn seal_inner(
        &mut self,
        buffer: &mut SegmentBuffer,
        count: usize,
    ) -> Result<(), BlobError> {
        if count > 0 {
            self.seal(buffer, count)?.write(buffer)?;
            buffer.drop_front(count, self.sealed_segments);
        }
        Ok(())
    }

    /// Hashes and seals the first `count` segments of `buffer`, at least one and all of them full.
    /// They must be written, before or after those that are sealed next.
    pub(crate) fn seal(
        &mut self,
        buffer: &mut SegmentBuffer,
        count: usize,
    ) -> Result<Unwritten, BlobError> {
        let mut nonces = [0; NONCE_BYTES * BATCH_SEGMENTS_MAX];
        let (nonces, _) = nonces.as_chunks_mut::<NONCE_BYTES>();
        self.entropy.fill(nonces[..count].as_flattened_mut());
        let offset = block_offset(self.sealed_segments);
        buffer.room_before().copy_from_slice(&self.carry);
        for (index, nonce) in nonces[..count].iter().enumerate() {
            self.hash.update(buffer.text(index));
            self.seal_slot(SegmentKind::Inner, *nonce, buffer.slot(index))?;
            self.sealed_segments += 1;
        }
        let (_, rest) = whole_blocks(buffer.stored(count));
        self.carry.clear();
        self.carry.extend_from_slice(rest);
        Ok(Unwritten { file: self.file()?, offset, count })
    }

    /// Seals the only segment of `buffer` as the last one and makes the whole object durable.
    pub(crate) fn publish(
        &mut self,
        buffer: &mut SegmentBuffer,
        size_bytes: u64,
        digest: &Digest,
    ) -> Result<(), BlobError> {
        let offset = block_offset(self.sealed_segments);
        let nonce = self.entropy.bytes();
        let kind = SegmentKind::Last { size_bytes, digest };
        buffer.room_before().copy_from_slice(&self.carry);
        self.seal_slot(kind, nonce, buffer.slot(0))?;
        // Through the page cache, where it waits for the sync: there is nothing to overlap with.
        self.write(buffer.stored(1), offset)?;
        self.sync()?;
        let object_id = self.header.object_id;
        let reading = |error| BlobError::io("look at a finished object", error);
        let file = self.file()?;
        if file.size_bytes().map_err(reading)? != file_bytes(size_bytes) {
            return Err(BlobError::Corrupt { object_id, what: "the file changed while written" });
        }
        // Whoever removed the file meanwhile has made the upload void.
        if file.is_linked().map_err(reading)? {
            Ok(())
        } else {
            Err(BlobError::Missing { object_id })
        }
    }

    /// Writes what lies in the block that the next segment begins in, if there is a file.
    pub(crate) fn write_carry(&self) -> Result<(), BlobError> {
        let Some(file) = &self.file else { return Ok(()) };
        file.write_all_at(&self.carry, block_offset(self.sealed_segments)).map_err(writing)
    }

    /// Makes all that was written durable. After an error the file must not be trusted beyond the
    /// last success: the kernel may have dropped what it could not write and call the next sync
    /// a success.
    pub(crate) fn sync(&mut self) -> Result<(), BlobError> {
        let Some(file) = &self.file else { return Ok(()) };
        file.sync().map_err(|error| BlobError::io("make an object durable", error))?;
        if !self.folder_synced {
            file.sync_folder()
                .map_err(|error| BlobError::io("make an object's name durable", error))?;
            self.folder_synced = true;
        }
        Ok(())
    }

    /// The SHA-256 of everything sealed and of `rest`.
    pub(crate) fn sha256(&self, rest: &[u8]) -> Digest {
        Digest::Sha256(self.hash.clone().chain_update(rest).finalize().into())
    }

    /// The SHA-512 of everything sealed, which is read back from the file, and of `rest`.
    pub(crate) fn sha512(&self, rest: &[u8]) -> Result<Digest, BlobError> {
        self.write_carry()?;
        let object_id = self.header.object_id;
        let mut hash = Sha512::new();
        let (mut stored, mut text) = (vec![0; STORED_SEGMENT_BYTES], vec![0; SEGMENT_BYTES]);
        let mut previous = NO_TAG;
        for index in 0..self.sealed_segments {
            let file = self.file.as_ref().ok_or(BlobError::Missing { object_id })?;
            file.read_exact_at(&mut stored, segment_offset(index)).map_err(|error| {
                BlobError::object_io(object_id, "read an unfinished object", error)
            })?;
            previous = self
                .key
                .open(index, SegmentKind::Inner, &previous, &stored, &mut text)
                .map_err(|_| BlobError::Corrupt { object_id, what: "a segment does not open" })?;
            hash.update(&text);
        }
        if previous != self.previous_tag {
            return Err(BlobError::Corrupt { object_id, what: "the file changed while written" });
        }
        Ok(Digest::Sha512(hash.chain_update(rest).finalize().into()))
    }

    fn seal_slot(
        &mut self,
        kind: SegmentKind<'_>,
        nonce: [u8; NONCE_BYTES],
        slot: &mut [u8],
    ) -> Result<(), BlobError> {
        self.previous_tag = self
            .key
            .seal(self.sealed_segments, kind, &self.previous_tag, nonce, slot)
            .map_err(|_| cipher_refused())?;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8], offset: u64) -> Result<(), BlobError> {
        self.file()?.write_all_at(bytes, offset).map_err(writing)
    }

    /// The file, made if there was none.
    fn file(&mut self) -> Result<Arc<dyn ObjectFile>, BlobError> {
        if let Some(file) = &self.file {
            return Ok(Arc::clone(file));
        }
        let file = self
            .folder
            .create(self.header.object_id)
            .map_err(|error| BlobError::io("create an object", error))?;
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }
}

fn cipher_refused() -> BlobError {
    BlobError::io("seal a segment", io::Error::other("cipher refused"))
}

/// Sealed segments in a buffer, on their way into the file. What they leave in a block that is not
/// full is the sealer's.
#[must_use]
pub(crate) struct Unwritten {
    file: Arc<dyn ObjectFile>,
    /// Where the block begins that the first of them begins in.
    offset: u64,
    count: usize,
}

impl Unwritten {
    /// Writes them, which are in `buffer`. Blocks.
    pub(crate) fn write(&self, buffer: &SegmentBuffer) -> Result<(), BlobError> {
        let (blocks, _) = whole_blocks(buffer.stored(self.count));
        self.file.write_direct_at(blocks, self.offset).map_err(writing)
    }
}

fn writing(error: io::Error) -> BlobError {
    BlobError::io("write to an object", error)
}

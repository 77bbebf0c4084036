//! The blocking half of a writer: hashes, seals and writes what was received.

use std::io;
use std::sync::Arc;

use sha2::{Digest as _, Sha256, Sha512};
use wharfinger_core::{Digest, Entropy, EntropyExt};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::object_file::{ObjectFile, ObjectFolder};
use crate::received::Received;
use crate::segment::{
    NO_TAG, NONCE_BYTES, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, SegmentKey,
    SegmentKind, SegmentTag, TAG_BYTES, file_bytes, segment_offset,
};

/// Segments written at a time. What is sealed is still in the processor's cache when it is written.
const WRITE_SEGMENTS_MAX: usize = 4;
/// Bytes of memory a sealer takes for them.
pub(crate) const SEALED_BYTES_MAX: usize = HEADER_BYTES + WRITE_SEGMENTS_MAX * STORED_SEGMENT_BYTES;

/// An object file that grows, once there is one, and all that its next segment depends on.
///
/// The hash covers exactly the segments that are sealed; what was received beyond them is the
/// writer's. So the hash always stands at a segment boundary.
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
    /// Where segments are sealed, on their way into the file. Takes no memory before the first.
    pub(crate) sealed: Vec<u8>,
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
            folder,
            file: None,
            header,
            key,
            entropy,
            hash: Sha256::new(),
            sealed_segments: 0,
            previous_tag: NO_TAG,
            sealed: Vec::new(),
            folder_synced: false,
        }
    }

    /// The whole object as the bytes its file would have: `text` is all of it, one segment at the
    /// most.
    pub(crate) fn seal_inline(&self, text: &[u8], digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let mut sealed = vec![0; HEADER_BYTES + text.len() + SEGMENT_OVERHEAD_BYTES];
        sealed[..HEADER_BYTES].copy_from_slice(&self.header.encode());
        let kind = SegmentKind::Last { size_bytes: text.len() as u64, digest };
        let (nonce, slot) = (self.entropy.bytes(), &mut sealed[HEADER_BYTES..]);
        self.key.seal(0, kind, &NO_TAG, nonce, &[text], slot).map_err(|_| cipher_refused())?;
        Ok(sealed)
    }

    /// Takes over a file at a checkpoint: what lies behind it is dropped, what lies before it must
    /// be what the checkpoint saw.
    pub(crate) fn take_over(self) -> Result<Self, BlobError> {
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
        Ok(self)
    }

    /// Hashes, seals and writes the first `count` segments of `received`, all of them full, and
    /// leaves there what follows them.
    pub(crate) fn seal_inner(
        &mut self,
        received: &mut Received,
        count: usize,
    ) -> Result<(), BlobError> {
        let mut left = count;
        while left > 0 {
            let count = left.min(WRITE_SEGMENTS_MAX);
            self.seal(received, count, SegmentKind::Inner)?;
            left -= count;
        }
        Ok(())
    }

    /// Seals the only segment of `received` as the last one and makes the whole object durable.
    pub(crate) fn publish(
        &mut self,
        received: &mut Received,
        size_bytes: u64,
        digest: &Digest,
    ) -> Result<(), BlobError> {
        self.seal(received, 1, SegmentKind::Last { size_bytes, digest })?;
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

    /// The SHA-256 of everything sealed and of `rest`, in its parts.
    pub(crate) fn sha256(&self, rest: &[&[u8]]) -> Digest {
        let mut hash = self.hash.clone();
        rest.iter().for_each(|part| hash.update(part));
        Digest::Sha256(hash.finalize().into())
    }

    /// The SHA-512 of everything sealed, which is read back from the file, and of `rest`, in its
    /// parts.
    pub(crate) fn sha512(&self, rest: &[&[u8]]) -> Result<Digest, BlobError> {
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
        rest.iter().for_each(|part| hash.update(part));
        Ok(Digest::Sha512(hash.finalize().into()))
    }

    /// Seals the first `count` segments of `received`, [`WRITE_SEGMENTS_MAX`] at the most, and writes
    /// them, the first ones behind the header.
    fn seal(
        &mut self,
        received: &mut Received,
        count: usize,
        kind: SegmentKind<'_>,
    ) -> Result<(), BlobError> {
        let mut nonces = [[0; NONCE_BYTES]; WRITE_SEGMENTS_MAX];
        self.entropy.fill(nonces[..count].as_flattened_mut());
        self.sealed.resize(SEALED_BYTES_MAX, 0);
        let (offset, mut end) = match self.sealed_segments {
            0 => (0, HEADER_BYTES),
            sealed => (segment_offset(sealed), 0),
        };
        self.sealed[..end].copy_from_slice(&self.header.encode()[..end]);
        for nonce in &nonces[..count] {
            let segment = received.take_segment();
            let parts: Vec<&[u8]> = segment.iter().map(|part| &part[..]).collect();
            if let SegmentKind::Inner = kind {
                parts.iter().for_each(|part| self.hash.update(part));
            }
            let length =
                parts.iter().map(|part| part.len()).sum::<usize>() + SEGMENT_OVERHEAD_BYTES;
            let slot = &mut self.sealed[end..end + length];
            self.previous_tag = self
                .key
                .seal(self.sealed_segments, kind, &self.previous_tag, *nonce, &parts, slot)
                .map_err(|_| cipher_refused())?;
            self.sealed_segments += 1;
            end += length;
        }
        self.file()?
            .write_all_at(&self.sealed[..end], offset)
            .map_err(|error| BlobError::io("write to an object", error))
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

//! The blocking half of a writer: hashes, seals and writes what was received.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256, Sha512};
use wharfinger_core::{Digest, Entropy, EntropyExt};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::object_file::{ObjectFile, ObjectFolder};
use crate::outgoing::Outgoing;
use crate::received::Received;
use crate::segment::{
    NO_TAG, NONCE_BYTES, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, SegmentKey,
    SegmentKind, SegmentTag, TAG_BYTES, file_bytes, segment_offset,
};

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
    /// What is sealed and not in the file; before the file begins, nothing.
    pub(crate) outgoing: Outgoing,
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
            outgoing: Outgoing::behind(0),
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
    /// leaves there what follows them. What does not fill a window of the file is not written before
    /// [`Self::flush`].
    pub(crate) fn seal_inner(
        &mut self,
        received: &mut Received,
        count: usize,
    ) -> Result<(), BlobError> {
        let mut nonces = vec![[0; NONCE_BYTES]; count];
        self.entropy.fill(nonces.as_flattened_mut());
        for nonce in nonces {
            let segment = received.take_segment();
            segment.iter().for_each(|part| self.hash.update(part));
            self.seal(SegmentKind::Inner, nonce, &segment)?;
            let file = self.file()?;
            self.outgoing.write_windows(&*file).map_err(writing)?;
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
        let nonce = self.entropy.bytes();
        self.seal(SegmentKind::Last { size_bytes, digest }, nonce, &received.take_segment())?;
        let file = self.file()?;
        self.sync()?;
        let object_id = self.header.object_id;
        let reading = |error| BlobError::io("look at a finished object", error);
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

    /// Writes what is sealed, if there is a file.
    pub(crate) fn flush(&mut self) -> Result<(), BlobError> {
        let Some(file) = &self.file else { return Ok(()) };
        self.outgoing.flush(&**file).map_err(writing)
    }

    /// Makes all that is sealed durable. After an error the file must not be trusted beyond the
    /// last success: the kernel may have dropped what it could not write and call the next sync
    /// a success.
    pub(crate) fn sync(&mut self) -> Result<(), BlobError> {
        self.flush()?;
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
    pub(crate) fn sha512(&mut self, rest: &[&[u8]]) -> Result<Digest, BlobError> {
        self.flush()?;
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

    /// Seals the plaintext `segment`, in its parts; the first one behind the header.
    fn seal(
        &mut self,
        kind: SegmentKind<'_>,
        nonce: [u8; NONCE_BYTES],
        segment: &[Bytes],
    ) -> Result<(), BlobError> {
        if self.sealed_segments == 0 {
            self.outgoing.room(HEADER_BYTES).copy_from_slice(&self.header.encode());
        }
        let parts: Vec<&[u8]> = segment.iter().map(|part| &part[..]).collect();
        let length: usize = parts.iter().map(|part| part.len()).sum();
        let slot = self.outgoing.room(length + SEGMENT_OVERHEAD_BYTES);
        self.previous_tag = self
            .key
            .seal(self.sealed_segments, kind, &self.previous_tag, nonce, &parts, slot)
            .map_err(|_| cipher_refused())?;
        self.sealed_segments += 1;
        Ok(())
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

fn writing(error: io::Error) -> BlobError {
    BlobError::io("write to an object", error)
}

fn cipher_refused() -> BlobError {
    BlobError::io("seal a segment", io::Error::other("cipher refused"))
}

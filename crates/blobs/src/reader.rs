//! The way of an object out to a client.
//!
//! Opening an object proves that its last segment was sealed for the digest and the size asked
//! for. Reading follows the chain of segments up to it and gives the last segment away only if the
//! chain ends there, so that damaged bytes are never served as whole (ADR 0003).

use std::ops::Range;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::task::{JoinHandle, spawn_blocking};
use wharfinger_core::{Digest, ObjectId};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::key::KeyDomain;
use crate::object_file::ObjectFile;
use crate::segment::{
    NO_TAG, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, SegmentKey, SegmentKind,
    SegmentTag, TAG_BYTES, file_bytes, segment_count, segment_offset,
};

const CHUNK_SEGMENTS: u64 = 4;
/// Bytes of plaintext in the chunks a reader yields, but for the first and the last of a range. A
/// running stream holds two of them and the ciphertext of one, beside those its consumer keeps.
pub const CHUNK_BYTES: usize = CHUNK_SEGMENTS as usize * SEGMENT_BYTES;

/// What is read from the file before the key is known.
pub(crate) struct Opening {
    file: Arc<dyn ObjectFile>,
    pub(crate) header: Header,
    /// The tag before the last segment, if there is one, and the last segment.
    end: Vec<u8>,
}

impl Opening {
    /// Looks whether `file` can be the object asked for. Blocks.
    pub(crate) fn read(
        file: Arc<dyn ObjectFile>,
        object_id: ObjectId,
        domain: &KeyDomain,
        size_bytes: u64,
    ) -> Result<Self, BlobError> {
        let corrupt = |what| BlobError::Corrupt { object_id, what };
        let reading = |error| BlobError::object_io(object_id, "read an object", error);
        if file.size_bytes().map_err(reading)? != file_bytes(size_bytes) {
            return Err(corrupt("the file has not the size of the object"));
        }
        let mut header = [0; HEADER_BYTES];
        file.read_exact_at(&mut header, 0).map_err(reading)?;
        let header = Header::parse(&header).map_err(corrupt)?;
        if header.object_id != object_id {
            return Err(corrupt("the file is another object"));
        }
        if header.domain != *domain {
            return Err(corrupt("the object belongs to another key domain"));
        }
        let last = segment_count(size_bytes) - 1;
        let length = last_segment_bytes(size_bytes) + SEGMENT_OVERHEAD_BYTES;
        let before = if last > 0 { TAG_BYTES } else { 0 };
        let mut end = vec![0; before + length];
        file.read_exact_at(&mut end, segment_offset(last) - before as u64).map_err(reading)?;
        Ok(Self { file, header, end })
    }

    /// Opens the last segment for `digest`.
    pub(crate) fn prove(
        self,
        key: SegmentKey,
        size_bytes: u64,
        digest: &Digest,
    ) -> Result<ObjectReader, BlobError> {
        let object_id = self.header.object_id;
        let last = segment_count(size_bytes) - 1;
        let (last_previous, stored) = match self.end.split_first_chunk::<TAG_BYTES>() {
            Some((tag, stored)) if last > 0 => (*tag, stored),
            _ => (NO_TAG, &self.end[..]),
        };
        let mut text = vec![0; last_segment_bytes(size_bytes)];
        let kind = SegmentKind::Last { size_bytes, digest };
        key.open(last, kind, &last_previous, stored, &mut text).map_err(|_| {
            let what = "the last segment does not open for this digest and size";
            BlobError::Corrupt { object_id, what }
        })?;
        let source = Source { file: self.file, key, size_bytes, last_previous, last: text.into() };
        Ok(ObjectReader { source: Arc::new(source) })
    }
}

/// An object that was found to be the one asked for, as far as its end can tell.
#[derive(Clone)]
pub struct ObjectReader {
    source: Arc<Source>,
}

impl ObjectReader {
    /// Bytes of the object.
    pub fn size_bytes(&self) -> u64 {
        self.source.size_bytes
    }

    /// The whole object in chunks of [`CHUNK_BYTES`] and less. An `Err` ends the stream, and then
    /// the last segment was not yielded: what came before must not be taken for the object.
    pub fn read_all(&self) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
        read(&self.source, 0..self.source.size_bytes)
    }

    /// The bytes from `start` to `end_inclusive`, counted from zero, as HTTP ranges are (RFC 9110,
    /// section 14.1.2). Reads and decrypts only the segments they lie in.
    ///
    /// A range that leaves out segments proves that each byte is the one sealed at its place by
    /// some session of this object's upload; only the whole chain proves which session.
    pub fn read_range(
        &self,
        start: u64,
        end_inclusive: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, BlobError> {
        let size_bytes = self.source.size_bytes;
        if start > end_inclusive || end_inclusive >= size_bytes {
            return Err(BlobError::OutOfRange { size_bytes });
        }
        Ok(read(&self.source, start..end_inclusive + 1))
    }
}

impl std::fmt::Debug for ObjectReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let source = &self.source;
        write!(f, "ObjectReader({}, {} bytes)", source.key.object_id(), source.size_bytes)
    }
}

struct Source {
    file: Arc<dyn ObjectFile>,
    key: SegmentKey,
    size_bytes: u64,
    /// The tag that the last segment was sealed behind.
    last_previous: SegmentTag,
    last: Bytes,
}

/// One chunk on its way: decrypted, with the tag its last segment has.
struct Chunk {
    text: Vec<u8>,
    stored: Vec<u8>,
    tag: SegmentTag,
}

impl Source {
    fn corrupt(&self, what: &'static str) -> BlobError {
        BlobError::Corrupt { object_id: self.key.object_id(), what }
    }

    /// Reads and opens `segments`, none of which is the last of the object. `previous` is the tag
    /// before them, where it is known from the chunk before. Blocks.
    fn read_chunk(
        &self,
        segments: Range<u64>,
        previous: Option<SegmentTag>,
        mut stored: Vec<u8>,
        mut text: Vec<u8>,
    ) -> Result<Chunk, BlobError> {
        let count = (segments.end - segments.start) as usize;
        let before = if segments.start > 0 { TAG_BYTES } else { 0 };
        stored.resize(before + count * STORED_SEGMENT_BYTES, 0);
        text.resize(count * SEGMENT_BYTES, 0);
        let offset = segment_offset(segments.start) - before as u64;
        self.file
            .read_exact_at(&mut stored, offset)
            .map_err(|error| BlobError::object_io(self.key.object_id(), "read an object", error))?;
        let mut tag = NO_TAG;
        tag[..before].copy_from_slice(&stored[..before]);
        if previous.is_some_and(|previous| previous != tag) {
            return Err(self.corrupt("the file changed while it was read"));
        }
        let slots = stored[before..].chunks_exact(STORED_SEGMENT_BYTES);
        for ((index, slot), text) in segments.zip(slots).zip(text.chunks_exact_mut(SEGMENT_BYTES)) {
            tag = self
                .key
                .open(index, SegmentKind::Inner, &tag, slot, text)
                .map_err(|_| self.corrupt("a segment does not open"))?;
        }
        Ok(Chunk { text, stored, tag })
    }
}

/// Where a stream stands.
struct Reading {
    source: Arc<Source>,
    range: Range<u64>,
    /// Segments before the last that are still to be asked for.
    segments: Range<u64>,
    /// The chunk that is being read, and the place of its first byte in the object.
    ahead: Option<(u64, JoinHandle<Result<Chunk, BlobError>>)>,
    /// The tag of the segment read last.
    tag: Option<SegmentTag>,
    spent: Arc<Spent>,
    wants_last: bool,
}

fn read(
    source: &Arc<Source>,
    range: Range<u64>,
) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
    let last = segment_count(source.size_bytes) - 1;
    let end = range.end.div_ceil(SEGMENT_BYTES as u64);
    let first = range.start / SEGMENT_BYTES as u64;
    let reading = Reading {
        source: Arc::clone(source),
        segments: first.min(last)..end.min(last),
        wants_last: end > last && !range.is_empty(),
        range,
        ahead: None,
        tag: None,
        spent: Arc::default(),
    };
    stream::unfold(Some(reading), async |reading| {
        let mut reading = reading?;
        match reading.next().await {
            Ok(Some(bytes)) => Some((Ok(bytes), Some(reading))),
            Ok(None) => None,
            Err(error) => Some((Err(error), None)),
        }
    })
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Bytes>, BlobError> {
        if self.ahead.is_none() {
            self.read_ahead(Vec::new());
        }
        let Some((start, task)) = &mut self.ahead else { return self.last() };
        let start = *start;
        let chunk = task.await.map_err(|_| BlobError::Interrupted);
        self.ahead = None;
        let chunk = chunk??;
        self.tag = Some(chunk.tag);
        self.read_ahead(chunk.stored);
        let text = SpentOnDrop { text: chunk.text, spent: Arc::clone(&self.spent) };
        Ok(Some(self.cut(start, Bytes::from_owner(text))))
    }

    /// Has the next chunk read while the consumer is busy with this one.
    fn read_ahead(&mut self, stored: Vec<u8>) {
        if self.segments.is_empty() {
            return;
        }
        let next = self.segments.start..self.segments.end.min(self.segments.start + CHUNK_SEGMENTS);
        self.segments.start = next.end;
        let start = next.start * SEGMENT_BYTES as u64;
        let (source, previous, text) = (Arc::clone(&self.source), self.tag, self.spent.take());
        let task = spawn_blocking(move || source.read_chunk(next, previous, stored, text));
        self.ahead = Some((start, task));
    }

    /// The last segment, if it is wanted and the chain that was read ends at it.
    fn last(&mut self) -> Result<Option<Bytes>, BlobError> {
        if !std::mem::take(&mut self.wants_last) {
            return Ok(None);
        }
        if self.tag.is_some_and(|tag| tag != self.source.last_previous) {
            return Err(self.source.corrupt("the file changed while it was read"));
        }
        let start = (segment_count(self.source.size_bytes) - 1) * SEGMENT_BYTES as u64;
        Ok(Some(self.cut(start, self.source.last.clone())))
    }

    /// What the range has of `bytes`, which begin at `start`.
    fn cut(&self, start: u64, bytes: Bytes) -> Bytes {
        let length = bytes.len() as u64;
        let from = self.range.start.saturating_sub(start).min(length);
        let to = self.range.end.saturating_sub(start).min(length);
        bytes.slice(from as usize..to.max(from) as usize)
    }
}

/// Buffers whose bytes were sent, for the chunks to come: a fresh one costs its page faults.
#[derive(Default)]
struct Spent(Mutex<Vec<Vec<u8>>>);

impl Spent {
    fn take(&self) -> Vec<u8> {
        self.0.lock().ok().and_then(|mut buffers| buffers.pop()).unwrap_or_default()
    }
}

struct SpentOnDrop {
    text: Vec<u8>,
    spent: Arc<Spent>,
}

impl AsRef<[u8]> for SpentOnDrop {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

impl Drop for SpentOnDrop {
    fn drop(&mut self) {
        if let Ok(mut buffers) = self.spent.0.lock()
            && buffers.len() < 2
        {
            buffers.push(std::mem::take(&mut self.text));
        }
    }
}

fn last_segment_bytes(size_bytes: u64) -> usize {
    (size_bytes - (segment_count(size_bytes) - 1) * SEGMENT_BYTES as u64) as usize
}

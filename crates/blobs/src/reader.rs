//! The way of an object out to a client.
//!
//! Opening an object proves that its last segment was sealed for the digest and the size asked
//! for. Reading follows the chain of segments up to it and gives the last segment away only if the
//! chain ends there, so that damaged bytes are never served as whole (ADR 0003).

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, Stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::Instant;
use wharfinger_core::{Digest, ObjectId};

use crate::BlobError;
use crate::header::{HEADER_BYTES, Header};
use crate::key::KeyDomain;
use crate::object_file::ObjectFile;
use crate::read_room::{ReadRoom, Wide};
use crate::segment::{
    NO_TAG, SEGMENT_BYTES, SEGMENT_OVERHEAD_BYTES, STORED_SEGMENT_BYTES, SegmentKey, SegmentKind,
    SegmentTag, TAG_BYTES, file_bytes, segment_count, segment_offset,
};

const CHUNK_SEGMENTS: u64 = 4;
/// Bytes of plaintext in the chunks a reader yields at the most. A running stream holds two of them
/// and the ciphertext of one; where too many run for that, one segment, beside what its consumer
/// keeps.
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
        room: ReadRoom,
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
        let last = text.into();
        let source = Source { file: self.file, key, size_bytes, last_previous, last, room };
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

    /// The whole object in chunks of [`CHUNK_BYTES`] and less. Where too many streams run, the next
    /// one comes when the consumer has let go of those before. An `Err` ends the stream, and then
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
    room: ReadRoom,
}

/// A consumer that takes longer than this for a chunk has no use for the next one being there
/// already.
const CONSUMER_PAUSE_MAX: Duration = Duration::from_millis(500);

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
    /// The right to read ahead, if the stream has it.
    wide: Option<Wide>,
    /// The right to have a segment with the consumer, of a stream that does not read ahead.
    held: Arc<Semaphore>,
    /// When the last chunk was handed out.
    yielded_at: Option<Instant>,
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
        wide: None,
        held: Arc::new(Semaphore::new(1)),
        yielded_at: None,
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
        self.choose_width();
        let mut held = None;
        if self.ahead.is_none() {
            if self.wide.is_none() {
                // Read after the one before was let go of, whatever the consumer would hoard.
                held = Arc::clone(&self.held).acquire_owned().await.ok();
            }
            self.read_ahead(Vec::new());
        }
        let Some((start, task)) = &mut self.ahead else { return self.last() };
        let start = *start;
        let chunk = task.await.map_err(|_| BlobError::Interrupted);
        self.ahead = None;
        let chunk = chunk??;
        self.tag = Some(chunk.tag);
        self.yielded_at = Some(Instant::now());
        if self.wide.is_none() {
            let text = HeldText { text: chunk.text, _held: held };
            return Ok(Some(self.cut(start, Bytes::from_owner(text))));
        }
        self.read_ahead(chunk.stored);
        let text = SpentOnDrop { text: chunk.text, spent: Arc::clone(&self.spent) };
        Ok(Some(self.cut(start, Bytes::from_owner(text))))
    }

    /// Gets the right to read ahead, or gives it up if the consumer is slow.
    fn choose_width(&mut self) {
        if self.yielded_at.is_some_and(|at| at.elapsed() > CONSUMER_PAUSE_MAX) {
            self.wide = None;
        } else if self.wide.is_none() {
            self.wide = self.source.room.try_take();
        }
        if self.wide.is_none() {
            self.spent.clear();
        }
    }

    /// Has the next chunk read, while the consumer is busy with this one.
    fn read_ahead(&mut self, stored: Vec<u8>) {
        if self.segments.is_empty() {
            return;
        }
        let count = if self.wide.is_some() { CHUNK_SEGMENTS } else { 1 };
        let next = self.segments.start..self.segments.end.min(self.segments.start + count);
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

    fn clear(&self) {
        if let Ok(mut buffers) = self.0.lock() {
            buffers.clear();
        }
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

/// A segment that its consumer has.
struct HeldText {
    text: Vec<u8>,
    _held: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for HeldText {
    fn as_ref(&self) -> &[u8] {
        &self.text
    }
}

fn last_segment_bytes(size_bytes: u64) -> usize {
    (size_bytes - (segment_count(size_bytes) - 1) * SEGMENT_BYTES as u64) as usize
}

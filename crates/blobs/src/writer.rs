//! The way of an upload into an object.

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, spawn_blocking};
use wharfinger_core::ObjectId;

use crate::checkpoint::UploadCheckpoint;
use crate::finished::Finished;
use crate::key::KeyDomain;
use crate::mark::Mark;
use crate::object_file::ObjectFolder;
use crate::sealer::Sealer;
use crate::segment_buffer::{BUFFER_BYTES_MAX, SegmentBuffer};
use crate::write_room::{BATCH_SEGMENTS_MIN, WriteRoom, Writing};
use crate::{BlobError, SEGMENT_BYTES};

/// Batches on their way: one that is sealed while the one before is written.
const BATCHES_MAX: usize = 2;
/// Bytes of buffers a writer holds at the most: those on their way, and one that fills.
pub const WRITER_MEMORY_BYTES_MAX: usize = (BATCHES_MAX + 1) * BUFFER_BYTES_MAX;
/// Bytes an object has at the least before anything of it is written to a file.
pub const UNWRITTEN_BYTES: u64 = (BATCH_SEGMENTS_MIN * SEGMENT_BYTES) as u64;

/// An object in the making.
///
/// Nothing it has taken is safe before [`Self::checkpoint`] or [`Finished::publish`] has succeeded.
/// After any error, and after a call whose future was dropped half-way, the writer may be poisoned:
/// every further call fails, and the upload goes on from its last checkpoint through
/// [`crate::BlobStore::resume`]. Dropping a writer leaves its file for that.
pub struct ObjectWriter {
    stage: Stage,
    /// All the plaintext there is, as long as it is one segment at the most; `None` from then on.
    /// While it is there, the store holds nothing of the object, and nothing of it blocks.
    whole: Option<Vec<u8>>,
    /// The batches on their way, in their order; two at the most.
    batches: VecDeque<JoinHandle<Result<SegmentBuffer, BlobError>>>,
    filling: SegmentBuffer,
    room: WriteRoom,
    /// While it goes into a file.
    writing: Option<Writing>,
    size_bytes: u64,
    object_id: ObjectId,
    domain: KeyDomain,
    folder: Arc<dyn ObjectFolder>,
}

enum Stage {
    Idle(Box<Sealer>),
    /// The last batch is being sealed; the sealer comes back when it only has to be written.
    Busy(oneshot::Receiver<Box<Sealer>>),
    Poisoned,
}

impl ObjectWriter {
    pub(crate) fn new(sealer: Sealer, folder: Arc<dyn ObjectFolder>, room: WriteRoom) -> Self {
        let mut filling = SegmentBuffer::default();
        filling.begin_at(sealer.sealed_segments, room.batch_segments());
        Self {
            object_id: sealer.header.object_id,
            domain: sealer.header.domain.clone(),
            stage: Stage::Idle(Box::new(sealer)),
            whole: Some(Vec::new()),
            batches: VecDeque::new(),
            filling,
            room,
            writing: None,
            size_bytes: 0,
            folder,
        }
    }

    /// The writer at a checkpoint: `rest` is the plaintext that `sealer` has not sealed.
    pub(crate) fn resumed(
        sealer: Sealer,
        rest: Vec<u8>,
        folder: Arc<dyn ObjectFolder>,
        room: WriteRoom,
    ) -> Self {
        let size_bytes = sealer.sealed_segments * SEGMENT_BYTES as u64 + rest.len() as u64;
        let mut writer = Self::new(sealer, folder, room);
        writer.writing = Some(writer.room.enter());
        writer.whole = None;
        writer.filling.fill_from(&mut Bytes::from(rest));
        writer.size_bytes = size_bytes;
        writer
    }

    /// The writer of a new object that has taken `whole` already: one segment at the most.
    pub(crate) fn holding(self, whole: Vec<u8>) -> Self {
        Self { size_bytes: whole.len() as u64, whole: Some(whole), ..self }
    }

    /// The id the object will have.
    pub fn object_id(&self) -> ObjectId {
        self.object_id
    }

    /// The object, if the store may hold something of it that has to be deleted when it is given
    /// up. `None` while all there is fits into one segment: that is in the checkpoint.
    pub fn begun_object(&self) -> Option<ObjectId> {
        self.whole.is_none().then_some(self.object_id)
    }

    /// The key domain the object belongs to.
    pub fn domain(&self) -> &KeyDomain {
        &self.domain
    }

    /// Bytes of plaintext taken so far.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }

    /// Takes `bytes`. Returns at once while there is room in a buffer; waits for the disk when all
    /// are full, so a writer never holds more than [`WRITER_MEMORY_BYTES_MAX`].
    ///
    /// If the future is dropped, a part of `bytes` may have been taken: [`Self::size_bytes`] tells.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        if matches!(self.stage, Stage::Poisoned) {
            return Err(BlobError::Poisoned);
        }
        if let Some(whole) = &mut self.whole
            && whole.len() + bytes.len() <= SEGMENT_BYTES
        {
            whole.extend_from_slice(&bytes);
            self.size_bytes += bytes.len() as u64;
            return Ok(());
        }
        self.begin_segments();
        while !bytes.is_empty() {
            // Only now is it known that the last segment inside is not the last of the object.
            if self.filling.is_full() {
                self.hand_over().await?;
            }
            let before = bytes.len();
            self.filling.fill_from(&mut bytes);
            self.size_bytes += (before - bytes.len()) as u64;
        }
        Ok(())
    }

    /// Makes everything taken so far durable. The caller stores the checkpoint in the transaction
    /// that acknowledges it; the file and the checkpoint together are the upload.
    pub async fn checkpoint(&mut self) -> Result<UploadCheckpoint, BlobError> {
        let size_bytes = self.size_bytes;
        if let Some(whole) = &self.whole {
            return UploadCheckpoint::seal(self.idle()?, size_bytes, whole);
        }
        self.run(move |sealer, buffer| {
            sealer.seal_inner(buffer, buffer.segments().saturating_sub(1))?;
            sealer.write_carry()?;
            sealer.sync()?;
            UploadCheckpoint::seal(sealer, size_bytes, buffer.text(0))
        })
        .await
    }

    /// The same without waiting for the disk: the writer goes on while [`Mark::sync`] makes durable
    /// what it has taken up to here.
    pub async fn mark(&mut self) -> Result<Mark, BlobError> {
        let size_bytes = self.size_bytes;
        if let Some(whole) = &self.whole {
            let checkpoint = UploadCheckpoint::seal(self.idle()?, size_bytes, whole)?;
            return Ok(Mark::new(None, true, checkpoint));
        }
        self.run(move |sealer, buffer| {
            sealer.seal_inner(buffer, buffer.segments().saturating_sub(1))?;
            sealer.write_carry()?;
            let checkpoint = UploadCheckpoint::seal(sealer, size_bytes, buffer.text(0))?;
            Ok(Mark::new(sealer.file.clone(), sealer.folder_synced, checkpoint))
        })
        .await
    }

    /// Ends the plaintext here and computes its digest. Nothing is visible or promised yet.
    pub async fn finish(mut self) -> Result<Finished, BlobError> {
        if let Some(whole) = &self.whole {
            let digest = self.idle()?.sha256(whole);
            return Ok(Finished::new(self, digest));
        }
        let digest = self
            .run(|sealer, buffer| {
                sealer.seal_inner(buffer, buffer.segments().saturating_sub(1))?;
                Ok(sealer.sha256(buffer.text(0)))
            })
            .await?;
        Ok(Finished::new(self, digest))
    }

    pub(crate) fn folder(&self) -> Arc<dyn ObjectFolder> {
        Arc::clone(&self.folder)
    }

    /// All the plaintext, if the store holds nothing of the object.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        self.whole.as_deref()
    }

    /// From here on the plaintext goes through the buffers into segments of a file.
    pub(crate) fn begin_segments(&mut self) {
        if let Some(whole) = self.whole.take() {
            self.writing = Some(self.room.enter());
            self.filling.fill_from(&mut Bytes::from(whole));
        }
    }

    /// The sealer, which nobody uses at the moment.
    pub(crate) fn idle(&self) -> Result<&Sealer, BlobError> {
        match &self.stage {
            Stage::Idle(sealer) => Ok(sealer),
            Stage::Busy(_) | Stage::Poisoned => Err(BlobError::Poisoned),
        }
    }

    /// Waits until no batch is being sealed or written, whatever came of it.
    pub(crate) async fn settle(&mut self) -> Result<(), BlobError> {
        self.seal_ended().await?;
        while self.oldest_written().await?.is_some() {}
        Ok(())
    }

    /// Waits until no batch is being sealed.
    async fn seal_ended(&mut self) -> Result<(), BlobError> {
        let Stage::Busy(sealer) = &mut self.stage else { return Ok(()) };
        let sealer = sealer.await;
        self.stage = sealer.map_or(Stage::Poisoned, Stage::Idle);
        Ok(())
    }

    /// Waits until the oldest batch is in the file, and gives its buffer; `None` if there is none.
    async fn oldest_written(&mut self) -> Result<Option<SegmentBuffer>, BlobError> {
        let Some(batch) = self.batches.front_mut() else { return Ok(None) };
        let written = batch.await.map_err(|_| BlobError::Interrupted).flatten();
        self.batches.pop_front();
        if written.is_err() {
            self.stage = Stage::Poisoned;
            self.batches.clear();
        }
        written.map(Some)
    }

    /// Has `work` done with everything in order, on a thread that may block. Only success leaves
    /// the writer usable.
    pub(crate) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Sealer, &mut SegmentBuffer) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        self.settle().await?;
        let Stage::Idle(mut sealer) = mem::replace(&mut self.stage, Stage::Poisoned) else {
            return Err(BlobError::Poisoned);
        };
        let mut buffer = mem::take(&mut self.filling);
        let task = spawn_blocking(move || {
            let result = work(&mut sealer, &mut buffer)?;
            Ok::<_, BlobError>((sealer, buffer, result))
        });
        let (sealer, buffer, result) = task.await.map_err(|_| BlobError::Interrupted)??;
        self.stage = Stage::Idle(sealer);
        self.filling = buffer;
        Ok(result)
    }

    /// Has the full buffer sealed and written, the former when those before it are sealed, and begins
    /// to fill another one. What was done when the future is dropped stays done.
    async fn hand_over(&mut self) -> Result<(), BlobError> {
        self.seal_ended().await?;
        let mut spent = None;
        // Of a slow sender, one has been written long since: it gets along with two buffers.
        while self.batches.len() == BATCHES_MAX
            || self.batches.front().is_some_and(JoinHandle::is_finished)
        {
            spent = self.oldest_written().await?;
        }
        let Stage::Idle(mut sealer) = mem::replace(&mut self.stage, Stage::Poisoned) else {
            // The reason is what became of the batches.
            while self.oldest_written().await?.is_some() {}
            return Err(BlobError::Poisoned);
        };
        let mut buffer = mem::replace(&mut self.filling, spent.unwrap_or_default());
        let first = self.size_bytes / SEGMENT_BYTES as u64;
        self.filling.begin_at(first, self.room.batch_segments());
        let segments = buffer.segments();
        let (give_back, sealer_back) = oneshot::channel();
        self.stage = Stage::Busy(sealer_back);
        self.batches.push_back(spawn_blocking(move || {
            let unwritten = sealer.seal(&mut buffer, segments)?;
            // Whoever dropped the writer wants neither.
            let _ = give_back.send(sealer);
            unwritten.write(&buffer)?;
            Ok(buffer)
        }));
        Ok(())
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectWriter({}, {} bytes)", self.object_id, self.size_bytes)
    }
}

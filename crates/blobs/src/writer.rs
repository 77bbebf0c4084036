//! The way of an upload into an object.

use std::fmt;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};
use wharfinger_core::ObjectId;

use crate::checkpoint::UploadCheckpoint;
use crate::finished::Finished;
use crate::key::KeyDomain;
use crate::mark::Mark;
use crate::object_file::ObjectFolder;
use crate::outgoing::OUTGOING_BYTES_MAX;
use crate::received::Received;
use crate::sealer::Sealer;
use crate::write_room::{BATCH_SEGMENTS_MAX, BATCH_SEGMENTS_MIN, WriteRoom, Writing};
use crate::{BlobError, SEGMENT_BYTES};

/// Bytes a writer holds at the most: a batch of plaintext that is sealed and written, one that is
/// received meanwhile, and what is sealed and not yet written. The plaintext is what callers handed
/// over, and may keep alive more memory of theirs; only of small pieces copies are made.
pub const WRITER_MEMORY_BYTES_MAX: usize =
    2 * BATCH_SEGMENTS_MAX * SEGMENT_BYTES + OUTGOING_BYTES_MAX;
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
    /// The batch that fills.
    received: Received,
    /// How long it may become.
    batch_bytes: usize,
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
    /// A batch is being sealed and written.
    Busy(JoinHandle<Result<Box<Sealer>, BlobError>>),
    Poisoned,
}

impl ObjectWriter {
    pub(crate) fn new(sealer: Sealer, folder: Arc<dyn ObjectFolder>, room: WriteRoom) -> Self {
        Self {
            object_id: sealer.header.object_id,
            domain: sealer.header.domain.clone(),
            stage: Stage::Idle(Box::new(sealer)),
            whole: Some(Vec::new()),
            received: Received::default(),
            batch_bytes: room.batch_segments() * SEGMENT_BYTES,
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
        writer.receive(&mut Bytes::from(rest));
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

    /// Takes `bytes`. Returns at once while the batch has room for them; waits for the one before to be
    /// written when it is full, so a writer never holds more than [`WRITER_MEMORY_BYTES_MAX`].
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
            if self.received.len() >= self.batch_bytes {
                self.hand_over().await?;
            }
            let before = bytes.len();
            self.receive(&mut bytes);
            self.size_bytes += (before - bytes.len()) as u64;
        }
        Ok(())
    }

    /// Makes everything taken so far durable. The caller stores the checkpoint in the transaction
    /// that acknowledges it; the file and the checkpoint together are the upload.
    pub async fn checkpoint(&mut self) -> Result<UploadCheckpoint, BlobError> {
        let size_bytes = self.size_bytes;
        if let Some(whole) = &self.whole {
            return UploadCheckpoint::seal(self.idle()?, size_bytes, &[whole]);
        }
        self.run(move |sealer, received| {
            sealer.seal_inner(received, received.segments().saturating_sub(1))?;
            sealer.sync()?;
            UploadCheckpoint::seal(sealer, size_bytes, &received.parts())
        })
        .await
    }

    /// The same without waiting for the disk: the writer goes on while [`Mark::sync`] makes durable
    /// what it has taken up to here.
    pub async fn mark(&mut self) -> Result<Mark, BlobError> {
        let size_bytes = self.size_bytes;
        if let Some(whole) = &self.whole {
            let checkpoint = UploadCheckpoint::seal(self.idle()?, size_bytes, &[whole])?;
            return Ok(Mark::new(None, true, checkpoint));
        }
        self.run(move |sealer, received| {
            sealer.seal_inner(received, received.segments().saturating_sub(1))?;
            sealer.flush()?;
            let checkpoint = UploadCheckpoint::seal(sealer, size_bytes, &received.parts())?;
            Ok(Mark::new(sealer.file.clone(), sealer.folder_synced, checkpoint))
        })
        .await
    }

    /// Ends the plaintext here and computes its digest. Nothing is visible or promised yet.
    pub async fn finish(mut self) -> Result<Finished, BlobError> {
        if let Some(whole) = &self.whole {
            let digest = self.idle()?.sha256(&[whole]);
            return Ok(Finished::new(self, digest));
        }
        let digest = self
            .run(|sealer, received| {
                sealer.seal_inner(received, received.segments().saturating_sub(1))?;
                Ok(sealer.sha256(&received.parts()))
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

    /// From here on the plaintext goes into segments of a file.
    pub(crate) fn begin_segments(&mut self) {
        if let Some(whole) = self.whole.take() {
            self.writing = Some(self.room.enter());
            self.receive(&mut Bytes::from(whole));
        }
    }

    fn receive(&mut self, bytes: &mut Bytes) {
        self.received.fill_from(bytes, self.batch_bytes);
    }

    /// The sealer, which nobody uses at the moment.
    pub(crate) fn idle(&self) -> Result<&Sealer, BlobError> {
        match &self.stage {
            Stage::Idle(sealer) => Ok(sealer),
            Stage::Busy(_) | Stage::Poisoned => Err(BlobError::Poisoned),
        }
    }

    /// Waits until no batch is being sealed or written. Dropped half-way, it can be called again.
    async fn settle(&mut self) -> Result<(), BlobError> {
        let Stage::Busy(batch) = &mut self.stage else { return Ok(()) };
        let written = batch.await.map_err(|_| BlobError::Interrupted).flatten();
        // If it went wrong, this is what the writer is from now on.
        self.stage = Stage::Poisoned;
        self.stage = Stage::Idle(written?);
        Ok(())
    }

    /// The sealer, to be handed to another thread once no batch is under way. Until it is put back
    /// the writer is poisoned.
    async fn take_sealer(&mut self) -> Result<Box<Sealer>, BlobError> {
        self.settle().await?;
        match mem::replace(&mut self.stage, Stage::Poisoned) {
            Stage::Idle(sealer) => Ok(sealer),
            Stage::Busy(_) | Stage::Poisoned => Err(BlobError::Poisoned),
        }
    }

    /// Has `work` done with everything in order, on a thread that may block. Only success leaves
    /// the writer usable.
    pub(crate) async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Sealer, &mut Received) -> Result<T, BlobError> + Send + 'static,
    ) -> Result<T, BlobError> {
        let mut sealer = self.take_sealer().await?;
        let mut received = mem::take(&mut self.received);
        let task = spawn_blocking(move || {
            let result = work(&mut sealer, &mut received)?;
            Ok::<_, BlobError>((sealer, received, result))
        });
        let (sealer, received, result) = task.await.map_err(|_| BlobError::Interrupted)??;
        self.stage = Stage::Idle(sealer);
        self.received = received;
        Ok(result)
    }

    /// Has the full batch sealed and written, once the one before is, and begins another one: at once, or
    /// where many uploads keep the machine busy, when that is done. What was done when the future is
    /// dropped stays done.
    async fn hand_over(&mut self) -> Result<(), BlobError> {
        let mut sealer = self.take_sealer().await?;
        let mut batch = mem::take(&mut self.received);
        self.batch_bytes = self.room.batch_segments() * SEGMENT_BYTES;
        self.stage = Stage::Busy(spawn_blocking(move || {
            let segments = batch.segments();
            sealer.seal_inner(&mut batch, segments)?;
            Ok(sealer)
        }));
        match self.room.receives_ahead() {
            true => Ok(()),
            false => self.settle().await,
        }
    }
}

impl fmt::Debug for ObjectWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectWriter({}, {} bytes)", self.object_id, self.size_bytes)
    }
}

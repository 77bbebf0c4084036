//! The row of an upload follows the bytes of a long body while more of them come.
//!
//! A client may send a whole layer in one request. What has arrived is made durable every
//! [`UPLOAD_CHECKPOINT_BYTES`], beside the stream, so that a server that is killed in the middle
//! finds it again; and before there is a file, the row says which one it will be, so that none is
//! ever left behind that no row knows.

use std::mem;

use bytes::Bytes;
use tokio::task::JoinHandle;
use wharfinger_blobs::{Mark, ObjectWriter, SEGMENT_BYTES, UNWRITTEN_BYTES};
use wharfinger_core::ObjectId;
use wharfinger_core::limits::UPLOAD_CHECKPOINT_BYTES;
use wharfinger_metadata::upload::{self, UploadRow};

use super::feed::Feed;
use super::not_found;
use crate::Error;

/// An upload's row, behind the bytes that stream in.
pub(super) struct Milestones {
    feed: Feed,
    /// As it is stored, but for what is under way.
    row: UploadRow,
    /// The size at which the next milestone is set.
    due_bytes: u64,
    /// A change of the row on its way; one at a time.
    under_way: Option<JoinHandle<Result<UploadRow, Error>>>,
}

impl Milestones {
    pub(super) fn new(feed: Feed, row: UploadRow) -> Self {
        let due_bytes = row.received_bytes.saturating_add(UPLOAD_CHECKPOINT_BYTES);
        Self { feed, row, due_bytes, under_way: None }
    }

    /// The row, as far as it is known to be stored.
    pub(super) fn row(&self) -> &UploadRow {
        &self.row
    }

    /// Writes one piece of a body, if the layer may be as long as that.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`]; after any other one the writer is to be given up.
    pub(super) async fn write(
        &mut self,
        limit: u64,
        writer: &mut ObjectWriter,
        chunk: Bytes,
    ) -> Result<(), Error> {
        let size_bytes = writer.size_bytes().saturating_add(chunk.len() as u64);
        if size_bytes > limit {
            return Err(Error::LimitExceeded { what: "bytes per layer", limit });
        }
        if self.row.object_id.is_none() {
            self.claim(writer.object_id(), size_bytes).await?;
        }
        writer.write(chunk).await?;
        if size_bytes >= self.due_bytes {
            self.set(writer).await?;
        }
        Ok(())
    }

    /// Waits for what is under way, and answers the row as it is stored and what is to be said of
    /// the body now: a milestone that failed goes before what else went wrong.
    pub(super) async fn end(
        mut self,
        outcome: Result<(), Error>,
    ) -> (UploadRow, Result<(), Error>) {
        let settled = self.settle().await;
        (self.row, settled.and(outcome))
    }

    /// Has the row name the object, once it is to be more than a single segment.
    async fn claim(&mut self, object_id: ObjectId, size_bytes: u64) -> Result<(), Error> {
        if size_bytes > SEGMENT_BYTES as u64 && self.under_way.is_none() {
            let (feed, row) = (self.feed.clone(), self.row.clone());
            self.under_way = Some(tokio::spawn(feed.claim(row, object_id)));
        }
        // Before anything is written to the file, the row names it.
        match size_bytes > UNWRITTEN_BYTES {
            true => self.settle().await,
            false => Ok(()),
        }
    }

    /// Sets a milestone where the writer is, unless the one before is still under way: a disk that
    /// is slower than the network has fewer of them.
    async fn set(&mut self, writer: &mut ObjectWriter) -> Result<(), Error> {
        if self.under_way.as_ref().is_some_and(|task| !task.is_finished()) {
            return Ok(());
        }
        self.settle().await?;
        let (mark, object_id) = (writer.mark().await?, writer.object_id());
        self.due_bytes = mark.size_bytes().saturating_add(UPLOAD_CHECKPOINT_BYTES);
        let (feed, row) = (self.feed.clone(), self.row.clone());
        self.under_way = Some(tokio::spawn(feed.pass(row, object_id, mark)));
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), Error> {
        if let Some(task) = self.under_way.take() {
            self.row = task.await.map_err(|error| Error::Server(Box::new(error)))??;
        }
        Ok(())
    }
}

impl Feed {
    async fn claim(self, mut row: UploadRow, object_id: ObjectId) -> Result<UploadRow, Error> {
        let upload_id = row.upload_id;
        let claimed = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(upload::claim_object(tx, &upload_id, &object_id).await?)
                })
            })
            .await?;
        row.object_id = Some(object_id);
        if claimed { Ok(row) } else { Err(not_found(&self.resource, upload_id)) }
    }

    async fn pass(
        self,
        mut row: UploadRow,
        object_id: ObjectId,
        mark: Mark,
    ) -> Result<UploadRow, Error> {
        let checkpoint = mark.sync().await?;
        let was_received = mem::replace(&mut row.received_bytes, checkpoint.size_bytes());
        row.object_id = Some(object_id);
        row.checkpoint = Some(checkpoint.into_bytes());
        row.updated_at = self.clock.now();
        match self.advance(row.clone(), was_received).await? {
            true => Ok(row),
            false => Err(not_found(&self.resource, row.upload_id)),
        }
    }
}

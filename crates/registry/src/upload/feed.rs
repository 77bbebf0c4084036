//! Bytes that stream into an upload: `PATCH`, and the body of a `PUT` or a single `POST`.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::UploadLayerPart;
use wharfinger_blobs::{BlobStore, ObjectWriter, UploadCheckpoint};
use wharfinger_core::{Clock, ObjectId, UploadId};
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{Metadata, blob};

use super::milestone::Milestones;
use super::room::body_failure;
use super::{UploadProgress, invalid_part, keeps, not_found};
use crate::kind_limits::KindLimits;
use crate::layer::parse_domain;
use crate::{Error, Registry};

/// What may go wrong with a body, as the edge that reads it says.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;

impl Registry {
    /// `[end-5] PATCH`: appends a body to an upload. `first_byte`, if the client names it, must be
    /// where the upload stands.
    ///
    /// The work goes on when the caller is gone: a connection that breaks makes the body fail, and
    /// what had arrived until then is kept for the client to go on with.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`], [`Error::InvalidLayerPart`], [`Error::BodyInterrupted`],
    /// [`Error::LimitExceeded`] beyond the bytes a layer may have, [`Error::Throttling`] while there
    /// is no room for it.
    pub async fn append_to_upload(
        &self,
        permit: &Permit<UploadLayerPart>,
        upload_id: UploadId,
        first_byte: Option<u64>,
        body: impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static,
    ) -> Result<UploadProgress, Error> {
        let resource = permit.resource().clone();
        let turn = self.upload_room.begin()?;
        let lock = self.uploads.lock(upload_id).await;
        let (repository, row) = self.find_upload(&resource, upload_id).await?;
        if let Some(first_byte) = first_byte
            && first_byte != row.received_bytes
        {
            let expected = row.received_bytes;
            let reason =
                format!("First byte of the layer part is {first_byte} instead of {expected}");
            return Err(invalid_part(&resource, &row, reason));
        }
        let feed = Feed {
            metadata: self.metadata.clone(),
            blobs: Arc::clone(&self.blobs),
            clock: Arc::clone(&self.clock),
            resource,
            key_domain: repository.key_domain,
        };
        let body = self.upload_room.admit(&turn, body);
        let work = tokio::spawn(async move {
            let _kept = (lock, turn);
            feed.append(row, body).await
        });
        let outcome = work.await.map_err(|error| Error::Server(Box::new(error)))?;
        let outcome = self.unless_ended(permit.resource(), upload_id, outcome).await;
        if matches!(outcome, Err(Error::UploadNotFound { .. })) {
            self.delete_discarded_objects().await;
        }
        outcome
    }
}

/// What appending to an upload takes, apart from the service itself.
#[derive(Clone)]
pub(super) struct Feed {
    pub(super) metadata: Metadata,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) resource: RepositoryResource,
    pub(super) key_domain: String,
}

impl Feed {
    async fn append(
        &self,
        row: UploadRow,
        body: impl Stream<Item = Result<Bytes, BodyError>>,
    ) -> Result<UploadProgress, Error> {
        let limit = KindLimits::of(&self.resource.registry).layer_bytes;
        let mut body = pin!(body);
        let mut milestones = Milestones::new(self.clone(), row);
        let mut writer = None;
        let mut outcome = Ok(());
        while let Some(chunk) = body.next().await {
            outcome = match chunk {
                Ok(chunk) if chunk.is_empty() => continue,
                Ok(chunk) => {
                    let writer = match &mut writer {
                        Some(writer) => writer,
                        none => none.insert(self.writer(milestones.row()).await?),
                    };
                    milestones.write(limit, writer, chunk).await
                }
                Err(error) => Err(body_failure(&error)),
            };
            if outcome.is_err() {
                break;
            }
        }
        // What is on its way to the disk goes before: whether it gets there decides what is kept.
        let (row, outcome) = milestones.end(outcome).await;
        let Some(writer) = writer else {
            let UploadRow { upload_id, received_bytes, .. } = row;
            return outcome.map(|()| UploadProgress { upload_id, received_bytes });
        };
        match outcome {
            Ok(()) => self.checkpoint(row, writer, |_| {}).await,
            // The body is at fault: what arrived before is kept.
            Err(error @ (Error::BodyInterrupted(_) | Error::LimitExceeded { .. })) => {
                self.checkpoint(row, writer, |_| {}).await?;
                Err(error)
            }
            // A failed write leaves the session where its row says, as does a body that was not let in.
            Err(error) => {
                self.abandon(&row, writer).await;
                Err(error)
            }
        }
    }

    /// A writer that goes on where the row stands.
    pub(super) async fn writer(&self, row: &UploadRow) -> Result<ObjectWriter, Error> {
        match &row.checkpoint {
            Some(checkpoint) => {
                let checkpoint = UploadCheckpoint::from_bytes(checkpoint.clone())?;
                Ok(self.blobs.resume(&checkpoint).await?)
            }
            None => Ok(self.blobs.begin(&parse_domain(&self.key_domain)?).await?),
        }
    }

    /// Makes what was written durable, and says so in the row.
    pub(super) async fn checkpoint(
        &self,
        row: UploadRow,
        mut writer: ObjectWriter,
        change: impl FnOnce(&mut UploadRow),
    ) -> Result<UploadProgress, Error> {
        let checkpoint = match writer.checkpoint().await {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                self.abandon(&row, writer).await;
                return Err(error.into());
            }
        };
        let was_received = row.received_bytes;
        let written = writer.begun_object();
        let unneeded = !keeps(&row, written)?;
        let mut next = row;
        change(&mut next);
        next.received_bytes = writer.size_bytes();
        next.object_id = written;
        next.checkpoint = Some(checkpoint.into_bytes());
        // Now, not when the request began: that may have been long ago.
        next.updated_at = self.clock.now();
        let progress =
            UploadProgress { upload_id: next.upload_id, received_bytes: next.received_bytes };
        let upload_id = next.upload_id;
        let moved_on = self.advance(next, was_received).await;
        // Nothing was kept, so no row needs the object. After any other failure one might.
        if matches!(moved_on, Err(Error::StorageFull(_))) && unneeded {
            drop(writer);
            self.delete_unknown(written).await;
        }
        if moved_on? { Ok(progress) } else { Err(not_found(&self.resource, upload_id)) }
    }

    /// Has the row say how far the upload is, if it still stands at `was_received`; answers whether
    /// it does. An object that no row needs any more is let go of.
    pub(super) async fn advance(&self, next: UploadRow, was_received: u64) -> Result<bool, Error> {
        let now = self.clock.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if upload::advance(tx, &next, was_received).await? {
                        return Ok::<_, Error>(true);
                    }
                    // The session was ended, or another process moved it on.
                    let Some(written) = next.object_id else { return Ok(false) };
                    let current = upload::find(tx, next.repository, &next.upload_id).await?;
                    if current.is_none_or(|current| current.object_id != Some(written)) {
                        blob::discard_object(tx, &written, now).await?;
                    }
                    Ok(false)
                })
            })
            .await
    }

    /// Gives up what a failed call wrote. An object of no checkpoint is deleted; another one goes
    /// on from there.
    pub(super) async fn abandon(&self, row: &UploadRow, writer: ObjectWriter) {
        let begun = writer.begun_object();
        drop(writer);
        if matches!(keeps(row, begun), Ok(false)) {
            self.delete_unknown(begun).await;
        }
    }

    /// Deletes an object that no row needs, if there is one.
    pub(super) async fn delete_unknown(&self, begun: Option<ObjectId>) {
        let Some(object_id) = begun else { return };
        if let Err(error) = self.blobs.delete(object_id).await {
            tracing::warn!(%object_id, %error, "an abandoned object could not be deleted");
        }
    }
}

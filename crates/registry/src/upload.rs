//! Uploads: begun, fed, asked for, completed, cancelled.
//!
//! A session lives in its row and in the object it writes, not in memory: each call goes on from
//! the last checkpoint, so a push survives restarts, and memory does not grow with sessions. What a
//! call acknowledges is durable: the object's bytes are fsynced before the row says so.

mod complete;
mod feed;
mod lock;
mod milestone;
mod part;
mod room;

use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::{InitiateLayerUpload, UploadLayerPart};
use wharfinger_blobs::UploadCheckpoint;
use wharfinger_core::limits::UPLOADS_PER_REPOSITORY_MAX;
use wharfinger_core::{ObjectId, UploadId};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{Tx, blob};

pub use complete::{CompletedLayer, EmptyBlob};
pub(crate) use lock::UploadLocks;
pub use part::LayerPart;
pub(crate) use room::UploadRoom;

use crate::kms_key::require_usable;
use crate::repository::must_find;
use crate::{Error, Registry};

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UploadProgress {
    /// The session.
    pub upload_id: UploadId,
    /// Bytes received and kept.
    pub received_bytes: u64,
}

impl Registry {
    /// ECR `InitiateLayerUpload`, `[end-4a] POST /v2/<name>/blobs/uploads/`.
    ///
    /// # Errors
    /// [`Error::Kms`] where nothing could be stored, for want of the repository's key;
    /// [`Error::Throttling`] while the repository has [`UPLOADS_PER_REPOSITORY_MAX`] sessions.
    pub async fn initiate_layer_upload(
        &self,
        permit: &Permit<InitiateLayerUpload>,
    ) -> Result<UploadProgress, Error> {
        let resource = permit.resource().clone();
        let (upload_id, now) = (UploadId::random(&*self.entropy), self.now());
        let begun_by = permit.principal().map(|principal| principal.access_key_id.clone());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    require_usable(tx, &repository.key_domain).await?;
                    let most = UPLOADS_PER_REPOSITORY_MAX;
                    if upload::are_there(tx, repository.id, most).await? {
                        return Err(Error::Throttling);
                    }
                    let row = UploadRow {
                        upload_id,
                        repository: repository.id,
                        received_bytes: 0,
                        part_count: 0,
                        last_part_first_byte: None,
                        last_part_sha256: None,
                        short_part: false,
                        object_id: None,
                        checkpoint: None,
                        created_at: now,
                        updated_at: now,
                        begun_by: begun_by.filter(|key| !key.is_empty()),
                    };
                    upload::insert(tx, &row).await?;
                    Ok(UploadProgress { upload_id, received_bytes: 0 })
                })
            })
            .await
    }

    /// `[end-13] GET /v2/<name>/blobs/uploads/<id>`: how far the upload is.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`].
    pub async fn upload_status(
        &self,
        permit: &Permit<UploadLayerPart>,
        upload_id: UploadId,
    ) -> Result<UploadProgress, Error> {
        let (_, row) = self.read_upload(permit.resource(), upload_id).await?;
        Ok(UploadProgress { upload_id, received_bytes: row.received_bytes })
    }

    /// `DELETE /v2/<name>/blobs/uploads/<id>`: ends the upload and gives its space back.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`].
    pub async fn cancel_layer_upload(
        &self,
        permit: &Permit<InitiateLayerUpload>,
        upload_id: UploadId,
    ) -> Result<(), Error> {
        let (resource, now) = (permit.resource().clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let (_, row) = must_find_upload(tx, &resource, upload_id).await?;
                    if let Some(object_id) = &row.object_id {
                        blob::discard_object(tx, object_id, now).await?;
                    }
                    upload::delete(tx, &upload_id).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.delete_discarded_objects().await;
        Ok(())
    }

    /// Waits until no request of this process writes to an upload: when the server ends, so that
    /// what arrived is kept. Nothing else ends the wait.
    pub async fn uploads_settled(&self) {
        self.uploads.all_released().await;
    }

    /// The upload, for whoever holds its lock.
    async fn find_upload(
        &self,
        resource: &RepositoryResource,
        upload_id: UploadId,
    ) -> Result<(RepositoryRow, UploadRow), Error> {
        let (repository, row) = self.read_upload(resource, upload_id).await?;
        Ok((repository, self.without_claim(row).await?))
    }

    /// Lets go of an object that was begun and came to no checkpoint, by a process that was killed
    /// or a write that failed: nothing of it counts.
    async fn without_claim(&self, row: UploadRow) -> Result<UploadRow, Error> {
        let Some(object_id) = row.object_id else { return Ok(row) };
        if keeps(&row, Some(object_id))? {
            return Ok(row);
        }
        let (upload_id, was_received, now) = (row.upload_id, row.received_bytes, self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if upload::release_object(tx, &upload_id, &object_id, was_received).await? {
                        blob::discard_object(tx, &object_id, now).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.delete_discarded_objects().await;
        Ok(UploadRow { object_id: None, ..row })
    }

    /// What came of a request to an upload. One that failed because somebody else ended the upload
    /// meanwhile, and took its object away, is told that and nothing else.
    async fn unless_ended<T>(
        &self,
        resource: &RepositoryResource,
        upload_id: UploadId,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        if matches!(outcome, Err(Error::Server(_)))
            && let Err(ended @ (Error::UploadNotFound { .. } | Error::RepositoryNotFound { .. })) =
                self.read_upload(resource, upload_id).await
        {
            return Err(ended);
        }
        outcome
    }

    async fn read_upload(
        &self,
        resource: &RepositoryResource,
        upload_id: UploadId,
    ) -> Result<(RepositoryRow, UploadRow), Error> {
        let resource = resource.clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move { must_find_upload(tx, &resource, upload_id).await })
            })
            .await
    }
}

async fn must_find_upload(
    tx: &mut Tx,
    resource: &RepositoryResource,
    upload_id: UploadId,
) -> Result<(RepositoryRow, UploadRow), Error> {
    let repository = must_find(tx, resource).await?;
    match upload::find(tx, repository.id, &upload_id).await? {
        Some(row) => Ok((repository, row)),
        None => Err(not_found(resource, upload_id)),
    }
}

fn not_found(resource: &RepositoryResource, upload: UploadId) -> Error {
    let (name, registry) = (resource.name.clone(), resource.registry.account);
    Error::UploadNotFound { upload, name, registry }
}

/// Whether what the file of `object` holds counts: the upload's checkpoint goes on from there.
fn keeps(row: &UploadRow, object: Option<ObjectId>) -> Result<bool, Error> {
    let Some(checkpoint) = &row.checkpoint else { return Ok(false) };
    let begun = UploadCheckpoint::from_bytes(checkpoint.clone())?.begun_object();
    Ok(object.is_some() && begun == object)
}

/// What is told to a client whose bytes do not go on where the last ones ended.
fn invalid_part(resource: &RepositoryResource, row: &UploadRow, reason: String) -> Error {
    Error::InvalidLayerPart {
        reason,
        upload: row.upload_id,
        name: resource.name.clone(),
        registry: resource.registry.account,
        last_valid_byte_received: i64::try_from(row.received_bytes).unwrap_or(i64::MAX) - 1,
    }
}

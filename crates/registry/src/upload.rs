//! Uploads: begun, fed, asked for, completed, cancelled.
//!
//! A session lives in its row and in the object it writes, not in memory: each call goes on from
//! the last checkpoint, so a push survives restarts, and memory does not grow with sessions. What a
//! call acknowledges is durable: the object's bytes are fsynced before the row says so.

mod complete;
mod feed;
mod lock;
mod part;
mod room;

use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::{InitiateLayerUpload, UploadLayerPart};
use wharfinger_core::UploadId;
use wharfinger_core::limits::UPLOADS_PER_REPOSITORY_MAX;
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
        let (_, row) = self.find_upload(permit.resource(), upload_id).await?;
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

    async fn find_upload(
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

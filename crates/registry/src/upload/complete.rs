//! Completing an upload: the digest is checked, the object published, the blob linked.

use std::sync::Arc;

use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::CompleteLayerUpload;
use wharfinger_blobs::Finished;
use wharfinger_core::{Digest, ObjectId, Timestamp, UploadId};
use wharfinger_metadata::blob::{self, BlobRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{Metadata, Tx};

use super::feed::Feed;
use super::must_find_upload;
use crate::{Error, Registry};

/// Whether an upload may be completed that has received nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyBlob {
    /// It makes the empty blob, as OCI allows.
    Allowed,
    /// It is refused, as ECR does.
    Refused,
}

/// A layer that is in its repository now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedLayer {
    /// Its digest, the one of those asked for that matched.
    pub digest: Digest,
    /// Its size in bytes.
    pub size_bytes: u64,
}

impl Registry {
    /// ECR `CompleteLayerUpload`, `[end-6] PUT`. One of `digests` must be that of the bytes.
    ///
    /// Success ends the session. A wrong digest does not: the client may send more, or complete
    /// it with the right one.
    ///
    /// # Errors
    /// [`Error::UploadNotFound`], [`Error::EmptyUpload`], [`Error::LayerPartTooSmall`],
    /// [`Error::InvalidLayer`]; [`Error::LayerAlreadyExists`] if the repository has the layer,
    /// which ends the session as well.
    pub async fn complete_layer_upload(
        &self,
        permit: &Permit<CompleteLayerUpload>,
        upload_id: UploadId,
        digests: Vec<Digest>,
        empty: EmptyBlob,
    ) -> Result<CompletedLayer, Error> {
        let resource = permit.resource().clone();
        let lock = self.uploads.lock(upload_id).await;
        let (repository, row) = self.find_upload(&resource, upload_id).await?;
        if row.received_bytes == 0 && empty == EmptyBlob::Refused {
            let (name, registry) = (resource.name, resource.registry.account);
            return Err(Error::EmptyUpload { upload: upload_id, name, registry });
        }
        if row.short_part {
            return Err(Error::LayerPartTooSmall);
        }
        let completion = Completion {
            feed: Feed {
                metadata: self.metadata.clone(),
                blobs: Arc::clone(&self.blobs),
                clock: Arc::clone(&self.clock),
                resource,
                key_domain: repository.key_domain.clone(),
            },
            repository,
            upload_id,
        };
        // In a task of its own, so that a client that goes away leaves nothing half done.
        let work = tokio::spawn(async move {
            let _lock = lock;
            completion.run(&row, &digests).await
        });
        let outcome = work.await.map_err(|error| Error::Server(Box::new(error)))?;
        let outcome = self.unless_ended(permit.resource(), upload_id, outcome).await;
        self.delete_discarded_objects_if_any(&outcome).await;
        match outcome? {
            Outcome::Stored(layer, _) => Ok(layer),
            Outcome::Existed(layer) => Err(Error::LayerAlreadyExists {
                digest: layer.digest,
                name: permit.resource().name.clone(),
                registry: permit.resource().registry.account,
            }),
        }
    }

    async fn delete_discarded_objects_if_any(&self, outcome: &Result<Outcome, Error>) {
        if matches!(outcome, Ok(Outcome::Existed(_) | Outcome::Stored(_, Discarded::Some))) {
            self.delete_discarded_objects().await;
        }
    }
}

enum Outcome {
    /// The layer is new to the repository.
    Stored(CompletedLayer, Discarded),
    /// The repository had it.
    Existed(CompletedLayer),
}

/// Whether an object became superfluous.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Discarded {
    None,
    Some,
}

struct Completion {
    feed: Feed,
    repository: RepositoryRow,
    upload_id: UploadId,
}

impl Completion {
    async fn run(self, row: &UploadRow, digests: &[Digest]) -> Result<Outcome, Error> {
        let finished = self.feed.writer(row).await?.finish().await?;
        let finished = match_digest(finished, row, digests).await?;
        let layer = CompletedLayer { digest: finished.digest(), size_bytes: finished.size_bytes() };
        let object_id = finished.object_id();
        let outcome = self.publish(finished, layer, object_id).await;
        // An object begun for this very call is known to no row: if it did not become a blob, it
        // has to go now. After a failed commit nobody knows whether it did, so it stays.
        if row.object_id.is_none()
            && let Err(error) = &outcome
            && !matches!(error, Error::Server(_))
        {
            self.feed.delete_unknown(object_id).await;
        }
        outcome
    }

    async fn publish(
        &self,
        finished: Finished,
        layer: CompletedLayer,
        object_id: ObjectId,
    ) -> Result<Outcome, Error> {
        // Bytes that the key domain has already need not be written a second time.
        if let Some(outcome) = self.link_existing(layer, object_id).await? {
            return Ok(outcome);
        }
        finished.publish().await?;
        self.link_published(layer, object_id).await
    }

    /// Links a sound blob of the key domain, if there is one.
    async fn link_existing(
        &self,
        layer: CompletedLayer,
        object_id: ObjectId,
    ) -> Result<Option<Outcome>, Error> {
        let (domain, digest) = (self.feed.key_domain.clone(), layer.digest);
        let sound = self
            .feed
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let found = blob::find(tx, &domain, &digest).await?;
                    Ok::<_, Error>(found.is_some_and(|blob| blob.damaged_at.is_none()))
                })
            })
            .await?;
        if !sound {
            return Ok(None);
        }
        let context = self.context(layer, object_id);
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    match blob::find(tx, &context.domain, &layer.digest).await? {
                        Some(blob) if blob.damaged_at.is_none() => {
                            blob::discard_object(tx, &object_id, context.now).await?;
                            context.link(tx, Discarded::Some).await.map(Some)
                        }
                        _ => Ok(None),
                    }
                })
            })
            .await
    }

    /// Makes a blob of a published object, heals one, or gives way to one that came first.
    async fn link_published(
        &self,
        layer: CompletedLayer,
        object_id: ObjectId,
    ) -> Result<Outcome, Error> {
        let context = self.context(layer, object_id);
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let (domain, now) = (&context.domain, context.now);
                    let discarded = match blob::find(tx, domain, &layer.digest).await? {
                        None => {
                            let row = BlobRow {
                                digest: layer.digest,
                                object_id,
                                size_bytes: layer.size_bytes,
                                damaged_at: None,
                            };
                            blob::insert(tx, domain, &row, now).await?;
                            Discarded::None
                        }
                        Some(damaged) if damaged.damaged_at.is_some() => {
                            blob::replace_object(tx, domain, &layer.digest, &object_id).await?;
                            blob::discard_object(tx, &damaged.object_id, now).await?;
                            Discarded::Some
                        }
                        Some(_) => {
                            blob::discard_object(tx, &object_id, now).await?;
                            Discarded::Some
                        }
                    };
                    context.link(tx, discarded).await
                })
            })
            .await
    }

    fn metadata(&self) -> &Metadata {
        &self.feed.metadata
    }

    fn context(&self, layer: CompletedLayer, object_id: ObjectId) -> LinkContext {
        LinkContext {
            resource: self.feed.resource.clone(),
            repository: self.repository.clone(),
            domain: self.feed.key_domain.clone(),
            upload_id: self.upload_id,
            object_id,
            layer,
            now: self.feed.clock.now(),
        }
    }
}

/// What the last step of a completion needs inside its transaction.
struct LinkContext {
    resource: RepositoryResource,
    repository: RepositoryRow,
    domain: String,
    upload_id: UploadId,
    object_id: ObjectId,
    layer: CompletedLayer,
    now: Timestamp,
}

impl LinkContext {
    /// Links the blob and ends the session, which must still be the one that was read.
    async fn link(self, tx: &mut Tx, discarded: Discarded) -> Result<Outcome, Error> {
        let (repository, row) = must_find_upload(tx, &self.resource, self.upload_id).await?;
        if row.object_id.is_some_and(|object_id| object_id != self.object_id)
            || repository.id != self.repository.id
        {
            return Err(super::not_found(&self.resource, self.upload_id));
        }
        let new = blob::link(tx, repository.id, &self.layer.digest, self.now).await?;
        upload::delete(tx, &self.upload_id).await?;
        Ok(if new { Outcome::Stored(self.layer, discarded) } else { Outcome::Existed(self.layer) })
    }
}

/// The finished object under the digest the client asked for.
async fn match_digest(
    finished: Finished,
    row: &UploadRow,
    digests: &[Digest],
) -> Result<Finished, Error> {
    if digests.contains(&finished.digest()) {
        return Ok(finished);
    }
    let calculated = finished.digest();
    // SHA-512 is hashed only for those who ask for it.
    if digests.iter().any(|digest| matches!(digest, Digest::Sha512(_))) {
        let finished = finished.into_sha512().await?;
        if digests.contains(&finished.digest()) {
            return Ok(finished);
        }
        discard_if_unknown(finished, row).await?;
        return Err(Error::InvalidLayer { calculated });
    }
    discard_if_unknown(finished, row).await?;
    Err(Error::InvalidLayer { calculated })
}

/// An object begun for this very call (an empty upload) is known to no row.
async fn discard_if_unknown(finished: Finished, row: &UploadRow) -> Result<(), Error> {
    if row.object_id.is_none() {
        finished.discard().await?;
    }
    Ok(())
}

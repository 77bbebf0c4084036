//! Completing an upload: the digest is checked, the object published, the blob linked.

use std::sync::Arc;
use std::time::Duration;

use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::CompleteLayerUpload;
use wharfinger_blobs::{Finished, SEGMENT_BYTES};
use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_core::{Digest, ObjectId, Timestamp, UploadId};
use wharfinger_metadata::blob::{self, BlobRow};
use wharfinger_metadata::check::recount;
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{Metadata, RepositoryId, Tx};

use super::feed::Feed;
use crate::repository::must_find;
use crate::{Error, Registry};

// What the object store gives back instead of keeping it is what is looked for in the database.
const _: () = assert!(SEGMENT_BYTES as u64 == INLINE_BLOB_BYTES_MAX);

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
            push_lease: self.upkeep.push_lease,
            feed: Feed {
                metadata: self.metadata.clone(),
                blobs: Arc::clone(&self.blobs),
                clock: Arc::clone(&self.clock),
                resource,
                key_domain: repository.key_domain,
            },
            repository: repository.id,
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
            Outcome::Existed(layer, _) => Err(Error::LayerAlreadyExists {
                digest: layer.digest,
                name: permit.resource().name.clone(),
                registry: permit.resource().registry.account,
            }),
        }
    }

    async fn delete_discarded_objects_if_any(&self, outcome: &Result<Outcome, Error>) {
        if let Ok(Outcome::Stored(_, Discarded::Some) | Outcome::Existed(_, Discarded::Some)) =
            outcome
        {
            self.delete_discarded_objects().await;
        }
    }
}

enum Outcome {
    /// The layer is new to the repository.
    Stored(CompletedLayer, Discarded),
    /// The repository had it.
    Existed(CompletedLayer, Discarded),
}

/// Whether an object became superfluous.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Discarded {
    None,
    Some,
}

struct Completion {
    feed: Feed,
    push_lease: Duration,
    repository: RepositoryId,
    upload_id: UploadId,
}

impl Completion {
    async fn run(self, row: &UploadRow, digests: &[Digest]) -> Result<Outcome, Error> {
        let finished = self.feed.writer(row).await?.finish().await?;
        let finished = match_digest(finished, digests).await?;
        let context = self.context(row, &finished);
        match finished.seal_inline()? {
            Some(sealed) => self.link_published(context, Some(sealed)).await,
            None => self.publish(finished, context).await,
        }
    }

    /// Whatever comes of it: the object has a file, which the session's row knows.
    async fn publish(&self, finished: Finished, context: LinkContext) -> Result<Outcome, Error> {
        // Bytes that the key domain has already need not be written a second time.
        if let Some(outcome) = self.link_existing(context.clone()).await? {
            return Ok(outcome);
        }
        finished.publish().await?;
        self.link_published(context, None).await
    }

    /// Links a sound blob of the key domain, if there is one.
    async fn link_existing(&self, context: LinkContext) -> Result<Option<Outcome>, Error> {
        let (domain, digest) = (context.domain.clone(), context.layer.digest);
        let context = context.at(self.now());
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
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    match blob::find(tx, &context.domain, &context.layer.digest).await? {
                        Some(blob) if blob.damaged_at.is_none() => {
                            blob::discard_object(tx, &context.object_id, context.now).await?;
                            context.link(tx, Discarded::Some).await.map(Some)
                        }
                        _ => Ok(None),
                    }
                })
            })
            .await
    }

    /// Makes a blob of a published object, or of one that is kept in the database, `sealed`; heals
    /// one, or gives way to one that came first.
    async fn link_published(
        &self,
        context: LinkContext,
        sealed: Option<Vec<u8>>,
    ) -> Result<Outcome, Error> {
        let context = context.at(self.now());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let discarded = context.keep(tx, sealed.as_deref()).await?;
                    context.link(tx, discarded).await
                })
            })
            .await
    }

    fn now(&self) -> Timestamp {
        self.feed.clock.now()
    }

    fn metadata(&self) -> &Metadata {
        &self.feed.metadata
    }

    fn context(&self, row: &UploadRow, finished: &Finished) -> LinkContext {
        LinkContext {
            resource: self.feed.resource.clone(),
            repository: self.repository,
            domain: self.feed.key_domain.clone(),
            upload_id: self.upload_id,
            received_bytes: row.received_bytes,
            written: row.object_id,
            object_id: finished.object_id(),
            layer: CompletedLayer { digest: finished.digest(), size_bytes: finished.size_bytes() },
            now: self.now(),
            push_lease: self.push_lease,
        }
    }
}

/// What the last step of a completion needs inside its transaction.
#[derive(Clone)]
struct LinkContext {
    resource: RepositoryResource,
    repository: RepositoryId,
    domain: String,
    upload_id: UploadId,
    /// Where the session stood, and the object it had, when its bytes were read.
    received_bytes: u64,
    written: Option<ObjectId>,
    object_id: ObjectId,
    layer: CompletedLayer,
    now: Timestamp,
    push_lease: Duration,
}

impl LinkContext {
    /// The link's lease begins when it is made, not before the object was written.
    fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Gives the digest an object: this one, unless it has a sound one.
    async fn keep(&self, tx: &mut Tx, sealed: Option<&[u8]>) -> Result<Discarded, Error> {
        let Self { domain, object_id, now, .. } = self;
        let CompletedLayer { digest, size_bytes } = self.layer;
        let discarded = match blob::find(tx, domain, &digest).await? {
            None => {
                let row = BlobRow { digest, object_id: *object_id, size_bytes, damaged_at: None };
                blob::insert(tx, domain, &row, *now).await?;
                Discarded::None
            }
            Some(damaged) if damaged.damaged_at.is_some() => {
                let store = blob::store_of(tx, &damaged.object_id).await?.unwrap_or_default();
                blob::replace_object(tx, domain, &digest, object_id).await?;
                recount::size(tx, domain, &digest, size_bytes).await?;
                blob::discard_object_in(tx, store, &damaged.object_id, *now).await?;
                Discarded::Some
            }
            Some(_) if sealed.is_some() => return Ok(Discarded::None),
            Some(_) => {
                blob::discard_object(tx, object_id, *now).await?;
                return Ok(Discarded::Some);
            }
        };
        if let Some(sealed) = sealed {
            blob::insert_inline(tx, object_id, sealed).await?;
        }
        Ok(discarded)
    }

    /// Links the blob and ends the session, which must still be the one that was read.
    async fn link(self, tx: &mut Tx, discarded: Discarded) -> Result<Outcome, Error> {
        let repository = must_find(tx, &self.resource).await?.id;
        let ended = upload::end(tx, repository, &self.upload_id, self.received_bytes).await?;
        if ended != Some(self.written) || repository != self.repository {
            return Err(super::not_found(&self.resource, self.upload_id));
        }
        let leased_until = self.now.plus(self.push_lease);
        let digest = &self.layer.digest;
        let new = blob::link(tx, repository, digest, self.now, leased_until).await?;
        Ok(match new {
            true => Outcome::Stored(self.layer, discarded),
            false => Outcome::Existed(self.layer, discarded),
        })
    }
}

/// The finished object under the digest the client asked for.
async fn match_digest(finished: Finished, digests: &[Digest]) -> Result<Finished, Error> {
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
    }
    Err(Error::InvalidLayer { calculated })
}

//! Blobs as repositories serve them: availability, download, deletion.

mod availability;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use wharfinger_auth::actions::{BatchDeleteImage, GetDownloadUrlForLayer};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_blobs::{BlobError, BlobStore, KeyDomain, ObjectReader, StoredObject};
use wharfinger_core::Digest;
use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_metadata::blob::{self, BlobRow, BlobUse, LinkedBlobRow, ObjectStore};
use wharfinger_metadata::{Metadata, MetadataError, Tx};

pub use availability::LayerAvailability;

use crate::repository::must_find;
use crate::{Error, Registry};

/// What became of a blob that was to be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlobDeletion {
    /// The repository no longer has it.
    Deleted,
    /// An image of the repository uses it, active or archived: it stays.
    InUse,
}

/// A blob that is ready to be served.
pub struct BlobContent {
    /// Its size in bytes.
    pub size_bytes: u64,
    reader: ObjectReader,
    alarm: DamageAlarm,
}

impl BlobContent {
    /// The whole blob. The last part of it comes only once everything has been verified, so that
    /// damaged bytes never make a whole blob.
    pub fn read_all(self) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
        let alarm = self.alarm;
        self.reader.read_all().inspect(move |part| alarm.watch(part))
    }

    /// The bytes from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a range outside the blob.
    pub fn read_range(
        self,
        first: u64,
        last: u64,
    ) -> Result<impl Stream<Item = Result<Bytes, BlobError>> + Send + use<>, Error> {
        let alarm = self.alarm;
        let parts = self
            .reader
            .read_range(first, last)
            .map_err(|error| Error::invalid("Range", error.to_string()))?;
        Ok(parts.inspect(move |part| alarm.watch(part)))
    }
}

impl Registry {
    /// Opens a blob to be served.
    ///
    /// Between the look at its row and the file another object may have taken the place of the one
    /// that the row named (healed, or moved to another store), or the blob was collected. Then the
    /// row says otherwise by now, and is believed.
    ///
    /// # Errors
    /// [`Error::LayerNotFound`]; [`Error::LayerDamaged`] if its bytes are not what they were;
    /// [`Error::LayerInaccessible`] if only archived images use it.
    pub async fn open_blob(
        &self,
        permit: &Permit<GetDownloadUrlForLayer>,
        digest: Digest,
    ) -> Result<BlobContent, Error> {
        self.open_blob_of(permit.resource(), digest).await
    }

    /// The same for the registry itself.
    pub(crate) async fn open_blob_of(
        &self,
        resource: &RepositoryResource,
        digest: Digest,
    ) -> Result<BlobContent, Error> {
        let (mut found, mut sealed) = self.readable_blob(resource, digest).await?;
        loop {
            if found.used == BlobUse::Archived {
                return Err(inaccessible(resource, digest));
            }
            let error = match self
                .open_object(&found.object()?, self.object_store(found.store)?, sealed)
                .await
            {
                Ok(reader) => {
                    let size_bytes = found.row.size_bytes;
                    return Ok(BlobContent { size_bytes, reader, alarm: self.alarm(found) });
                }
                Err(error) if is_damage(&error) => error,
                Err(error) => return Err(error.into()),
            };
            let (found_now, sealed_now) = self.readable_blob(resource, digest).await?;
            // Before its file is deleted, an object is no blob's any more.
            if found_now.row == found.row {
                self.alarm(found).ring(&error);
                return Err(Error::LayerDamaged { digest });
            }
            (found, sealed) = (found_now, sealed_now);
        }
    }

    fn alarm(&self, LinkedBlob { domain, row, .. }: LinkedBlob) -> DamageAlarm {
        DamageAlarm { metadata: self.metadata.clone(), domain, row, found_at: self.clock.now() }
    }

    /// ECR `GetDownloadUrlForLayer`, up to the URL itself: whether there is one to give.
    ///
    /// # Errors
    /// [`Error::LayerNotFound`]; [`Error::LayerInaccessible`] while no active image uses the layer.
    pub async fn check_layer_download(
        &self,
        permit: &Permit<GetDownloadUrlForLayer>,
        digest: Digest,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let found = self
            .metadata
            .read(move |tx| Box::pin(async move { linked_blob(tx, &resource, digest).await }))
            .await?;
        match found.used {
            BlobUse::Active => Ok(()),
            BlobUse::Archived | BlobUse::Unused => Err(inaccessible(permit.resource(), digest)),
        }
    }

    /// `DELETE /v2/<name>/blobs/<digest>`, for which ECR has no operation: the repository no longer
    /// has the blob. Other repositories that have it keep it.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`]; [`Error::LayerNotFound`].
    pub async fn delete_blob(
        &self,
        permit: &Permit<BatchDeleteImage>,
        digest: Digest,
    ) -> Result<BlobDeletion, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    if blob::is_used(tx, repository, &digest).await? {
                        return Ok(BlobDeletion::InUse);
                    }
                    match blob::unlink(tx, repository, &digest).await? {
                        true => Ok(BlobDeletion::Deleted),
                        false => Err(Error::LayerNotFound {
                            digest,
                            name: resource.name,
                            registry: resource.registry.account,
                        }),
                    }
                })
            })
            .await
    }

    async fn open_object(
        &self,
        object: &StoredObject,
        store: &Arc<dyn BlobStore>,
        sealed: Option<Bytes>,
    ) -> Result<ObjectReader, BlobError> {
        match sealed {
            Some(sealed) => self.blobs.open_inline(object, sealed).await,
            None => store.open(object).await,
        }
    }

    /// A blob with its sealed bytes, if they are kept in the database.
    async fn readable_blob(
        &self,
        resource: &RepositoryResource,
        digest: Digest,
    ) -> Result<(LinkedBlob, Option<Bytes>), Error> {
        let resource = resource.clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let found = linked_blob(tx, &resource, digest).await?;
                    // Small ones of older releases are files as well.
                    let sealed = match found.row.size_bytes {
                        ..=INLINE_BLOB_BYTES_MAX => {
                            blob::find_inline(tx, &found.row.object_id).await?
                        }
                        _ => None,
                    };
                    Ok((found, sealed.map(Bytes::from)))
                })
            })
            .await
    }
}

/// A sound blob that a repository links.
struct LinkedBlob {
    domain: String,
    row: BlobRow,
    used: BlobUse,
    /// Where its object is.
    store: ObjectStore,
}

impl LinkedBlob {
    fn object(&self) -> Result<StoredObject, Error> {
        let BlobRow { object_id, size_bytes, digest, .. } = self.row;
        Ok(StoredObject { object_id, domain: parse_domain(&self.domain)?, size_bytes, digest })
    }
}

async fn linked_blob(
    tx: &mut Tx,
    resource: &RepositoryResource,
    digest: Digest,
) -> Result<LinkedBlob, Error> {
    let repository = must_find(tx, resource).await?;
    let domain = repository.key_domain;
    match blob::find_link(tx, repository.id, &domain, &digest).await? {
        Some(link) if link.blob.damaged_at.is_some() => Err(Error::LayerDamaged { digest }),
        Some(link) => {
            let LinkedBlobRow { blob, used, store, .. } = link;
            Ok(LinkedBlob { domain, row: blob, used, store })
        }
        None => {
            let (name, registry) = (resource.name.clone(), resource.registry.account);
            Err(Error::LayerNotFound { digest, name, registry })
        }
    }
}

fn inaccessible(resource: &RepositoryResource, digest: Digest) -> Error {
    let (name, registry) = (resource.name.clone(), resource.registry.account);
    Error::LayerInaccessible { digest, name, registry }
}

/// The key domain a repository's row names.
pub(crate) fn parse_domain(domain: &str) -> Result<KeyDomain, Error> {
    domain.parse().map_err(|error| Error::Server(Box::new(error)))
}

/// Whether the object itself is bad, as opposed to the way to it.
pub(crate) fn is_damage(error: &BlobError) -> bool {
    matches!(error, BlobError::Corrupt { .. } | BlobError::Missing { .. })
}

/// Notes that an object is damaged, so that clients are asked to push it again.
struct DamageAlarm {
    metadata: Metadata,
    domain: String,
    row: BlobRow,
    found_at: wharfinger_core::Timestamp,
}

impl DamageAlarm {
    fn watch(&self, part: &Result<Bytes, BlobError>) {
        if let Err(error) = part
            && is_damage(error)
        {
            self.ring(error);
        }
    }

    fn ring(&self, error: &BlobError) {
        let BlobRow { digest, object_id, .. } = self.row;
        tracing::error!(%digest, %object_id, %error, "a stored blob is damaged");
        let (metadata, domain, found_at) =
            (self.metadata.clone(), self.domain.clone(), self.found_at);
        tokio::spawn(async move {
            let noted: Result<(), MetadataError> = metadata
                .write(move |tx| {
                    Box::pin(async move {
                        blob::mark_damaged(tx, &object_id, &domain, &digest, found_at).await
                    })
                })
                .await;
            if let Err(error) = noted {
                tracing::error!(%object_id, %error, "the damage could not be noted");
            }
        });
    }
}

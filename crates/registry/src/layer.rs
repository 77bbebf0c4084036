//! Blobs as repositories serve them: availability, download, deletion.

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use wharfinger_auth::actions::{
    BatchCheckLayerAvailability, BatchDeleteImage, GetDownloadUrlForLayer,
};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_blobs::{BlobError, KeyDomain, ObjectReader, StoredObject};
use wharfinger_core::Digest;
use wharfinger_core::limits::INLINE_BLOB_BYTES_MAX;
use wharfinger_metadata::blob::{self, BlobRow, BlobUse, ObjectStore};
use wharfinger_metadata::{Metadata, MetadataError, Tx};

use crate::repository::must_find;
use crate::{Error, Registry};

/// Whether a repository has a layer (ECR's `Layer`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerAvailability {
    /// It has.
    Available {
        /// The layer.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
    },
    /// It has, and only archived images use it: a push may refer to it, a pull gets it not.
    Archived {
        /// The layer.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
    },
    /// It has not (or its bytes are damaged, which pushing it again heals).
    Unavailable {
        /// The layer.
        digest: Digest,
    },
    /// The text is no digest (`InvalidLayerDigest`).
    Invalid {
        /// The text.
        text: String,
    },
    /// The text is blank (`MissingLayerDigest`).
    Missing,
}

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
    /// ECR `BatchCheckLayerAvailability`: one answer for each digest, in their order.
    pub async fn batch_check_layer_availability(
        &self,
        permit: &Permit<BatchCheckLayerAvailability>,
        digests: Vec<String>,
    ) -> Result<Vec<LayerAvailability>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let mut layers = Vec::with_capacity(digests.len());
                    for text in digests {
                        let digest = match text.parse::<Digest>() {
                            Ok(digest) => digest,
                            Err(_) if text.trim().is_empty() => {
                                layers.push(LayerAvailability::Missing);
                                continue;
                            }
                            Err(_) => {
                                layers.push(LayerAvailability::Invalid { text });
                                continue;
                            }
                        };
                        let domain = &repository.key_domain;
                        let found = blob::find_linked(tx, repository.id, domain, &digest).await?;
                        let Some(blob) = found.filter(|blob| blob.damaged_at.is_none()) else {
                            layers.push(LayerAvailability::Unavailable { digest });
                            continue;
                        };
                        let size_bytes = blob.size_bytes;
                        layers.push(match blob::find_use(tx, repository.id, &digest).await? {
                            BlobUse::Archived => LayerAvailability::Archived { digest, size_bytes },
                            BlobUse::Active | BlobUse::Unused => {
                                LayerAvailability::Available { digest, size_bytes }
                            }
                        });
                    }
                    Ok(layers)
                })
            })
            .await
    }

    /// Opens a blob to be served.
    ///
    /// # Errors
    /// [`Error::LayerNotFound`]; [`Error::LayerDamaged`] if its bytes are not what they were;
    /// [`Error::LayerInaccessible`] if only archived images use it.
    pub async fn open_blob(
        &self,
        permit: &Permit<GetDownloadUrlForLayer>,
        digest: Digest,
    ) -> Result<BlobContent, Error> {
        let resource = permit.resource();
        let (LinkedBlob { domain, row, used, store }, sealed) =
            self.readable_blob(resource, digest).await?;
        if used == BlobUse::Archived {
            return Err(inaccessible(resource, digest));
        }
        let alarm = DamageAlarm {
            metadata: self.metadata.clone(),
            domain: domain.clone(),
            row: row.clone(),
            found_at: self.clock.now(),
        };
        let object = StoredObject {
            object_id: row.object_id,
            domain: parse_domain(&domain)?,
            size_bytes: row.size_bytes,
            digest,
        };
        let opened = match sealed {
            Some(sealed) => self.blobs.open_inline(&object, sealed.into()).await,
            None => self.object_store(store)?.open(&object).await,
        };
        match opened {
            Ok(reader) => Ok(BlobContent { size_bytes: row.size_bytes, reader, alarm }),
            Err(error) if is_damage(&error) => {
                alarm.ring(&error);
                Err(Error::LayerDamaged { digest })
            }
            Err(error) => Err(error.into()),
        }
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

    /// A blob with its sealed bytes, if they are kept in the database.
    async fn readable_blob(
        &self,
        resource: &RepositoryResource,
        digest: Digest,
    ) -> Result<(LinkedBlob, Option<Vec<u8>>), Error> {
        let (resource, has_archive) = (resource.clone(), self.archive.is_some());
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let mut found = linked_blob(tx, &resource, digest).await?;
                    if has_archive {
                        let store = blob::store_of(tx, &found.row.object_id).await?;
                        found.store = store.unwrap_or_default();
                    }
                    // Small ones of older releases are files as well.
                    let sealed = match found.row.size_bytes {
                        ..=INLINE_BLOB_BYTES_MAX => {
                            blob::find_inline(tx, &found.row.object_id).await?
                        }
                        _ => None,
                    };
                    Ok((found, sealed))
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
    /// Where its object is; looked up for those who read it.
    store: ObjectStore,
}

async fn linked_blob(
    tx: &mut Tx,
    resource: &RepositoryResource,
    digest: Digest,
) -> Result<LinkedBlob, Error> {
    let repository = must_find(tx, resource).await?;
    let domain = repository.key_domain;
    match blob::find_linked(tx, repository.id, &domain, &digest).await? {
        Some(row) if row.damaged_at.is_some() => Err(Error::LayerDamaged { digest }),
        Some(row) => {
            let used = blob::find_use(tx, repository.id, &digest).await?;
            Ok(LinkedBlob { domain, row, used, store: ObjectStore::default() })
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

//! Images that are pulled: `BatchGetImage`, and the manifests of `/v2`.
//!
//! While nothing has changed in the database, what was found by a name is what would be found again,
//! the state of the repository's KMS key and of the image included; so it is taken from memory.

use bytes::Bytes;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_auth::{Action, Permit, Principal};
use wharfinger_core::limits::BATCH_MANIFEST_BYTES_MAX;
use wharfinger_metadata::image::{self, ImageRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{Changes, Tx};

use super::{
    ImageHead, ImageIdentifier, ManifestBudget, RequestedImage, StoredImage, resolve_active,
};
use crate::kms_key::require_usable;
use crate::manifest_cache::{FoundImage, ManifestCache};
use crate::pull_policy::Refusal;
use crate::repository::must_find;
use crate::{Error, ImageFailure, ImageFailureCode, Registry, pull_time};

/// What is to be pulled, and what cannot be.
struct Pull {
    repository: RepositoryRow,
    found: Vec<Found>,
    failures: Vec<ImageFailure>,
    /// Whether it counts as a pull.
    is_recorded: bool,
}

/// An image that is to be pulled.
struct Found {
    requested: RequestedImage,
    id: ImageIdentifier,
    row: ImageRow,
    content: Content,
    refusal: Option<Refusal>,
}

/// The bytes of a manifest.
enum Content {
    Kept(Bytes),
    Sealed(Vec<u8>),
}

impl Registry {
    /// ECR `BatchGetImage`: one image or one failure for each id, in their order. An archived image
    /// is a failure, and without their KMS key all are. Those that are read count as pulled.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more bytes of manifests than one answer may hold;
    /// [`Error::PullRefused`] by the pull policy.
    pub async fn batch_get_image(
        &self,
        permit: &Permit<BatchGetImage>,
        ids: Vec<RequestedImage>,
    ) -> Result<(Vec<StoredImage>, Vec<ImageFailure>), Error> {
        let changes = self.changes_for(permit).await?;
        if let Some(images) = self.kept_images(&changes, permit, &ids)? {
            return Ok((images, Vec::new()));
        }
        let Pull { repository, found, mut failures, is_recorded } =
            self.find(&changes, permit, ids).await?;
        let keys = match self.manifest_keys(&repository.key_domain).await {
            Err(Error::Kms { message, kms_error }) => {
                let code = ImageFailureCode::KmsError { message, kms_error };
                failures.extend(found.into_iter().map(|Found { requested, .. }| {
                    let code = code.clone();
                    ImageFailure { requested, code }
                }));
                return Ok((Vec::new(), failures));
            }
            keys => keys?,
        };
        let mut images = Vec::with_capacity(found.len());
        let mut pulled = Vec::new();
        for Found { requested, id, row, content, refusal } in found {
            let manifest = match content {
                Content::Kept(manifest) => manifest,
                Content::Sealed(sealed) => {
                    let manifest = keys.open(&id.digest, &sealed)?;
                    self.manifests.keep(&changes, repository.id, id.digest, &manifest);
                    manifest
                }
            };
            if is_recorded {
                pulled.push((id.digest, row.last_pulled_at));
            }
            let found = FoundImage::new(repository.id, &id, &row, refusal);
            self.manifests.remember(&changes, permit.resource(), requested, found);
            let ImageRow { media_type, subject, .. } = row;
            images.push(StoredImage { id, manifest, media_type, subject });
        }
        self.record_pulls_soon(repository.id, &pulled);
        Ok((images, failures))
    }

    /// What `HEAD` of a manifest answers, without reading the manifest. `None` if there is no such
    /// image, or it is archived.
    ///
    /// # Errors
    /// [`Error::Kms`] if the manifest could not be read, for want of its key.
    pub async fn head_image(
        &self,
        permit: &Permit<BatchGetImage>,
        requested: RequestedImage,
    ) -> Result<Option<ImageHead>, Error> {
        let changes = self.changes_for(permit).await?;
        if let Some(found) = self.manifests.find(&changes, permit.resource(), &requested) {
            self.check_refusal(permit, &found)?;
            return Ok(Some(found.head()));
        }
        let (resource, wanted) = (permit.resource().clone(), requested.clone());
        let policy = self.pull_policy;
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let found = resolve_active(tx, repository.id, &wanted).await?;
                    require_usable(tx, &repository.key_domain).await?;
                    let Ok((id, row)) = found else { return Ok(None) };
                    let registry = &resource.registry;
                    let refusal = policy.refusal(tx, registry, repository.id, &id.digest).await?;
                    Ok::<_, Error>(Some(FoundImage::new(repository.id, &id, &row, refusal)))
                })
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        self.check_refusal(permit, &found)?;
        let head = found.head();
        self.manifests.remember(&changes, permit.resource(), requested, found);
        Ok(Some(head))
    }

    /// What had changed when a pull was permitted: what is read for it may be of that moment.
    pub(super) async fn changes_for<A: Action>(
        &self,
        permit: &Permit<A>,
    ) -> Result<Changes, Error> {
        match permit.as_of() {
            Some(changes) => Ok(changes),
            None => Ok(self.metadata.changes().await?),
        }
    }

    /// Bytes that manifests and what was found by their names take up in memory.
    pub fn cached_manifest_bytes(&self) -> u64 {
        self.manifests.bytes()
    }

    /// All the images of `ids`, if all of them are kept with their manifests, and no pull of them
    /// is to be recorded.
    fn kept_images(
        &self,
        changes: &Changes,
        permit: &Permit<BatchGetImage>,
        ids: &[RequestedImage],
    ) -> Result<Option<Vec<StoredImage>>, Error> {
        let now = self.now();
        let mut images = Vec::with_capacity(ids.len());
        let mut bytes = 0;
        for requested in ids {
            let Some(found) = self.manifests.find(changes, permit.resource(), requested) else {
                return Ok(None);
            };
            self.check_refusal(permit, &found)?;
            if permit.principal().is_some() && pull_time::is_due(found.last_pulled_at, now) {
                return Ok(None);
            }
            bytes += found.manifest_size_bytes;
            let kept = self.manifests.get(changes, found.repository, found.id.digest);
            let Some(manifest) = kept else { return Ok(None) };
            let (id, media_type) = (found.id.clone(), found.media_type.clone());
            images.push(StoredImage { id, manifest, media_type, subject: found.subject });
        }
        // What is too much is refused where it is read.
        Ok((bytes <= BATCH_MANIFEST_BYTES_MAX).then_some(images))
    }

    /// Whether the pull policy lets the caller have an image. It is not about the registry itself.
    fn check_refusal(
        &self,
        permit: &Permit<BatchGetImage>,
        found: &FoundImage,
    ) -> Result<(), Error> {
        match (&found.refusal, permit.principal()) {
            (Some(refusal), Some(_)) => Refusal::check(Some(refusal), found.id.digest, self.now()),
            _ => Ok(()),
        }
    }

    async fn find(
        &self,
        changes: &Changes,
        permit: &Permit<BatchGetImage>,
        ids: Vec<RequestedImage>,
    ) -> Result<Pull, Error> {
        let resource = permit.resource().clone();
        let principal = permit.principal().map(Principal::arn);
        let (changes, kept) = (*changes, self.manifests.clone());
        let (policy, now) = (self.pull_policy, self.now());
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let (mut found, mut failures) = (Vec::new(), Vec::new());
                    let mut budget = ManifestBudget::default();
                    for requested in ids {
                        match resolve_active(tx, repository.id, &requested).await? {
                            Ok((id, row)) => {
                                let registry = &resource.registry;
                                let refusal =
                                    policy.refusal(tx, registry, repository.id, &id.digest).await?;
                                if principal.is_some() {
                                    Refusal::check(refusal.as_ref(), id.digest, now)?;
                                }
                                budget.take(&row)?;
                                let content =
                                    content(tx, &kept, &changes, &repository, &id).await?;
                                found.push(Found { requested, id, row, content, refusal });
                            }
                            Err(code) => failures.push(ImageFailure { requested, code }),
                        }
                    }
                    let is_recorded =
                        pull_time::is_recorded(tx, &resource.registry, principal.as_ref()).await?;
                    Ok::<_, Error>(Pull { repository, found, failures, is_recorded })
                })
            })
            .await
    }
}

async fn content(
    tx: &mut Tx,
    kept: &ManifestCache,
    changes: &Changes,
    repository: &RepositoryRow,
    id: &ImageIdentifier,
) -> Result<Content, Error> {
    if let Some(manifest) = kept.get(changes, repository.id, id.digest) {
        return Ok(Content::Kept(manifest));
    }
    let sealed = image::sealed_manifest(tx, repository.id, &id.digest).await?;
    Ok(Content::Sealed(sealed.unwrap_or_default()))
}

//! Images: found by tag or digest, and read. Their lists are beside.

mod budget;
mod listing;

use bytes::Bytes;
use wharfinger_auth::actions::BatchGetImage;
use wharfinger_auth::{Permit, Principal};
use wharfinger_core::{Digest, Tag};
use wharfinger_metadata::image::{self, ImageRow, ImageStatus};
use wharfinger_metadata::{RepositoryId, Tx, tag};

pub(crate) use budget::ManifestBudget;
pub(crate) use listing::artifact_media_type;
pub use listing::{ImageDetail, ListImagesFilter};

use crate::repository::must_find;
use crate::{Error, ImageFailure, ImageFailureCode, ImageName, Registry, pull_time};

/// An image as a request names it, not yet looked at: ECR's `ImageIdentifier`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestedImage {
    /// `imageDigest`.
    pub digest: Option<String>,
    /// `imageTag`.
    pub tag: Option<String>,
}

/// An image that exists, with the tag it was found by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageIdentifier {
    /// Its digest.
    pub digest: Digest,
    /// The tag, if one was asked for (or, in lists, one of its tags).
    pub tag: Option<Tag>,
}

/// A stored manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredImage {
    /// Which image it is.
    pub id: ImageIdentifier,
    /// The manifest, exactly as it was pushed.
    pub manifest: Bytes,
    /// Its media type.
    pub media_type: String,
    /// The digest of its subject, if it refers to one.
    pub subject: Option<Digest>,
}

/// What a request for a manifest's head is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageHead {
    /// The digest of the manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its size in bytes.
    pub manifest_size_bytes: u64,
}

impl Registry {
    /// ECR `BatchGetImage`: one image or one failure for each id, in their order. An archived image
    /// is a failure. Those that are read count as pulled.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more bytes of manifests than one answer may hold.
    pub async fn batch_get_image(
        &self,
        permit: &Permit<BatchGetImage>,
        ids: Vec<RequestedImage>,
    ) -> Result<(Vec<StoredImage>, Vec<ImageFailure>), Error> {
        let resource = permit.resource().clone();
        let principal = permit.principal().map(Principal::arn);
        let (repository, found, failures, recorded) = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let (mut found, mut failures) = (Vec::new(), Vec::new());
                    let mut budget = ManifestBudget::default();
                    for requested in ids {
                        match resolve_active(tx, repository.id, &requested).await? {
                            Ok((id, row)) => {
                                budget.take(&row)?;
                                let sealed =
                                    image::sealed_manifest(tx, repository.id, &id.digest).await?;
                                found.push((id, row, sealed.unwrap_or_default()));
                            }
                            Err(code) => failures.push(ImageFailure { requested, code }),
                        }
                    }
                    let recorded =
                        pull_time::is_recorded(tx, &resource.registry, principal.as_ref()).await?;
                    Ok::<_, Error>((repository, found, failures, recorded))
                })
            })
            .await?;
        let mut images = Vec::with_capacity(found.len());
        let mut pulled = Vec::new();
        for (id, row, sealed) in found {
            let manifest = self.open_manifest(&repository.key_domain, &id.digest, &sealed)?;
            let ImageRow { media_type, subject, last_pulled_at, .. } = row;
            if recorded {
                pulled.push((id.digest, last_pulled_at));
            }
            images.push(StoredImage { id, manifest, media_type, subject });
        }
        self.record_pulls_soon(repository.id, &pulled);
        Ok((images, failures))
    }

    /// What `HEAD` of a manifest answers, without reading the manifest. `None` if there is no such
    /// image, or it is archived.
    pub async fn head_image(
        &self,
        permit: &Permit<BatchGetImage>,
        requested: RequestedImage,
    ) -> Result<Option<ImageHead>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let found = resolve_active(tx, repository.id, &requested).await?;
                    Ok(found.ok().map(|(_, row)| ImageHead {
                        digest: row.digest,
                        media_type: row.media_type,
                        manifest_size_bytes: row.manifest_size_bytes,
                    }))
                })
            })
            .await
    }
}

/// An image that can be pulled, as a request names it, or why there is none.
async fn resolve_active(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
) -> Result<Result<(ImageIdentifier, ImageRow), ImageFailureCode>, Error> {
    Ok(match resolve(tx, repository, requested).await? {
        Ok((_, row)) if row.status != ImageStatus::Active => {
            Err(ImageFailureCode::ImageInaccessible)
        }
        resolved => resolved,
    })
}

/// Finds the image that a request names, whatever its status, or says why there is none.
pub(crate) async fn resolve(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
) -> Result<Result<(ImageIdentifier, ImageRow), ImageFailureCode>, Error> {
    let digest = match requested.digest.as_deref().map(str::parse::<Digest>) {
        Some(Err(_)) => return Ok(Err(ImageFailureCode::InvalidImageDigest)),
        Some(Ok(digest)) => Some(digest),
        None => None,
    };
    let tag = match requested.tag.as_deref().map(str::parse::<Tag>) {
        Some(Err(_)) => return Ok(Err(ImageFailureCode::InvalidImageTag)),
        Some(Ok(tag)) => Some(tag),
        None => None,
    };
    let tagged = match &tag {
        Some(tag) => tag::find(tx, repository, tag).await?,
        None => None,
    };
    let digest = match (digest, &tag, tagged) {
        (None, None, _) => return Ok(Err(ImageFailureCode::MissingDigestAndTag)),
        (None, Some(_), None) => return Ok(Err(ImageFailureCode::ImageNotFound)),
        (None, Some(_), Some(tagged)) => tagged,
        (Some(digest), None, _) => digest,
        (Some(digest), Some(_), Some(tagged)) if digest == tagged => digest,
        (Some(_), Some(_), _) => return Ok(Err(ImageFailureCode::ImageTagDoesNotMatchDigest)),
    };
    Ok(match image::find(tx, repository, &digest).await? {
        Some(row) => Ok((ImageIdentifier { digest, tag }, row)),
        None => Err(ImageFailureCode::ImageNotFound),
    })
}

impl From<RequestedImage> for ImageName {
    fn from(requested: RequestedImage) -> Self {
        Self { digest: requested.digest, tag: requested.tag }
    }
}

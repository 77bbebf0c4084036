//! Deleting images: `BatchDeleteImage`, and why an id of a batch fails.

use std::fmt;
use std::sync::Arc;

use wharfinger_auth::actions::BatchDeleteImage;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Digest;
use wharfinger_metadata::image::ImageRow;
use wharfinger_metadata::{RepositoryId, Tx, image};

use crate::image::resolve;
use crate::lifecycle_policy::evaluate_soon;
use crate::removal::{Cause, Removal, remove_image, remove_tag};
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, Registry, RequestedImage};

/// What a batch deleted, and what it did not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeletedImages {
    /// A pair for each tag that is gone, or the digest alone for an image without tags.
    pub deleted: Vec<ImageIdentifier>,
    /// The ids that failed.
    pub failures: Vec<ImageFailure>,
}

/// An id of a batch that failed, as it was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFailure {
    /// The id.
    pub requested: RequestedImage,
    /// Why it failed.
    pub code: ImageFailureCode,
}

/// ECR's `ImageFailureCode`. `Display` is the reason ECR gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ImageFailureCode {
    /// The digest is no digest.
    InvalidImageDigest,
    /// The tag is no tag.
    InvalidImageTag,
    /// The tag does not point to the digest.
    ImageTagDoesNotMatchDigest,
    /// There is no such image.
    ImageNotFound,
    /// The id names nothing.
    MissingDigestAndTag,
    /// Indexes that are stored list the image.
    ImageReferencedByManifestList(Vec<Digest>),
    /// The image is archived.
    ImageInaccessible,
    /// The repository's KMS key refuses to open it.
    KmsError {
        /// What KMS says.
        message: String,
        /// The code of the KMS error.
        kms_error: &'static str,
    },
}

impl ImageFailureCode {
    /// The code's wire name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InvalidImageDigest => "InvalidImageDigest",
            Self::InvalidImageTag => "InvalidImageTag",
            Self::ImageTagDoesNotMatchDigest => "ImageTagDoesNotMatchDigest",
            Self::ImageNotFound => "ImageNotFound",
            Self::MissingDigestAndTag => "MissingDigestAndTag",
            Self::ImageReferencedByManifestList(_) => "ImageReferencedByManifestList",
            Self::ImageInaccessible => "ImageInaccessible",
            Self::KmsError { .. } => "KmsError",
        }
    }

    /// The error of a call that fails as a whole for an id.
    pub(crate) fn as_call_failure(
        &self,
        requested: RequestedImage,
        resource: &RepositoryResource,
    ) -> Error {
        match self {
            Self::InvalidImageDigest => Error::invalid(
                "imageDigest",
                "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
            Self::InvalidImageTag => {
                let pattern = wharfinger_core::tag::TAG_PATTERN;
                Error::invalid("imageTag", format!("must satisfy regular expression '{pattern}'"))
            }
            Self::MissingDigestAndTag => Error::invalid("imageId", self.to_string()),
            Self::KmsError { message, kms_error } => {
                Error::Kms { message: message.clone(), kms_error }
            }
            Self::ImageTagDoesNotMatchDigest
            | Self::ImageNotFound
            | Self::ImageReferencedByManifestList(_)
            | Self::ImageInaccessible => Error::ImageNotFound {
                image: requested.into(),
                name: resource.name.clone(),
                registry: resource.registry.account,
            },
        }
    }
}

/// The image that a call of one image is about.
///
/// # Errors
/// [`Error::ImageNotFound`], or [`Error::InvalidParameter`] for what can name no image.
pub(crate) async fn must_resolve(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: RequestedImage,
    resource: &RepositoryResource,
) -> Result<(ImageIdentifier, ImageRow), Error> {
    let found = resolve(tx, repository, &requested).await?;
    found.map_err(|code| code.as_call_failure(requested, resource))
}

impl fmt::Display for ImageFailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidImageDigest => f.write_str(
                "Invalid request parameters: image digest should satisfy the regex \
                 '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
            Self::InvalidImageTag => f.write_str(
                "Invalid request parameters: image tag should satisfy the regex \
                 '[a-zA-Z0-9-_.]+'",
            ),
            Self::ImageTagDoesNotMatchDigest => {
                f.write_str("Requested image tag does not match the requested image digest")
            }
            Self::ImageNotFound => f.write_str("Requested image not found"),
            Self::MissingDigestAndTag => {
                f.write_str("Invalid request parameters: both tag and digest cannot be null")
            }
            Self::ImageReferencedByManifestList(parents) => {
                let parents: Vec<String> = parents.iter().map(ToString::to_string).collect();
                write!(f, "Requested image referenced by manifest list: [{}]", parents.join(", "))
            }
            Self::KmsError { message, .. } => f.write_str(message),
            Self::ImageInaccessible => {
                f.write_str("Requested image is archived and must be restored before it is pulled")
            }
        }
    }
}

impl Registry {
    /// ECR `BatchDeleteImage`: the ids in order; one that fails does not stop the others.
    ///
    /// By tag (with or without its digest) the tag goes, and with its last tag the image; by
    /// digest the image goes with all its tags. An image that a stored index lists stays. That an
    /// image is archived makes no difference.
    pub async fn batch_delete_image(
        &self,
        permit: &Permit<BatchDeleteImage>,
        ids: Vec<RequestedImage>,
    ) -> Result<DeletedImages, Error> {
        let resource = permit.resource().clone();
        let (removal, entropy) = (self.removal(Cause::of(permit)), Arc::clone(&self.entropy));
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let mut outcome = DeletedImages::default();
                    for requested in ids {
                        match delete(tx, repository, &requested, &removal).await? {
                            Ok(deleted) => outcome.deleted.extend(deleted),
                            Err(code) => outcome.failures.push(ImageFailure { requested, code }),
                        }
                    }
                    if !outcome.deleted.is_empty() {
                        // What a tag shielded, or an index held, may go now.
                        let Removal { now, upkeep, .. } = &removal;
                        evaluate_soon(tx, &*entropy, repository, upkeep, *now).await?;
                    }
                    Ok(outcome)
                })
            })
            .await
    }
}

async fn delete(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
    removal: &Removal,
) -> Result<Result<Vec<ImageIdentifier>, ImageFailureCode>, Error> {
    let (id, row) = match resolve(tx, repository, requested).await? {
        Ok(found) => found,
        Err(code) => return Ok(Err(code)),
    };
    if let Some(tag) = &id.tag
        && row.tag_count > 1
    {
        remove_tag(tx, repository, tag, removal).await?;
        return Ok(Ok(vec![id]));
    }
    let parents = image::parents(tx, repository, &id.digest).await?;
    if !parents.is_empty() {
        return Ok(Err(ImageFailureCode::ImageReferencedByManifestList(parents)));
    }
    let tags = remove_image(tx, repository, &row, removal).await?;
    let digest = id.digest;
    if tags.is_empty() {
        return Ok(Ok(vec![ImageIdentifier { digest, tag: None }]));
    }
    Ok(Ok(tags.into_iter().map(|tag| ImageIdentifier { digest, tag: Some(tag) }).collect()))
}

//! What can go wrong, named after the exceptions of ECR's model. `Display` is the message a client
//! is told; each edge maps the variants to its dialect in one exhaustive match.

use std::fmt;

use wharfinger_blobs::{BlobError, KeyError};
use wharfinger_core::{AccountId, Digest, RegistryId, RepositoryName, Tag, UploadId};
use wharfinger_lifecycle_policy::InvalidPolicy;
use wharfinger_metadata::MetadataError;

/// An error of the registry.
///
/// Texts are ECR's (`ecr-semantics`, "Common exception messages").
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the fields are what the messages name")]
pub enum Error {
    /// `InvalidParameterException`: a value no constraint of the model catches.
    #[error("Invalid parameter at '{member}' failed to satisfy constraint: '{reason}'")]
    InvalidParameter { member: &'static str, reason: String },
    /// `RepositoryNotFoundException`.
    #[error(
        "The repository with name '{name}' does not exist in the registry with id '{registry}'"
    )]
    RepositoryNotFound { name: RepositoryName, registry: AccountId },
    /// `RepositoryAlreadyExistsException`.
    #[error(
        "The repository with name '{name}' already exists in the registry with id '{registry}'"
    )]
    RepositoryAlreadyExists { name: RepositoryName, registry: AccountId },
    /// `RepositoryNotEmptyException`.
    #[error(
        "The repository with name '{name}' in registry with id '{registry}' cannot be deleted \
         because it still contains images"
    )]
    RepositoryNotEmpty { name: RepositoryName, registry: AccountId },
    /// `ImageNotFoundException`.
    #[error(
        "The image with imageId {image} does not exist within the repository with name '{name}' \
         in the registry with id '{registry}'"
    )]
    ImageNotFound { image: ImageName, name: RepositoryName, registry: AccountId },
    /// `ImageAlreadyExistsException`: the very image is there, under the very tag. `subject` is for
    /// `/v2`, where such a push succeeds.
    #[error(
        "Image with digest '{digest}' and tag '{}' already exists in the repository with name \
         '{name}' in registry with id '{registry}'",
        OrNull(tag.as_ref())
    )]
    ImageAlreadyExists {
        digest: Digest,
        tag: Option<Tag>,
        subject: Option<Box<Digest>>,
        name: RepositoryName,
        registry: AccountId,
    },
    /// `ImageTagAlreadyExistsException`.
    #[error(
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten \
         because the tag is immutable."
    )]
    ImageTagAlreadyExists { tag: Tag, name: RepositoryName },
    /// `ImageDigestDoesNotMatchException`.
    #[error(
        "The provided image digest '{provided}' does not match the digest '{calculated}' \
         calculated from the image manifest"
    )]
    ImageDigestDoesNotMatch { provided: Digest, calculated: Digest },
    /// `InvalidParameterException` at `ImageManifest`. `detail` says where, for logs and `/v2`.
    #[error("Invalid parameter at 'ImageManifest' failed to satisfy constraint: '{reason}'")]
    InvalidManifest { reason: String, detail: String },
    /// `LayersNotFoundException` of `PutImage`.
    #[error(
        "Layers with digests '[{}]' required for pushing image into repository with name '{name}' \
         in the registry with id '{registry}' do not exist",
        Joined(digests)
    )]
    LayersNotFound { digests: Vec<Digest>, name: RepositoryName, registry: AccountId },
    /// `ReferencedImagesNotFoundException`.
    #[error(
        "Images with digests '[{}]' required for pushing image into repository with name '{name}' \
         in the registry with id '{registry}' do not exist",
        Joined(digests)
    )]
    ReferencedImagesNotFound { digests: Vec<Digest>, name: RepositoryName, registry: AccountId },
    /// `LayersNotFoundException` of `GetDownloadUrlForLayer`.
    #[error(
        "The layer with digest '{digest}' does not exist within the repository with name '{name}' \
         in the registry with id '{registry}'"
    )]
    LayerNotFound { digest: Digest, name: RepositoryName, registry: AccountId },
    /// `LayerInaccessibleException`.
    #[error(
        "The layer with digest '{digest}' in the repository with name '{name}' in the registry \
         with id '{registry}' is not referenced by any active image"
    )]
    LayerInaccessible { digest: Digest, name: RepositoryName, registry: AccountId },
    /// The stored bytes of a layer are damaged. Pushing the layer again heals it.
    #[error(
        "The stored copy of the layer with digest '{digest}' is damaged and is not served; push \
         it again to heal it"
    )]
    LayerDamaged { digest: Digest },
    /// `UploadNotFoundException`.
    #[error(
        "The upload with id '{upload}' does not exist in the repository with name '{name}' in the \
         registry with id '{registry}'"
    )]
    UploadNotFound { upload: UploadId, name: RepositoryName, registry: AccountId },
    /// `InvalidLayerPartException`.
    #[error("{reason}")]
    InvalidLayerPart {
        reason: String,
        upload: UploadId,
        name: RepositoryName,
        registry: AccountId,
        /// The offset of the last byte that was kept; −1 when none was.
        last_valid_byte_received: i64,
    },
    /// `EmptyUploadException`.
    #[error(
        "The upload with id '{upload}' in the repository with name '{name}' in registry with id \
         '{registry}' cannot be completed because it does not have any parts"
    )]
    EmptyUpload { upload: UploadId, name: RepositoryName, registry: AccountId },
    /// `InvalidLayerException`.
    #[error("None of the provided layer digests match the calculated layer digest")]
    InvalidLayer { calculated: Digest },
    /// `LayerPartTooSmallException`.
    #[error("All layer parts except the last part should be at least 5MB")]
    LayerPartTooSmall,
    /// `LayerAlreadyExistsException`.
    #[error(
        "The layer with digest '{digest}' already exists in the repository with name '{name}' in \
         registry with id '{registry}'"
    )]
    LayerAlreadyExists { digest: Digest, name: RepositoryName, registry: AccountId },
    /// `LimitExceededException`.
    #[error("The {what} limit of {limit} is exceeded")]
    LimitExceeded { what: &'static str, limit: u64 },
    /// `LimitExceededException` of `StartImageScan`.
    #[error("The scan quota per image has been exceeded. Wait and try again.")]
    ScanQuotaExceeded,
    /// `InvalidTagParameterException`.
    #[error("Invalid parameter at 'tags' failed to satisfy constraint: '{reason}'")]
    InvalidTagParameter { reason: String },
    /// `TooManyTagsException`.
    #[error("A repository can have at most {limit} tags")]
    TooManyTags { limit: usize },
    /// `ValidationException`: what was asked for does not fit the registry's settings.
    #[error("{reason}")]
    Validation { reason: String },
    /// `RepositoryPolicyNotFoundException`.
    #[error(
        "Repository policy does not exist for the repository with name '{name}' in the registry \
         with id '{registry}'"
    )]
    RepositoryPolicyNotFound { name: RepositoryName, registry: AccountId },
    /// `RegistryPolicyNotFoundException`.
    #[error("Registry policy does not exist in the registry with id '{registry}'")]
    RegistryPolicyNotFound { registry: AccountId },
    /// `LifecyclePolicyNotFoundException`.
    #[error(
        "Lifecycle policy does not exist for the repository with name '{name}' in the registry \
         with id '{registry}'"
    )]
    LifecyclePolicyNotFound { name: RepositoryName, registry: AccountId },
    /// `InvalidParameterException` at `LifecyclePolicyText`. ECR does not always close its quote.
    #[error(
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle \
         policy validation failure: {0}"
    )]
    InvalidLifecyclePolicy(#[from] InvalidPolicy),
    /// `LifecyclePolicyPreviewNotFoundException`.
    #[error(
        "Lifecycle policy preview does not exist for the repository with name '{name}' in the \
         registry with id '{registry}'"
    )]
    LifecyclePolicyPreviewNotFound { name: RepositoryName, registry: AccountId },
    /// `LifecyclePolicyPreviewInProgressException`.
    #[error(
        "A lifecycle policy preview is in progress for the repository with name '{name}' in the \
         registry with id '{registry}'. Wait for it to complete"
    )]
    LifecyclePolicyPreviewInProgress { name: RepositoryName, registry: AccountId },
    /// `ScanNotFoundException`.
    #[error(
        "Image scan does not exist for the image with '{image}' in the repository with name \
         '{name}' in the registry with id '{registry}'"
    )]
    ScanNotFound { image: ImageName, name: RepositoryName, registry: AccountId },
    /// `UnsupportedImageTypeException`.
    #[error("{reason}")]
    UnsupportedImageType { reason: String },
    /// `ImageArchivedException`.
    #[error(
        "The image with imageId {image} in the repository with name '{name}' in the registry with \
         id '{registry}' is archived"
    )]
    ImageArchived { image: ImageName, name: RepositoryName, registry: AccountId },
    /// `ImageStorageClassUpdateNotSupportedException`.
    #[error("{reason}")]
    ImageStorageClassUpdateNotSupported { reason: String },
    /// `PullThroughCacheRuleAlreadyExistsException`.
    #[error(
        "A pull through cache rule with prefix '{prefix}' already exists in the registry with id \
         '{registry}'"
    )]
    PullThroughCacheRuleAlreadyExists { prefix: String, registry: AccountId },
    /// `PullThroughCacheRuleNotFoundException`.
    #[error(
        "The pull through cache rule with prefix '{prefix}' does not exist in the registry with id \
         '{registry}'"
    )]
    PullThroughCacheRuleNotFound { prefix: String, registry: AccountId },
    /// `UnsupportedUpstreamRegistryException`.
    #[error("{reason}")]
    UnsupportedUpstreamRegistry { reason: String },
    /// `SecretNotFoundException`.
    #[error("The secret with ARN '{arn}' does not exist")]
    SecretNotFound { arn: String },
    /// `TemplateAlreadyExistsException`.
    #[error(
        "A repository creation template with prefix '{prefix}' already exists in the registry with \
         id '{registry}'"
    )]
    TemplateAlreadyExists { prefix: String, registry: AccountId },
    /// `TemplateNotFoundException`.
    #[error(
        "The repository creation template with prefix '{prefix}' does not exist in the registry \
         with id '{registry}'"
    )]
    TemplateNotFound { prefix: String, registry: AccountId },
    /// `SigningConfigurationNotFoundException`.
    #[error("Signing configuration does not exist in the registry with id '{registry}'")]
    SigningConfigurationNotFound { registry: AccountId },
    /// `ExclusionAlreadyExistsException`.
    #[error(
        "A pull time update exclusion for '{principal}' already exists in the registry with id \
         '{registry}'"
    )]
    ExclusionAlreadyExists { principal: String, registry: AccountId },
    /// `ExclusionNotFoundException`.
    #[error(
        "A pull time update exclusion for '{principal}' does not exist in the registry with id \
         '{registry}'"
    )]
    ExclusionNotFound { principal: String, registry: AccountId },
    /// `ReplicationBackfillInProgressException`.
    #[error("{reason}")]
    ReplicationBackfillInProgress { reason: String },
    /// `ReplicationBackfillNotFoundException`.
    #[error(
        "The replication backfill with id '{id}' does not exist in the registry with id '{registry}'"
    )]
    ReplicationBackfillNotFound { id: String, registry: AccountId },
    /// `ReplicationBackfillInvalidStatusException`.
    #[error("{reason}")]
    ReplicationBackfillInvalidStatus { reason: String },
    /// `RegistryNotFoundException` (ECR Public).
    #[error("The registry with id or alias '{registry}' does not exist")]
    RegistryNotFound { registry: String },
    /// `RepositoryCatalogDataNotFoundException` (ECR Public).
    #[error(
        "Repository catalog data does not exist for the repository with name '{name}' in the \
         registry with id '{registry}'"
    )]
    RepositoryCatalogDataNotFound { name: RepositoryName, registry: AccountId },
    /// `UnsupportedCommandException` (ECR Public).
    #[error("{reason}")]
    UnsupportedCommand { reason: String },
    /// `ThrottlingException`.
    #[error("Rate exceeded")]
    Throttling,
    /// `KmsException`. `kms_error` is the code of the KMS error.
    #[error("{message}")]
    Kms { message: String, kms_error: &'static str },
    /// The client's body broke off or could not be read. What had arrived is kept.
    #[error("the request body ended early: {0}")]
    BodyInterrupted(String),
    /// The pull policy refuses the image.
    #[error(
        "The image with digest '{digest}' is not handed out: it has had the CRITICAL vulnerability \
         {vulnerability} for more than {days} days, and the policy of this registry refuses pulls \
         of such images"
    )]
    PullRefused { digest: Digest, vulnerability: String, days: u64 },
    /// No space is left where the registry keeps its data. Nothing of the request was kept.
    #[error("No space is left on the storage of this registry; the request was not carried out")]
    StorageFull(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// `ServerException`: the stores failed. The cause is for the log, not for the client.
    #[error("The registry could not carry out the request because of an internal error")]
    Server(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    pub(crate) fn repository_not_found(registry: &RegistryId, name: &RepositoryName) -> Self {
        Self::RepositoryNotFound { name: name.clone(), registry: registry.account }
    }

    pub(crate) fn invalid(member: &'static str, reason: impl Into<String>) -> Self {
        Self::InvalidParameter { member, reason: reason.into() }
    }
}

impl From<MetadataError> for Error {
    fn from(error: MetadataError) -> Self {
        match error {
            MetadataError::StorageFull(_) => Self::StorageFull(Box::new(error)),
            error => Self::Server(Box::new(error)),
        }
    }
}

impl From<BlobError> for Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::StorageFull { .. } => Self::StorageFull(Box::new(error)),
            BlobError::KeyUnavailable(KeyError::Refused { message, code, .. }) => {
                Self::Kms { message, kms_error: code }
            }
            error => Self::Server(Box::new(error)),
        }
    }
}

/// An image as a request named it, in the form of ECR's messages:
/// `{imageDigest:'d', imageTag:'t'}` with `null` for what was not given.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ImageName {
    /// The digest, as it was given.
    pub digest: Option<String>,
    /// The tag, as it was given.
    pub tag: Option<String>,
}

impl fmt::Display for ImageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digest = OrNull(self.digest.as_ref());
        let tag = OrNull(self.tag.as_ref());
        write!(f, "{{imageDigest:'{digest}', imageTag:'{tag}'}}")
    }
}

struct OrNull<'a, T>(Option<&'a T>);

impl<T: fmt::Display> fmt::Display for OrNull<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(value) => value.fmt(f),
            None => f.write_str("null"),
        }
    }
}

struct Joined<'a>(&'a [Digest]);

impl fmt::Display for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, digest) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            digest.fmt(f)?;
        }
        Ok(())
    }
}

//! What the registry's refusals are on `/v2`: status, code and message
//! (`Error envelope and mapping` of the contract).

use http::header::RETRY_AFTER;
use http::{Method, StatusCode};
use wharfinger_auth::{AuthorizeError, decided_by};
use wharfinger_core::limits::RATE_RETRY_AFTER_SECONDS;
use wharfinger_core::repository_name::REPOSITORY_NAME_PATTERN;
use wharfinger_core::tag::{TAG_PATTERN, fits_pattern};
use wharfinger_core::{RegistryId, Tag};
use wharfinger_oci::{ErrorCode, ManifestError, PathError};
use wharfinger_registry::{Error, ImageFailureCode};

use crate::refusal::Refusal;

/// The pattern ECR's messages quote for a digest.
const DIGEST_PATTERN: &str = "[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+";

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, code) = of_registry(&error);
        let mut refusal = Self::new(status, code, error.to_string());
        if let Error::InvalidManifest { detail, .. } = &error {
            refusal = refusal.with_detail(detail.clone());
        }
        if matches!(error, Error::Throttling) {
            refusal = refusal.with_header(RETRY_AFTER, RATE_RETRY_AFTER_SECONDS.to_string());
        }
        if is_fault_of_this_side(&error) { refusal.with_cause(error) } else { refusal }
    }
}

impl From<AuthorizeError> for Refusal {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Denied(denied) => {
                Self::denied(denied.to_string()).with_decided_by(decided_by(&denied))
            }
            error @ (AuthorizeError::Store(_) | AuthorizeError::PolicyUnreadable(_)) => {
                Error::Server(Box::new(error)).into()
            }
        }
    }
}

fn of_registry(error: &Error) -> (StatusCode, ErrorCode) {
    match error {
        Error::RepositoryNotFound { .. } => (StatusCode::NOT_FOUND, ErrorCode::NameUnknown),
        Error::ImageNotFound { .. } => (StatusCode::NOT_FOUND, ErrorCode::ManifestUnknown),
        Error::UploadNotFound { .. } => (StatusCode::NOT_FOUND, ErrorCode::BlobUploadUnknown),
        // OCI Distribution has one code for both, and ECR another for layers.
        Error::LayersNotFound { .. } | Error::ReferencedImagesNotFound { .. } => {
            (StatusCode::NOT_FOUND, ErrorCode::ManifestBlobUnknown)
        }
        // A damaged blob is as good as none: a push that asks for it sends it again, and so heals it.
        Error::LayerNotFound { .. }
        | Error::LayerInaccessible { .. }
        | Error::LayerDamaged { .. } => (StatusCode::NOT_FOUND, ErrorCode::BlobUnknown),
        Error::ImageTagAlreadyExists { .. } => (StatusCode::BAD_REQUEST, ErrorCode::TagInvalid),
        Error::ImageDigestDoesNotMatch { .. } => {
            (StatusCode::BAD_REQUEST, ErrorCode::DigestInvalid)
        }
        Error::InvalidManifest { reason, .. } if is_media_type_conflict(reason) => {
            (StatusCode::BAD_REQUEST, ErrorCode::ManifestInvalid)
        }
        Error::InvalidManifest { .. }
        | Error::InvalidParameter { .. }
        | Error::InvalidTagParameter { .. }
        | Error::TooManyTags { .. } => (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported),
        Error::InvalidLayerPart { .. } => {
            (StatusCode::RANGE_NOT_SATISFIABLE, ErrorCode::BlobUploadInvalid)
        }
        Error::EmptyUpload { .. }
        | Error::InvalidLayer { .. }
        | Error::LayerPartTooSmall
        | Error::BodyInterrupted(_) => (StatusCode::BAD_REQUEST, ErrorCode::BlobUploadInvalid),
        // No 429, which clients would answer with pushing again and again.
        Error::LimitExceeded { .. } | Error::PullRefused { .. } => {
            (StatusCode::FORBIDDEN, ErrorCode::Denied)
        }
        Error::Kms { .. } => (StatusCode::BAD_REQUEST, ErrorCode::Unsupported),
        // The first and third are answered with success where they can occur at all.
        Error::ImageAlreadyExists { .. }
        | Error::RepositoryAlreadyExists { .. }
        | Error::LayerAlreadyExists { .. }
        | Error::RepositoryNotEmpty { .. } => (StatusCode::CONFLICT, ErrorCode::Unsupported),
        Error::Throttling => (StatusCode::TOO_MANY_REQUESTS, ErrorCode::TooManyRequests),
        Error::ImageArchived { .. } => (StatusCode::NOT_FOUND, ErrorCode::ManifestUnknown),
        Error::RegistryNotFound { .. } => (StatusCode::NOT_FOUND, ErrorCode::NameUnknown),
        // Of operations that have no route here.
        Error::Validation { .. }
        | Error::InvalidLifecyclePolicy(_)
        | Error::RepositoryPolicyNotFound { .. }
        | Error::RegistryPolicyNotFound { .. }
        | Error::LifecyclePolicyNotFound { .. }
        | Error::LifecyclePolicyPreviewNotFound { .. }
        | Error::LifecyclePolicyPreviewInProgress { .. }
        | Error::ScanNotFound { .. }
        | Error::ScanQuotaExceeded
        | Error::UnsupportedImageType { .. }
        | Error::ImageStorageClassUpdateNotSupported { .. }
        | Error::PullThroughCacheRuleAlreadyExists { .. }
        | Error::PullThroughCacheRuleNotFound { .. }
        | Error::UnsupportedUpstreamRegistry { .. }
        | Error::SecretNotFound { .. }
        | Error::TemplateAlreadyExists { .. }
        | Error::TemplateNotFound { .. }
        | Error::SigningConfigurationNotFound { .. }
        | Error::ExclusionAlreadyExists { .. }
        | Error::ExclusionNotFound { .. }
        | Error::ReplicationBackfillInProgress { .. }
        | Error::ReplicationBackfillNotFound { .. }
        | Error::ReplicationBackfillInvalidStatus { .. }
        | Error::RepositoryCatalogDataNotFound { .. }
        | Error::UnsupportedCommand { .. } => {
            (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported)
        }
        Error::StorageFull(_) => (StatusCode::INSUFFICIENT_STORAGE, ErrorCode::Unknown),
        Error::Server(_) => (StatusCode::INTERNAL_SERVER_ERROR, ErrorCode::Unknown),
    }
}

/// What must be logged with its causes, whatever the client is told.
fn is_fault_of_this_side(error: &Error) -> bool {
    matches!(error, Error::Server(_) | Error::StorageFull(_) | Error::LayerDamaged { .. })
}

/// ECR's rule for all invalid parameters on `/v2`: 405 `UNSUPPORTED` with the API's message.
pub(crate) fn invalid_parameter(member: &'static str, reason: impl Into<String>) -> Refusal {
    Error::InvalidParameter { member, reason: reason.into() }.into()
}

/// A text that should have been a digest: ECR's message with the status that OCI Distribution
/// demands of uploads [end-4b, end-6] and of lists of referrers [end-12a], and its suite of
/// manifests [end-7].
pub(crate) fn invalid_digest(member: &'static str) -> Refusal {
    let reason = format!("must satisfy regular expression '{DIGEST_PATTERN}'");
    bad_digest(member, reason)
}

/// 400 `DIGEST_INVALID` with ECR's message for the parameter.
pub(crate) fn bad_digest(member: &'static str, reason: impl Into<String>) -> Refusal {
    let error = Error::InvalidParameter { member, reason: reason.into() };
    Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::DigestInvalid, error.to_string())
}

/// A text that should have been a tag.
pub(crate) fn invalid_tag(text: &str) -> Refusal {
    let reason = match text.parse::<Tag>() {
        Err(error) if fits_pattern(text) => error.to_string(),
        _ => format!("must satisfy regular expression '{TAG_PATTERN}'"),
    };
    invalid_parameter("imageTag", reason)
}

/// Why an image of a request of one failed.
pub(crate) fn of_image(code: &ImageFailureCode) -> Refusal {
    let (status, error) = match code {
        ImageFailureCode::ImageNotFound
        | ImageFailureCode::ImageTagDoesNotMatchDigest
        | ImageFailureCode::InvalidImageDigest
        | ImageFailureCode::InvalidImageTag
        | ImageFailureCode::MissingDigestAndTag
        | ImageFailureCode::ImageInaccessible => {
            (StatusCode::NOT_FOUND, ErrorCode::ManifestUnknown)
        }
        ImageFailureCode::KmsError { .. } => (StatusCode::BAD_REQUEST, ErrorCode::Unsupported),
        ImageFailureCode::ImageReferencedByManifestList(_) => {
            (StatusCode::METHOD_NOT_ALLOWED, ErrorCode::Unsupported)
        }
    };
    Refusal::new(status, error, code.to_string())
}

/// A path that leads nowhere.
pub(crate) fn of_path(
    error: &PathError,
    method: &Method,
    path: &str,
    registry: &RegistryId,
) -> Refusal {
    match error {
        PathError::NotFound => {
            Refusal::new(StatusCode::NOT_FOUND, ErrorCode::Unsupported, error.to_string())
        }
        PathError::Encoding => {
            Refusal::new(StatusCode::BAD_REQUEST, ErrorCode::NameInvalid, error.to_string())
        }
        PathError::Name { .. } => invalid_parameter(
            "repositoryName",
            format!("must satisfy regular expression '{REPOSITORY_NAME_PATTERN}'"),
        ),
        PathError::Digest { .. } if path.rsplit('/').nth(1) == Some("referrers") => {
            invalid_digest("imageDigest")
        }
        PathError::Digest { name, digest } => Refusal::new(
            StatusCode::NOT_FOUND,
            ErrorCode::BlobUnknown,
            format!(
                "The layer with digest '{digest}' does not exist within the repository with name \
                 '{name}' in the registry with id '{}'",
                registry.account
            ),
        ),
        // What cannot be stored cannot be found; only for a push is it a wrong parameter.
        PathError::Reference { .. } if method != Method::PUT => {
            of_image(&ImageFailureCode::ImageNotFound)
        }
        PathError::Reference { reference, .. } if reference.contains(':') => {
            invalid_digest("imageDigest")
        }
        PathError::Reference { reference, .. } => invalid_tag(reference),
        PathError::UploadId { name, .. } => Refusal::new(
            StatusCode::NOT_FOUND,
            ErrorCode::BlobUploadUnknown,
            format!(
                "The upload does not exist in the repository with name '{name}' in the registry \
                 with id '{}'",
                registry.account
            ),
        ),
    }
}

/// Whether a manifest was refused because it is not of the type it was declared to have.
fn is_media_type_conflict(reason: &str) -> bool {
    let conflict =
        ManifestError::MediaTypeConflict { declared: String::new(), in_body: String::new() };
    reason == conflict.to_string()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    use super::*;

    fn answer(error: impl Into<Refusal>) -> (u16, String) {
        let response = error.into().into_response();
        let status = response.status().as_u16();
        let body = response.into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn faults_of_this_side_tell_the_client_nothing_of_their_causes() {
        let cause = || "/var/lib/registry: disk 7".into();
        let full = r#"{"errors":[{"code":"UNKNOWN","message":"No space is left on the storage of this registry; the request was not carried out"}]}"#;
        assert_eq!(answer(Error::StorageFull(cause())), (507, full.into()));
        let failed = r#"{"errors":[{"code":"UNKNOWN","message":"The registry could not carry out the request because of an internal error"}]}"#;
        assert_eq!(answer(Error::Server(cause())), (500, failed.into()));
        let unreadable = AuthorizeError::PolicyUnreadable("of ann".into());
        assert_eq!(answer(unreadable), (500, failed.into()));
    }

    #[test]
    fn limits_and_keys_are_told_so_that_no_client_tries_again() {
        let limit = Error::LimitExceeded { what: "images per repository", limit: 7 };
        let denied = r#"{"errors":[{"code":"DENIED","message":"The images per repository limit of 7 is exceeded"}]}"#;
        assert_eq!(answer(limit), (403, denied.into()));
        let kms = Error::Kms { message: "no such key".into(), kms_error: "NotFoundException" };
        let refused = r#"{"errors":[{"code":"UNSUPPORTED","message":"no such key"}]}"#;
        assert_eq!(answer(kms), (400, refused.into()));
        let small = r#"{"errors":[{"code":"BLOB_UPLOAD_INVALID","message":"All layer parts except the last part should be at least 5MB"}]}"#;
        assert_eq!(answer(Error::LayerPartTooSmall), (400, small.into()));
    }
}

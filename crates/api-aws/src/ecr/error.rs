//! Why a call of ECR fails, and the one mapping of the registry's errors to ECR's exceptions.

use http::StatusCode;
use serde_json::{Map, json};
use wharfinger_auth::{AccessDenied, AuthorizeError, CredentialError};
use wharfinger_aws_model::{ConstraintError, DecodeError};
use wharfinger_aws_protocol::json::JsonError;
use wharfinger_aws_protocol::sigv4::SigV4Error;
use wharfinger_registry::Error as RegistryError;

use crate::BoxError;
use crate::body::BodyError;
use crate::failure::{Failure, INTERNAL};
use crate::trail::NotRecordable;

/// Why a call fails. `Display` is the message, save for faults of the server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    #[error(transparent)]
    Json(#[from] JsonError),
    #[error("The operation '{0}' is unknown.")]
    UnknownOperation(String),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error(transparent)]
    Credential(#[from] CredentialError),
    #[error(transparent)]
    Input(#[from] DecodeError),
    #[error(transparent)]
    Denied(AccessDenied),
    #[error(transparent)]
    Registry(#[from] RegistryError),
    #[error(transparent)]
    NotRecordable(#[from] NotRecordable),
    #[error("the edge failed")]
    Internal(#[source] BoxError),
}

impl CallError {
    /// `InvalidParameterException` in ECR's words.
    pub(crate) fn invalid(member: &'static str, reason: impl Into<String>) -> Self {
        DecodeError::from(ConstraintError::invalid_parameter(member, reason)).into()
    }

    pub(crate) fn internal(cause: impl Into<BoxError>) -> Self {
        Self::Internal(cause.into())
    }

    /// The answer.
    pub(crate) fn failure(&self) -> Failure {
        let bad_request = |code| Failure::new(StatusCode::BAD_REQUEST, code, self.to_string());
        match self {
            Self::Json(error) => {
                let (status, code) = error.code();
                Failure::new(status, code, self.to_string())
            }
            Self::UnknownOperation(_) => bad_request("UnknownOperationException"),
            Self::Body(BodyError::TooLarge { .. }) => Failure::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "RequestEntityTooLargeException",
                self.to_string(),
            ),
            Self::Body(BodyError::NoRoom) => bad_request("ThrottlingException"),
            Self::Body(BodyError::Interrupted(_)) => bad_request("SerializationException"),
            Self::Credential(error) => credential_failure(error),
            Self::Input(DecodeError::Serialization(_)) => bad_request("SerializationException"),
            Self::Input(DecodeError::Constraint(_)) => bad_request("InvalidParameterException"),
            Self::Denied(_) => bad_request("AccessDeniedException"),
            Self::Registry(error) => registry_failure(error),
            Self::NotRecordable(error) => {
                let status = StatusCode::INSUFFICIENT_STORAGE;
                Failure::new(status, "ServerException", error.to_string())
            }
            Self::Internal(_) => internal(),
        }
    }

    /// The denial, if it is one.
    pub(crate) fn denied(&self) -> Option<&AccessDenied> {
        match self {
            Self::Denied(denied) => Some(denied),
            _ => None,
        }
    }
}

impl From<AuthorizeError> for CallError {
    fn from(error: AuthorizeError) -> Self {
        match error {
            AuthorizeError::Denied(denied) => Self::Denied(denied),
            error @ (AuthorizeError::Store(_) | AuthorizeError::PolicyUnreadable(_)) => {
                Self::internal(error)
            }
        }
    }
}

fn internal() -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "ServerException", INTERNAL)
}

fn credential_failure(error: &CredentialError) -> Failure {
    let signature = match error {
        CredentialError::Signature(error) => error,
        CredentialError::UnrecognizedClient => &SigV4Error::UnrecognizedClient,
        CredentialError::Expired => &SigV4Error::ExpiredToken,
        CredentialError::Store(_) | CredentialError::SecretUnreadable => return internal(),
    };
    let (status, code) = signature.json_code();
    Failure::new(status, code, signature.message())
}

/// ECR's exception for each error of the registry. All client faults are 400.
fn registry_failure(error: &RegistryError) -> Failure {
    let mut status = StatusCode::BAD_REQUEST;
    let mut members = Map::new();
    let code = match error {
        // A body that breaks off is told apart by the edge that streams, which is not this one.
        RegistryError::InvalidParameter { .. }
        | RegistryError::InvalidLifecyclePolicy(_)
        | RegistryError::InvalidManifest { .. }
        | RegistryError::BodyInterrupted(_) => "InvalidParameterException",
        RegistryError::RepositoryNotFound { .. } => "RepositoryNotFoundException",
        RegistryError::RepositoryAlreadyExists { .. } => "RepositoryAlreadyExistsException",
        RegistryError::RepositoryNotEmpty { .. } => "RepositoryNotEmptyException",
        RegistryError::ImageNotFound { .. } => "ImageNotFoundException",
        RegistryError::ImageAlreadyExists { .. } => "ImageAlreadyExistsException",
        RegistryError::ImageTagAlreadyExists { .. } => "ImageTagAlreadyExistsException",
        RegistryError::ImageDigestDoesNotMatch { .. } => "ImageDigestDoesNotMatchException",
        // A damaged layer counts as one that is not there: that is what makes clients push it
        // again, which heals it.
        RegistryError::LayersNotFound { .. }
        | RegistryError::LayerNotFound { .. }
        | RegistryError::LayerDamaged { .. } => "LayersNotFoundException",
        RegistryError::ReferencedImagesNotFound { .. } => "ReferencedImagesNotFoundException",
        RegistryError::PullRefused { .. } => "AccessDeniedException",
        RegistryError::LayerInaccessible { .. } => "LayerInaccessibleException",
        RegistryError::UploadNotFound { .. } => "UploadNotFoundException",
        RegistryError::InvalidLayerPart {
            upload,
            name,
            registry,
            last_valid_byte_received,
            ..
        } => {
            members.insert("registryId".into(), json!(registry.as_str()));
            members.insert("repositoryName".into(), json!(name.as_str()));
            members.insert("uploadId".into(), json!(upload.to_string()));
            members.insert("lastValidByteReceived".into(), json!(last_valid_byte_received));
            "InvalidLayerPartException"
        }
        RegistryError::EmptyUpload { .. } => "EmptyUploadException",
        RegistryError::InvalidLayer { .. } => "InvalidLayerException",
        RegistryError::LayerPartTooSmall => "LayerPartTooSmallException",
        RegistryError::LayerAlreadyExists { .. } => "LayerAlreadyExistsException",
        RegistryError::LimitExceeded { .. } | RegistryError::ScanQuotaExceeded => {
            "LimitExceededException"
        }
        RegistryError::InvalidTagParameter { .. } => "InvalidTagParameterException",
        RegistryError::TooManyTags { .. } => "TooManyTagsException",
        RegistryError::Validation { .. } => "ValidationException",
        RegistryError::RepositoryPolicyNotFound { .. } => "RepositoryPolicyNotFoundException",
        RegistryError::RegistryPolicyNotFound { .. } => "RegistryPolicyNotFoundException",
        RegistryError::LifecyclePolicyNotFound { .. } => "LifecyclePolicyNotFoundException",
        RegistryError::LifecyclePolicyPreviewNotFound { .. } => {
            "LifecyclePolicyPreviewNotFoundException"
        }
        RegistryError::LifecyclePolicyPreviewInProgress { .. } => {
            "LifecyclePolicyPreviewInProgressException"
        }
        RegistryError::ScanNotFound { .. } => "ScanNotFoundException",
        RegistryError::UnsupportedImageType { .. } => "UnsupportedImageTypeException",
        RegistryError::ImageArchived { .. } => "ImageArchivedException",
        RegistryError::ImageStorageClassUpdateNotSupported { .. } => {
            "ImageStorageClassUpdateNotSupportedException"
        }
        RegistryError::PullThroughCacheRuleAlreadyExists { .. } => {
            "PullThroughCacheRuleAlreadyExistsException"
        }
        RegistryError::PullThroughCacheRuleNotFound { .. } => {
            "PullThroughCacheRuleNotFoundException"
        }
        RegistryError::UnsupportedUpstreamRegistry { .. } => "UnsupportedUpstreamRegistryException",
        RegistryError::SecretNotFound { .. } => "SecretNotFoundException",
        RegistryError::TemplateAlreadyExists { .. } => "TemplateAlreadyExistsException",
        RegistryError::TemplateNotFound { .. } => "TemplateNotFoundException",
        RegistryError::SigningConfigurationNotFound { .. } => {
            "SigningConfigurationNotFoundException"
        }
        RegistryError::ExclusionAlreadyExists { .. } => "ExclusionAlreadyExistsException",
        RegistryError::ExclusionNotFound { .. } => "ExclusionNotFoundException",
        RegistryError::ReplicationBackfillInProgress { .. } => {
            "ReplicationBackfillInProgressException"
        }
        RegistryError::ReplicationBackfillNotFound { .. } => "ReplicationBackfillNotFoundException",
        RegistryError::ReplicationBackfillInvalidStatus { .. } => {
            "ReplicationBackfillInvalidStatusException"
        }
        RegistryError::RegistryNotFound { .. } => "RegistryNotFoundException",
        RegistryError::RepositoryCatalogDataNotFound { .. } => {
            "RepositoryCatalogDataNotFoundException"
        }
        RegistryError::UnsupportedCommand { .. } => "UnsupportedCommandException",
        RegistryError::Throttling => "ThrottlingException",
        RegistryError::Kms { kms_error, .. } => {
            members.insert("kmsError".into(), json!(kms_error));
            "KmsException"
        }
        RegistryError::StorageFull(_) => {
            status = StatusCode::INSUFFICIENT_STORAGE;
            "ServerException"
        }
        RegistryError::Server(_) => return internal(),
    };
    Failure { status, code, message: error.to_string(), members }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(error: impl Into<CallError>) -> (u16, &'static str, String) {
        let failure = error.into().failure();
        (failure.status.as_u16(), failure.code, failure.message)
    }

    #[test]
    fn faults_of_the_server_keep_their_cause_to_themselves() {
        let cause = || -> BoxError { "disk sda1 is on fire".into() };
        let (status, code, message) = told(RegistryError::Server(cause()));
        assert_eq!((status, code, message.as_str()), (500, "ServerException", INTERNAL));
        let (status, code, message) = told(CallError::Internal(cause()));
        assert_eq!((status, code, message.as_str()), (500, "ServerException", INTERNAL));
        let (status, code, message) = told(CredentialError::SecretUnreadable);
        assert_eq!((status, code, message.as_str()), (500, "ServerException", INTERNAL));
        let (status, code, message) = told(AuthorizeError::PolicyUnreadable("of ann".into()));
        assert_eq!((status, code, message.as_str()), (500, "ServerException", INTERNAL));
        let (status, code, message) = told(RegistryError::StorageFull(cause()));
        assert_eq!((status, code), (507, "ServerException"));
        assert!(message.starts_with("No space is left"), "{message}");
    }

    #[test]
    fn a_damaged_layer_is_asked_for_again() {
        let digest = format!("sha256:{}", "0a".repeat(32)).parse().unwrap();
        let (status, code, message) = told(RegistryError::LayerDamaged { digest });
        assert_eq!((status, code), (400, "LayersNotFoundException"));
        assert!(message.contains("push it again to heal it"));
    }

    #[test]
    fn rare_refusals_have_their_exceptions() {
        let limit = RegistryError::LimitExceeded { what: "tags per image", limit: 1000 };
        let message = "The tags per image limit of 1000 is exceeded".to_owned();
        assert_eq!(told(limit), (400, "LimitExceededException", message));
        let broken = RegistryError::BodyInterrupted("reset".into());
        assert_eq!(told(broken).1, "InvalidParameterException");
    }
}

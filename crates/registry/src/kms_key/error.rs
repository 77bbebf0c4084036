//! What can go wrong with a KMS key, in the words and codes of AWS KMS.

use wharfinger_blobs::SealError;
use wharfinger_core::Region;
use wharfinger_metadata::MetadataError;

use crate::Error;

/// An error of the key service. `Display` is the message for clients, save for the last two.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// `NotFoundException`: there is no key of this ARN.
    #[error("Key '{arn}' does not exist")]
    NoSuchKey {
        /// The ARN.
        arn: String,
    },
    /// `NotFoundException`: there is no alias of this ARN.
    #[error("Alias {arn} is not found.")]
    NoSuchAlias {
        /// The ARN.
        arn: String,
    },
    /// `NotFoundException`: the key is named by an ARN of another region.
    #[error(
        "The KMS key '{arn}' is not in region {region}; a registry uses keys of its own region only"
    )]
    OtherRegion {
        /// The ARN.
        arn: String,
        /// The region of the registry.
        region: Region,
    },
    /// `NotFoundException`: the key is named by an ARN of another account.
    #[error("The KMS key '{arn}' is of another account; a registry uses keys of its own only")]
    OtherAccount {
        /// The ARN.
        arn: String,
    },
    /// `InvalidArnException`: neither a key's ARN nor an alias's.
    #[error("Invalid arn {arn}")]
    InvalidArn {
        /// The text.
        arn: String,
    },
    /// `DisabledException`.
    #[error("{arn} is disabled.")]
    Disabled {
        /// The ARN of the key.
        arn: String,
    },
    /// `AlreadyExistsException`.
    #[error("An alias with the name {arn} already exists")]
    AlreadyExists {
        /// The ARN of the alias.
        arn: String,
    },
    /// `InvalidAliasNameException`.
    #[error(
        "'{alias}' is no name for an alias: alias/ and up to 250 of a-z, A-Z, 0-9, /, _ and -; \
         alias/aws/ is AWS's own"
    )]
    InvalidAliasName {
        /// The name.
        alias: String,
    },
    /// `LimitExceededException`.
    #[error("The {what} limit of {limit} is exceeded")]
    LimitExceeded {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: u64,
    },
    /// `UnsupportedOperationException`: AWS-managed keys are always enabled.
    #[error("{arn} is managed by AWS: it can be neither disabled nor enabled")]
    AwsManaged {
        /// The ARN of the key.
        arn: String,
    },
    /// `ValidationException`.
    #[error("{0}")]
    Validation(&'static str),
    /// The metadata failed.
    #[error("the metadata failed")]
    Store(#[from] MetadataError),
    /// The material of a key could not be sealed or opened.
    #[error("the material of a KMS key is not usable")]
    Material(#[from] SealError),
}

impl KmsError {
    /// The error's code in AWS KMS.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchKey { .. }
            | Self::NoSuchAlias { .. }
            | Self::OtherRegion { .. }
            | Self::OtherAccount { .. } => "NotFoundException",
            Self::InvalidArn { .. } => "InvalidArnException",
            Self::Disabled { .. } => "DisabledException",
            Self::AlreadyExists { .. } => "AlreadyExistsException",
            Self::InvalidAliasName { .. } => "InvalidAliasNameException",
            Self::LimitExceeded { .. } => "LimitExceededException",
            Self::AwsManaged { .. } => "UnsupportedOperationException",
            Self::Validation(_) => "ValidationException",
            Self::Store(_) | Self::Material(_) => "KMSInternalException",
        }
    }
}

impl From<KmsError> for Error {
    fn from(error: KmsError) -> Self {
        match error {
            KmsError::Store(error) => error.into(),
            error @ KmsError::Material(_) => Self::Server(Box::new(error)),
            error => Self::Kms { message: error.to_string(), kms_error: error.code() },
        }
    }
}

//! The error envelope of `/v2` answers (OCI Distribution, "Error Codes").
//!
//! Which code goes with which refusal is for the edge that answers; what the codes are called and
//! what the body looks like is here.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// The `Content-Type` of an [`ErrorBody`].
pub const ERROR_CONTENT_TYPE: &str = "application/json; charset=utf-8";

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)+) => {
        /// A code of the error envelope: those of OCI Distribution, and those that docker's
        /// registry added and its clients know.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The code as it is written in the envelope.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }
        }
    };
}

codes! {
    /// The blob is not known to the repository (`code-1`).
    BlobUnknown = "BLOB_UNKNOWN",
    /// The upload cannot go on: its bytes, order or size are wrong (`code-2`).
    BlobUploadInvalid = "BLOB_UPLOAD_INVALID",
    /// The upload session is not known, or blobs of a manifest are missing (`code-3`).
    BlobUploadUnknown = "BLOB_UPLOAD_UNKNOWN",
    /// A digest is malformed, or is not that of the content (`code-4`).
    DigestInvalid = "DIGEST_INVALID",
    /// A manifest refers to a manifest or blob the repository does not have (`code-5`).
    ManifestBlobUnknown = "MANIFEST_BLOB_UNKNOWN",
    /// The manifest is malformed (`code-6`).
    ManifestInvalid = "MANIFEST_INVALID",
    /// The manifest is not known to the repository (`code-7`).
    ManifestUnknown = "MANIFEST_UNKNOWN",
    /// The repository name is malformed (`code-8`).
    NameInvalid = "NAME_INVALID",
    /// The repository is not known to the registry (`code-9`).
    NameUnknown = "NAME_UNKNOWN",
    /// The content has not the length it was said to have (`code-10`).
    SizeInvalid = "SIZE_INVALID",
    /// Credentials are needed (`code-11`).
    Unauthorized = "UNAUTHORIZED",
    /// These credentials do not suffice (`code-12`).
    Denied = "DENIED",
    /// The operation is not supported (`code-13`), and ECR's code for any invalid parameter.
    Unsupported = "UNSUPPORTED",
    /// Too many requests (`code-14`).
    TooManyRequests = "TOOMANYREQUESTS",
    /// The tag is malformed, does not match, or may not be moved (docker).
    TagInvalid = "TAG_INVALID",
    /// The manifest's signatures cannot be verified (docker).
    ManifestUnverified = "MANIFEST_UNVERIFIED",
    /// The number of elements a page should have is not a number (docker).
    PaginationNumberInvalid = "PAGINATION_NUMBER_INVALID",
    /// The range of a chunk is malformed (docker).
    RangeInvalid = "RANGE_INVALID",
    /// The service cannot answer at present (docker).
    Unavailable = "UNAVAILABLE",
    /// Anything else (docker).
    Unknown = "UNKNOWN",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// The body `{"errors":[{"code","message","detail"?}]}`, with one error.
///
/// The envelope is a list, yet clients report its first element only.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ErrorBody {
    errors: [ErrorEntry; 1],
}

#[derive(Clone, PartialEq, Debug, Serialize)]
struct ErrorEntry {
    code: ErrorCode,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<Value>,
}

impl ErrorBody {
    /// A body with `code` and the text people will read after it.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { errors: [ErrorEntry { code, message: message.into(), detail: None }] }
    }

    /// The same body with unstructured `detail`.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Value>) -> Self {
        self.errors[0].detail = Some(detail.into());
        self
    }

    /// The code of the error.
    pub fn code(&self) -> ErrorCode {
        self.errors[0].code
    }

    /// The bytes of the body, JSON without a line end.
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self)
            // Strings and JSON values always serialize; an answer is owed in any case.
            .unwrap_or_else(|_| br#"{"errors":[{"code":"UNKNOWN","message":""}]}"#.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_is_what_clients_parse() {
        let body = ErrorBody::new(ErrorCode::NameUnknown, "no \"such\" repository");
        assert_eq!(
            body.to_bytes(),
            br#"{"errors":[{"code":"NAME_UNKNOWN","message":"no \"such\" repository"}]}"#
        );
        assert_eq!(
            body.with_detail("why").to_bytes(),
            br#"{"errors":[{"code":"NAME_UNKNOWN","message":"no \"such\" repository","detail":"why"}]}"#
        );
    }

    #[test]
    fn codes_are_distinct() {
        let mut texts: Vec<_> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), ErrorCode::ALL.len());
        assert_eq!(ErrorCode::TooManyRequests.to_string(), "TOOMANYREQUESTS");
    }
}

//! Why a signature was refused, and how each dialect says so.
//!
//! No message repeats a header or a parameter that could hold a secret.

use http::StatusCode;
use wharfinger_core::Timestamp;

/// Why a request is not authenticated by its signature.
///
/// The last two variants are for whoever looks up the access key; nothing here raises
/// [`SigV4Error::ExpiredToken`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigV4Error {
    /// Neither an `Authorization` header nor a presigned query.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The signature's form is wrong; the text lists what is missing.
    #[error("{0}")]
    IncompleteSignature(String),
    /// The form is right, the signature is not.
    #[error(transparent)]
    InvalidSignature(#[from] InvalidSignature),
    /// The access key is unknown, or does not go with the session token.
    #[error("The security token included in the request is invalid.")]
    UnrecognizedClient,
    /// The session of the token is over.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
}

/// What is wrong with a signature that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSignature {
    /// It is not the one that the secret makes of this request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
    )]
    Mismatch,
    /// Signed too long ago.
    #[error(
        "Signature expired: {} is now earlier than {} ({} - 15 min.)",
        signed_at.amz_date(), oldest.amz_date(), now.amz_date()
    )]
    Expired {
        /// When the request was signed.
        signed_at: Timestamp,
        /// The earliest time that would have done.
        oldest: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// The presigned URL has run out.
    #[error(
        "Signature expired: {} is now earlier than {}",
        expired_at.amz_date(), now.amz_date()
    )]
    PresignedExpired {
        /// The last second it was good.
        expired_at: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// Signed in the future.
    #[error(
        "Signature not yet current: {} is still later than {} ({} + 15 min.)",
        signed_at.amz_date(), latest.amz_date(), now.amz_date()
    )]
    NotYetCurrent {
        /// When the request was signed.
        signed_at: Timestamp,
        /// The latest time that would have done.
        latest: Timestamp,
        /// The server's time.
        now: Timestamp,
    },
    /// The scope names another region, or no region.
    #[error("Credential should be scoped to a valid region.")]
    WrongRegion,
    /// The scope names another service.
    #[error("Credential should be scoped to correct service: '{expected}'.")]
    WrongService {
        /// The signing name of the service that was asked.
        expected: String,
    },
    /// The scope does not end as scopes do.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request'.")]
    WrongTerminator,
    /// The scope's day is not the day of the request's time.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from \
         HTTP: '{scope}' != '{day}', from '{at}'."
    )]
    WrongDate {
        /// The day of the scope.
        scope: String,
        /// The day of the request.
        day: String,
        /// The request's time.
        at: String,
    },
    /// A header that must be part of the signature is not.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    UnsignedHeader(String),
    /// `x-amz-content-sha256` is not the hash of the body.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    WrongBodyHash,
}

impl SigV4Error {
    pub(super) fn incomplete(message: &str) -> Self {
        Self::IncompleteSignature(message.to_owned())
    }

    /// The text for the client.
    pub fn message(&self) -> String {
        self.to_string()
    }

    /// Status and `__type` of the JSON dialect (ECR, KMS).
    pub fn json_code(&self) -> (StatusCode, &'static str) {
        let code = match self {
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::IncompleteSignature(_) => "IncompleteSignatureException",
            Self::InvalidSignature(_) => "InvalidSignatureException",
            Self::UnrecognizedClient => "UnrecognizedClientException",
            Self::ExpiredToken => "ExpiredTokenException",
        };
        (StatusCode::BAD_REQUEST, code)
    }

    /// Status and `Code` of the Query dialect (STS, IAM).
    pub fn query_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::MissingAuthenticationToken => {
                (StatusCode::FORBIDDEN, "MissingAuthenticationToken")
            }
            Self::IncompleteSignature(_) => (StatusCode::BAD_REQUEST, "IncompleteSignature"),
            Self::InvalidSignature(_) => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
            Self::UnrecognizedClient => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
            Self::ExpiredToken => (StatusCode::FORBIDDEN, "ExpiredToken"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_those_of_ecr() {
        let at = |text| Timestamp::parse_amz_date(text).unwrap();
        let expired = InvalidSignature::Expired {
            signed_at: at("20170416T194251Z"),
            oldest: at("20170417T123951Z"),
            now: at("20170417T125451Z"),
        };
        assert_eq!(
            SigV4Error::from(expired).message(),
            "Signature expired: 20170416T194251Z is now earlier than 20170417T123951Z \
             (20170417T125451Z - 15 min.)"
        );
        let service = InvalidSignature::WrongService { expected: "ecr".to_owned() };
        assert_eq!(
            SigV4Error::from(service).message(),
            "Credential should be scoped to correct service: 'ecr'."
        );
        assert_eq!(
            SigV4Error::from(InvalidSignature::Mismatch).message(),
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service \
             documentation for details."
        );
    }

    #[test]
    fn each_dialect_has_its_name_and_status() {
        let mismatch = SigV4Error::from(InvalidSignature::Mismatch);
        assert_eq!(mismatch.json_code(), (StatusCode::BAD_REQUEST, "InvalidSignatureException"));
        assert_eq!(mismatch.query_code(), (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"));
        let incomplete = SigV4Error::incomplete("x");
        assert_eq!(incomplete.query_code(), (StatusCode::BAD_REQUEST, "IncompleteSignature"));
        let unknown = SigV4Error::UnrecognizedClient;
        assert_eq!(unknown.json_code().1, "UnrecognizedClientException");
        assert_eq!(unknown.query_code(), (StatusCode::FORBIDDEN, "InvalidClientTokenId"));
    }
}

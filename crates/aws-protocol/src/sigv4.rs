//! AWS Signature Version 4, both ways: reading and proving a signature, and making one.
//!
//! `auth` reads a [`SignedRequest`], looks up the secret of its access key, and verifies; the
//! download URLs of layers and the clients of other registries are signed here too. Both ways go
//! through one canonicaliser, so what this crate signs it also accepts.

mod canonical;
mod error;
mod key;
mod parse;
mod sign;
#[cfg(test)]
mod vectors;
mod verify;

use std::fmt;

use http::HeaderMap;
use wharfinger_core::{Region, Secret, Timestamp};

pub use error::{InvalidSignature, SigV4Error};
pub use key::{SigningKey, body_sha256};
pub use sign::Signer;

/// The one algorithm spoken here.
pub const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// SHA-256 of no bytes at all: the body hash of a presigned GET.
pub const EMPTY_BODY_SHA256: [u8; 32] = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];
/// Seconds a presigned URL may be good for (`X-Amz-Expires`: seven days).
pub const PRESIGNED_SECONDS_MAX: u32 = 604_800;
/// Bytes of an `Authorization` header that are still read (ours; real ones have about 400).
pub const AUTHORIZATION_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a path or a query that are still read (ours; a presigned one has about 3 KiB).
pub const TARGET_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a session token that are still read (ours; AWS names none, real ones have 1 to 4 KiB).
pub const SESSION_TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Headers one signature may name (ours; SDKs sign 3 to 12).
pub const SIGNED_HEADERS_MAX: usize = 128;
/// Characters of an access key id (IAM `accessKeyIdType`).
pub const ACCESS_KEY_ID_CHARS_MAX: usize = 128;

const TERMINATOR: &str = "aws4_request";

/// The parts of a request that a signature covers, as they came.
#[derive(Clone, Copy)]
pub struct RequestParts<'a> {
    /// `GET`, `POST`, …
    pub method: &'a str,
    /// The path as on the request line, still percent-encoded.
    pub path: &'a str,
    /// What follows `?`, still percent-encoded.
    pub query: Option<&'a str>,
    /// The headers. A request that came over HTTP/2 has its `:authority` put in as `host` by the
    /// caller, since `host` is always part of the signature.
    pub headers: &'a HeaderMap,
}

impl fmt::Debug for RequestParts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The query of a presigned URL is a credential, and so are some headers.
        let mut debug = f.debug_struct("RequestParts");
        debug.field("method", &self.method).field("path", &self.path).finish_non_exhaustive()
    }
}

/// What a signing key is good for: one day, one region, one service.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CredentialScope {
    /// The day, `yyyymmdd`.
    pub date: String,
    /// The region, `us-east-1` for IAM.
    pub region: Region,
    /// The signing name of the service: `ecr`, `sts`, …
    pub service: String,
}

impl CredentialScope {
    /// The scope of the day of `at`.
    pub fn new(at: Timestamp, region: Region, service: &str) -> Self {
        Self { date: day(&at.amz_date()).to_owned(), region, service: service.to_owned() }
    }
}

impl fmt::Display for CredentialScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{TERMINATOR}", self.date, self.region, self.service)
    }
}

/// How a signature was brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureKind {
    /// In the `Authorization` header.
    Header,
    /// In the query of a presigned URL.
    Presigned {
        /// Seconds it is good for from its timestamp on, 1 to [`PRESIGNED_SECONDS_MAX`].
        expires_seconds: u32,
    },
}

/// The signature a request claims, read but not yet proved.
pub struct SignedRequest {
    access_key_id: String,
    scope: CredentialScope,
    signed_headers: Vec<String>,
    signature: Secret<String>,
    session_token: Option<Secret<String>>,
    timestamp: Timestamp,
    /// The header the timestamp was taken from, which must then be signed; none when presigned.
    date_header: Option<&'static str>,
    kind: SignatureKind,
}

impl SignedRequest {
    /// The access key the request claims to be signed with: at most
    /// [`ACCESS_KEY_ID_CHARS_MAX`] visible ASCII characters. The header form signs the secret's
    /// use, not this name: each secret must belong to one name.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// Day, region and service the signature is for.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// The names of the signed headers: lower case, in ascending order, each once.
    pub fn signed_headers(&self) -> &[String] {
        &self.signed_headers
    }

    /// The session token of temporary credentials, from the header or the query, whichever form
    /// the signature has.
    pub fn session_token(&self) -> Option<&str> {
        self.session_token.as_ref().map(|token| token.expose().as_str())
    }

    /// When the request says it was signed, in whole seconds.
    pub fn timestamp(&self) -> Timestamp {
        self.timestamp
    }

    /// Header or presigned.
    pub fn kind(&self) -> SignatureKind {
        self.kind
    }
}

impl fmt::Debug for SignedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither the signature nor the token: a presigned URL is whole with them.
        f.debug_struct("SignedRequest")
            .field("access_key_id", &self.access_key_id)
            .field("scope", &self.scope)
            .field("signed_headers", &self.signed_headers)
            .field("timestamp", &self.timestamp)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The `yyyymmdd` of an ISO 8601 basic time.
fn day(amz_date: &str) -> &str {
    amz_date.get(..8).unwrap_or_default()
}

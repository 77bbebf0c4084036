//! Key domains, data keys, and who wraps them.

use std::fmt;
use std::str::FromStr;

use futures_util::future::BoxFuture;
use wharfinger_core::{ParseError, Secret};

/// Bytes of a key domain's name at the most: what the object header has room for.
pub const KEY_DOMAIN_BYTES_MAX: usize = 192;
/// Bytes of a wrapped data key at the most: what the object header has room for. A service that
/// answers with more must wrap a domain key of its own, under which the provider wraps data keys.
pub const WRAPPED_KEY_BYTES_MAX: usize = 256;
/// As [`WRAPPED_KEY_BYTES_MAX`], in a domain with two ciphers ([`KeyDomain::inner`]): the wrapped
/// key of the inner cipher needs its room as well.
pub const WRAPPED_OUTER_KEY_BYTES_MAX: usize = 220;
/// Bytes of the wrapped key of an inner cipher at the most: what
/// [`LocalKeyRing`](crate::LocalKeyRing) makes.
pub const WRAPPED_INNER_KEY_BYTES_MAX: usize = 64;

/// How the names of domains begin whose objects pass through two ciphers.
const TWO_CIPHERS: &str = "kms-dsse/";

/// The name of the key that wraps data keys, such as `aes256/123456789012/eu-central-1`: 1 to 192
/// visible ASCII characters, opaque to this crate but for [`Self::inner`].
///
/// Objects of different domains never share bytes, so that a key can be revoked for one domain
/// alone.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyDomain(String);

impl KeyDomain {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The domain whose key wraps the keys of the inner cipher, for a domain `kms-dsse/…`: its
    /// objects pass through two ciphers with two data keys (ECR `KMS_DSSE`). None for all others.
    pub fn inner(&self) -> Option<Self> {
        self.0.strip_prefix(TWO_CIPHERS).map(|rest| Self(format!("inner/{rest}")))
    }
}

impl FromStr for KeyDomain {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let fits = (1..=KEY_DOMAIN_BYTES_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new("a key domain is 1 to 192 visible ASCII characters"))
        }
    }
}

impl fmt::Display for KeyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The AES-256 key of one object, in clear. Only ever in memory.
pub type DataKey = Secret<[u8; 32]>;

/// Why a data key could not be wrapped or unwrapped.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyError {
    /// The key service says no: the key is switched off, or there is none (ECR `KmsException`).
    #[error("the key of domain {domain} is refused: {message}")]
    Refused {
        /// The domain.
        domain: KeyDomain,
        /// What the service says, for clients.
        message: String,
        /// Its error code, such as `DisabledException`.
        code: &'static str,
    },
    /// The key of the domain cannot be reached or used now, for a fault of this side.
    #[error("the key of domain {domain} is not available: {why}")]
    Unavailable {
        /// The domain.
        domain: KeyDomain,
        /// The reason, for the log.
        why: String,
    },
    /// The key was there, but these bytes were not wrapped by it for this purpose.
    #[error("the wrapped key does not open under the key of domain {domain}")]
    Rejected {
        /// The domain.
        domain: KeyDomain,
    },
}

/// Who holds the keys of domains: the registry's own ring, or a key management service.
///
/// `context` is authenticated with the wrapped key: unwrapping demands the same bytes again.
/// A wrapped key is at most [`WRAPPED_KEY_BYTES_MAX`] bytes and names its own key version, so that
/// a key can be rotated without touching what older versions wrapped.
pub trait KeyProvider: Send + Sync + 'static {
    /// Wraps `key` under the key of `domain`.
    fn wrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>>;

    /// The key that `wrapped` holds.
    fn unwrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        wrapped: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, KeyError>>;
}

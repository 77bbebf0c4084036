//! Derived keys and hashes. Every intermediate key is wiped; the last one lives inside an HMAC
//! context, which wipes itself when it is dropped.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use zeroize::Zeroizing;

use super::{CredentialScope, TERMINATOR};

/// The key of one secret for one [`CredentialScope`].
///
/// Deriving it costs four HMACs, using it one: a caller may keep it for as long as the access key
/// is neither changed nor deleted.
#[derive(Clone)]
pub struct SigningKey {
    scope: CredentialScope,
    key: hmac::Key,
}

impl SigningKey {
    /// Derives the key: secret → date → region → service → `aws4_request`.
    pub fn derive(secret_access_key: &str, scope: &CredentialScope) -> Self {
        let mut seed = Zeroizing::new(Vec::with_capacity(4 + secret_access_key.len()));
        seed.extend_from_slice(b"AWS4");
        seed.extend_from_slice(secret_access_key.as_bytes());
        let date = hmac_sha256(&hmac_key(&seed), scope.date.as_bytes());
        let region = hmac_sha256(&hmac_key(&date[..]), scope.region.as_str().as_bytes());
        let service = hmac_sha256(&hmac_key(&region[..]), scope.service.as_bytes());
        let signing = hmac_sha256(&hmac_key(&service[..]), TERMINATOR.as_bytes());
        Self { scope: scope.clone(), key: hmac_key(&signing[..]) }
    }

    /// What the key is good for.
    pub fn scope(&self) -> &CredentialScope {
        &self.scope
    }

    /// The signature of a string to sign: 64 lower-case hex digits.
    pub(super) fn signature(&self, string_to_sign: &str) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(&hmac_sha256(&self.key, string_to_sign.as_bytes())[..]))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("scope", &self.scope).finish_non_exhaustive()
    }
}

/// SHA-256 of a request body, as the canonical request wants it.
pub fn body_sha256(body: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, body).as_ref());
    hash
}

fn hmac_key(bytes: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, bytes)
}

fn hmac_sha256(key: &hmac::Key, data: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut tag = Zeroizing::new([0; 32]);
    hmac::sign_to_buffer(key, data, &mut tag[..])
        .expect("HMAC-SHA-256 into a buffer of its own length does not fail");
    tag
}

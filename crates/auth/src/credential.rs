//! Access keys: how they are made. Whose they are and whether they are on is the business of `iam`.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use wharfinger_core::{Entropy, EntropyExt, Secret};

/// A new access key, with the secret that is shown once.
#[derive(Clone, Debug)]
pub struct AccessKey {
    /// `AKIA…`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: Secret<String>,
}

impl AccessKey {
    /// A fresh pair: 80 random bits in the id, 240 in the secret.
    pub(crate) fn random(prefix: &str, entropy: &dyn Entropy) -> Self {
        let secret: [u8; 30] = entropy.bytes();
        Self {
            access_key_id: unique_id(prefix, entropy),
            secret_access_key: Secret::new(STANDARD.encode(secret)),
        }
    }
}

/// A prefix and sixteen characters of base 32, the form of AWS's unique ids.
pub fn unique_id(prefix: &str, entropy: &dyn Entropy) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let random: [u8; 16] = entropy.bytes();
    let digits = random.iter().map(|byte| char::from(ALPHABET[usize::from(byte & 31)]));
    prefix.chars().chain(digits).collect()
}

/// What the sealed secret of a key is bound to: a secret moved to another key does not open.
pub(crate) fn secret_aad(access_key_id: &str) -> Vec<u8> {
    [b"wharfinger access key 1 ".as_slice(), access_key_id.as_bytes()].concat()
}

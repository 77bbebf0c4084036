//! Sealing of small secrets: AES-256-GCM with a random nonce in front.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use wharfinger_core::{Entropy, EntropyExt, Secret};
use zeroize::Zeroizing;

/// Bytes that a sealed value has more than the value: nonce and tag.
pub(crate) const SEALED_BYTES_MORE: usize = NONCE_LEN + 16;

/// A key for one purpose. Values sealed under one key with random nonces stay far below the 2^32
/// that AES-GCM allows: they are access keys and tokens.
pub(crate) struct SealingKey(LessSafeKey);

impl SealingKey {
    pub(crate) fn new(key: &Secret<[u8; 32]>) -> Option<Self> {
        UnboundKey::new(&AES_256_GCM, key.expose()).ok().map(|key| Self(LessSafeKey::new(key)))
    }

    /// nonce ‖ ciphertext ‖ tag, bound to `aad`. `None` only if the provider fails.
    pub(crate) fn seal(&self, entropy: &dyn Entropy, aad: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let nonce: [u8; NONCE_LEN] = entropy.bytes();
        let mut sealed = Vec::with_capacity(NONCE_LEN + plain.len() + AES_256_GCM.tag_len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self
            .0
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(aad),
                &mut sealed[NONCE_LEN..],
            )
            .ok()?;
        sealed.extend_from_slice(tag.as_ref());
        Some(sealed)
    }

    /// The plaintext, or `None` for anything that was not sealed under this key and `aad`.
    pub(crate) fn open(&self, aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = Zeroizing::new(rest.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(aad), &mut buffer).ok()?.len();
        buffer.truncate(length);
        Some(buffer)
    }
}

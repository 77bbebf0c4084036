//! The inner of the two ciphers that objects of some key domains pass through
//! ([`KeyDomain::inner`](crate::KeyDomain::inner)), below the authenticated one of every segment.

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;

use crate::key::DataKey;
use crate::segment::NONCE_BYTES;

/// AES-256 in counter mode, under a data key of its own.
///
/// It changes no length, so that everything lies where it would without it. Each segment has its
/// own key stream: the nonce is the segment's, which is random whenever a segment is sealed, and
/// the other four bytes count the 4,096 blocks of the segment from zero. That the outer cipher has
/// the same nonce betrays nothing, since the two keys have nothing to do with each other.
pub(crate) struct InnerCipher(EncryptingKey);

impl InnerCipher {
    pub(crate) fn new(key: &DataKey) -> Self {
        let key = UnboundCipherKey::new(&AES_256, key.expose()).expect("AES-256 takes 32 bytes");
        Self(EncryptingKey::ctr(key).expect("AES has a counter mode"))
    }

    /// Encrypts `text` in place, or decrypts it: in counter mode the two are one.
    pub(crate) fn apply(
        &self,
        nonce: &[u8; NONCE_BYTES],
        text: &mut [u8],
    ) -> Result<(), Unspecified> {
        let mut counter = [0; 16];
        counter[..NONCE_BYTES].copy_from_slice(nonce);
        let counter = EncryptionContext::Iv128(FixedLength::from(counter));
        self.0.less_safe_encrypt(text, counter).map(|_| ())
    }
}

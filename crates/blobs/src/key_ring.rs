//! The registry's own keys, all derived from one master key.
//!
//! HKDF-SHA256 (RFC 5869) gives each use its own key: nothing sealed for one purpose opens for
//! another, and no derived key betrays the master key.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Prk, Salt};
use futures_util::future::BoxFuture;
use wharfinger_core::{Entropy, EntropyExt, Secret};
use zeroize::{Zeroize, Zeroizing};

use crate::key::{DataKey, KeyDomain, KeyError, KeyProvider};
use crate::master_key::MasterKey;
use crate::segment::{NONCE_BYTES, TAG_BYTES};

/// The version every key of this ring has; in each wrapped key and in each derivation.
const KEY_VERSION: u32 = 1;
const KEY_VERSION_BYTES: usize = 4;
const WRAPPED_BYTES: usize = KEY_VERSION_BYTES + NONCE_BYTES + 32 + TAG_BYTES;

/// A small value could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value is longer than AES-GCM allows (64 GiB).
    #[error("the value is too long to be sealed")]
    TooLong,
    /// The sealed bytes were altered, or sealed for another purpose or other associated data.
    #[error("the sealed value does not open")]
    DoesNotOpen,
}

/// Keys derived from the [`MasterKey`]: of key domains, and for whatever else the registry seals.
pub struct LocalKeyRing {
    root: Prk,
    entropy: Arc<dyn Entropy>,
}

/// What a derived key is for. The label keeps equal names of different kinds apart.
#[derive(Clone, Copy)]
enum KeyKind {
    Domain,
    SmallValue,
    Purpose,
}

impl LocalKeyRing {
    /// The ring of `master`.
    pub fn new(master: &MasterKey, entropy: Arc<dyn Entropy>) -> Self {
        let root = Salt::new(HKDF_SHA256, b"wharfinger key ring").extract(master.expose());
        Self { root, entropy }
    }

    /// A 32-byte key for `purpose`, always the same one: for signing, or for sealing elsewhere.
    pub fn derive(&self, purpose: &str) -> Secret<[u8; 32]> {
        self.derive_key(KeyKind::Purpose, purpose)
    }

    /// Encrypts a small value (a manifest, a secret) for `purpose`, bound to `associated`:
    /// 12 bytes of nonce, the ciphertext, 16 bytes of tag (AES-256-GCM).
    ///
    /// Nonces are random, so one purpose is good for 2^32 values.
    pub fn seal(
        &self,
        purpose: &str,
        associated: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_BYTES] = self.entropy.bytes();
        let mut sealed = Vec::with_capacity(NONCE_BYTES + plaintext.len() + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let tag = self
            .cipher(KeyKind::SmallValue, purpose)
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated),
                &mut sealed[NONCE_BYTES..],
            )
            .map_err(|_| SealError::TooLong)?;
        sealed.extend_from_slice(tag.as_ref());
        Ok(sealed)
    }

    /// What [`Self::seal`] sealed for the same `purpose` and `associated`.
    pub fn open(
        &self,
        purpose: &str,
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let cipher = self.cipher(KeyKind::SmallValue, purpose);
        let (nonce, rest) =
            sealed.split_first_chunk::<NONCE_BYTES>().ok_or(SealError::DoesNotOpen)?;
        let (ciphertext, tag) =
            rest.split_last_chunk::<TAG_BYTES>().ok_or(SealError::DoesNotOpen)?;
        let mut plaintext = vec![0; ciphertext.len()];
        let nonce = Nonce::assume_unique_for_key(*nonce);
        cipher
            .open_separate_gather(nonce, Aad::from(associated), ciphertext, tag, &mut plaintext)
            .map_err(|_| SealError::DoesNotOpen)?;
        Ok(plaintext)
    }

    /// The sealed root of a new ring, whose keys have nothing to do with those of this one:
    /// [`Self::open_ring`] opens it for the same `purpose` and `associated`.
    pub fn seal_new_ring(&self, purpose: &str, associated: &[u8]) -> Result<Vec<u8>, SealError> {
        let root = Secret::new(self.entropy.bytes::<32>());
        self.seal(purpose, associated, root.expose())
    }

    /// The ring whose root [`Self::seal_new_ring`] sealed.
    pub fn open_ring(
        &self,
        purpose: &str,
        associated: &[u8],
        sealed: &[u8],
    ) -> Result<Self, SealError> {
        let opened = Zeroizing::new(self.open(purpose, associated, sealed)?);
        let root: [u8; 32] = opened[..].try_into().map_err(|_| SealError::DoesNotOpen)?;
        Ok(Self::new(&MasterKey::from_bytes(root), Arc::clone(&self.entropy)))
    }

    fn derive_key(&self, kind: KeyKind, name: &str) -> Secret<[u8; 32]> {
        let label: &[u8] = match kind {
            KeyKind::Domain => b"domain",
            KeyKind::SmallValue => b"small value",
            KeyKind::Purpose => b"purpose",
        };
        let version = KEY_VERSION.to_be_bytes();
        let info = [label, &[0], &version, name.as_bytes()];
        let mut key = [0; 32];
        self.root
            .expand(&info, HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut key))
            .expect("HKDF-SHA256 gives 32 bytes whatever the info is");
        let secret = Secret::new(key);
        key.zeroize();
        secret
    }

    fn cipher(&self, kind: KeyKind, name: &str) -> LessSafeKey {
        cipher(&self.derive_key(kind, name))
    }

    fn wrap(&self, domain: &KeyDomain, context: &[u8], key: &DataKey) -> Result<Vec<u8>, KeyError> {
        let nonce: [u8; NONCE_BYTES] = self.entropy.bytes();
        let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
        wrapped.extend_from_slice(&KEY_VERSION.to_be_bytes());
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(key.expose());
        let tag = self
            .cipher(KeyKind::Domain, domain.as_str())
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut wrapped[KEY_VERSION_BYTES + NONCE_BYTES..],
            )
            .map_err(|_| KeyError::Unavailable {
                domain: domain.clone(),
                why: "the cipher refused to seal a data key".to_owned(),
            })?;
        wrapped.extend_from_slice(tag.as_ref());
        Ok(wrapped)
    }

    fn unwrap(
        &self,
        domain: &KeyDomain,
        context: &[u8],
        wrapped: &[u8],
    ) -> Result<DataKey, KeyError> {
        let rejected = || KeyError::Rejected { domain: domain.clone() };
        let (version, rest) = wrapped.split_first_chunk().ok_or_else(rejected)?;
        let version = u32::from_be_bytes(*version);
        if version != KEY_VERSION {
            let why = format!("this key ring has no version {version} of it");
            return Err(KeyError::Unavailable { domain: domain.clone(), why });
        }
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(rejected)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(rejected)?;
        let mut key = [0; 32];
        if ciphertext.len() != key.len() {
            return Err(rejected());
        }
        let opened = self.cipher(KeyKind::Domain, domain.as_str()).open_separate_gather(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(context),
            ciphertext,
            tag,
            &mut key,
        );
        let secret = DataKey::new(key);
        key.zeroize();
        opened.map_err(|_| rejected()).map(|()| secret)
    }
}

/// An AES-256-GCM key ready for use.
pub(crate) fn cipher(key: &Secret<[u8; 32]>) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key.expose()).expect("AES-256 takes 32 bytes");
    LessSafeKey::new(key)
}

impl KeyProvider for LocalKeyRing {
    fn wrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move { self.wrap(domain, context, key) })
    }

    fn unwrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        wrapped: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        Box::pin(async move { self.unwrap(domain, context, wrapped) })
    }
}

impl fmt::Debug for LocalKeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LocalKeyRing")
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::SeededEntropy;

    use super::*;

    fn ring_of(seed: u8) -> LocalKeyRing {
        let master = MasterKey::from_bytes([seed; 32]);
        LocalKeyRing::new(&master, Arc::new(SeededEntropy::new(u64::from(seed))))
    }

    #[test]
    fn small_values_open_only_for_their_purpose_and_associated_data() {
        let ring = ring_of(1);
        let sealed = ring.seal("manifest", b"row 7", b"value").unwrap();
        assert_eq!(ring.open("manifest", b"row 7", &sealed).unwrap(), b"value");
        assert_eq!(ring.open("secret", b"row 7", &sealed), Err(SealError::DoesNotOpen));
        assert_eq!(ring.open("manifest", b"row 8", &sealed), Err(SealError::DoesNotOpen));
        for index in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[index] ^= 1;
            assert_eq!(ring.open("manifest", b"row 7", &altered), Err(SealError::DoesNotOpen));
            assert_eq!(
                ring.open("manifest", b"row 7", &sealed[..index]),
                Err(SealError::DoesNotOpen)
            );
        }
        let again = ring.seal("manifest", b"row 7", b"value").unwrap();
        assert_ne!(again, sealed, "a nonce was used twice");
        assert_eq!(ring.seal("manifest", b"", b"").unwrap().len(), NONCE_BYTES + TAG_BYTES);
    }

    #[test]
    fn every_use_and_every_master_key_has_its_own_key() {
        let ring = ring_of(1);
        let keys = [
            ring.derive_key(KeyKind::Domain, "x"),
            ring.derive_key(KeyKind::SmallValue, "x"),
            ring.derive_key(KeyKind::Purpose, "x"),
            ring.derive("y"),
            ring_of(2).derive("x"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| other.expose() != key.expose()));
        }
        assert_eq!(ring.derive("y").expose(), keys[3].expose());
    }

    /// Objects on disk depend on this derivation: it must never change for version 1.
    #[test]
    fn the_derivation_is_pinned() {
        let key = ring_of(7).derive("token");
        assert_eq!(
            hex::encode(key.expose()),
            "e5c007ccbf19c9e6d993f60721d0e6342d58ff06e075be26b9b78052cd881dd7"
        );
    }

    #[test]
    fn a_ring_under_a_ring_has_keys_of_its_own() {
        let ring = ring_of(1);
        let sealed = ring.seal_new_ring("kms key", b"one").unwrap();
        let under = ring.open_ring("kms key", b"one", &sealed).unwrap();
        let again = ring.open_ring("kms key", b"one", &sealed).unwrap();
        assert_eq!(under.derive("x").expose(), again.derive("x").expose());
        assert_ne!(under.derive("x").expose(), ring.derive("x").expose());
        let other = ring.seal_new_ring("kms key", b"one").unwrap();
        let other = ring.open_ring("kms key", b"one", &other).unwrap();
        assert_ne!(under.derive("x").expose(), other.derive("x").expose());
        assert!(ring.open_ring("kms key", b"two", &sealed).is_err());
        assert!(ring_of(2).open_ring("kms key", b"one", &sealed).is_err());
        let short = ring.seal("kms key", b"one", b"short").unwrap();
        assert_eq!(ring.open_ring("kms key", b"one", &short).err(), Some(SealError::DoesNotOpen));
    }

    #[tokio::test]
    async fn data_keys_come_back_only_under_their_domain_and_context() {
        let (ring, key) = (ring_of(1), DataKey::new([9; 32]));
        let domain: KeyDomain = "aes256/123456789012/us-east-1".parse().unwrap();
        let other: KeyDomain = "aes256/123456789012/us-east-2".parse().unwrap();
        let wrapped = ring.wrap_key(&domain, b"header", &key).await.unwrap();
        assert_eq!(wrapped.len(), WRAPPED_BYTES);
        let back = ring.unwrap_key(&domain, b"header", &wrapped).await.unwrap();
        assert_eq!(back.expose(), key.expose());

        let rejected = |result: Result<DataKey, KeyError>| {
            assert!(matches!(result, Err(KeyError::Rejected { .. })), "{result:?}");
        };
        rejected(ring.unwrap_key(&other, b"header", &wrapped).await);
        rejected(ring.unwrap_key(&domain, b"Header", &wrapped).await);
        rejected(ring.unwrap_key(&domain, b"header", &wrapped[..40]).await);
        rejected(ring_of(2).unwrap_key(&domain, b"header", &wrapped).await);
        let mut newer = wrapped.clone();
        newer[3] = 2;
        let result = ring.unwrap_key(&domain, b"header", &newer).await;
        assert!(matches!(result, Err(KeyError::Unavailable { .. })), "{result:?}");
    }

    #[test]
    fn domains_are_visible_ascii() {
        assert!("aes256/1/x".parse::<KeyDomain>().is_ok());
        for bad in ["", "a b", "ü", "a\n", &"a".repeat(193)] {
            assert!(bad.parse::<KeyDomain>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn nothing_secret_is_printed() {
        assert_eq!(format!("{:?}", ring_of(1)), "LocalKeyRing");
        assert_eq!(format!("{:?}", ring_of(1).derive("x")), "[secret]");
    }
}

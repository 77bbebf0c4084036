//! Objects that pass through two ciphers: both are there, with keys of their own, and the format
//! is the documented one. That they behave like all others is the conformance suite's to say.

use std::sync::Mutex;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use futures_util::future::BoxFuture;

use super::*;
use crate::conformance::{publish_in, two_cipher_domain};
use crate::header::Header;
use crate::segment::{NO_TAG, SegmentKey, SegmentKind};
use crate::{DataKey, KeyDomain, KeyError, KeyProvider, SEGMENT_BYTES};

/// The file of an object, its header and its two data keys.
async fn parts(scratch: &Scratch, object: &StoredObject) -> (Vec<u8>, DataKey, DataKey) {
    let file = scratch.file(object.object_id);
    let header = Header::parse(file.first_chunk().unwrap()).unwrap();
    let context = Header::context(object.object_id, &object.domain);
    let inner = object.domain.inner().unwrap();
    let outer = keys().unwrap_key(&object.domain, &context, &header.wrapped_key).await.unwrap();
    let inner = keys().unwrap_key(&inner, &context, &header.wrapped_inner_key).await.unwrap();
    (file, outer, inner)
}

#[tokio::test]
async fn what_the_outer_key_opens_is_still_encrypted() {
    let scratch = Scratch::new();
    let text = sample(SEGMENT_BYTES + 100, 1);
    let object = publish_in(&scratch.store, &two_cipher_domain(), text.clone()).await;
    let (file, outer, inner) = parts(&scratch, &object).await;
    assert_ne!(outer.expose(), inner.expose());
    assert_eq!(file[8], 2);

    // As docs/on-disk-format.md tells it: the associated data names version 2 …
    let stored = &file[512..512 + 12 + SEGMENT_BYTES + 16];
    let (nonce, ciphertext) = stored.split_at(12);
    let mut associated = vec![2];
    associated.extend_from_slice(object.object_id.as_bytes());
    associated.extend_from_slice(&[0; 8 + 1 + 16]);
    let mut opened = ciphertext.to_vec();
    let nonce_once = aws_lc_rs::aead::Nonce::try_assume_unique_for_key(nonce).unwrap();
    let associated = aws_lc_rs::aead::Aad::from(associated);
    crate::key_ring::cipher(&outer).open_in_place(nonce_once, associated, &mut opened).unwrap();
    opened.truncate(SEGMENT_BYTES);
    let equal = opened.iter().zip(&text).filter(|(a, b)| a == b).count();
    assert!(equal < SEGMENT_BYTES / 100, "{equal} bytes are in clear under the outer cipher");

    // … and what it opens is AES-256 in counter mode, from nonce and four zeros on.
    let mut counter = [0; 16];
    counter[..12].copy_from_slice(nonce);
    let key = UnboundCipherKey::new(&AES_256, inner.expose()).unwrap();
    let counter = DecryptionContext::Iv128(FixedLength::from(counter));
    let clear = DecryptingKey::ctr(key).unwrap().decrypt(&mut opened, counter).unwrap();
    assert!(clear == &text[..SEGMENT_BYTES]);

    let single = SegmentKey::new(&outer, object.object_id);
    let mut clear = vec![0; SEGMENT_BYTES];
    assert!(single.open(0, SegmentKind::Inner, &NO_TAG, stored, &mut clear).is_err());
}

/// As for version 1: the same file must come in every release that writes version 2.
#[tokio::test]
async fn the_format_of_version_two_is_pinned() {
    let scratch = Scratch::new();
    let object = publish_in(&scratch.store, &two_cipher_domain(), sample(131_073, 1)).await;
    let file = scratch.file(object.object_id);
    assert_eq!(file.len(), 512 + 131_073 + 3 * 28);
    assert_eq!(
        hex::encode(Sha256::digest(&file)),
        "193abb459ae3953b3a401944e5dbd7b1906514559298ef20afb9bbd0d0bbaf53"
    );
}

#[tokio::test]
async fn no_bit_of_the_header_changes_unnoticed() {
    let scratch = Scratch::new();
    let text = sample(70_000, 2);
    let object = publish_in(&scratch.store, &two_cipher_domain(), text.clone()).await;
    let intact = scratch.file(object.object_id);
    for place in 0..512 + 40 {
        let mut damaged = intact.clone();
        damaged[place] ^= 1 << (place % 8);
        scratch.overwrite(object.object_id, &damaged);
        let (bytes, end) = read(&scratch.store, &object).await;
        // Another version of a key is a key that is not there, not a damaged object.
        let versions = (226..230).contains(&place) || (448..452).contains(&place);
        let found = match end {
            Err(BlobError::KeyUnavailable(_)) => versions,
            Err(BlobError::Corrupt { .. }) => !versions,
            _ => false,
        };
        assert!(found && bytes.len() < text.len(), "{place}");
    }
    scratch.overwrite(object.object_id, &intact);
    assert!(read(&scratch.store, &object).await.0 == text);
}

/// A provider whose key for one domain can be taken away.
struct Switch {
    ring: Arc<LocalKeyRing>,
    off: Mutex<Option<KeyDomain>>,
}

impl Switch {
    fn check(&self, domain: &KeyDomain) -> Result<(), KeyError> {
        if self.off.lock().unwrap().as_ref() != Some(domain) {
            return Ok(());
        }
        let (domain, message) = (domain.clone(), "it is off".to_owned());
        Err(KeyError::Refused { domain, message, code: "DisabledException" })
    }
}

impl KeyProvider for Switch {
    fn wrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        key: &'a DataKey,
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        Box::pin(async move {
            self.check(domain)?;
            self.ring.wrap_key(domain, context, key).await
        })
    }

    fn unwrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        context: &'a [u8],
        wrapped: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        Box::pin(async move {
            self.check(domain)?;
            self.ring.unwrap_key(domain, context, wrapped).await
        })
    }
}

#[tokio::test]
async fn both_keys_are_needed_for_everything() {
    let folder = tempfile::tempdir().unwrap();
    let switch = Arc::new(Switch { ring: keys(), off: Mutex::new(None) });
    let entropy = Arc::new(SeededEntropy::new(5));
    let store = LocalBlobStore::open(folder.path(), Arc::clone(&switch) as _, entropy).unwrap();
    let domain = two_cipher_domain();
    let object = publish_in(&store, &domain, sample(100, 3)).await;
    let mut writer = store.begin(&domain).await.unwrap();
    writer.write(sample(100, 4)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    drop(writer);
    for off in [domain.clone(), domain.inner().unwrap()] {
        *switch.off.lock().unwrap() = Some(off.clone());
        let refused = |error: BlobError| match error {
            BlobError::KeyUnavailable(KeyError::Refused { domain, code, .. }) => {
                assert_eq!((domain, code), (off.clone(), "DisabledException"));
            }
            error => panic!("{error:?}"),
        };
        refused(store.begin(&domain).await.unwrap_err());
        refused(store.resume(&checkpoint).await.unwrap_err());
        refused(store.open(&object).await.unwrap_err());
    }
    *switch.off.lock().unwrap() = None;
    read(&store, &object).await.1.unwrap();
    let writer = store.resume(&checkpoint).await.unwrap();
    writer.finish().await.unwrap().publish().await.unwrap();
}

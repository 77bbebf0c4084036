//! The suite every adapter of [`BlobStore`] must pass.
//!
//! Adapters call [`run`] from a test of their own; the feature `conformance` makes it available to
//! other crates. Failures panic, as tests do.

mod damage;
mod listing;
mod small;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, pin_mut};
use sha2::{Digest as _, Sha256, Sha512};
use wharfinger_core::{Digest, ObjectId};

use crate::{
    BlobError, BlobStore, CHECKPOINT_BYTES_MAX, KeyDomain, ObjectReader, SEGMENT_BYTES,
    StoredObject, UploadCheckpoint,
};

/// Sizes at which something changes: segments, read chunks, write buffers.
pub const BOUNDARY_SIZES: [usize; 14] = [
    0,
    1,
    SEGMENT_BYTES - 1,
    SEGMENT_BYTES,
    SEGMENT_BYTES + 1,
    2 * SEGMENT_BYTES,
    4 * SEGMENT_BYTES,
    4 * SEGMENT_BYTES + 1,
    5 * SEGMENT_BYTES + 777,
    8 * SEGMENT_BYTES - 1,
    8 * SEGMENT_BYTES,
    8 * SEGMENT_BYTES + 1,
    16 * SEGMENT_BYTES,
    17 * SEGMENT_BYTES + 12_345,
];

/// Runs every check, each on a store that `fresh` makes for it.
///
/// # Panics
/// When a check fails.
pub async fn run<F: Future<Output = Arc<dyn BlobStore>>>(fresh: impl Fn() -> F) {
    for domain in [&domain(), &two_cipher_domain()] {
        round_trips(&*fresh().await, domain).await;
        ranges(&*fresh().await, domain).await;
        checkpoints_resume(&*fresh().await, domain).await;
        an_upload_ends_at_any_boundary_after_a_resume(&*fresh().await, domain).await;
        a_finished_upload_may_go_on(&*fresh().await, domain).await;
        sha512_is_bound_like_sha256(&*fresh().await, domain).await;
        only_what_was_asked_for_opens(&*fresh().await, domain).await;
        deletion_is_idempotent(&*fresh().await, domain).await;
        damage::what_is_put_aside_stays(&*fresh().await, domain).await;
        damage::a_checkpoint_needs_its_file(&*fresh().await, domain).await;
        listing::all_objects_are_listed(&*fresh().await, domain).await;
        small::one_segment_needs_no_store(&*fresh().await, domain).await;
        small::what_is_sealed_inline_opens(&*fresh().await, domain).await;
    }
}

/// `size` bytes that look random and differ from one `seed` to the next.
pub fn sample(size: usize, seed: u64) -> Bytes {
    let mut word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        bytes.extend_from_slice(&word.to_le_bytes());
    }
    bytes.truncate(size);
    Bytes::from(bytes)
}

/// The key domain the suite uses.
///
/// # Panics
/// Never: the name is a domain.
pub fn domain() -> KeyDomain {
    "aes256/123456789012/us-east-1".parse().expect("a domain")
}

/// The other one, whose objects pass through two ciphers.
///
/// # Panics
/// Never: the name is a domain.
pub fn two_cipher_domain() -> KeyDomain {
    "kms-dsse/arn:aws:kms:us-east-1:123456789012:key/1".parse().expect("a domain")
}

/// Publishes `bytes` in one piece, in [`domain`].
///
/// # Panics
/// When the store fails.
pub async fn publish(store: &dyn BlobStore, bytes: Bytes) -> StoredObject {
    publish_in(store, &domain(), bytes).await
}

/// As [`publish`], in any domain.
///
/// # Panics
/// When the store fails.
pub async fn publish_in(store: &dyn BlobStore, domain: &KeyDomain, bytes: Bytes) -> StoredObject {
    let mut writer = store.begin(domain).await.expect("begin");
    writer.write(bytes).await.expect("write");
    writer.finish().await.expect("finish").publish().await.expect("publish")
}

/// Everything a stream yields before it ends or fails, and how it ended.
pub async fn drain(
    stream: impl Stream<Item = Result<Bytes, BlobError>>,
) -> (Vec<u8>, Result<(), BlobError>) {
    pin_mut!(stream);
    let mut all = Vec::new();
    while let Some(item) = stream.next().await {
        match item {
            Ok(bytes) => all.extend_from_slice(&bytes),
            Err(error) => return (all, Err(error)),
        }
    }
    (all, Ok(()))
}

async fn open(store: &dyn BlobStore, object: &StoredObject) -> ObjectReader {
    store.open(object).await.expect("open")
}

async fn assert_reads(store: &dyn BlobStore, object: &StoredObject, bytes: &[u8]) {
    let (read, end) = drain(open(store, object).await.read_all()).await;
    end.expect("read");
    assert!(read == bytes, "{object:?}: {} other bytes came back", read.len());
}

fn sha256(bytes: &[u8]) -> Digest {
    Digest::Sha256(Sha256::digest(bytes).into())
}

async fn round_trips(store: &dyn BlobStore, domain: &KeyDomain) {
    for (seed, size) in BOUNDARY_SIZES.into_iter().enumerate() {
        let bytes = sample(size, seed as u64);
        let object = publish_in(store, domain, bytes.clone()).await;
        assert_eq!(object.size_bytes, size as u64);
        assert_eq!(object.digest, sha256(&bytes));
        assert_eq!(&object.domain, domain);
        assert!(store.contains(object.object_id).await.expect("contains"));
        assert_reads(store, &object, &bytes).await;
    }
}

async fn ranges(store: &dyn BlobStore, domain: &KeyDomain) {
    const SEGMENT: u64 = SEGMENT_BYTES as u64;
    let bytes = sample(9 * SEGMENT_BYTES + 5, 1);
    let size = bytes.len() as u64;
    let object = publish_in(store, domain, bytes.clone()).await;
    let reader = open(store, &object).await;
    for (start, end) in [
        (0, 0),
        (0, size - 1),
        (1, size - 2),
        (SEGMENT - 1, SEGMENT),
        (SEGMENT, 2 * SEGMENT - 1),
        (3 * SEGMENT + 7, 8 * SEGMENT + 9),
        (4 * SEGMENT, 4 * SEGMENT),
        (9 * SEGMENT - 1, 9 * SEGMENT),
        (9 * SEGMENT + 2, size - 1),
        (size - 1, size - 1),
    ] {
        let (read, outcome) = drain(reader.read_range(start, end).expect("in range")).await;
        outcome.expect("read");
        assert!(read == bytes[start as usize..=end as usize], "{start}-{end}");
    }
    for (start, end) in [(size, size), (0, size), (5, 4), (0, u64::MAX), (u64::MAX, u64::MAX)] {
        let refused = reader.read_range(start, end).err();
        assert!(matches!(refused, Some(BlobError::OutOfRange { .. })), "{start}-{end}");
    }
    let empty = publish_in(store, domain, Bytes::new()).await;
    assert!(open(store, &empty).await.read_range(0, 0).is_err());
}

async fn checkpoints_resume(store: &dyn BlobStore, domain: &KeyDomain) {
    let bytes = sample(11 * SEGMENT_BYTES + 99, 2);
    let mut writer = store.begin(domain).await.expect("begin");
    writer.write(bytes.slice(..700_000)).await.expect("write");
    let stored = writer.checkpoint().await.expect("checkpoint").into_bytes();
    assert!(stored.len() <= CHECKPOINT_BYTES_MAX);
    // What comes after the checkpoint is lost with the writer.
    writer.write(sample(900_000, 3)).await.expect("write");
    let object_id = writer.object_id();
    drop(writer);

    let checkpoint = UploadCheckpoint::from_bytes(stored).expect("reads back");
    assert_eq!(checkpoint.size_bytes(), 700_000);
    assert_eq!(checkpoint.object_id(), object_id);
    assert_eq!(checkpoint.domain(), domain);
    let mut writer = store.resume(&checkpoint).await.expect("resume");
    assert_eq!(writer.size_bytes(), 700_000);
    writer.write(bytes.slice(700_000..)).await.expect("write");
    let object = writer.finish().await.expect("finish").publish().await.expect("publish");
    assert_eq!(object.digest, sha256(&bytes));
    assert_eq!(object.object_id, object_id);
    assert_reads(store, &object, &bytes).await;

    store.delete(object_id).await.expect("delete");
    let missing = store.resume(&checkpoint).await;
    assert!(matches!(missing, Err(BlobError::Missing { .. })), "{missing:?}");
}

async fn an_upload_ends_at_any_boundary_after_a_resume(store: &dyn BlobStore, domain: &KeyDomain) {
    for size in BOUNDARY_SIZES {
        let bytes = sample(size, 4);
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(bytes.clone()).await.expect("write");
        let checkpoint = writer.checkpoint().await.expect("checkpoint");
        assert_eq!(writer.checkpoint().await.expect("again").size_bytes(), size as u64);
        drop(writer);
        let writer = store.resume(&checkpoint).await.expect("resume");
        let object = writer.finish().await.expect("finish").publish().await.expect("publish");
        assert_eq!(object.digest, sha256(&bytes), "{size}");
        assert_reads(store, &object, &bytes).await;
    }
}

async fn a_finished_upload_may_go_on(store: &dyn BlobStore, domain: &KeyDomain) {
    for (first, second) in [(0, 10), (SEGMENT_BYTES, 1), (600_000, 600_000), (5, 0)] {
        let bytes = sample(first + second, 5);
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(bytes.slice(..first)).await.expect("write");
        let finished = writer.finish().await.expect("finish");
        assert_eq!(finished.digest(), sha256(&bytes[..first]));
        assert_eq!(finished.size_bytes(), first as u64);
        let mut writer = finished.into_writer();
        writer.write(bytes.slice(first..)).await.expect("write");
        let object = writer.finish().await.expect("finish").publish().await.expect("publish");
        assert_eq!(object.digest, sha256(&bytes));
        assert_reads(store, &object, &bytes).await;
    }
    let finished = store.begin(domain).await.expect("begin").finish().await.expect("finish");
    let object_id = finished.object_id();
    finished.discard().await.expect("discard");
    assert!(!store.contains(object_id).await.expect("contains"));
}

async fn sha512_is_bound_like_sha256(store: &dyn BlobStore, domain: &KeyDomain) {
    for size in [0, 5, SEGMENT_BYTES, 10 * SEGMENT_BYTES + 3] {
        let bytes = sample(size, 6);
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(bytes.clone()).await.expect("write");
        let finished = writer.finish().await.expect("finish");
        let finished = finished.into_sha512().await.expect("sha512");
        let digest = Digest::Sha512(Sha512::digest(&bytes).into());
        assert_eq!(finished.digest(), digest);
        let object = finished.publish().await.expect("publish");
        assert_eq!(object.digest, digest);
        assert_reads(store, &object, &bytes).await;
        let other = StoredObject { digest: sha256(&bytes), ..object };
        assert!(matches!(store.open(&other).await, Err(BlobError::Corrupt { .. })));
    }
}

async fn only_what_was_asked_for_opens(store: &dyn BlobStore, domain: &KeyDomain) {
    for size in [0, 100, 3 * SEGMENT_BYTES] {
        let object = publish_in(store, domain, sample(size, 7)).await;
        let same_size = publish_in(store, domain, sample(size, 8)).await;
        let absent = StoredObject { object_id: ObjectId::from_bytes([0; 16]), ..object.clone() };
        assert!(matches!(store.open(&absent).await, Err(BlobError::Missing { .. })));
        // The same key with one cipher is another domain, too.
        let elsewhere = domain.as_str().replace("-dsse", "").replace("east-1", "east-2");
        let elsewhere: KeyDomain = elsewhere.parse().expect("a domain");
        for wrong in [
            StoredObject { digest: sha256(b"something else"), ..object.clone() },
            StoredObject { size_bytes: object.size_bytes + 1, ..object.clone() },
            StoredObject { size_bytes: object.size_bytes.wrapping_sub(1), ..object.clone() },
            StoredObject { size_bytes: u64::MAX - 600, ..object.clone() },
            StoredObject { domain: elsewhere, ..object.clone() },
        ] {
            let opened = store.open(&wrong).await;
            assert!(matches!(opened, Err(BlobError::Corrupt { .. })), "{wrong:?}: {opened:?}");
        }
        if size > 0 {
            let crossed = StoredObject { object_id: same_size.object_id, ..object };
            assert!(matches!(store.open(&crossed).await, Err(BlobError::Corrupt { .. })));
        }
    }
}

async fn deletion_is_idempotent(store: &dyn BlobStore, domain: &KeyDomain) {
    let bytes = sample(6 * SEGMENT_BYTES, 9);
    let object = publish_in(store, domain, bytes.clone()).await;
    let reader = open(store, &object).await;
    store.delete(object.object_id).await.expect("delete");
    store.delete(object.object_id).await.expect("delete again");
    assert!(!store.contains(object.object_id).await.expect("contains"));
    assert!(matches!(store.open(&object).await, Err(BlobError::Missing { .. })));
    let (read, end) = drain(reader.read_all()).await;
    end.expect("a reader that was open goes on");
    assert!(read == bytes);

    let again = publish_in(store, domain, bytes.clone()).await;
    assert_ne!(again.object_id, object.object_id);
    assert_reads(store, &again, &bytes).await;
}

//! The part of the suite about objects of one segment, of which the store need not hold anything.

use bytes::Bytes;
use wharfinger_core::ObjectId;

use super::{assert_reads, drain, sample, sha256};
use crate::{BlobError, BlobStore, KeyDomain, SEGMENT_BYTES, StoredObject};

/// Several may go on from the same checkpoint, and none touches what another has written.
pub(super) async fn one_segment_needs_no_store(store: &dyn BlobStore, domain: &KeyDomain) {
    for size in [0, 1, SEGMENT_BYTES] {
        let bytes = sample(size + 3 * SEGMENT_BYTES, 10);
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(bytes.slice(..size)).await.expect("write");
        let checkpoint = writer.checkpoint().await.expect("checkpoint");
        assert_eq!(writer.begun_object(), None);
        assert!(!store.contains(writer.object_id()).await.expect("contains"));
        let mut ids = vec![writer.object_id()];
        drop(writer);
        for rest in [0, SEGMENT_BYTES + 1, 3 * SEGMENT_BYTES] {
            let mut writer = store.resume(&checkpoint).await.expect("resume");
            assert_eq!(writer.size_bytes(), size as u64);
            assert_eq!(writer.domain(), domain);
            assert!(!ids.contains(&writer.object_id()));
            writer.write(bytes.slice(size..size + rest)).await.expect("write");
            writer.checkpoint().await.expect("checkpoint");
            let begun = writer.begun_object();
            assert_eq!(begun.is_some(), rest > 0);
            let object_id = writer.object_id();
            assert_eq!(store.contains(object_id).await.expect("contains"), begun.is_some());
            let object = writer.finish().await.expect("finish").publish().await.expect("publish");
            assert_eq!(object.object_id, object_id);
            assert_eq!(object.digest, sha256(&bytes[..size + rest]));
            assert_reads(store, &object, &bytes[..size + rest]).await;
            ids.push(object_id);
        }
    }
}

pub(super) async fn what_is_sealed_inline_opens(store: &dyn BlobStore, domain: &KeyDomain) {
    for (size, long) in [(0, false), (1, true), (4096, false), (SEGMENT_BYTES, true)] {
        let bytes = sample(size, 11);
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(bytes.clone()).await.expect("write");
        let mut finished = writer.finish().await.expect("finish");
        if long {
            finished = finished.into_sha512().await.expect("sha512");
        }
        let object = StoredObject {
            object_id: finished.object_id(),
            domain: domain.clone(),
            size_bytes: size as u64,
            digest: finished.digest(),
        };
        let sealed = Bytes::from(finished.seal_inline().expect("sealed").expect("it is small"));
        drop(finished);
        assert!(!store.contains(object.object_id).await.expect("contains"));
        assert!(matches!(store.open(&object).await, Err(BlobError::Missing { .. })));
        let reader = store.open_inline(&object, sealed.clone()).await.expect("open");
        let (read, end) = drain(reader.read_all()).await;
        end.expect("read");
        assert!(read == bytes);
        if size > 2 {
            let range = reader.read_range(1, size as u64 - 2).expect("in range");
            assert!(drain(range).await.0 == bytes[1..size - 1]);
        }
        let end = size as u64;
        assert!(matches!(reader.read_range(0, end), Err(BlobError::OutOfRange { .. })));
        let absent = ObjectId::from_bytes([0; 16]);
        for wrong in [
            StoredObject { object_id: absent, ..object.clone() },
            StoredObject { digest: sha256(b"something else"), ..object.clone() },
            StoredObject { size_bytes: object.size_bytes + 1, ..object },
        ] {
            let opened = store.open_inline(&wrong, sealed.clone()).await;
            assert!(matches!(opened, Err(BlobError::Corrupt { .. })), "{wrong:?}: {opened:?}");
        }
    }
    let mut writer = store.begin(domain).await.expect("begin");
    writer.write(sample(SEGMENT_BYTES + 1, 12)).await.expect("write");
    let finished = writer.finish().await.expect("finish");
    assert!(finished.seal_inline().expect("not an error").is_none());
    finished.discard().await.expect("discard");
}

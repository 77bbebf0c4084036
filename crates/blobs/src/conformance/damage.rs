//! The part of the suite about what is damaged: put aside, and missed.

use super::{open, publish_in, sample};
use crate::{BlobError, BlobStore, KeyDomain, SEGMENT_BYTES};

/// What is put aside is no object any more, and stays.
pub(super) async fn what_is_put_aside_stays(store: &dyn BlobStore, domain: &KeyDomain) {
    assert!(store.quarantined().await.expect("quarantined").is_empty());
    let bytes = sample(5 * SEGMENT_BYTES, 21);
    let object = publish_in(store, domain, bytes.clone()).await;
    let id = object.object_id;
    let reader = open(store, &object).await;
    assert!(store.quarantine(id).await.expect("quarantine"));
    assert!(!store.contains(id).await.expect("contains"));
    assert!(matches!(store.open(&object).await, Err(BlobError::Missing { .. })));
    assert_eq!(store.list(None, 10).await.expect("list").objects, []);
    let (read, end) = super::drain(reader.read_all()).await;
    end.expect("a reader that was open goes on");
    assert!(read == bytes);
    // Again, and after a deletion: there is nothing, and what was put aside stays.
    assert!(!store.quarantine(id).await.expect("quarantine again"));
    store.delete(id).await.expect("delete");
    assert_eq!(store.quarantined().await.expect("quarantined"), [id.to_string()]);
    let other = publish_in(store, domain, sample(1, 22)).await.object_id;
    let kept_elsewhere = sample(777, 23);
    store.quarantine_bytes(other, kept_elsewhere.clone()).await.expect("quarantine bytes");
    store.quarantine_bytes(other, kept_elsewhere).await.expect("quarantine bytes again");
    let mut both = [id.to_string(), other.to_string()];
    both.sort();
    assert_eq!(store.quarantined().await.expect("quarantined"), both);
    assert!(store.contains(other).await.expect("contains"), "the object itself stays");
}

/// A store knows whether an upload can go on.
pub(super) async fn a_checkpoint_needs_its_file(store: &dyn BlobStore, domain: &KeyDomain) {
    for size in [0, 1, SEGMENT_BYTES, SEGMENT_BYTES + 1, 9 * SEGMENT_BYTES] {
        let mut writer = store.begin(domain).await.expect("begin");
        writer.write(sample(size, 24)).await.expect("write");
        let checkpoint = writer.checkpoint().await.expect("checkpoint");
        assert!(store.holds(&checkpoint).await.expect("holds"), "{size}");
        writer.write(sample(3 * SEGMENT_BYTES, 25)).await.expect("write");
        writer.checkpoint().await.expect("checkpoint");
        assert!(store.holds(&checkpoint).await.expect("holds"), "what came later is no harm");
        let object_id = writer.object_id();
        drop(writer);
        store.delete(object_id).await.expect("delete");
        let needs_no_file = size <= SEGMENT_BYTES;
        assert_eq!(store.holds(&checkpoint).await.expect("holds"), needs_no_file, "{size}");
    }
}

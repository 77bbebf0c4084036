//! The part of the suite about lists of what a store holds.

use wharfinger_core::ObjectId;

use super::{publish_in, sample};
use crate::{BlobStore, KeyDomain, SEGMENT_BYTES};

/// Published and unfinished ones, in pages of any size.
pub(super) async fn all_objects_are_listed(store: &dyn BlobStore, domain: &KeyDomain) {
    assert_eq!(listed(store, 3).await, [], "a new store is empty");
    let mut all = Vec::new();
    for seed in 0..5 {
        let object = publish_in(store, domain, sample(3 * SEGMENT_BYTES, seed)).await;
        all.push(object.object_id);
    }
    let mut writer = store.begin(domain).await.expect("begin");
    writer.write(sample(9 * SEGMENT_BYTES, 5)).await.expect("write");
    writer.checkpoint().await.expect("checkpoint");
    all.push(writer.object_id());
    all.sort();
    for limit in [1, 2, 6, 100] {
        let listed = listed(store, limit).await;
        assert!(listed.iter().all(|(_, size_bytes)| *size_bytes > 3 * SEGMENT_BYTES as u64));
        let ids: Vec<ObjectId> = listed.into_iter().map(|(object_id, _)| object_id).collect();
        assert_eq!(ids, all, "{limit}");
    }
    for object_id in all {
        store.delete(object_id).await.expect("delete");
    }
    assert_eq!(listed(store, 100).await, []);
}

async fn listed(store: &dyn BlobStore, limit: usize) -> Vec<(ObjectId, u64)> {
    let (mut listed, mut after) = (Vec::new(), None);
    loop {
        let page = store.list(after, limit).await.expect("list");
        assert!(page.objects.len() <= limit);
        assert_eq!(page.foreign_file_count, 0, "{:?}", page.foreign_files);
        listed.extend(page.objects);
        match page.next_after {
            Some(next) => after = Some(next),
            None => return listed,
        }
    }
}

//! Nothing is stored in clear, and no nonce is used twice.

use std::collections::HashMap;

use crate::conformance::{domain, publish, sample};
use crate::segment::{NONCE_BYTES, STORED_SEGMENT_BYTES};
use crate::tests::Scratch;
use crate::{BlobStore, SEGMENT_BYTES};

const MARKER: &[u8] = b"a marker nobody should find";

fn has_marker(bytes: &[u8]) -> bool {
    bytes.windows(MARKER.len()).any(|window| window == MARKER)
}

#[tokio::test]
async fn plaintext_is_neither_in_the_file_nor_in_the_checkpoint() {
    let scratch = Scratch::new();
    let bytes = MARKER.repeat(10_000);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.clone().into()).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    assert!(!has_marker(checkpoint.as_bytes()));
    assert!(!has_marker(&scratch.file(writer.object_id())));
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.clone().split_off(bytes.len() - 1000).into()).await.unwrap();
    assert!(!has_marker(writer.checkpoint().await.unwrap().as_bytes()));
    let finished = writer.finish().await.unwrap();
    let sealed = finished.seal_inline().unwrap().unwrap();
    assert!(!has_marker(&sealed));
    // Asked for twice, it is sealed anew.
    assert_ne!(sealed[512..], finished.seal_inline().unwrap().unwrap()[512..]);
    assert!(has_marker(&bytes));
    assert!(!has_marker(&scratch.file(object.object_id)));
}

#[tokio::test]
async fn equal_objects_have_nothing_in_common() {
    let scratch = Scratch::new();
    let bytes = sample(SEGMENT_BYTES, 1);
    let one = publish(&scratch.store, bytes.clone()).await;
    let two = publish(&scratch.store, bytes).await;
    let (one, two) = (scratch.file(one.object_id), scratch.file(two.object_id));
    assert_ne!(one[226..290], two[226..290], "the wrapped keys are equal");
    let equal = one[512..].iter().zip(&two[512..]).filter(|(a, b)| a == b).count();
    assert!(equal < one.len() / 100, "{equal} bytes are equal");
}

/// All pieces that were ever sealed under the key of one object, whatever became of them.
#[tokio::test]
async fn no_nonce_returns_with_other_bytes_after_a_crash() {
    let scratch = Scratch::new();
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    // From the second segment on it is the same object, however often the upload is taken up.
    writer.write(sample(2 * SEGMENT_BYTES, 200)).await.unwrap();
    let object_id = writer.object_id();
    let mut sealed: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    let mut count = 0;
    let mut note = |file: Vec<u8>, checkpoint: &[u8]| {
        let segments = file[512..].chunks(STORED_SEGMENT_BYTES).map(<[u8]>::to_vec);
        for piece in segments.chain([checkpoint[521..].to_vec()]) {
            count += 1;
            let known = sealed.entry(piece[..NONCE_BYTES].to_vec()).or_insert(piece.clone());
            assert!(*known == piece, "a nonce came back with other bytes");
        }
    };
    let mut checkpoint = writer.checkpoint().await.unwrap();
    for round in 0..4 {
        writer.write(sample(11 * SEGMENT_BYTES, round)).await.unwrap();
        let later = writer.checkpoint().await.unwrap();
        note(scratch.file(object_id), later.as_bytes());
        drop(writer);
        // Two rounds start from the same place with other bytes.
        writer = scratch.restarted(round + 2).resume(&checkpoint).await.unwrap();
        writer.write(sample(9 * SEGMENT_BYTES, round + 100)).await.unwrap();
        checkpoint = writer.checkpoint().await.unwrap();
        note(scratch.file(object_id), checkpoint.as_bytes());
    }
    assert!(count > 40);
    let distinct: std::collections::HashSet<_> = sealed.values().collect();
    assert_eq!(distinct.len(), sealed.len());
}

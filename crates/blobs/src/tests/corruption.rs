//! Damaged files are found before their last byte is given away.

use crate::conformance::{domain, publish, sample};
use crate::segment::{STORED_SEGMENT_BYTES, segment_offset};
use crate::tests::{Scratch, read};
use crate::{BlobError, BlobStore, SEGMENT_BYTES, StoredObject};

const SEGMENT: usize = SEGMENT_BYTES;

/// Reading must end with `Corrupt`, behind a true beginning of `bytes` that is not the whole.
async fn assert_corrupt(scratch: &Scratch, object: &StoredObject, bytes: &[u8], case: &str) {
    let (yielded, end) = read(&scratch.store, object).await;
    assert!(matches!(end, Err(BlobError::Corrupt { .. })), "{case}: {end:?}");
    assert!(bytes.starts_with(&yielded), "{case}: wrong bytes were served");
    assert!(bytes.is_empty() || yielded.len() < bytes.len(), "{case}: the whole was served");
}

#[tokio::test]
async fn one_flipped_bit_anywhere_is_found() {
    let scratch = Scratch::new();
    for size in [0, 1, SEGMENT, 5 * SEGMENT + 100] {
        let bytes = sample(size, 1);
        let object = publish(&scratch.store, bytes.clone()).await;
        let intact = scratch.file(object.object_id);
        let mut places: Vec<usize> = (0..512).collect();
        for start in (512..intact.len()).step_by(STORED_SEGMENT_BYTES) {
            let end = intact.len().min(start + STORED_SEGMENT_BYTES);
            places.extend(start..(start + 14).min(end));
            places.push(usize::midpoint(start, end));
            places.extend(end - 18..end);
        }
        for place in places {
            let mut damaged = intact.clone();
            damaged[place] ^= 1 << (place % 8);
            scratch.overwrite(object.object_id, &damaged);
            // Another key version is a key that is not there, not a damaged object.
            if (226..230).contains(&place) {
                let (_, end) = read(&scratch.store, &object).await;
                assert!(matches!(end, Err(BlobError::KeyUnavailable(_))), "{end:?}");
            } else {
                assert_corrupt(&scratch, &object, &bytes, &format!("{size}: {place}")).await;
            }
        }
        scratch.overwrite(object.object_id, &intact);
        read(&scratch.store, &object).await.1.unwrap();
    }
}

#[tokio::test]
async fn files_of_another_length_are_refused() {
    let scratch = Scratch::new();
    let bytes = sample(3 * SEGMENT + 5, 2);
    let object = publish(&scratch.store, bytes.clone()).await;
    let intact = scratch.file(object.object_id);
    let cuts = [0, 1, 511, 512, 513, 512 + STORED_SEGMENT_BYTES, intact.len() - 1];
    for length in cuts {
        scratch.overwrite(object.object_id, &intact[..length]);
        assert_corrupt(&scratch, &object, &bytes, &format!("cut to {length}")).await;
    }
    for extra in [1, 28, STORED_SEGMENT_BYTES] {
        let longer = [&intact[..], &vec![0; extra]].concat();
        scratch.overwrite(object.object_id, &longer);
        assert_corrupt(&scratch, &object, &bytes, &format!("{extra} more")).await;
    }
}

#[tokio::test]
async fn segments_and_objects_cannot_change_places() {
    let scratch = Scratch::new();
    let (bytes, other_bytes) = (sample(6 * SEGMENT, 3), sample(6 * SEGMENT, 4));
    let object = publish(&scratch.store, bytes.clone()).await;
    let other = publish(&scratch.store, other_bytes).await;
    let (intact, other_file) = (scratch.file(object.object_id), scratch.file(other.object_id));
    let place = |index: u64| {
        let start = segment_offset(index) as usize;
        start..start + STORED_SEGMENT_BYTES
    };

    scratch.overwrite(object.object_id, &other_file);
    assert_corrupt(&scratch, &object, &bytes, "another object").await;
    for (a, b) in [(0, 1), (1, 2), (3, 4), (0, 5)] {
        let mut swapped = intact.clone();
        swapped[place(a)].copy_from_slice(&intact[place(b)]);
        swapped[place(b)].copy_from_slice(&intact[place(a)]);
        scratch.overwrite(object.object_id, &swapped);
        assert_corrupt(&scratch, &object, &bytes, &format!("{a} and {b} swapped")).await;
    }
    for index in 0..6 {
        let mut foreign = intact.clone();
        foreign[place(index)].copy_from_slice(&other_file[place(index)]);
        scratch.overwrite(object.object_id, &foreign);
        assert_corrupt(&scratch, &object, &bytes, &format!("segment {index} of another")).await;
    }
}

/// Same object, same key, same place: only the chain tells that the segment is not the one the
/// digest was computed over.
#[tokio::test]
async fn a_segment_of_an_abandoned_session_is_found() {
    let scratch = Scratch::new();
    let bytes = sample(7 * SEGMENT, 5);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.slice(..2 * SEGMENT + 9)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    writer.write(sample(5 * SEGMENT - 9, 6)).await.unwrap();
    writer.checkpoint().await.unwrap();
    let abandoned = scratch.file(writer.object_id());
    drop(writer);

    let mut writer = scratch.restarted(2).resume(&checkpoint).await.unwrap();
    writer.write(bytes.slice(2 * SEGMENT + 9..)).await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    let intact = scratch.file(object.object_id);
    for segments in [2..3, 2..6, 3..5, 5..6] {
        let start = segment_offset(segments.start) as usize;
        let end = segment_offset(segments.end) as usize;
        let mut mixed = intact.clone();
        mixed[start..end].copy_from_slice(&abandoned[start..end]);
        scratch.overwrite(object.object_id, &mixed);
        assert_corrupt(&scratch, &object, &bytes, &format!("{segments:?}")).await;
    }
}

#[tokio::test]
async fn a_file_that_changes_under_a_reader_is_found() {
    let scratch = Scratch::new();
    let bytes = sample(20 * SEGMENT, 7);
    let object = publish(&scratch.store, bytes.clone()).await;
    let reader = scratch.store.open(&object).await.unwrap();
    let mut damaged = scratch.file(object.object_id);
    damaged[segment_offset(18) as usize + 40] ^= 1;
    scratch.overwrite(object.object_id, &damaged);
    let (yielded, end) = crate::conformance::drain(reader.read_all()).await;
    assert!(matches!(end, Err(BlobError::Corrupt { .. })), "{end:?}");
    assert!(bytes.starts_with(&yielded) && yielded.len() < bytes.len());
    // The damage is in one segment: what lies elsewhere can still be had.
    let range = reader.read_range(0, 9).unwrap();
    assert_eq!(crate::conformance::drain(range).await.0, bytes[..10]);
    let range = reader.read_range(18 * SEGMENT as u64, 18 * SEGMENT as u64).unwrap();
    assert!(crate::conformance::drain(range).await.1.is_err());
}

#[tokio::test]
async fn an_unpublished_object_does_not_open() {
    let scratch = Scratch::new();
    let object = publish(&scratch.store, sample(2 * SEGMENT, 8)).await;
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(sample(2 * SEGMENT, 8)).await.unwrap();
    writer.checkpoint().await.unwrap();
    let unfinished = StoredObject { object_id: writer.object_id(), ..object };
    let (_, end) = read(&scratch.store, &unfinished).await;
    assert!(matches!(end, Err(BlobError::Corrupt { .. })), "{end:?}");
}

/// The end was proven when the reader opened; what is read must still lead there.
#[tokio::test]
async fn a_chain_that_no_longer_ends_at_the_proven_end_is_found() {
    let scratch = Scratch::new();
    let bytes = sample(6 * SEGMENT + 50, 9);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.slice(..5 * SEGMENT + 1)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    writer.write(sample(SEGMENT, 10)).await.unwrap();
    writer.checkpoint().await.unwrap();
    let abandoned = scratch.file(writer.object_id());
    drop(writer);
    let mut writer = scratch.store.resume(&checkpoint).await.unwrap();
    writer.write(bytes.slice(5 * SEGMENT + 1..)).await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();

    let reader = scratch.store.open(&object).await.unwrap();
    let place = segment_offset(5) as usize..segment_offset(6) as usize;
    let mut mixed = scratch.file(object.object_id);
    mixed[place.clone()].copy_from_slice(&abandoned[place]);
    scratch.overwrite(object.object_id, &mixed);
    let (yielded, end) = crate::conformance::drain(reader.read_all()).await;
    assert!(matches!(end, Err(BlobError::Corrupt { .. })), "{end:?}");
    assert!(yielded.len() < bytes.len());
}

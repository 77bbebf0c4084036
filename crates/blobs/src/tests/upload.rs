//! Uploads that are cut, dropped and taken up again.

use std::fs::OpenOptions;
use std::io::Write;

use bytes::Bytes;
use futures_util::FutureExt;
use proptest::prelude::{ProptestConfig, any, proptest};
use sha2::{Digest as _, Sha256};
use wharfinger_core::{Digest, ObjectId};

use crate::conformance::{domain, publish, sample, two_cipher_domain};
use crate::object_file::{LocalFolder, ObjectFolder};
use crate::tests::{Scratch, read};
use crate::{BlobError, BlobStore, SEGMENT_BYTES, UploadCheckpoint};

/// What happens after a piece was written.
#[derive(Clone, Debug)]
enum Event {
    Nothing,
    Checkpoint,
    /// A mark is made durable while `lost` more bytes come; then the process ends, and another one
    /// goes on.
    Mark {
        lost: usize,
    },
    /// The process ends after a checkpoint and `lost` more bytes, and another one goes on.
    Crash {
        lost: usize,
    },
    Finish,
}

fn event() -> impl proptest::strategy::Strategy<Value = Event> {
    use proptest::prelude::{Just, Strategy, prop_oneof};
    prop_oneof![
        4 => Just(Event::Nothing),
        2 => Just(Event::Checkpoint),
        2 => (0..1_300_000_usize).prop_map(|lost| Event::Crash { lost }),
        2 => (0..1_300_000_usize).prop_map(|lost| Event::Mark { lost }),
        1 => Just(Event::Finish),
    ]
}

async fn upload(pieces: Vec<(usize, Event)>, seed: u64) {
    let scratch = Scratch::new();
    let total = pieces.iter().map(|(length, _)| length).sum();
    let bytes = sample(total, seed);
    let domain = if seed.is_multiple_of(2) { domain() } else { two_cipher_domain() };
    let mut writer = scratch.store.begin(&domain).await.unwrap();
    let mut at = 0;
    for (index, (length, event)) in pieces.into_iter().enumerate() {
        writer.write(bytes.slice(at..at + length)).await.unwrap();
        at += length;
        match event {
            Event::Nothing => {}
            Event::Checkpoint => {
                let checkpoint = writer.checkpoint().await.unwrap();
                assert_eq!(checkpoint.size_bytes(), at as u64);
            }
            Event::Crash { lost } => {
                let stored = writer.checkpoint().await.unwrap().into_bytes();
                writer.write(sample(lost, seed + 1)).await.unwrap();
                drop(writer);
                let checkpoint = UploadCheckpoint::from_bytes(stored).unwrap();
                let store = scratch.restarted(index as u64 + 2);
                writer = store.resume(&checkpoint).await.unwrap();
            }
            Event::Mark { lost } => {
                let mark = writer.mark().await.unwrap();
                assert_eq!(mark.size_bytes(), at as u64);
                let more = sample(lost, seed + 2);
                let (synced, written) = tokio::join!(mark.sync(), writer.write(more));
                written.unwrap();
                drop(writer);
                let store = scratch.restarted(index as u64 + 2);
                writer = store.resume(&synced.unwrap()).await.unwrap();
            }
            Event::Finish => {
                let finished = writer.finish().await.unwrap();
                let digest = Digest::Sha256(Sha256::digest(&bytes[..at]).into());
                assert_eq!(finished.digest(), digest);
                writer = finished.into_writer();
            }
        }
        assert_eq!(writer.size_bytes(), at as u64);
    }
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    assert_eq!(object.digest, Digest::Sha256(Sha256::digest(&bytes).into()));
    let (read, end) = read(&scratch.store, &object).await;
    end.unwrap();
    assert!(read == bytes, "other bytes came back");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However an upload is cut, checkpointed and resumed, the same bytes come back.
    #[test]
    fn any_course_of_an_upload_gives_the_same_object(
        pieces in proptest::collection::vec((0..250_000_usize, event()), 0..8),
        seed in any::<u32>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(upload(pieces, u64::from(seed)));
    }
}

#[tokio::test]
async fn garbage_behind_the_checkpoint_is_cut_off() {
    let scratch = Scratch::new();
    let bytes = sample(3 * SEGMENT_BYTES + 7, 1);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.clone()).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    let path = scratch.path(writer.object_id());
    drop(writer);
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(&sample(500_000, 2)).unwrap();
    let writer = scratch.restarted(2).resume(&checkpoint).await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    assert_eq!(read(&scratch.store, &object).await.0, bytes);
}

#[tokio::test]
async fn a_checkpoint_and_its_file_must_belong_together() {
    let scratch = Scratch::new();
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(sample(3 * SEGMENT_BYTES, 3)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    let object_id = writer.object_id();
    drop(writer);
    let other = publish(&scratch.store, sample(3 * SEGMENT_BYTES, 3)).await;
    let (intact, other) = (scratch.file(object_id), scratch.file(other.object_id));

    let mut altered_end = intact.clone();
    *altered_end.last_mut().unwrap() ^= 1;
    for file in [&intact[..intact.len() - 1], &other, &altered_end, &[]] {
        scratch.overwrite(object_id, file);
        let resumed = scratch.store.resume(&checkpoint).await;
        assert!(matches!(resumed, Err(BlobError::Corrupt { .. })), "{resumed:?}");
    }

    scratch.overwrite(object_id, &intact);
    let stored = checkpoint.as_bytes();
    for place in [0, 1, 5, 8, 9, 20, 40, 521, 533, 600, stored.len() - 1] {
        let mut altered = stored.to_vec();
        altered[place] ^= 1;
        if let Ok(altered) = UploadCheckpoint::from_bytes(altered) {
            assert!(scratch.store.resume(&altered).await.is_err(), "{place}");
        }
    }
    for length in [0, 1, 9, 300, 521, 530, 600, stored.len() - 1] {
        if let Ok(cut) = UploadCheckpoint::from_bytes(stored[..length].to_vec()) {
            assert!(scratch.store.resume(&cut).await.is_err(), "{length}");
        }
    }
    scratch.store.resume(&checkpoint).await.unwrap();
}

/// A client that disconnects drops the future that was writing its bytes.
#[tokio::test]
async fn a_dropped_write_loses_nothing_it_has_counted() {
    let scratch = Scratch::new();
    let bytes = sample(160 * SEGMENT_BYTES, 4);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    let mut dropped = 0;
    while (writer.size_bytes() as usize) < bytes.len() {
        let rest = bytes.slice(writer.size_bytes() as usize..);
        match writer.write(rest).now_or_never() {
            Some(result) => result.unwrap(),
            None => dropped += 1,
        }
        tokio::task::yield_now().await;
    }
    assert!(dropped > 0, "no write ever had to wait");
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    assert!(read(&scratch.store, &object).await.0 == bytes);
}

#[tokio::test]
async fn a_dropped_checkpoint_poisons_the_writer_and_not_the_upload() {
    let scratch = Scratch::new();
    let bytes = sample(3 * SEGMENT_BYTES, 5);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.clone()).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    writer.write(sample(SEGMENT_BYTES, 6)).await.unwrap();
    assert!(writer.checkpoint().now_or_never().is_none());
    let refused = writer.write(Bytes::from_static(b"more")).await;
    assert!(matches!(refused, Err(BlobError::Poisoned)), "{refused:?}");
    assert!(matches!(writer.finish().await, Err(BlobError::Poisoned)));
    let writer = scratch.store.resume(&checkpoint).await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    assert!(read(&scratch.store, &object).await.0 == bytes);
}

#[tokio::test]
async fn an_object_deleted_under_its_writer_is_not_acknowledged() {
    let scratch = Scratch::new();
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(sample(2 * SEGMENT_BYTES, 7)).await.unwrap();
    writer.checkpoint().await.unwrap();
    scratch.store.delete(writer.object_id()).await.unwrap();
    let published = writer.finish().await.unwrap().publish().await;
    assert!(matches!(published, Err(BlobError::Missing { .. })), "{published:?}");
}

/// A file that its checkpoint does not know may be one that another writer has published meanwhile.
#[tokio::test]
async fn who_goes_on_from_one_segment_leaves_the_files_of_others_alone() {
    let scratch = Scratch::new();
    let bytes = sample(3 * SEGMENT_BYTES, 8);
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(bytes.slice(..100)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    writer.write(bytes.slice(100..)).await.unwrap();
    let mut late = scratch.restarted(2).resume(&checkpoint).await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    late.write(sample(3 * SEGMENT_BYTES, 9)).await.unwrap();
    late.checkpoint().await.unwrap();
    assert_ne!(late.object_id(), object.object_id);
    assert!(read(&scratch.store, &object).await.0 == bytes);
}

#[test]
fn one_writer_holds_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let objects = LocalFolder::open(folder.path()).unwrap();
    let id = ObjectId::from_bytes([1; 16]);
    let held = objects.create(id).unwrap();
    let busy = std::io::ErrorKind::WouldBlock;
    assert_eq!(objects.reopen(id).err().map(|error| error.kind()), Some(busy));
    let exists = std::io::ErrorKind::AlreadyExists;
    assert_eq!(objects.create(id).err().map(|error| error.kind()), Some(exists));
    drop(held);
    let held = objects.reopen(id).unwrap();
    assert!(objects.reopen(id).is_err());
    assert!(objects.open(id).is_ok(), "readers wait for nobody");
    drop(held);
}

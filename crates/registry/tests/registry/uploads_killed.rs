//! Uploads of a process that is killed in the middle of a request.
//!
//! A process is a runtime of its own here: when that is dropped, all it did stops where it is, and
//! what it had open is closed.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::runtime::{Builder, Runtime};
use wharfinger_core::limits::UPLOAD_CHECKPOINT_BYTES;
use wharfinger_core::{ObjectId, RegistryId, SeededEntropy, UploadId};
use wharfinger_metadata::{repository, upload};

use super::fixture::{Fixture, digest_of, permit_for};

const MIB: usize = 1024 * 1024;
const CHECKPOINT: usize = UPLOAD_CHECKPOINT_BYTES as usize;

fn process() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn sample(bytes: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|word| word.wrapping_mul(2_654_435_761).to_le_bytes());
    words.take(bytes).collect()
}

/// Sends `bytes` in a request that never ends, and kills the process once `enough` says so.
fn kill_while_sending(
    fixture: Fixture,
    upload: UploadId,
    bytes: &[u8],
    enough: impl AsyncFn(&Fixture) -> bool,
) -> Fixture {
    process().block_on(async {
        let pieces: Vec<_> =
            bytes.chunks(100_000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
        let body = stream::iter(pieces).chain(stream::pending());
        let permit = permit_for("app");
        let sending = fixture.registry.append_to_upload(&permit, upload, None, body);
        let waiting = async {
            while !enough(&fixture).await {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            sent = sending => panic!("it does not end: {sent:?}"),
            () = waiting => {}
        }
    });
    fixture.restarted()
}

/// A file that goes away meanwhile is not.
fn is_longer(object: &Path, bytes: usize) -> bool {
    object.metadata().is_ok_and(|file| file.len() > bytes as u64)
}

async fn received(fixture: &Fixture, upload: UploadId) -> u64 {
    fixture.registry.upload_status(&permit_for("app"), upload).await.unwrap().received_bytes
}

/// docker sends a layer in one request, however long.
#[test]
fn a_long_request_is_gone_on_with_where_it_was_durable_last() {
    let fixture = process().block_on(Fixture::with_repository("MUTABLE"));
    let upload = process().block_on(fixture.begin("app"));
    let bytes = sample(2 * CHECKPOINT + 5 * MIB);
    let first = &bytes[..CHECKPOINT + 3 * MIB];
    let fixture = kill_while_sending(fixture, upload, first, async |fixture| {
        received(fixture, upload).await >= UPLOAD_CHECKPOINT_BYTES
    });
    let kept = process().block_on(received(&fixture, upload)) as usize;
    assert!((CHECKPOINT..=first.len()).contains(&kept), "{kept}");

    // The next process is killed as well, with more of it.
    let second = &bytes[kept..kept + CHECKPOINT + 2 * MIB];
    let fixture = kill_while_sending(fixture, upload, second, async |fixture| {
        received(fixture, upload).await >= (kept + CHECKPOINT) as u64
    });
    process().block_on(async {
        let kept = received(&fixture, upload).await as usize;
        fixture.append("app", upload, Some(kept as u64), &bytes[kept..]).await.unwrap();
        fixture.complete("app", upload, digest_of(&bytes)).await.unwrap();
        assert_eq!(fixture.objects().len(), 1);
    });
}

/// Before there is a checkpoint nothing is kept; the file it began goes with the next request.
#[test]
fn what_a_first_request_began_makes_way_for_the_second() {
    let fixture = process().block_on(Fixture::with_repository("MUTABLE"));
    let upload = process().block_on(fixture.begin("app"));
    let bytes = sample(3 * MIB);
    let mut fixture = fixture;
    for _ in 0..2 {
        let before = fixture.objects();
        fixture = kill_while_sending(fixture, upload, &bytes, async |fixture| {
            let mut objects = fixture.objects();
            objects.retain(|object| !before.contains(object));
            objects.iter().any(|object| is_longer(object, MIB))
        });
        assert_eq!(process().block_on(received(&fixture, upload)), 0);
    }
    process().block_on(async {
        fixture.append("app", upload, Some(0), &bytes).await.unwrap();
        fixture.complete("app", upload, digest_of(&bytes)).await.unwrap();
        one_object_is_left(&fixture).await;
    });
}

#[test]
fn what_a_first_request_began_is_reclaimed_with_its_session() {
    let fixture = process().block_on(Fixture::with_repository("MUTABLE"));
    let (idle, empty) =
        process().block_on(async { (fixture.begin("app").await, fixture.begin("app").await) });
    let begun = async |fixture: &Fixture| fixture.objects().len() == 1;
    let fixture = kill_while_sending(fixture, idle, &sample(3 * MIB), begun);
    let fixture = kill_while_sending(fixture, empty, &sample(3 * MIB), async |fixture| {
        fixture.objects().len() == 2
    });
    process().block_on(async {
        // One is completed without a byte, the other forgotten.
        fixture.complete("app", empty, digest_of(b"")).await.unwrap();
        fixture.clock.advance(Duration::from_secs(86_401));
        assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 1);
        let all_gone = async {
            while fixture.objects().iter().any(|object| is_longer(object, 100_000)) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), all_gone).await.unwrap();
    });
}

/// Killed between naming another object and the first checkpoint of it: the one before still counts.
#[test]
fn an_object_without_a_checkpoint_does_not_replace_one_that_has() {
    let fixture = process().block_on(Fixture::with_repository("MUTABLE"));
    let bytes = sample(MIB);
    process().block_on(async {
        let upload = fixture.begin("app").await;
        fixture.append("app", upload, None, &bytes[..MIB / 2]).await.unwrap();
        let named = ObjectId::random(&SeededEntropy::new(77));
        let folder = fixture.objects().remove(0).parent().unwrap().parent().unwrap().to_owned();
        let file = folder.join(&named.to_string()[..2]).join(named.to_string());
        std::fs::write(&file, b"what a killed process left").unwrap();
        let metadata = fixture.metadata();
        let write = metadata.write(move |tx| {
            Box::pin(async move {
                let registry =
                    RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
                let app = repository::find(tx, &registry, &"app".parse().unwrap()).await?;
                let mut row = upload::find(tx, app.unwrap().id, &upload).await?.unwrap();
                row.object_id = Some(named);
                upload::advance(tx, &row, row.received_bytes).await
            })
        });
        assert!(write.await.unwrap());
        fixture.append("app", upload, Some(MIB as u64 / 2), &bytes[MIB / 2..]).await.unwrap();
        fixture.complete("app", upload, digest_of(&bytes)).await.unwrap();
        one_object_is_left(&fixture).await;
        assert!(!file.exists());
    });
}

/// A session that lies idle is ended by whichever process comes to it, and its lock is forgotten.
#[test]
fn an_idle_session_is_reclaimed_after_a_restart() {
    let mut fixture = process().block_on(Fixture::with_repository("MUTABLE"));
    let upload = process().block_on(async {
        let upload = fixture.begin("app").await;
        fixture.append("app", upload, None, &sample(MIB)).await.unwrap();
        upload
    });
    assert_eq!(fixture.objects().len(), 1);
    fixture = fixture.restarted();
    process().block_on(async {
        fixture.clock.advance(Duration::from_secs(86_400));
        assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 0, "not yet");
        fixture.clock.advance(Duration::from_secs(1));
        assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 1);
        let status = fixture.registry.upload_status(&permit_for("app"), upload).await;
        assert!(status.is_err());
        let all_gone = async {
            while !fixture.objects().is_empty() {
                tokio::task::yield_now().await;
            }
            fixture.registry.uploads_settled().await;
        };
        tokio::time::timeout(Duration::from_secs(30), all_gone).await.unwrap();
    });
}

async fn one_object_is_left(fixture: &Fixture) {
    // As at each start: what a killed process had let go of may still be there.
    fixture.registry.collect_garbage().await.unwrap();
    let one = async {
        while fixture.objects().len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), one).await.unwrap();
}

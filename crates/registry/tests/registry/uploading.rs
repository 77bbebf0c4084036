//! Uploads: resumed, repeated, refused, reclaimed; equal bytes are kept once.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use wharfinger_core::{Digest, UploadId};
use wharfinger_registry::{EmptyBlob, Error, LayerAvailability, LayerPart};

use super::fixture::{Fixture, digest_of, permit_for};

const MIB: usize = 1024 * 1024;
/// More than one segment of the object store, so that it has a file.
const LARGE: &[u8] = &[7; 70_000];

#[tokio::test]
async fn a_push_goes_on_after_a_restart() {
    let mut fixture = Fixture::with_repository("MUTABLE").await;
    let bytes: Vec<u8> = (0..250_000_u32).flat_map(u32::to_le_bytes).collect();
    let upload = fixture.begin("app").await;
    let mut sent = 0;
    for piece in [1, 65_536, 65_535, 400_000, 533_464 - 64_536] {
        let end = sent + piece;
        let received =
            fixture.append("app", upload, Some(sent as u64), &bytes[sent..end]).await.unwrap();
        assert_eq!(received, end as u64);
        sent = end;
        fixture = fixture.restarted();
    }
    let status =
        fixture.registry.upload_status(&permit_for("app"), upload).await.unwrap().received_bytes;
    assert_eq!(status, sent as u64);
    fixture.append("app", upload, None, &bytes[sent..]).await.unwrap();
    fixture.complete("app", upload, digest_of(&bytes)).await.unwrap();
}

#[tokio::test]
async fn what_arrived_before_a_body_broke_off_is_kept() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    let body = futures_util::stream::iter(vec![
        Ok(Bytes::from_static(b"first half ")),
        Err("the connection was reset".into()),
    ]);
    let broken = fixture.registry.append_to_upload(&permit_for("app"), upload, None, body).await;
    assert!(matches!(broken, Err(Error::BodyInterrupted(_))));
    fixture.append("app", upload, Some(11), b"second half").await.unwrap();
    fixture.complete("app", upload, digest_of(b"first half second half")).await.unwrap();
}

#[tokio::test]
async fn a_chunk_that_does_not_go_on_is_refused_and_nothing_is_lost() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, Some(0), b"0123456789").await.unwrap();
    let refused = fixture.append("app", upload, Some(0), b"0123456789").await.unwrap_err();
    assert_eq!(refused.to_string(), "First byte of the layer part is 0 instead of 10");
    fixture.append("app", upload, Some(10), b"abc").await.unwrap();
    fixture.complete("app", upload, digest_of(b"0123456789abc")).await.unwrap();
}

#[tokio::test]
async fn a_wrong_digest_leaves_the_session_for_the_right_one() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, b"content").await.unwrap();
    let refused = fixture.complete("app", upload, Digest::Sha256([1; 32])).await;
    assert!(matches!(refused, Err(Error::InvalidLayer { .. })));
    fixture.complete("app", upload, digest_of(b"content")).await.unwrap();
    let ended = fixture.complete("app", upload, digest_of(b"content")).await;
    assert!(matches!(ended, Err(Error::UploadNotFound { .. })));
}

#[tokio::test]
async fn equal_bytes_are_kept_once_for_all_repositories() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    for name in ["app", "other", "other"] {
        fixture.layer(name, LARGE).await;
    }
    while fixture.objects().len() != 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn two_clients_that_push_one_digest_at_once_both_succeed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let (first, second) = (fixture.begin("app").await, fixture.begin("app").await);
    let bytes = vec![7; 3 * MIB];
    let (a, b) = tokio::join!(
        fixture.append("app", first, None, &bytes),
        fixture.append("app", second, None, &bytes)
    );
    a.and(b).unwrap();
    let digest = digest_of(&bytes);
    let (a, b) = tokio::join!(
        fixture.complete("app", first, digest),
        fixture.complete("app", second, digest)
    );
    for outcome in [a, b] {
        assert!(matches!(outcome, Ok(()) | Err(Error::LayerAlreadyExists { .. })), "{outcome:?}");
    }
    while fixture.objects().len() > 1 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_upload_nobody_goes_on_with_is_reclaimed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let (idle, cancelled) = (fixture.begin("app").await, fixture.begin("app").await);
    fixture.append("app", idle, None, LARGE).await.unwrap();
    fixture.append("app", cancelled, None, LARGE).await.unwrap();
    fixture.registry.cancel_layer_upload(&permit_for("app"), cancelled).await.unwrap();
    fixture.clock.advance(Duration::from_secs(86_401));
    let live = fixture.begin("app").await;
    assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 1);
    for (upload, there) in [(idle, false), (cancelled, false), (live, true)] {
        let status = fixture.registry.upload_status(&permit_for("app"), upload).await;
        assert_eq!(status.is_ok(), there);
    }
    while !fixture.objects().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// A day is not long for 50 GB on a slow line.
#[tokio::test]
async fn an_upload_that_is_written_to_is_not_idle() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    for (sent, piece) in [(0, "first half "), (11, "second half")] {
        let (reached, middle) = tokio::sync::oneshot::channel();
        let (go_on, wait) = tokio::sync::oneshot::channel();
        let first = async { Ok(Bytes::from_static(piece.as_bytes())) };
        let last = async {
            let _ = reached.send(());
            wait.await?;
            Ok(Bytes::new())
        };
        let body = futures_util::stream::once(first).chain(futures_util::stream::once(last));
        let permit = permit_for("app");
        let slow = fixture.registry.append_to_upload(&permit, upload, Some(sent), body);
        let meanwhile = async {
            middle.await.unwrap();
            fixture.clock.advance(Duration::from_secs(86_401));
            assert_eq!(
                fixture.registry.collect_garbage().await.unwrap().uploads,
                0,
                "while it is written to"
            );
            go_on.send(()).unwrap();
        };
        let (slow, ()) = tokio::join!(slow, meanwhile);
        slow.unwrap();
        assert_eq!(
            fixture.registry.collect_garbage().await.unwrap().uploads,
            0,
            "right after it was written to"
        );
    }
    fixture.complete("app", upload, digest_of(b"first half second half")).await.unwrap();
}

/// An object that cannot be deleted waits; the others do not wait for it.
#[tokio::test]
async fn an_object_that_cannot_be_deleted_does_not_keep_the_others() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut stuck = None;
    for number in 0..20 {
        let upload = fixture.begin("app").await;
        fixture.append("app", upload, None, LARGE).await.unwrap();
        if number == 0 {
            let object = fixture.objects().remove(0);
            std::fs::remove_file(&object).unwrap();
            std::fs::create_dir(&object).unwrap();
            stuck = Some(object);
        }
    }
    fixture.clock.advance(Duration::from_secs(86_401));
    assert_eq!(fixture.registry.collect_garbage().await.unwrap().uploads, 20);
    let everything_else = async {
        while fixture.objects().len() > 1 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), everything_else).await.unwrap();
    std::fs::remove_dir(stuck.unwrap()).unwrap();
    fixture.registry.collect_garbage().await.unwrap();
}

async fn part(
    fixture: &Fixture,
    upload: UploadId,
    first_byte: usize,
    bytes: &[u8],
) -> Result<u64, Error> {
    let part = LayerPart {
        first_byte: first_byte as u64,
        last_byte: (first_byte + bytes.len() - 1) as u64,
        bytes: Bytes::copy_from_slice(bytes),
    };
    let progress = fixture.registry.upload_layer_part(&permit_for("app"), upload, part).await?;
    Ok(progress.received_bytes)
}

async fn complete_strictly(
    fixture: &Fixture,
    upload: UploadId,
    digest: Digest,
) -> Result<u64, Error> {
    fixture
        .registry
        .complete_layer_upload(&permit_for("app"), upload, vec![digest], EmptyBlob::Refused)
        .await
        .map(|layer| layer.size_bytes)
}

#[tokio::test]
async fn parts_are_contiguous_and_may_be_repeated() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    let bytes = vec![1; 6 * MIB];
    assert_eq!(part(&fixture, upload, 0, &bytes).await.unwrap(), 6 * MIB as u64);
    assert_eq!(part(&fixture, upload, 0, &bytes).await.unwrap(), 6 * MIB as u64, "sent again");
    let refused = part(&fixture, upload, 5, b"x").await.unwrap_err();
    assert!(matches!(
        refused,
        Error::InvalidLayerPart { last_valid_byte_received, .. }
            if last_valid_byte_received == 6 * MIB as i64 - 1
    ));
    part(&fixture, upload, 6 * MIB, b"end").await.unwrap();
    let whole = [bytes.as_slice(), b"end"].concat();
    assert_eq!(complete_strictly(&fixture, upload, digest_of(&whole)).await.unwrap(), 6_291_459);
}

/// A part is in memory as a whole, and others can be made to take forever.
#[tokio::test]
async fn a_part_does_not_wait_for_another_writer() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    let (reached, middle) = tokio::sync::oneshot::channel();
    let (go_on, wait) = tokio::sync::oneshot::channel();
    let piece = async {
        let _ = reached.send(());
        wait.await?;
        Ok(Bytes::from_static(b"slow "))
    };
    let (permit, body) = (permit_for("app"), futures_util::stream::once(piece));
    let slow = fixture.registry.append_to_upload(&permit, upload, None, body);
    let meanwhile = async {
        middle.await.unwrap();
        let refused = part(&fixture, upload, 5, b"end").await.unwrap_err();
        assert!(matches!(refused, Error::Throttling), "{refused}");
        go_on.send(()).unwrap();
    };
    let (slow, ()) = tokio::join!(slow, meanwhile);
    assert_eq!(slow.unwrap().received_bytes, 5);
    assert_eq!(part(&fixture, upload, 5, b"end").await.unwrap(), 8);
}

#[tokio::test]
async fn only_the_last_part_may_be_small() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    part(&fixture, upload, 0, b"small").await.unwrap();
    part(&fixture, upload, 5, b"last").await.unwrap();
    let refused = complete_strictly(&fixture, upload, digest_of(b"smalllast")).await;
    assert!(matches!(refused, Err(Error::LayerPartTooSmall)));
}

#[tokio::test]
async fn an_empty_upload_completes_where_the_empty_blob_is_allowed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    let refused = complete_strictly(&fixture, upload, digest_of(b"")).await;
    assert!(matches!(refused, Err(Error::EmptyUpload { .. })));
    let wrong = fixture.complete("app", upload, digest_of(b"x")).await;
    assert!(matches!(wrong, Err(Error::InvalidLayer { .. })));
    assert!(fixture.objects().is_empty(), "a refused empty upload leaves nothing behind");
    fixture.complete("app", upload, digest_of(b"")).await.unwrap();
    let texts = vec![digest_of(b"").to_string()];
    let layers =
        fixture.registry.batch_check_layer_availability(&permit_for("app"), texts).await.unwrap();
    assert!(matches!(layers[0], LayerAvailability::Available { size_bytes: 0, .. }));
}

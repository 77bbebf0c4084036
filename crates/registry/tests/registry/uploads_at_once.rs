//! Uploads that meet: of the same bytes, and of somebody who ends what another goes on with.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::sync::Barrier;
use wharfinger_registry::{Error, LayerPart};

use super::fixture::{Fixture, digest_of, permit_for};

const CLIENTS: usize = 8;

async fn settled(fixture: &Fixture, objects: usize) {
    let settled = async {
        while fixture.objects().len() != objects {
            tokio::task::yield_now().await;
        }
        fixture.registry.uploads_settled().await;
    };
    let count = || fixture.objects().len();
    let outcome = tokio::time::timeout(Duration::from_secs(20), settled).await;
    assert!(outcome.is_ok(), "{} objects instead of {objects}", count());
}

/// Waits for all the others a few steps before, at, or after each stage, so that every stage of one
/// client meets every stage of another sooner or later.
async fn meet(barrier: &Barrier, client: usize, round: usize) {
    barrier.wait().await;
    for _ in 0..(client * 7 + round * 3) % 5 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_who_push_one_digest_succeed_and_one_object_remains() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    for round in 0..20 {
        let bytes: Vec<u8> = std::iter::repeat_n(round as u8, 200_000 + round * 10_000).collect();
        let digest = digest_of(&bytes);
        let barrier = Barrier::new(CLIENTS);
        let outcomes = join_all((0..CLIENTS).map(async |client| {
            let name = if client % 2 == 0 { "app" } else { "other" };
            let upload = fixture.begin(name).await;
            meet(&barrier, client, round).await;
            fixture.append(name, upload, None, &bytes).await?;
            meet(&barrier, client, round / 2).await;
            fixture.complete(name, upload, digest).await
        }));
        for outcome in outcomes.await {
            let stored = matches!(outcome, Ok(()) | Err(Error::LayerAlreadyExists { .. }));
            assert!(stored, "{outcome:?}");
        }
        settled(&fixture, round + 1).await;
        for name in ["app", "other"] {
            let blob = fixture.registry.open_blob(&permit_for(name), digest).await.unwrap();
            let parts: Vec<_> = blob.read_all().try_collect().await.unwrap();
            assert_eq!(parts.concat(), bytes);
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Work {
    Append,
    Part,
    Complete,
}

/// Whoever ends an upload takes away what another request works on. That one is told that the
/// upload is not there, which is no fault of the server.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_is_cancelled_is_told_so_and_nothing_else() {
    let fixture = Arc::new(Fixture::with_repository("MUTABLE").await);
    let bytes: Bytes = vec![3; 700_000].into();
    let whole = digest_of(&[bytes.as_ref(), bytes.as_ref()].concat());
    let mut cancelled = 0;
    for round in 0..150 {
        let work = [Work::Append, Work::Part, Work::Complete][round % 3];
        let upload = fixture.begin("app").await;
        fixture.append("app", upload, None, &bytes).await.unwrap();
        if matches!(work, Work::Complete) {
            fixture.append("app", upload, None, &bytes).await.unwrap();
        }
        let barrier = Arc::new(Barrier::new(2));
        let worker = {
            let (fixture, barrier, bytes) = (fixture.clone(), barrier.clone(), bytes.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                match work {
                    Work::Append => fixture.append("app", upload, None, &bytes).await.map(|_| ()),
                    Work::Part => {
                        let (first_byte, last_byte) = (700_000, 1_399_999);
                        let part = LayerPart { first_byte, last_byte, bytes };
                        let permit = permit_for("app");
                        let done = fixture.registry.upload_layer_part(&permit, upload, part).await;
                        done.map(|_| ())
                    }
                    Work::Complete => fixture.complete("app", upload, whole).await,
                }
            })
        };
        barrier.wait().await;
        for _ in 0..round / 3 {
            tokio::task::yield_now().await;
        }
        let cancel = fixture.registry.cancel_layer_upload(&permit_for("app"), upload).await;
        match worker.await.unwrap() {
            Ok(()) | Err(Error::LayerAlreadyExists { .. }) => {}
            Err(Error::UploadNotFound { .. }) => cancelled += 1,
            Err(error) => panic!("{work:?} in round {round}: {error:?}"),
        }
        assert!(matches!(cancel, Ok(()) | Err(Error::UploadNotFound { .. })), "{cancel:?}");
    }
    assert!(cancelled > 0, "none of them met");
    fixture.registry.collect_garbage().await.unwrap();
    let kept = usize::from(fixture.registry.open_blob(&permit_for("app"), whole).await.is_ok());
    settled(&fixture, kept).await;
}

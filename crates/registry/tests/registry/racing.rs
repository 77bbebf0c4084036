//! Uploads, cancellations, reclaims and deletions at once: whatever wins, a blob has its bytes,
//! and no object is left behind.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use futures_util::{FutureExt, TryStreamExt};

use super::fixture::{Fixture, digest_of, permit_for};

const CONTENTS: [&[u8]; 3] = [b"one", &[2; 200_000], b""];

async fn push(fixture: &Fixture, content: &[u8], cancelled: bool) {
    let Ok(begun) = fixture.registry.initiate_layer_upload(&permit_for("app")).await else {
        return;
    };
    let upload = begun.upload_id;
    let (start, end) = content.split_at(content.len() / 2);
    let feed = async {
        fixture.append("app", upload, None, start).await?;
        fixture.append("app", upload, None, end).await?;
        fixture.complete("app", upload, digest_of(content)).await
    };
    let cancel = async {
        for _ in 0..content.len() % 7 {
            tokio::task::yield_now().await;
        }
        if cancelled {
            let _ = fixture.registry.cancel_layer_upload(&permit_for("app"), upload).await;
        }
    };
    let _ = tokio::join!(feed, cancel);
}

async fn end_everything(fixture: &Fixture) {
    fixture.clock.advance(Duration::from_secs(86_401));
    fixture.registry.collect_garbage().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_wins_a_blob_has_its_bytes_and_nothing_is_left_over() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for round in 0..20 {
        let mut work: Vec<BoxFuture<'_, ()>> = Vec::new();
        for number in 0..9 {
            let content = CONTENTS[number % CONTENTS.len()];
            work.push(push(&fixture, content, (number + round) % 3 == 0).boxed());
        }
        work.push(end_everything(&fixture).boxed());
        if round % 4 == 3 {
            let delete = async {
                fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
                fixture.create("app", "MUTABLE").await.unwrap();
            };
            work.push(delete.boxed());
        }
        join_all(work).await;
    }
    for content in CONTENTS {
        let digest = fixture.layer("app", content).await;
        let blob = fixture.registry.open_blob(&permit_for("app"), digest).await.unwrap();
        let parts: Vec<_> = blob.read_all().try_collect().await.unwrap();
        assert_eq!(parts.concat(), content);
    }
    // The others are rows.
    let files = CONTENTS.iter().filter(|content| content.len() > 65_536).count();
    let only_blobs = async {
        while fixture.objects().len() > files {
            end_everything(&fixture).await;
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), only_blobs).await.unwrap();
    assert_eq!(fixture.objects().len(), files);
}

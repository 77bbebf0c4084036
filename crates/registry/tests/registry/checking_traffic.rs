//! `wharfinger fsck` beside traffic: nothing is held to be wrong that is only under way.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wharfinger_registry::{CheckOptions, Error};

use super::checking::{large, push};
use super::fixture::{Fixture, by_tag, permit_for};

/// Rounds that each kind of traffic makes.
const ROUNDS: u8 = 12;

/// Pushes and deletes images, whose layers others push as well.
async fn images(fixture: Arc<Fixture>, name: &'static str) {
    for round in 0..ROUNDS {
        push(&fixture, name, round % 4, "moving").await;
        push(&fixture, name, round % 3, &format!("v{round}")).await;
        let gone = vec![by_tag(&format!("v{round}"))];
        fixture.registry.batch_delete_image(&permit_for(name), gone).await.unwrap();
    }
}

/// Uploads in parts, that end in all the ways there are.
async fn uploads(fixture: Arc<Fixture>) {
    for round in 0..ROUNDS {
        let upload = fixture.begin("app").await;
        let bytes = large(100 + round);
        fixture.append("app", upload, None, &bytes[..150_000]).await.unwrap();
        fixture.append("app", upload, None, &bytes[150_000..]).await.unwrap();
        match round % 3 {
            0 => fixture.complete("app", upload, super::fixture::digest_of(&bytes)).await.unwrap(),
            1 => fixture.registry.cancel_layer_upload(&permit_for("app"), upload).await.unwrap(),
            _ => {}
        }
    }
}

/// Repositories that come and go, with what they hold.
async fn repositories(fixture: Arc<Fixture>) {
    for round in 0..ROUNDS {
        fixture.create("passing", "MUTABLE").await.unwrap();
        push(&fixture, "passing", round, "v1").await;
        fixture.registry.delete_repository(&permit_for("passing"), true).await.unwrap();
    }
}

async fn garbage(fixture: Arc<Fixture>, ended: Arc<AtomicBool>) {
    while !ended.load(Ordering::Relaxed) {
        fixture.registry.collect_garbage().await.unwrap();
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_found_beside_traffic() {
    let fixture = Arc::new(Fixture::with_repository("MUTABLE").await);
    fixture.create("other", "MUTABLE").await.unwrap();
    let ended = Arc::new(AtomicBool::new(false));
    let traffic = [
        tokio::spawn(images(Arc::clone(&fixture), "app")),
        tokio::spawn(images(Arc::clone(&fixture), "other")),
        tokio::spawn(uploads(Arc::clone(&fixture))),
        tokio::spawn(repositories(Arc::clone(&fixture))),
    ];
    let collection = tokio::spawn(garbage(Arc::clone(&fixture), Arc::clone(&ended)));
    let checking = {
        let (fixture, ended) = (Arc::clone(&fixture), Arc::clone(&ended));
        tokio::spawn(async move {
            let mut rounds = 0;
            while !ended.load(Ordering::Relaxed) {
                let options = CheckOptions { read_data: rounds % 2 == 0, repair: false };
                let report = fixture.registry.check(options).await?;
                assert_eq!(report.findings, [], "round {rounds}");
                rounds += 1;
            }
            Ok::<_, Error>(rounds)
        })
    };
    for work in traffic {
        work.await.unwrap();
    }
    ended.store(true, Ordering::Relaxed);
    collection.await.unwrap();
    assert!(checking.await.unwrap().unwrap() > 1, "there was no time to look");
    let report = fixture.registry.check(CheckOptions::default()).await.unwrap();
    assert_eq!(report.findings, []);
}

//! Pushes and pulls against the collection, cut at every point at which either waits: what a client
//! was told holds, and nothing is called damaged that was only taken away.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use wharfinger_metadata::{MetadataError, blob};
use wharfinger_registry::Error;

use super::fixture::{Fixture, digest_of, manifest_of, permit_for};

pub(super) const CONFIG: &[u8] = b"{}";
pub(super) const LAYER: &[u8] = &[7; 200_000];
pub(super) const DOMAIN: &str = "aes256/111122223333/eu-west-1";

/// A future that stops when it has been polled so often, if it is not ready before.
struct Cut<'a, T> {
    work: BoxFuture<'a, T>,
    polls: usize,
}

impl<T> Future for Cut<'_, T> {
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let polled = self.work.as_mut().poll(context).map(Some);
        // After the last poll nobody would wake it.
        if polled.is_pending() && self.polls == 0 {
            return Poll::Ready(None);
        }
        polled
    }
}

type Work = for<'a> fn(&'a Fixture) -> BoxFuture<'a, ()>;

/// Runs `inner` at each point at which `outer` waits, each time from the start; and nothing is left
/// behind in the end.
async fn at_each_wait(start: Work, outer: Work, inner: Work) {
    // What was asked for of another thread may be there before it is waited for.
    for polls in 0.. {
        let fixture = Fixture::without_undo().await;
        start(&fixture).await;
        let mut cut = Cut { work: outer(&fixture), polls };
        let ended = (&mut cut).await.is_some();
        inner(&fixture).await;
        cut.polls = usize::MAX;
        if !ended {
            cut.await;
        }
        check(&fixture).await;
        if ended {
            return;
        }
    }
}

/// Every image can be pulled, nothing is damaged, and no object is left that no row knows.
async fn check(fixture: &Fixture) {
    for name in ["app", "twin"] {
        for content in [CONFIG, LAYER] {
            match fixture.download(name, digest_of(content)).await {
                Ok(bytes) => assert_eq!(bytes, content),
                Err(Error::LayerNotFound { .. } | Error::RepositoryNotFound { .. }) => {}
                Err(error) => panic!("{name}: {error}"),
            }
        }
    }
    fixture.registry.uploads_settled().await;
    let report = fixture.registry.collect_garbage().await.unwrap();
    assert_eq!(report.unknown_objects, 0);
    assert_eq!(report.undeleted_objects, 0);
    let there = fixture.download("app", digest_of(LAYER)).await.is_ok();
    let there = there || fixture.download("twin", digest_of(LAYER)).await.is_ok();
    assert_eq!(fixture.objects().len(), usize::from(there));
}

/// Blobs that nothing claims, in `app`.
pub(super) fn unclaimed(fixture: &Fixture) -> BoxFuture<'_, ()> {
    async {
        fixture.layer("app", CONFIG).await;
        fixture.layer("app", LAYER).await;
        fixture.leases_end();
    }
    .boxed()
}

pub(super) fn collect(fixture: &Fixture) -> BoxFuture<'_, ()> {
    async { fixture.registry.collect_garbage().await.map(|_| ()).unwrap() }.boxed()
}

/// A push that asks first, and sends what is not there.
fn push_what_is_missing(fixture: &Fixture) -> BoxFuture<'_, ()> {
    async {
        let digests = [digest_of(CONFIG), digest_of(LAYER)];
        let told = fixture.told_of("app", &digests).await;
        for (content, told) in [CONFIG, LAYER].into_iter().zip(told) {
            if !told {
                fixture.layer("app", content).await;
            }
        }
        fixture.put("app", &manifest_of(CONFIG, LAYER), Some("v1")).await.unwrap();
    }
    .boxed()
}

/// A push that asks for nothing.
pub(super) fn push_all(fixture: &Fixture) -> BoxFuture<'_, ()> {
    async {
        fixture.layer("app", LAYER).await;
        fixture.layer("app", CONFIG).await;
        fixture.put("app", &manifest_of(CONFIG, LAYER), Some("v1")).await.unwrap();
    }
    .boxed()
}

#[tokio::test]
async fn what_a_push_was_told_of_is_there_for_its_manifest() {
    at_each_wait(unclaimed, push_what_is_missing, collect).await;
    at_each_wait(unclaimed, collect, push_what_is_missing).await;
}

#[tokio::test]
async fn a_layer_that_is_sent_again_while_it_is_collected_is_kept() {
    at_each_wait(unclaimed, push_all, collect).await;
    at_each_wait(unclaimed, collect, push_all).await;
}

/// The second repository has no link of its own when it sends the bytes.
#[tokio::test]
async fn bytes_that_another_repository_loses_are_kept_for_the_one_that_sends_them() {
    fn start(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            fixture.create("twin", "MUTABLE").await.unwrap();
            unclaimed(fixture).await;
        }
        .boxed()
    }
    fn push(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            fixture.layer("twin", LAYER).await;
            fixture.layer("twin", CONFIG).await;
            fixture.put("twin", &manifest_of(CONFIG, LAYER), None).await.unwrap();
        }
        .boxed()
    }
    at_each_wait(start, push, collect).await;
    at_each_wait(start, collect, push).await;
}

#[tokio::test]
async fn what_was_mounted_outlives_its_source() {
    fn start(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            fixture.create("twin", "MUTABLE").await.unwrap();
            push_all(fixture).await;
            fixture.leases_end();
        }
        .boxed()
    }
    fn mount(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            for content in [CONFIG, LAYER] {
                let (target, source) = (permit_for("twin"), permit_for("app"));
                let mounted = fixture.registry.mount_blob(&target, &source, digest_of(content));
                if !mounted.await.unwrap() {
                    fixture.layer("twin", content).await;
                }
            }
            fixture.put("twin", &manifest_of(CONFIG, LAYER), None).await.unwrap();
        }
        .boxed()
    }
    fn delete_and_collect(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            fixture.delete("app", &digest_of(manifest_of(CONFIG, LAYER).as_bytes())).await;
            collect(fixture).await;
        }
        .boxed()
    }
    at_each_wait(start, mount, delete_and_collect).await;
    at_each_wait(start, delete_and_collect, mount).await;
}

#[tokio::test]
async fn a_damaged_blob_is_healed_or_collected_and_nothing_between() {
    fn start(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            unclaimed(fixture).await;
            let (digest, now) = (digest_of(LAYER), fixture.now());
            let damaged: Result<(), MetadataError> = fixture
                .metadata()
                .write(move |tx| {
                    Box::pin(async move {
                        let row = blob::find(tx, DOMAIN, &digest).await?.unwrap();
                        blob::mark_damaged(tx, &row.object_id, DOMAIN, &digest, now).await
                    })
                })
                .await;
            damaged.unwrap();
        }
        .boxed()
    }
    at_each_wait(start, push_what_is_missing, collect).await;
    at_each_wait(start, collect, push_what_is_missing).await;
}

#[tokio::test]
async fn a_pull_gets_all_of_a_blob_or_is_told_that_it_is_gone() {
    fn pull(fixture: &Fixture) -> BoxFuture<'_, ()> {
        async {
            match fixture.download("app", digest_of(LAYER)).await {
                Ok(bytes) => assert_eq!(bytes, LAYER),
                Err(Error::LayerNotFound { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        .boxed()
    }
    at_each_wait(unclaimed, pull, collect).await;
    at_each_wait(unclaimed, collect, pull).await;
}

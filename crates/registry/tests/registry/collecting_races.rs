//! Pushes and pulls against the collection, cut at every point at which either waits: what a client
//! was told holds, and nothing is called damaged that was only taken away.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use wharfinger_blobs::{
    BlobError, BlobStore, KeyDomain, ObjectPage, ObjectReader, ObjectWriter, StoredObject,
    UploadCheckpoint,
};
use wharfinger_core::{Digest, ObjectId};
use wharfinger_metadata::{MetadataError, blob};
use wharfinger_registry::{Error, Registry};

use super::fixture::{Fixture, digest_of, manifest_of, permit_for};

const CONFIG: &[u8] = b"{}";
const LAYER: &[u8] = &[7; 200_000];
const DOMAIN: &str = "aes256/111122223333/eu-west-1";

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
fn unclaimed(fixture: &Fixture) -> BoxFuture<'_, ()> {
    async {
        fixture.layer("app", CONFIG).await;
        fixture.layer("app", LAYER).await;
        fixture.leases_end();
    }
    .boxed()
}

fn collect(fixture: &Fixture) -> BoxFuture<'_, ()> {
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
fn push_all(fixture: &Fixture) -> BoxFuture<'_, ()> {
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

/// Something that happens between the look at a row and that at its file.
type Meanwhile = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send>;

/// A store before the opening of whose objects something else may happen.
struct Interrupted {
    inner: Arc<dyn BlobStore>,
    meanwhile: Arc<Mutex<Vec<Meanwhile>>>,
}

impl BlobStore for Interrupted {
    fn begin<'a>(
        &'a self,
        domain: &'a KeyDomain,
    ) -> BoxFuture<'a, Result<ObjectWriter, BlobError>> {
        self.inner.begin(domain)
    }

    fn resume<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<ObjectWriter, BlobError>> {
        self.inner.resume(checkpoint)
    }

    fn open<'a>(
        &'a self,
        object: &'a StoredObject,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>> {
        let meanwhile = self.meanwhile.lock().pop();
        async move {
            if let Some(meanwhile) = meanwhile {
                meanwhile().await;
            }
            self.inner.open(object).await
        }
        .boxed()
    }

    fn open_inline<'a>(
        &'a self,
        object: &'a StoredObject,
        sealed: Bytes,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>> {
        self.inner.open_inline(object, sealed)
    }

    fn delete(&self, object_id: ObjectId) -> BoxFuture<'_, Result<(), BlobError>> {
        self.inner.delete(object_id)
    }

    fn contains(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>> {
        self.inner.contains(object_id)
    }

    fn list(
        &self,
        after: Option<ObjectId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<ObjectPage, BlobError>> {
        self.inner.list(after, limit)
    }

    fn holds<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<bool, BlobError>> {
        self.inner.holds(checkpoint)
    }

    fn quarantine(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>> {
        self.inner.quarantine(object_id)
    }

    fn quarantine_bytes(
        &self,
        object_id: ObjectId,
        bytes: Bytes,
    ) -> BoxFuture<'_, Result<(), BlobError>> {
        self.inner.quarantine_bytes(object_id, bytes)
    }

    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<String>, BlobError>> {
        self.inner.quarantined()
    }
}

/// A reader has seen the row of an object that is gone when it comes to the file.
#[tokio::test]
async fn a_reader_that_comes_too_late_for_a_file_looks_again() {
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    enum What {
        Collected,
        PushedAgain,
        OnlyTheFile,
    }
    for what in [What::Collected, What::PushedAgain, What::OnlyTheFile] {
        let meanwhile: Arc<Mutex<Vec<Meanwhile>>> = Arc::default();
        let shared = Arc::clone(&meanwhile);
        let fixture = Fixture::without_undo_over(move |inner| {
            Arc::new(Interrupted { inner, meanwhile: shared })
        });
        let fixture = Arc::new(fixture.await);
        unclaimed(&fixture).await;
        let other = Arc::clone(&fixture);
        meanwhile.lock().push(Box::new(move || {
            async move {
                match what {
                    What::Collected => collect(&other).await,
                    What::PushedAgain => {
                        collect(&other).await;
                        push_all(&other).await;
                    }
                    What::OnlyTheFile => std::fs::remove_file(&other.objects()[0]).unwrap(),
                }
            }
            .boxed()
        }));
        let read = fixture.download("app", digest_of(LAYER)).await;
        match what {
            What::Collected => {
                assert!(matches!(read, Err(Error::LayerNotFound { .. })), "{read:?}")
            }
            What::PushedAgain => assert_eq!(read.unwrap(), LAYER),
            What::OnlyTheFile => {
                assert!(matches!(read, Err(Error::LayerDamaged { .. })), "{read:?}");
            }
        }
        let damaged = is_damaged(&fixture, digest_of(LAYER), what == What::OnlyTheFile).await;
        assert_eq!(damaged, what == What::OnlyTheFile, "{what:?}");
    }
}

/// Whether a blob is marked as damaged; if it is to be, once it is.
async fn is_damaged(fixture: &Fixture, digest: Digest, is_to_be: bool) -> bool {
    loop {
        let found: Result<_, MetadataError> = fixture
            .metadata()
            .read(move |tx| Box::pin(async move { blob::find(tx, DOMAIN, &digest).await }))
            .await;
        let damaged = found.unwrap().is_some_and(|row| row.damaged_at.is_some());
        if damaged || !is_to_be {
            return damaged;
        }
        tokio::task::yield_now().await;
    }
}

/// The registry is shared by all that happens in these tests.
const _: fn() = || {
    fn is_sync<T: Sync>() {}
    is_sync::<Registry>();
};

//! Readers against the collection: a reader has seen the row of an object that is gone when it comes
//! to the file.

use std::sync::Arc;

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
use wharfinger_registry::Error;

use super::collecting_races::{DOMAIN, LAYER, collect, push_all, unclaimed};
use super::fixture::{Fixture, digest_of};

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

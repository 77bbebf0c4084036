//! Disks that fail: nothing is acknowledged that is not there, and no failed sync is tried again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use wharfinger_core::{ObjectId, SeededEntropy};

use crate::conformance::{domain, publish, sample};
use crate::object_file::{LocalFolder, ObjectFile, ObjectFolder};
use crate::store::ObjectPage;
use crate::tests::{keys, read};
use crate::{
    BlobError, BlobStore, DataKey, KeyDomain, KeyError, KeyProvider, LocalBlobStore, SEGMENT_BYTES,
};

const ENOSPC: i32 = 28;
const EROFS: i32 = 30;
const EIO: i32 = 5;
const EDQUOT: i32 = 122;

/// Which calls fail, with which error number; 0 means that they succeed.
#[derive(Default)]
struct Faults {
    create: AtomicI32,
    read: AtomicI32,
    write: AtomicI32,
    sync: AtomicI32,
    sync_folder: AtomicI32,
    syncs: AtomicUsize,
}

fn check(fault: &AtomicI32) -> io::Result<()> {
    match fault.load(Ordering::SeqCst) {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

struct FaultyFolder {
    inner: LocalFolder,
    faults: Arc<Faults>,
}

impl FaultyFolder {
    fn wrap(&self, inner: Arc<dyn ObjectFile>) -> Arc<dyn ObjectFile> {
        Arc::new(FaultyFile { inner, faults: Arc::clone(&self.faults) })
    }
}

impl ObjectFolder for FaultyFolder {
    fn create(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        check(&self.faults.create)?;
        self.inner.create(object_id).map(|file| self.wrap(file))
    }
    fn reopen(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        self.inner.reopen(object_id).map(|file| self.wrap(file))
    }
    fn open(&self, object_id: ObjectId) -> io::Result<Arc<dyn ObjectFile>> {
        self.inner.open(object_id).map(|file| self.wrap(file))
    }
    fn remove(&self, object_id: ObjectId) -> io::Result<()> {
        self.inner.remove(object_id)
    }
    fn list(&self, after: Option<ObjectId>, limit: usize) -> io::Result<ObjectPage> {
        self.inner.list(after, limit)
    }
}

struct FaultyFile {
    inner: Arc<dyn ObjectFile>,
    faults: Arc<Faults>,
}

impl ObjectFile for FaultyFile {
    fn size_bytes(&self) -> io::Result<u64> {
        self.inner.size_bytes()
    }
    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        check(&self.faults.read)?;
        self.inner.read_exact_at(buffer, offset)
    }
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = check(&self.faults.write) {
            // As a disk does that fills up: a part of it is there.
            self.inner.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.inner.write_all_at(bytes, offset)
    }
    fn begin_write_back(&self, offset: u64, length: u64) {
        self.inner.begin_write_back(offset, length);
    }
    fn truncate(&self, size_bytes: u64) -> io::Result<()> {
        self.inner.truncate(size_bytes)
    }
    fn sync(&self) -> io::Result<()> {
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        check(&self.faults.sync)?;
        self.inner.sync()
    }
    fn sync_folder(&self) -> io::Result<()> {
        self.faults.syncs.fetch_add(1, Ordering::SeqCst);
        check(&self.faults.sync_folder)?;
        self.inner.sync_folder()
    }
    fn is_linked(&self) -> io::Result<bool> {
        self.inner.is_linked()
    }
}

fn faulty() -> (TempDir, LocalBlobStore, Arc<Faults>) {
    let folder = tempfile::tempdir().unwrap();
    let faults = Arc::new(Faults::default());
    let inner = LocalFolder::open(folder.path()).unwrap();
    let objects = FaultyFolder { inner, faults: Arc::clone(&faults) };
    let entropy = Arc::new(SeededEntropy::new(1));
    let store = LocalBlobStore::with_folder(Arc::new(objects), keys(), entropy);
    (folder, store, faults)
}

fn files(folder: &TempDir) -> usize {
    let subfolders = std::fs::read_dir(folder.path().join("objects")).unwrap();
    subfolders.map(|entry| std::fs::read_dir(entry.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test]
async fn a_full_disk_has_its_own_error_and_the_upload_survives_it() {
    for number in [ENOSPC, EDQUOT] {
        let (_folder, store, faults) = faulty();
        let bytes = sample(40 * SEGMENT_BYTES, 1);
        let mut writer = store.begin(&domain()).await.unwrap();
        writer.write(bytes.slice(..500_000)).await.unwrap();
        let checkpoint = writer.checkpoint().await.unwrap();

        faults.write.store(number, Ordering::SeqCst);
        let error = match writer.write(bytes.slice(500_000..)).await {
            Err(error) => error,
            Ok(()) => writer.checkpoint().await.unwrap_err(),
        };
        assert!(matches!(error, BlobError::StorageFull(_)), "{error:?}");
        let again = writer.checkpoint().await;
        assert!(matches!(again, Err(BlobError::Poisoned)), "{again:?}");
        drop(writer);

        faults.write.store(0, Ordering::SeqCst);
        let mut writer = store.resume(&checkpoint).await.unwrap();
        writer.write(bytes.slice(500_000..)).await.unwrap();
        let object = writer.finish().await.unwrap().publish().await.unwrap();
        assert!(read(&store, &object).await.0 == bytes);
    }
}

#[tokio::test]
async fn an_object_that_cannot_begin_leaves_nothing() {
    let (folder, store, faults) = faulty();
    let fails = async || {
        let mut writer = store.begin(&domain()).await.unwrap();
        writer.write(sample(2 * SEGMENT_BYTES, 1)).await.unwrap();
        let error = writer.checkpoint().await.unwrap_err();
        // What may have begun is the caller's to remove.
        store.delete(writer.begun_object().unwrap()).await.unwrap();
        assert!(matches!(writer.finish().await, Err(BlobError::Poisoned)));
        error
    };
    faults.write.store(ENOSPC, Ordering::SeqCst);
    assert!(matches!(fails().await, BlobError::StorageFull(_)));
    faults.create.store(EROFS, Ordering::SeqCst);
    assert!(matches!(fails().await, BlobError::StorageReadOnly(_)));
    faults.create.store(EIO, Ordering::SeqCst);
    assert!(matches!(fails().await, BlobError::Io { .. }));
    assert_eq!(files(&folder), 0);
}

/// What fits into one segment never meets the disk.
#[tokio::test]
async fn a_small_upload_does_not_mind_the_disk() {
    let (folder, store, faults) = faulty();
    for fault in [&faults.create, &faults.read, &faults.write, &faults.sync, &faults.sync_folder] {
        fault.store(EIO, Ordering::SeqCst);
    }
    let bytes = sample(SEGMENT_BYTES, 1);
    let mut writer = store.begin(&domain()).await.unwrap();
    writer.write(bytes.slice(..1000)).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    drop(writer);
    let mut writer = store.resume(&checkpoint).await.unwrap();
    writer.write(bytes.slice(1000..)).await.unwrap();
    let finished = writer.finish().await.unwrap();
    assert!(finished.seal_inline().unwrap().is_some());
    finished.discard().await.unwrap();
    assert_eq!((files(&folder), faults.syncs.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test]
async fn a_mark_that_cannot_be_made_durable_says_so() {
    for folder_fails in [false, true] {
        let (_folder, store, faults) = faulty();
        let fault = if folder_fails { &faults.sync_folder } else { &faults.sync };
        let mut writer = store.begin(&domain()).await.unwrap();
        writer.write(sample(3 * SEGMENT_BYTES, 2)).await.unwrap();
        let (mark, good) = (writer.mark().await.unwrap(), writer.mark().await.unwrap());
        fault.store(EIO, Ordering::SeqCst);
        let failed = mark.sync().await;
        assert!(matches!(failed, Err(BlobError::Io { .. })), "{failed:?}");
        fault.store(ENOSPC, Ordering::SeqCst);
        assert!(matches!(good.sync().await, Err(BlobError::StorageFull(_))));
    }
}

#[tokio::test]
async fn a_failed_sync_poisons_the_writer_and_is_not_tried_again() {
    for folder_fails in [false, true] {
        let (_folder, store, faults) = faulty();
        let (fault, syncs) =
            if folder_fails { (&faults.sync_folder, 2) } else { (&faults.sync, 1) };
        let mut writer = store.begin(&domain()).await.unwrap();
        writer.write(sample(3 * SEGMENT_BYTES, 2)).await.unwrap();
        fault.store(EIO, Ordering::SeqCst);
        let failed = writer.checkpoint().await;
        assert!(matches!(failed, Err(BlobError::Io { .. })), "{failed:?}");
        fault.store(0, Ordering::SeqCst);
        let refused = writer.write(sample(1, 2)).await;
        assert!(matches!(refused, Err(BlobError::Poisoned)), "{refused:?}");
        assert!(matches!(writer.checkpoint().await, Err(BlobError::Poisoned)));
        assert!(matches!(writer.finish().await, Err(BlobError::Poisoned)));
        assert_eq!(faults.syncs.load(Ordering::SeqCst), syncs);
    }
}

#[tokio::test]
async fn a_failed_sync_acknowledges_no_object() {
    for folder_fails in [false, true] {
        let (_folder, store, faults) = faulty();
        let (fault, syncs) =
            if folder_fails { (&faults.sync_folder, 2) } else { (&faults.sync, 1) };
        let mut writer = store.begin(&domain()).await.unwrap();
        writer.write(sample(100, 3)).await.unwrap();
        let finished = writer.finish().await.unwrap();
        fault.store(EIO, Ordering::SeqCst);
        let failed = finished.publish().await;
        assert!(matches!(failed, Err(BlobError::Io { .. })), "{failed:?}");
        assert_eq!(faults.syncs.load(Ordering::SeqCst), syncs);
    }
}

#[tokio::test]
async fn a_name_is_made_durable_once_and_the_bytes_every_time() {
    let (_folder, store, faults) = faulty();
    let mut writer = store.begin(&domain()).await.unwrap();
    writer.write(sample(2 * SEGMENT_BYTES, 3)).await.unwrap();
    writer.checkpoint().await.unwrap();
    assert_eq!(faults.syncs.load(Ordering::SeqCst), 2);
    writer.checkpoint().await.unwrap();
    assert_eq!(faults.syncs.load(Ordering::SeqCst), 3);
    writer.finish().await.unwrap().publish().await.unwrap();
    assert_eq!(faults.syncs.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_disk_that_does_not_read_is_not_corruption() {
    let (_folder, store, faults) = faulty();
    let object = publish(&store, sample(9 * SEGMENT_BYTES, 4)).await;
    let reader = store.open(&object).await.unwrap();
    faults.read.store(EIO, Ordering::SeqCst);
    let (_, end) = crate::conformance::drain(reader.read_all()).await;
    assert!(matches!(end, Err(BlobError::Io { .. })), "{end:?}");
    let opened = store.open(&object).await;
    assert!(matches!(opened, Err(BlobError::Io { .. })), "{opened:?}");
}

/// A key management service that is down, or that answers with more than fits.
struct NoKeys {
    wrapped: Option<Vec<u8>>,
}

impl KeyProvider for NoKeys {
    fn wrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        _: &'a [u8],
        _: &'a DataKey,
    ) -> BoxFuture<'a, Result<Vec<u8>, KeyError>> {
        let why = "disabled".to_owned();
        let error = KeyError::Unavailable { domain: domain.clone(), why };
        Box::pin(async move { self.wrapped.clone().ok_or(error) })
    }
    fn unwrap_key<'a>(
        &'a self,
        domain: &'a KeyDomain,
        _: &'a [u8],
        _: &'a [u8],
    ) -> BoxFuture<'a, Result<DataKey, KeyError>> {
        let error = KeyError::Unavailable { domain: domain.clone(), why: "disabled".to_owned() };
        Box::pin(async move { Err(error) })
    }
}

#[tokio::test]
async fn without_its_key_nothing_is_stored_and_nothing_read() {
    let (folder, store, _) = faulty();
    for wrapped in [None, Some(vec![0; 257])] {
        let keyless = Arc::new(NoKeys { wrapped });
        let entropy = Arc::new(SeededEntropy::new(9));
        let closed = LocalBlobStore::open(folder.path(), keyless, entropy).unwrap();
        let begun = closed.begin(&domain()).await;
        assert!(matches!(begun, Err(BlobError::KeyUnavailable(_))), "{begun:?}");
        assert_eq!(files(&folder), 0);
    }
    let mut writer = store.begin(&domain()).await.unwrap();
    let checkpoint = writer.checkpoint().await.unwrap();
    let object = writer.finish().await.unwrap().publish().await.unwrap();
    let keyless = Arc::new(NoKeys { wrapped: None });
    let entropy = Arc::new(SeededEntropy::new(9));
    let closed = LocalBlobStore::open(folder.path(), keyless, entropy).unwrap();
    assert!(matches!(closed.open(&object).await, Err(BlobError::KeyUnavailable(_))));
    assert!(matches!(closed.resume(&checkpoint).await, Err(BlobError::KeyUnavailable(_))));
}

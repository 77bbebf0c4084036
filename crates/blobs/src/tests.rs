//! Tests of the local adapter: what only files can show, and what only failing files can.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use wharfinger_core::{ObjectId, SeededEntropy};

use crate::conformance::{domain, drain, sample};
use crate::key_ring::LocalKeyRing;
use crate::simulated::SimulatedDisk;
use crate::{BlobError, BlobStore, LocalBlobStore, MasterKey, SEGMENT_BYTES, StoredObject};

mod corruption;
mod faults;
mod inline;
mod reading;
mod secrecy;
mod two_ciphers;
mod upload;

/// A store in a folder of its own.
struct Scratch {
    folder: TempDir,
    store: LocalBlobStore,
}

impl Scratch {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = store_in(&folder, 1);
        Self { folder, store }
    }

    /// Another process on the same data.
    fn restarted(&self, seed: u64) -> LocalBlobStore {
        store_in(&self.folder, seed)
    }

    fn path(&self, object_id: ObjectId) -> PathBuf {
        let name = object_id.to_string();
        self.folder.path().join("objects").join(&name[..2]).join(name)
    }

    fn file(&self, object_id: ObjectId) -> Vec<u8> {
        fs::read(self.path(object_id)).unwrap()
    }

    fn overwrite(&self, object_id: ObjectId, bytes: &[u8]) {
        fs::write(self.path(object_id), bytes).unwrap();
    }
}

fn keys() -> Arc<LocalKeyRing> {
    let entropy = Arc::new(SeededEntropy::new(77));
    Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([3; 32]), entropy))
}

fn store_in(folder: &TempDir, seed: u64) -> LocalBlobStore {
    // Far apart, so that the sequences of two processes do not meet.
    let entropy = Arc::new(SeededEntropy::new(seed << 48));
    LocalBlobStore::open(folder.path(), keys(), entropy).unwrap()
}

/// What a reader of `object` gets, and how it ends.
async fn read(store: &dyn BlobStore, object: &StoredObject) -> (Vec<u8>, Result<(), BlobError>) {
    match store.open(object).await {
        Ok(reader) => drain(reader.read_all()).await,
        Err(error) => (Vec::new(), Err(error)),
    }
}

#[tokio::test]
async fn the_local_store_conforms() {
    let folders = std::sync::Mutex::new(Vec::new());
    crate::conformance::run(async || {
        let scratch = Scratch::new();
        folders.lock().unwrap().push(scratch.folder);
        Arc::new(scratch.store) as Arc<dyn BlobStore>
    })
    .await;
}

#[tokio::test]
async fn the_simulated_disk_conforms() {
    crate::conformance::run(async || {
        let store = SimulatedDisk::default().store(keys(), Arc::new(SeededEntropy::new(1)));
        Arc::new(store) as Arc<dyn BlobStore>
    })
    .await;
}

/// What is on disk outlives the program: from the same keys and the same randomness the same file
/// must come in every release that writes version 1.
#[tokio::test]
async fn the_format_of_version_one_is_pinned() {
    let scratch = Scratch::new();
    let object = crate::conformance::publish(&scratch.store, sample(131_073, 1)).await;
    let file = scratch.file(object.object_id);
    assert_eq!(file.len(), 512 + 131_073 + 3 * 28);
    assert_eq!(
        hex::encode(Sha256::digest(&file)),
        "c941495e9b6145418c50b9e5f66a0b676c4f70bc3ff60da07b1e522e054cec8b"
    );
}

#[tokio::test]
async fn streams_outlive_their_reader_and_move_between_threads() {
    fn assert_movable<T: Send + 'static>(value: T) -> T {
        value
    }
    let scratch = Scratch::new();
    let object = crate::conformance::publish(&scratch.store, vec![1; 300_000].into()).await;
    let reader = assert_movable(scratch.store.open(&object).await.unwrap());
    let stream = assert_movable(reader.read_all());
    let range = assert_movable(reader.read_range(5, 9).unwrap());
    drop((reader, scratch));
    assert_eq!(drain(stream).await.0.len(), 300_000);
    assert_eq!(drain(range).await.0, [1; 5]);
}

#[tokio::test]
async fn files_are_private_and_where_the_format_says() {
    use std::os::unix::fs::MetadataExt;
    let scratch = Scratch::new();
    let mut writer = scratch.store.begin(&domain()).await.unwrap();
    writer.write(sample(2 * SEGMENT_BYTES, 1)).await.unwrap();
    writer.checkpoint().await.unwrap();
    let metadata = fs::metadata(scratch.path(writer.object_id())).unwrap();
    assert_eq!(metadata.mode() & 0o777, 0o600);
    let objects = scratch.folder.path().join("objects");
    assert_eq!(fs::read_dir(&objects).unwrap().count(), 256);
    assert_eq!(fs::metadata(objects.join("ff")).unwrap().mode() & 0o777, 0o700);
}

//! Workers over a real registry, with other work, under a clock that is paused.
//!
//! The clock of tokio stands still while something blocks one of its threads: so these tests move it
//! themselves, and the database, which has a thread of its own, takes as long as it likes.

mod jobs;
mod service_events;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wharfinger_audit::Audit;
use wharfinger_blobs::{BlobStore, LocalBlobStore, LocalKeyRing, MasterKey};
use wharfinger_core::{Clock, Entropy, SeededEntropy, Timestamp};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, installation};
use wharfinger_registry::{Error, JobOutcome, JobRow, KmsKeys, Registry};

use crate::{Work, Workers};

/// A clock that shows what tokio's does.
struct TokioClock(Instant);

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000).plus(self.0.elapsed())
    }
}

/// A registry in a scratch folder.
struct Bench {
    folder: TempDir,
    metadata: Metadata,
    registry: Arc<Registry>,
    /// Held, so that the clock moves only when the test has it move.
    _still: std::sync::mpsc::Sender<()>,
}

impl Bench {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap(), 1)
    }

    fn open(folder: TempDir, seed: u64) -> Self {
        let (still, moves) = std::sync::mpsc::channel::<()>();
        tokio::task::spawn_blocking(move || moves.recv().is_err());
        let metadata = metadata(folder.path());
        let registry = Arc::new(registry(folder.path(), metadata.clone(), seed));
        Self { folder, metadata, registry, _still: still }
    }

    /// Starts workers that do this work instead of the registry's.
    fn start<W>(&self, work: W) -> Running
    where
        W: Fn(JobRow) -> BoxFuture<'static, Result<JobOutcome, Error>> + Send + Sync + 'static,
    {
        let work: Work = Arc::new(move |_, row| work(row));
        let workers = Workers { registry: Arc::clone(&self.registry), audit: Audit::off(), work };
        Running::of(workers)
    }
}

/// Workers at work.
struct Running {
    end: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    fn of(workers: Workers) -> Self {
        let (end, ended) = watch::channel(false);
        Self { end, task: tokio::spawn(workers.run(ended)) }
    }

    async fn end(self) {
        self.end.send_replace(true);
        self.task.await.unwrap();
    }
}

fn metadata(folder: &Path) -> Metadata {
    Metadata::open(&folder.join("metadata.db"), OpenMode::CreateOrMigrate).unwrap()
}

fn registry(folder: &Path, metadata: Metadata, seed: u64) -> Registry {
    let clock: Arc<dyn Clock> = Arc::new(TokioClock(Instant::now()));
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed));
    let keys = Arc::new(LocalKeyRing::new(&MasterKey::from_bytes([7; 32]), Arc::clone(&entropy)));
    let kms =
        KmsKeys::new(metadata.clone(), Arc::clone(&keys), Arc::clone(&clock), Arc::clone(&entropy));
    let blobs: Arc<dyn BlobStore> =
        Arc::new(LocalBlobStore::open(folder, Arc::new(kms), Arc::clone(&entropy)).unwrap());
    Registry::new(metadata, blobs, keys, clock, entropy)
}

/// Steps that a test waits for something at the most.
const STEPS_MAX: usize = 20_000;

impl Bench {
    /// Has the clock move by such steps until what the test waits for is `met`.
    async fn until<T>(&self, step: Duration, mut met: impl AsyncFnMut() -> Option<T>) -> T {
        for _ in 0..STEPS_MAX {
            self.settle().await;
            if let Some(found) = met().await {
                return found;
            }
            tokio::time::advance(step).await;
        }
        panic!("it never happens");
    }

    /// Lets everybody go on who can without the clock.
    async fn settle(&self) {
        for _ in 0..4 {
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            // What was asked of the database before this has been answered after it.
            let behind = self
                .metadata
                .write(|tx| Box::pin(async move { installation::get(tx, "").await.map(|_| ()) }));
            let behind: Result<(), MetadataError> = behind.await;
            behind.unwrap();
        }
    }

    async fn rows(&self) -> Vec<JobRow> {
        let jobs = self.registry.list_jobs(("", "")).await.unwrap();
        jobs.into_iter().map(|job| job.row).collect()
    }
}

/// Work that is over at once.
fn done() -> BoxFuture<'static, Result<JobOutcome, Error>> {
    async { Ok(JobOutcome::default()) }.boxed()
}

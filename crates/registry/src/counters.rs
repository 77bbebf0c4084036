//! What this process did by itself since it was started, for `/metrics`: counters that only grow.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::{JobKind, Registry};

/// One counter.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts so many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The runs of jobs of one kind.
#[derive(Debug, Default)]
pub struct JobCounters {
    /// Those that ended by themselves, well or not.
    pub runs: Counter,
    /// How long these took, in milliseconds.
    pub run_millis: Counter,
    /// Those that failed.
    pub failures: Counter,
    /// Those whose lease was lost.
    pub lost: Counter,
}

impl JobCounters {
    pub(crate) fn ran(&self, millis: u64) {
        self.runs.add(1);
        self.run_millis.add(millis);
    }
}

/// The runs of jobs by kind.
#[derive(Debug, Default)]
pub struct JobCountersByKind([JobCounters; JobKind::ALL.len()]);

impl JobCountersByKind {
    /// Those of one kind.
    pub fn of(&self, kind: JobKind) -> &JobCounters {
        &self.0[kind as usize]
    }
}

/// What the upkeep of this process came to. Each adds where it is done: the registry's own methods,
/// after the transaction that did it.
#[derive(Debug, Default)]
pub struct Counters {
    /// Jobs.
    pub jobs: JobCountersByKind,
    /// Blobs that nothing linked any more and whose rows were removed.
    pub blobs_freed: Counter,
    /// Their bytes.
    pub blob_bytes_freed: Counter,
    /// Objects whose files (or rows, of small ones) were removed.
    pub objects_freed: Counter,
    /// Of these, those no row knew.
    pub unknown_objects_freed: Counter,
    /// Uploads that were given up by their clients and removed.
    pub uploads_abandoned: Counter,
    /// Bytes that the scrub has read and found to be right.
    pub bytes_scrubbed: Counter,
    /// Blobs that were found to be damaged, by whoever read them.
    pub blobs_damaged: Counter,
    /// Images that lifecycle policies deleted.
    pub images_expired: Counter,
    /// Images that lifecycle policies archived.
    pub images_archived: Counter,
    /// Images that went with the index or the subject that held them.
    pub images_followed: Counter,
    /// Deleted images and tags that were brought back.
    pub images_undeleted: Counter,
}

/// What this process holds at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Load {
    /// Bodies of uploads that are under way.
    pub uploads_begun: usize,
    /// Of these, those that are being written.
    pub uploads_written: usize,
    /// Bytes of manifests in memory.
    pub manifest_cache_bytes: u64,
    /// Bytes of what names lead to, in memory.
    pub reference_cache_bytes: u64,
    /// Bytes of pages of tags, in memory.
    pub tag_page_cache_bytes: u64,
}

impl Registry {
    /// What this process holds at the moment.
    pub fn load(&self) -> Load {
        let (uploads_begun, uploads_written) = self.upload_room.taken();
        let (manifest_cache_bytes, reference_cache_bytes) = self.manifests.bytes_of_each();
        let tag_page_cache_bytes = self.tag_pages.bytes();
        Load {
            uploads_begun,
            uploads_written,
            manifest_cache_bytes,
            reference_cache_bytes,
            tag_page_cache_bytes,
        }
    }

    /// What the upkeep of this process came to.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

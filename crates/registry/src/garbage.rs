//! The collection of garbage: links nothing uses, blobs nothing links, objects no row knows.

use crate::job::JobOutcome;
use crate::{Error, Registry};

/// What a collection freed, or would free.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarbageReport {
    /// Uploads that were abandoned.
    pub uploads: u64,
    /// Links of repositories to blobs that no image of theirs uses.
    pub links: u64,
    /// Blobs that nothing linked any more.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Objects that were removed from the stores, with those no row knew.
    pub objects: u64,
    /// Of these, those no row knew.
    pub unknown_objects: u64,
}

impl Registry {
    /// Collects what is garbage now.
    pub async fn collect_garbage(&self) -> Result<GarbageReport, Error> {
        self.reclaim().await?;
        Ok(GarbageReport::default())
    }

    pub(crate) async fn collect_garbage_job(&self) -> Result<JobOutcome, Error> {
        self.collect_garbage().await?;
        Ok(JobOutcome { next: Some(self.now().plus(self.upkeep.garbage_interval)), report: None })
    }
}

//! What images take up: those that can be pulled, the archive, and what nothing refers to any more.
//!
//! Everything is counted in small reads, between which others write; so what changes meanwhile may
//! be counted as it was or as it is.

use wharfinger_core::{Digest, RegistryId, RepositoryName};
use wharfinger_metadata::blob::{BlobUse, ObjectStore};
use wharfinger_metadata::image::ImageStatus;
use wharfinger_metadata::usage::{self, UsedBlob, UsedRepository};

use crate::{Error, Registry};

/// Rows that are read at once.
const STEP: u32 = 1_000;

/// What something takes up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Images that can be pulled.
    pub active_images: u64,
    /// Images in the archive, with those on their way back.
    pub archived_images: u64,
    /// Bytes of the manifests of both.
    pub manifest_bytes: u64,
    /// Bytes of blobs that active images use.
    pub active_bytes: u64,
    /// Bytes of blobs that only archived images use.
    pub archived_bytes: u64,
    /// Bytes of blobs that no image uses: of pushes under way, or of what was deleted and can be
    /// brought back, or garbage that was not collected yet.
    pub unreferenced_bytes: u64,
}

/// What a repository takes up. A blob that several repositories have counts for each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryUsage {
    /// Its registry.
    pub registry: RegistryId,
    /// Its name.
    pub name: RepositoryName,
    /// What it takes up.
    pub usage: Usage,
}

/// Where the bytes of blobs are, before encryption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreUsage {
    /// In the object store of the data directory.
    pub main_bytes: u64,
    /// In the archive's store, if it has one of its own.
    pub archive_bytes: u64,
    /// In rows of the database: small ones.
    pub database_bytes: u64,
}

/// What an installation takes up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UsageReport {
    /// By repository, in order of account, region and name.
    pub repositories: Vec<RepositoryUsage>,
    /// In all. A blob counts once, however many repositories have it; one that only repositories use
    /// that were deleted and can be brought back is unreferenced.
    pub total: Usage,
    /// Blobs there are.
    pub blobs: u64,
    /// Where their bytes are.
    pub stores: StoreUsage,
}

impl Registry {
    /// Counts what everything takes up. It may take long: `told` hears after each step how far the
    /// report is.
    pub async fn usage(
        &self,
        mut told: impl FnMut(&UsageReport) + Send,
    ) -> Result<UsageReport, Error> {
        let mut report = UsageReport::default();
        let mut after = (String::new(), String::new(), String::new());
        loop {
            let from = std::mem::take(&mut after);
            let repositories = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        let from = (from.0.as_str(), from.1.as_str(), from.2.as_str());
                        usage::repositories(tx, from, STEP).await
                    })
                })
                .await?;
            let Some(last) = repositories.last() else { break };
            after = (last.account.to_string(), last.region.to_string(), last.name.to_string());
            for repository in repositories {
                let usage = self.usage_of(&repository).await?;
                report.total.active_images += usage.active_images;
                report.total.archived_images += usage.archived_images;
                report.total.manifest_bytes += usage.manifest_bytes;
                let UsedRepository { account, region, name, .. } = repository;
                let registry = RegistryId::new(account, region);
                report.repositories.push(RepositoryUsage { registry, name, usage });
                told(&report);
            }
        }
        self.count_blobs(&mut report, &mut told).await?;
        Ok(report)
    }

    async fn usage_of(&self, repository: &UsedRepository) -> Result<Usage, Error> {
        let (id, mut total) = (repository.id, Usage::default());
        let mut last: Option<Digest> = None;
        loop {
            let after = last.take().map(|digest| digest.to_string()).unwrap_or_default();
            let images = self
                .metadata
                .read(move |tx| Box::pin(async move { usage::images(tx, id, &after, STEP).await }))
                .await?;
            for (digest, status, manifest_bytes) in images {
                match status {
                    ImageStatus::Active => total.active_images += 1,
                    ImageStatus::Archived | ImageStatus::Activating => total.archived_images += 1,
                }
                total.manifest_bytes += manifest_bytes;
                last = Some(digest);
            }
            if last.is_none() {
                break;
            }
        }
        loop {
            let after = last.take().map(|digest| digest.to_string()).unwrap_or_default();
            let domain = repository.key_domain.clone();
            let links = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move { usage::links(tx, id, &domain, &after, STEP).await })
                })
                .await?;
            for (digest, size_bytes, used) in links {
                total.count(used, size_bytes);
                last = Some(digest);
            }
            if last.is_none() {
                return Ok(total);
            }
        }
    }

    async fn count_blobs(
        &self,
        report: &mut UsageReport,
        told: &mut (impl FnMut(&UsageReport) + Send),
    ) -> Result<(), Error> {
        let mut after = (String::new(), String::new());
        loop {
            let from = std::mem::take(&mut after);
            let blobs = self
                .metadata
                .read(move |tx| {
                    Box::pin(async move {
                        usage::blobs(tx, (from.0.as_str(), from.1.as_str()), STEP).await
                    })
                })
                .await?;
            let Some(last) = blobs.last() else { return Ok(()) };
            after = (last.key_domain.clone(), last.digest.to_string());
            for blob in &blobs {
                report.blobs += 1;
                report.total.count(blob.used, blob.size_bytes);
                report.stores.count(blob);
            }
            told(report);
        }
    }
}

impl Usage {
    fn count(&mut self, used: BlobUse, size_bytes: u64) {
        *match used {
            BlobUse::Active => &mut self.active_bytes,
            BlobUse::Archived => &mut self.archived_bytes,
            BlobUse::Unused => &mut self.unreferenced_bytes,
        } += size_bytes;
    }
}

impl StoreUsage {
    fn count(&mut self, blob: &UsedBlob) {
        *match (blob.is_row, blob.store) {
            (true, _) => &mut self.database_bytes,
            (false, ObjectStore::Main) => &mut self.main_bytes,
            (false, ObjectStore::Archive) => &mut self.archive_bytes,
        } += blob.size_bytes;
    }
}

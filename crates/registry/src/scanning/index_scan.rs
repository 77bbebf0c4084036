//! What lists of images show of an index: what `DescribeImageScanFindings` answers of it in numbers, kept
//! by a job that runs whenever anything of it has changed. What is old is never shown as a result.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wharfinger_auth::RepositoryResource;
use wharfinger_core::limits::{COUNT_INDEXES_SECONDS_MAX, COUNT_STEP};
use wharfinger_core::{Entropy, Timestamp};
use wharfinger_metadata::image::{ImageRow, ImageStatus};
use wharfinger_metadata::index_scan::{self, StaleIndex};
use wharfinger_metadata::{RepositoryId, Tx, repository};
use wharfinger_package::Severity;

use super::image_scan::{ARCHIVED, last};
use super::union::{find_index, is_index};
use super::{ImageScan, ScanStatus, ScanSummary, ScanType};
use crate::job::{JobKind, JobOutcome, ask};
use crate::{Error, Registry, RequestedImage};

/// The description of an index of which something has changed.
const STALE: &str = "The findings of its images are being counted.";

/// The scan of an index, as its row has it.
#[derive(Serialize, Deserialize)]
struct Kept {
    status: String,
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source_updated_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    counts: Option<BTreeMap<Severity, u64>>,
}

/// The last scan of an image as lists show it; of an index that of all its images.
pub(crate) async fn listed(
    tx: &mut Tx,
    repository: RepositoryId,
    row: &ImageRow,
    scan_type: ScanType,
) -> Result<Option<ImageScan>, Error> {
    if !is_index(row) {
        return last(tx, repository, row, scan_type).await;
    }
    let Some(found) = index_scan::find(tx, repository, &row.digest).await? else {
        return Ok(None);
    };
    let (kept, pending) = match scan_type {
        ScanType::Basic => (found.basic, ScanStatus::InProgress),
        ScanType::Enhanced => (found.enhanced, ScanStatus::Pending),
    };
    let Some(kept) = kept else { return Ok(None) };
    if row.status != ImageStatus::Active {
        return Ok(Some(ImageScan::without_findings(ScanStatus::ImageArchived, ARCHIVED)));
    }
    if found.is_stale {
        return Ok(Some(ImageScan::without_findings(pending, STALE)));
    }
    shown(&kept).map(Some)
}

fn shown(kept: &str) -> Result<ImageScan, Error> {
    let kept: Kept = serde_json::from_str(kept).map_err(|error| Error::Server(Box::new(error)))?;
    let summary = match (kept.completed_at, kept.counts) {
        (Some(completed_at), Some(counts)) => {
            let source_updated_at = kept.source_updated_at;
            Some(ScanSummary { completed_at, source_updated_at, counts })
        }
        _ => None,
    };
    let (status, description) = (ScanStatus::stored(&kept.status)?, kept.description);
    Ok(ImageScan { status, description, summary })
}

fn kept(scan: ImageScan) -> Result<String, Error> {
    let (status, description) = (scan.status.as_str().to_owned(), scan.description);
    let kept = match scan.summary {
        Some(ScanSummary { completed_at, source_updated_at, counts }) => Kept {
            status,
            description,
            completed_at: Some(completed_at),
            source_updated_at,
            counts: Some(counts),
        },
        None => {
            let (completed_at, source_updated_at, counts) = (None, None, None);
            Kept { status, description, completed_at, source_updated_at, counts }
        }
    };
    serde_json::to_string(&kept).map_err(|error| Error::Server(Box::new(error)))
}

/// Asks for the job if what this transaction has changed, or another, concerns an index.
pub(crate) async fn ask_if_stale(
    tx: &mut Tx,
    (entropy, now): (&dyn Entropy, Timestamp),
) -> Result<(), Error> {
    if !index_scan::stale(tx, None, 1).await?.is_empty() {
        ask(tx, entropy, JobKind::CountIndexes, "", now, now).await?;
    }
    Ok(())
}

impl Registry {
    /// Counts the indexes of which something has changed. One that cannot be counted shows nothing new
    /// until it can.
    pub(crate) async fn count_indexes(&self) -> Result<JobOutcome, Error> {
        let (mut counted, mut failed, mut after) = (0_u64, 0_u64, None);
        loop {
            let from: Option<StaleIndex> = after.take();
            let page = self.metadata.read(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(index_scan::stale(tx, from.as_ref(), COUNT_STEP).await?)
                })
            });
            let page = page.await?;
            after = page.last().cloned();
            if after.is_none() {
                break;
            }
            for index in page {
                match self.count_index(&index).await {
                    Ok(()) => counted += 1,
                    Err(error) => {
                        let (digest, error) =
                            (index.digest.to_string(), &error as &dyn std::error::Error);
                        tracing::warn!(digest, error, "the findings of an index are not counted");
                        failed += 1;
                    }
                }
            }
        }
        let report = serde_json::json!({ "indexes": counted, "failed": failed }).to_string();
        let next = self.now().plus(Duration::from_secs(COUNT_INDEXES_SECONDS_MAX));
        let report = (counted + failed > 0).then_some(report);
        Ok(JobOutcome { next: Some(next), report })
    }

    async fn count_index(&self, index: &StaleIndex) -> Result<(), Error> {
        let basic = self.sum_of(index, ScanType::Basic).await?;
        let enhanced = self.sum_of(index, ScanType::Enhanced).await?;
        let index = index.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    // Otherwise whoever has changed something has asked for the job.
                    let (basic, enhanced) = (basic.as_deref(), enhanced.as_deref());
                    index_scan::put(tx, &index, basic, enhanced).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// What the index shows in that mode; nothing if any of its images was not scanned in it.
    async fn sum_of(
        &self,
        index: &StaleIndex,
        scan_type: ScanType,
    ) -> Result<Option<String>, Error> {
        let (id, digest) = (index.repository, index.digest);
        let found = self.metadata.read(move |tx| {
            Box::pin(async move {
                let Some(row) = repository::find_by_id(tx, id).await? else { return Ok(None) };
                let (registry, name) = (row.registry, row.name);
                let resource = RepositoryResource { registry, name };
                let requested = RequestedImage { digest: Some(digest.to_string()), tag: None };
                let index = find_index(tx, &resource, requested).await?;
                Ok::<_, Error>(index.map(|index| (resource, index)))
            })
        });
        let union = match found.await {
            Ok(None) => return Ok(None),
            Ok(Some((resource, index))) => self.find_union(&resource, index, Some(scan_type)).await,
            Err(error) => Err(error),
        };
        match union {
            Ok(union) => kept(union.scan).map(Some),
            Err(
                Error::ScanNotFound { .. }
                | Error::ImageNotFound { .. }
                | Error::RepositoryNotFound { .. },
            ) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

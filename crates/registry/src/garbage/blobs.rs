//! Links that nothing claims, and blobs that nothing links.

use wharfinger_core::Timestamp;
use wharfinger_metadata::blob;
use wharfinger_metadata::garbage::{self, FreedBlob};

use super::{Collection, STEP};
use crate::{Error, Registry};

/// What came of a step over blobs that have lost a link.
struct FreedStep {
    looked_at: usize,
    freed: Vec<FreedBlob>,
}

impl Registry {
    /// Takes out the links that no image uses and whose lease is over.
    pub(super) async fn unlink_unused(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        loop {
            let (began, now) = (run.pace.begin(), self.now());
            let unlinked = self.unlink_some(now).await?;
            run.report.links += unlinked;
            run.rest(began).await;
            if unlinked < u64::from(STEP) {
                return Ok(());
            }
        }
    }

    async fn unlink_some(&self, now: Timestamp) -> Result<u64, Error> {
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let mut unlinked = 0;
                    for (repository, digest) in garbage::unused_links(tx, now, STEP).await? {
                        unlinked += u64::from(blob::unlink(tx, repository, &digest).await?);
                    }
                    Ok(unlinked)
                })
            })
            .await
    }

    /// Removes the blobs that have lost their last link, with their objects.
    pub(super) async fn free_unlinked_blobs(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        loop {
            let (began, now) = (run.pace.begin(), self.now());
            let FreedStep { looked_at, freed } = self.free_some(now).await?;
            let blobs = freed.len() as u64;
            let bytes = freed.iter().map(|freed| freed.size_bytes).sum();
            let inline = freed.iter().filter(|freed| freed.discarded.is_none()).count() as u64;
            run.report.blobs += blobs;
            run.report.blob_bytes += bytes;
            run.report.objects += inline;
            self.counters.blobs_freed.add(blobs);
            self.counters.blob_bytes_freed.add(bytes);
            self.counters.objects_freed.add(inline);
            // At once, so that no more of them wait than one step leaves.
            let discarded = freed.into_iter().filter_map(|freed| freed.discarded).collect();
            self.delete_discarded(discarded, run).await?;
            run.rest(began).await;
            if looked_at < STEP as usize {
                return Ok(());
            }
        }
    }

    async fn free_some(&self, now: Timestamp) -> Result<FreedStep, Error> {
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let unlinked = garbage::unlinked_blobs(tx, ("", ""), STEP).await?;
                    let mut freed = Vec::new();
                    for (key_domain, digest) in &unlinked {
                        freed.extend(
                            garbage::free_unlinked_blob(tx, key_domain, digest, now).await?,
                        );
                    }
                    Ok(FreedStep { looked_at: unlinked.len(), freed })
                })
            })
            .await
    }
}

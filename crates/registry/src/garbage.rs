//! The collection of garbage: uploads nobody goes on with, links nothing uses, blobs nothing links,
//! objects no row knows, and the rows of what is over.
//!
//! It runs beside everything else, in as many processes as there are. What it takes it decides in
//! the transaction that takes it, from rows to which whoever claims a blob writes as well: an
//! image, or the lease that a client was given together with the news that the blob is there. So
//! there is nothing to stop, to lock or to wait for. Each step is a small transaction, safe to be
//! broken off and to be repeated.

mod blobs;
mod estimate;
mod objects;
mod pace;
mod report;
mod unknown;
mod uploads;

use std::time::Duration;

use wharfinger_core::Timestamp;
use wharfinger_core::limits::{GARBAGE_STEP_ROWS, OBJECT_LISTING_SECONDS_MAX};
use wharfinger_metadata::{Metadata, garbage, inventory, repository};

pub use estimate::GarbageEstimate;
pub use report::GarbageReport;

use crate::job::JobOutcome;
use crate::replication::purge_backfills;
use crate::{Error, Registry};
use pace::Pace;

/// Rows of a step.
const STEP: u32 = GARBAGE_STEP_ROWS;

/// One run: how fast it may be, and what it has come to so far.
struct Collection<'a> {
    pace: Pace,
    report: GarbageReport,
    tell: &'a (dyn Fn(&GarbageReport) + Send + Sync),
}

impl Collection<'_> {
    /// Ends a step.
    async fn rest(&mut self, began: pace::Began) {
        (self.tell)(&self.report);
        self.pace.rest(began).await;
    }
}

impl Registry {
    /// Collects all that is garbage now, as fast as it goes, and looks at each object for whether
    /// any row knows it.
    pub async fn collect_garbage(&self) -> Result<GarbageReport, Error> {
        self.collect_garbage_and_tell(&|_| {}).await
    }

    /// As [`Self::collect_garbage`], which says after each step what it has come to so far.
    pub async fn collect_garbage_and_tell(
        &self,
        tell: &(dyn Fn(&GarbageReport) + Send + Sync),
    ) -> Result<GarbageReport, Error> {
        let mut run = Collection { pace: Pace::full(), report: GarbageReport::default(), tell };
        self.collect_rows(&mut run).await?;
        self.collect_all_unknown_objects(&mut run).await?;
        self.look_ahead(&mut run).await?;
        Ok(run.report)
    }

    /// What the workers of a server do from time to time: the same at a pace that nobody feels. For
    /// objects that no row knows it looks once a day.
    pub(crate) async fn collect_garbage_job(&self) -> Result<JobOutcome, Error> {
        let mut run =
            Collection { pace: Pace::resting(), report: GarbageReport::default(), tell: &|_| {} };
        self.collect_rows(&mut run).await?;
        let listing = Duration::from_secs(OBJECT_LISTING_SECONDS_MAX);
        self.collect_unknown_objects_if_due(&mut run, listing).await?;
        self.look_ahead(&mut run).await?;
        let next = self.now().plus(self.upkeep.garbage_interval);
        Ok(JobOutcome { next: Some(next), report: Some(run.report.to_json()) })
    }

    async fn collect_rows(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        self.end_idle_uploads(run).await?;
        self.end_previews().await?;
        self.expire_all_undo(&run.pace).await?;
        purge_repositories(&self.metadata, &run.pace).await?;
        purge_backfills(&self.metadata, self.now()).await?;
        self.discard_inventories(&run.pace).await?;
        self.unlink_unused(run).await?;
        self.free_unlinked_blobs(run).await?;
        self.delete_all_discarded(run).await
    }

    /// Forgets what can no longer be brought back, in steps, between which others write.
    async fn expire_all_undo(&self, pace: &Pace) -> Result<(), Error> {
        loop {
            let began = pace.begin();
            if !self.expire_undo(STEP).await? {
                return Ok(());
            }
            pace.rest(began).await;
        }
    }

    /// Lets go of the packages of images that are gone, in steps, between which others write.
    async fn discard_inventories(&self, pace: &Pace) -> Result<(), Error> {
        loop {
            let (began, now) = (pace.begin(), self.now());
            let more = self
                .metadata
                .write(move |tx| {
                    Box::pin(async move {
                        Ok::<_, Error>(inventory::discard_some(tx, now, STEP).await?)
                    })
                })
                .await?;
            if !more {
                return Ok(());
            }
            pace.rest(began).await;
        }
    }

    /// Notes what is left for a later run.
    async fn look_ahead(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        run.report.next_lease_end = self.next_lease_end().await?;
        if !run.report.is_nothing() {
            tracing::info!(report = run.report.to_json(), "garbage was collected");
        }
        Ok(())
    }

    /// When the first lease ends of what nothing else keeps.
    async fn next_lease_end(&self) -> Result<Option<Timestamp>, Error> {
        self.metadata
            .read(|tx| {
                Box::pin(async move {
                    let first = garbage::list_unused_links(tx, None, 1).await?;
                    Ok(first.first().map(|link| link.leased_until))
                })
            })
            .await
    }

    /// Removes what deleted repositories have left. Nobody waits for it, and what is cut off is
    /// done the next time.
    pub(crate) fn purge_repositories_soon(&self) {
        let metadata = self.metadata.clone();
        tokio::spawn(async move {
            if let Err(error) = purge_repositories(&metadata, &Pace::full()).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a deleted repository waits for its rows to be removed"
                );
            }
        });
    }
}

/// In steps, between which others write.
async fn purge_repositories(metadata: &Metadata, pace: &Pace) -> Result<(), Error> {
    loop {
        let began = pace.begin();
        let more = metadata
            .write(|tx| Box::pin(async move { Ok::<_, Error>(repository::purge(tx, STEP).await?) }))
            .await?;
        if !more {
            return Ok(());
        }
        pace.rest(began).await;
    }
}

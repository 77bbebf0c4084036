//! The work on one preview: reads a snapshot of the repository, decides, writes down what it found.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wharfinger_core::limits::{LIFECYCLE_PREVIEW_KEPT_SECONDS, PAGE_TAGS_MAX};
use wharfinger_core::{Entropy, Timestamp};
use wharfinger_lifecycle_policy::{Action, Decision, LifecyclePolicy, StorageClass};
use wharfinger_metadata::lifecycle_preview::{self, PreviewRow, PreviewStatus, ResultRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{RepositoryId, Tx, tag};

use super::PreviewRuns;
use crate::lifecycle_policy::event::{self, EventImage, PolicyEvents};
use crate::lifecycle_policy::internal;
use crate::lifecycle_policy::reading::Reading;
use crate::{Error, Registry};

/// Rows looked at, written or removed in one step, so that no step is long.
const STEP: u32 = 500;

const STANDARD: &str = "STANDARD";
pub(super) const ARCHIVE: &str = "ARCHIVE";
const EXPIRE: &str = "EXPIRE";
pub(super) const TRANSITION: &str = "TRANSITION";

/// A preview that is to be worked on.
pub(super) struct PreviewRun {
    pub(super) reading: Reading,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) turns: Arc<Semaphore>,
    pub(super) repository: RepositoryRow,
    pub(super) run_id: i64,
    /// When the repository's policy was evaluated, if it has one.
    pub(super) last_evaluated_at: Timestamp,
}

impl PreviewRun {
    /// Works until the preview is complete, has failed, or has been replaced.
    pub(super) async fn run(self) {
        let outcome = self.complete().await;
        let Err(error) = outcome else { return };
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "a preview of a lifecycle policy failed"
        );
        // Should this fail as well, the deadline says the same a little later.
        let end = self.reading.clock.now();
        if let Err(error) = self.end(PreviewStatus::Failed, end, [0, 0]).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "the failure of a preview could not be written down"
            );
        }
    }

    async fn complete(&self) -> Result<(), Error> {
        let _turn = self.turns.acquire().await.map_err(internal)?;
        // Read only now: many may wait for a turn, and a policy can be long.
        let Some(policy) = self.policy().await? else { return Ok(()) };
        while self.discard_older().await? {}
        let policy = Arc::new(policy);
        let decided = self.reading.decide(Arc::clone(&policy)).await?;
        let decisions = Arc::new(decided.outcome.decisions);
        let events = Arc::new(self.events(policy));
        let mut written = 0;
        while written < decisions.len() {
            self.reading.check_time()?;
            match self.write(&events, &decisions, written).await? {
                Some(more) => written += more,
                None => return Ok(()),
            }
        }
        self.reading.check_time()?;
        let transitioning = decisions.iter().filter(|it| it.action == Action::Archive).count();
        let counts = [decisions.len() - transitioning, transitioning].map(|count| count as u64);
        let kept = Duration::from_secs(LIFECYCLE_PREVIEW_KEPT_SECONDS);
        self.end(PreviewStatus::Complete, self.reading.clock.now().plus(kept), counts).await
    }

    /// The policy to evaluate; none if this run has been replaced.
    async fn policy(&self) -> Result<Option<LifecyclePolicy>, Error> {
        let (repository, run_id) = (self.repository.id, self.run_id);
        self.reading
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let row = under_way(tx, repository, run_id).await?;
                    Ok(row.map(|row| LifecyclePolicy::parse(&row.policy_text)).transpose()?)
                })
            })
            .await
    }

    /// Removes some results of earlier runs; answers whether there may be more. Those of a run that
    /// has replaced this one are not touched.
    async fn discard_older(&self) -> Result<bool, Error> {
        let (repository, run_id) = (self.repository.id, self.run_id);
        self.reading
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    if under_way(tx, repository, run_id).await?.is_none() {
                        return Ok(false);
                    }
                    let keep = Some(run_id);
                    Ok(lifecycle_preview::discard_results(tx, repository, keep, STEP).await?)
                })
            })
            .await
    }

    /// What the audit log is told.
    fn events(&self, policy: Arc<LifecyclePolicy>) -> PolicyEvents {
        PolicyEvents {
            entropy: Arc::clone(&self.entropy),
            repository: self.repository.clone(),
            event_name: event::DRY_RUN,
            policy,
            last_evaluated_at: self.last_evaluated_at,
            policy_id: event::policy_id(self.repository.id, self.run_id),
        }
    }

    /// Writes and tells the next few decisions; `None` if this run has been replaced. Tags are those
    /// that the images have now: all of them would not fit into memory.
    async fn write(
        &self,
        events: &Arc<PolicyEvents>,
        decisions: &Arc<Vec<Decision>>,
        written: usize,
    ) -> Result<Option<usize>, Error> {
        let (repository, run_id) = (self.repository.id, self.run_id);
        let (decisions, events) = (Arc::clone(decisions), Arc::clone(events));
        let now = self.reading.clock.now();
        let rows = self
            .reading
            .metadata
            .read(move |tx| {
                Box::pin(async move { result_rows(tx, repository, &decisions, written).await })
            })
            .await?;
        self.reading
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    if under_way(tx, repository, run_id).await?.is_none() {
                        return Ok(None);
                    }
                    lifecycle_preview::insert_results(tx, repository, run_id, &rows).await?;
                    let written = rows.len();
                    let told: Vec<EventImage> = rows.into_iter().map(event_image).collect();
                    events.tell(tx, &told, now).await?;
                    Ok(Some(written))
                })
            })
            .await
    }

    /// Writes how the run ended, unless it has been replaced.
    async fn end(
        &self,
        status: PreviewStatus,
        expires_at: Timestamp,
        [expiring_count, transitioning_count]: [u64; 2],
    ) -> Result<(), Error> {
        let (repository, run_id) = (self.repository.id, self.run_id);
        self.reading
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let Some(row) = under_way(tx, repository, run_id).await? else {
                        return Ok(());
                    };
                    let expires_at = Some(expires_at);
                    let row = PreviewRow {
                        status,
                        expires_at,
                        expiring_count,
                        transitioning_count,
                        ..row
                    };
                    Ok(lifecycle_preview::put(tx, repository, &row).await?)
                })
            })
            .await
    }
}

impl Registry {
    /// Removes the results of previews that have expired, failed, or been broken off, and writes
    /// down that they have. In steps, between which others write.
    pub(crate) async fn end_previews(&self) -> Result<(), Error> {
        let now = self.now();
        let step = || {
            let runs = self.previews.clone();
            self.metadata
                .write(move |tx| Box::pin(async move { end_preview(tx, &runs, now).await }))
        };
        while step().await? {}
        Ok(())
    }
}

/// The preview of a repository if it still is this run's and is under way.
async fn under_way(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
) -> Result<Option<PreviewRow>, Error> {
    let row = lifecycle_preview::find(tx, repository).await?;
    Ok(row.filter(|row| row.run_id == run_id && row.status == PreviewStatus::InProgress))
}

/// A step towards the end of one preview; answers whether there may be more to do.
async fn end_preview(tx: &mut Tx, runs: &PreviewRuns, now: Timestamp) -> Result<bool, Error> {
    let Some((repository, row)) = lifecycle_preview::ended(tx, now).await? else {
        return Ok(false);
    };
    // Together with the status, which tells a run that is still at work to add nothing more.
    let more = lifecycle_preview::discard_results(tx, repository, None, STEP).await?;
    let expires_at = row.expires_at.filter(|_| more);
    let row = PreviewRow { status: runs.status(&row, now), expires_at, ..row };
    lifecycle_preview::put(tx, repository, &row).await?;
    Ok(true)
}

/// The next few results, few enough that their tags are not too many.
async fn result_rows(
    tx: &mut Tx,
    repository: RepositoryId,
    decisions: &[Decision],
    from: usize,
) -> Result<Vec<ResultRow>, Error> {
    let (mut rows, mut tag_count) = (Vec::new(), 0);
    for (position, decision) in decisions.iter().enumerate().skip(from).take(STEP as usize) {
        let tags = tag::of_image(tx, repository, &decision.digest).await?;
        tag_count += tags.len() as u64;
        rows.push(ResultRow {
            position: u32::try_from(position).map_err(internal)?,
            digest: decision.digest,
            tags,
            pushed_at: decision.pushed_at,
            storage_class: match decision.storage_class {
                StorageClass::Standard => STANDARD.to_owned(),
                StorageClass::Archive => ARCHIVE.to_owned(),
            },
            action: match decision.action {
                Action::Expire => EXPIRE.to_owned(),
                Action::Archive => TRANSITION.to_owned(),
            },
            rule_priority: decision.rule_priority,
        });
        if tag_count >= PAGE_TAGS_MAX {
            break;
        }
    }
    Ok(rows)
}

fn event_image(row: ResultRow) -> EventImage {
    EventImage::new(row.digest, row.pushed_at, row.rule_priority, row.tags)
}

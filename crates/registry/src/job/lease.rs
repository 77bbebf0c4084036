//! Which jobs a process does next. Kinds take turns, so that none keeps the others waiting however
//! many jobs it has; of one kind, those that have waited longest come first.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::sync::watch;
use wharfinger_core::Timestamp;
use wharfinger_core::limits::{JOB_LEASE_SECONDS, JOBS_AT_ONCE_MAX, JOBS_OF_ONE_KIND_MAX};
use wharfinger_metadata::job::{self, JobRow, JobStatus};
use wharfinger_metadata::{MetadataError, Tx};

use super::JobKind;
use super::run::Retry;
use crate::{Error, Registry};

/// For how long a job is leased.
pub(super) const LEASE: Duration = Duration::from_secs(JOB_LEASE_SECONDS);

/// A job that this process has until its lease is over, unless it renews that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeasedJob {
    /// What kind of work it is.
    pub kind: JobKind,
    /// The job, with the run that begins now counted as an attempt.
    pub row: JobRow,
    /// Who has it.
    pub(super) lease_id: i64,
}

/// What a look for jobs came to.
#[derive(Debug, PartialEq, Eq)]
pub struct LeasedJobs {
    /// Those that were taken.
    pub jobs: Vec<LeasedJob>,
    /// When.
    pub looked_at: Timestamp,
    /// When the next one is due for which there is room; none if there is none.
    pub next_due: Option<Timestamp>,
}

/// How many jobs of each kind a process has under way.
#[derive(Clone, Debug, Default)]
pub struct JobsUnderWay([usize; JobKind::ALL.len()]);

impl JobsUnderWay {
    /// One more has begun.
    pub fn begin(&mut self, kind: JobKind) {
        self.0[kind as usize] += 1;
    }

    /// One has ended.
    pub fn end(&mut self, kind: JobKind) {
        self.0[kind as usize] = self.of(kind).saturating_sub(1);
    }

    /// How many of a kind there are.
    pub fn of(&self, kind: JobKind) -> usize {
        self.0[kind as usize]
    }

    /// How many of a kind may begin.
    fn room_for(&self, kind: JobKind) -> usize {
        let all = JOBS_AT_ONCE_MAX.saturating_sub(self.0.iter().sum());
        JOBS_OF_ONE_KIND_MAX.saturating_sub(self.of(kind)).min(all)
    }

    fn kinds_with_room(&self) -> impl Iterator<Item = JobKind> {
        JobKind::ALL.into_iter().filter(|kind| self.room_for(*kind) > 0)
    }
}

impl Registry {
    /// Changes whenever this process has committed a transaction that asked for a job, or left a
    /// service event. What other processes ask for is found by looking from time to time.
    pub fn jobs_asked(&self) -> watch::Receiver<()> {
        self.metadata.work_asked()
    }

    /// Takes jobs that are due, for as long as [`JOB_LEASE_SECONDS`], as far as there is room beside
    /// those that this process has under way. Those of kinds it does not know, which a newer version
    /// has asked for, are left alone.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn lease_jobs(&self, under_way: &JobsUnderWay) -> Result<LeasedJobs, Error> {
        let (now, room) = (self.now(), under_way.clone());
        // Most looks find nothing, and a read costs no commit.
        let next_due = self
            .metadata
            .read(|tx| Box::pin(async move { next_due(tx, &room).await }))
            .await
            .map_err(Error::from)?;
        if next_due.is_none_or(|due| due > now) {
            return Ok(LeasedJobs { jobs: Vec::new(), looked_at: now, next_due });
        }
        let mut look = Look {
            now,
            lease_id: job::new_id(&*self.entropy),
            under_way: under_way.clone(),
            retry: Retry::draw(&*self.entropy),
        };
        let leased = self.metadata.write(move |tx| Box::pin(async move { look.lease(tx).await }));
        leased.await.map_err(|error: MetadataError| Error::from(error))
    }
}

/// When the next job is due for which there is room.
async fn next_due(
    tx: &mut Tx,
    under_way: &JobsUnderWay,
) -> Result<Option<Timestamp>, MetadataError> {
    let mut next: Option<Timestamp> = None;
    for kind in under_way.kinds_with_room() {
        let due = job::next_due(tx, kind.as_str()).await?;
        next = next.into_iter().chain(due).min();
    }
    Ok(next)
}

/// One look for jobs.
struct Look {
    now: Timestamp,
    lease_id: i64,
    under_way: JobsUnderWay,
    retry: Retry,
}

/// The jobs of a kind that are due, the oldest first.
type Due = (JobKind, VecDeque<JobRow>);

impl Look {
    async fn lease(&mut self, tx: &mut Tx) -> Result<LeasedJobs, MetadataError> {
        let mut due: Vec<Due> = Vec::new();
        for kind in self.under_way.kinds_with_room() {
            let limit = u32::try_from(self.under_way.room_for(kind)).unwrap_or(u32::MAX);
            let rows = job::due(tx, kind.as_str(), self.now, limit).await?;
            due.push((kind, rows.into()));
        }
        let mut jobs = Vec::new();
        while let Some((kind, row)) = self.next(&mut due) {
            jobs.extend(self.take(tx, kind, &row).await?);
        }
        let next_due = next_due(tx, &self.under_way).await?;
        Ok(LeasedJobs { jobs, looked_at: self.now, next_due })
    }

    /// The job that comes next: of the kind that has the fewest under way, the oldest.
    fn next(&self, due: &mut [Due]) -> Option<(JobKind, JobRow)> {
        let with_room = due.iter_mut().filter(|(kind, _)| self.under_way.room_for(*kind) > 0);
        let (_, kind, rows) = with_room
            .filter_map(|(kind, rows)| {
                let waits_since = rows.front()?.due_at;
                Some(((self.under_way.of(*kind), waits_since), *kind, rows))
            })
            .min_by_key(|(rank, _, _)| *rank)?;
        rows.pop_front().map(|row| (kind, row))
    }

    async fn take(
        &mut self,
        tx: &mut Tx,
        kind: JobKind,
        row: &JobRow,
    ) -> Result<Option<LeasedJob>, MetadataError> {
        let until = self.now.plus(LEASE);
        let Some(leased) = job::lease(tx, row.job_id, self.lease_id, self.now, until).await? else {
            return Ok(None);
        };
        // A run that ended without a word may have taken its process along, and the next one would.
        let attempts = leased.attempt_count.saturating_sub(1);
        if row.status == JobStatus::Running && self.retry.is_last(attempts) {
            let retry_at = self.retry.after(kind, attempts, self.now);
            let why = "its last runs were broken off: their processes may have died of it";
            job::fail(tx, row.job_id, self.lease_id, why, retry_at, self.now).await?;
            return Ok(None);
        }
        self.under_way.begin(kind);
        Ok(Some(LeasedJob { kind, row: leased, lease_id: self.lease_id }))
    }
}

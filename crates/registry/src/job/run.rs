//! One run of a job: the lease is renewed while it goes on, and how it ended is written down.

use std::any::Any;
use std::error::Error as _;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::task::{JoinError, JoinHandle};
use tokio::time::{Instant, MissedTickBehavior};
use wharfinger_core::limits::{
    JOB_ATTEMPTS_MAX, JOB_RETRY_SECONDS_MAX, JOB_RETRY_SECONDS_MIN, JOB_TEXT_CHARS_MAX,
};
use wharfinger_core::{Entropy, EntropyExt, Timestamp};
use wharfinger_metadata::{MetadataError, job};

use super::lease::{LEASE, LeasedJob};
use super::{JobKind, JobOutcome};
use crate::{Error, Registry};

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum JobEnd {
    /// Well.
    Finished,
    /// It failed, and is tried again.
    Failed,
    /// It failed once too often.
    GivenUp,
    /// Its lease was over: another worker has the job, or will.
    Lost,
    /// The process stops. The lease was given back.
    BrokenOff,
}

/// When what failed is tried again: after twice as long each time, and not when all else is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    /// Between none and all of half the pause, in 2^32nds.
    jitter: u32,
}

impl Retry {
    pub(super) fn draw(entropy: &dyn Entropy) -> Self {
        Self { jitter: u32::from_le_bytes(entropy.bytes()) }
    }

    /// Whether a run that failed was the last one, unless the job recurs.
    pub(super) fn is_last(self, attempts: u32) -> bool {
        attempts >= JOB_ATTEMPTS_MAX
    }

    /// When a job is tried again of which so many runs failed; not at all if that is enough.
    pub(super) fn after(self, kind: JobKind, attempts: u32, now: Timestamp) -> Option<Timestamp> {
        if self.is_last(attempts) && !kind.recurs() {
            return None;
        }
        let doubled = 1_u64.checked_shl(attempts.saturating_sub(1)).unwrap_or(u64::MAX);
        let seconds = JOB_RETRY_SECONDS_MIN.saturating_mul(doubled).min(JOB_RETRY_SECONDS_MAX);
        let half_millis = seconds * 500;
        let jitter_millis = (half_millis * u64::from(self.jitter)) >> 32;
        Some(now.plus(Duration::from_millis(half_millis + jitter_millis)))
    }
}

/// Ends the work when nobody waits for it any more.
struct Work(JoinHandle<Result<JobOutcome, Error>>);

impl Work {
    /// Breaks the work off; it is over when this returns.
    async fn stop(&mut self) {
        self.0.abort();
        // Whether it had ended by itself or not.
        let _ = (&mut self.0).await;
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Registry {
    /// Does `work` for a job that was leased, renews the lease meanwhile, and writes down how it
    /// ended. A panic is a failure. The work is dropped at its next await if the lease is lost, or
    /// when `broken_off` is ready, and then the lease is given back.
    ///
    /// The work of a running server is [`run_job`](Self::run_job); tests bring others.
    ///
    /// # Errors
    /// If it could not be written down. The job is done again when its lease is over.
    pub async fn work_off<W>(
        &self,
        job: &LeasedJob,
        work: W,
        broken_off: impl Future<Output = ()>,
    ) -> Result<JobEnd, Error>
    where
        W: Future<Output = Result<JobOutcome, Error>> + Send + 'static,
    {
        let began_at = self.now();
        let mut work = Work(tokio::spawn(work));
        let mut broken_off = pin!(broken_off);
        let third = LEASE / 3;
        let mut renewal = tokio::time::interval_at(Instant::now() + third, third);
        renewal.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut until = job.row.due_at;
        let ended = loop {
            tokio::select! {
                biased;
                ended = &mut work.0 => break ended,
                () = &mut broken_off => {
                    work.stop().await;
                    return self.release(job).await;
                }
                _ = renewal.tick() => {}
            }
            if !self.renew(job, &mut until).await {
                work.stop().await;
                self.counters.jobs.of(job.kind).lost.add(1);
                tracing::warn!(kind = %job.kind, subject = job.row.subject, "the lease of a job was lost");
                return Ok(JobEnd::Lost);
            }
        };
        let took = self.now().millis().saturating_sub(began_at.millis());
        self.counters.jobs.of(job.kind).ran(took.unsigned_abs());
        self.end(job, outcome(ended)).await
    }

    /// Makes the lease longer; answers whether this process still has it. If that cannot be asked, it
    /// has it until it is over.
    async fn renew(&self, job: &LeasedJob, until: &mut Timestamp) -> bool {
        let (job_id, lease_id, next) = (job.row.job_id, job.lease_id, self.now().plus(LEASE));
        let renewed = self
            .metadata
            .write(move |tx| Box::pin(async move { job::renew(tx, job_id, lease_id, next).await }));
        let renewed: Result<bool, MetadataError> = renewed.await;
        match renewed {
            Ok(kept) => {
                *until = next;
                kept
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(kind = %job.kind, error, "the lease of a job could not be renewed");
                self.now() < *until
            }
        }
    }

    async fn release(&self, job: &LeasedJob) -> Result<JobEnd, Error> {
        let (job_id, lease_id, now) = (job.row.job_id, job.lease_id, self.now());
        let released = self.metadata.write(move |tx| {
            Box::pin(async move { job::release(tx, job_id, lease_id, now).await })
        });
        let released: Result<bool, MetadataError> = released.await;
        Ok(if released? { JobEnd::BrokenOff } else { JobEnd::Lost })
    }

    async fn end(
        &self,
        job: &LeasedJob,
        outcome: Result<JobOutcome, String>,
    ) -> Result<JobEnd, Error> {
        let (job_id, lease_id, now) = (job.row.job_id, job.lease_id, self.now());
        let counters = self.counters.jobs.of(job.kind);
        let (kept, end): (Result<bool, MetadataError>, JobEnd) = match outcome {
            Ok(JobOutcome { next, report }) => {
                let report = report.map(kept_report);
                let finish = self.metadata.write(move |tx| {
                    Box::pin(async move {
                        job::finish(tx, job_id, lease_id, report.as_deref(), next, now).await
                    })
                });
                (finish.await, JobEnd::Finished)
            }
            Err(why) => {
                let attempts = job.row.attempt_count;
                let retry_at = Retry::draw(&*self.entropy).after(job.kind, attempts, now);
                counters.failures.add(1);
                let subject = job.row.subject.as_str();
                match retry_at {
                    Some(_) => {
                        tracing::warn!(kind = %job.kind, subject, attempts, why, "a job failed")
                    }
                    None => tracing::error!(kind = %job.kind, subject, why, "a job was given up"),
                }
                let fail = self.metadata.write(move |tx| {
                    Box::pin(
                        async move { job::fail(tx, job_id, lease_id, &why, retry_at, now).await },
                    )
                });
                (fail.await, if retry_at.is_some() { JobEnd::Failed } else { JobEnd::GivenUp })
            }
        };
        if kept? {
            return Ok(end);
        }
        counters.lost.add(1);
        Ok(JobEnd::Lost)
    }
}

/// What a run came to; of one that failed, why.
fn outcome(ended: Result<Result<JobOutcome, Error>, JoinError>) -> Result<JobOutcome, String> {
    let why = match ended {
        Ok(Ok(outcome)) => return Ok(outcome),
        Ok(Err(error)) => chain(&error),
        Err(error) => match error.try_into_panic() {
            Ok(panic) => format!("it panicked: {}", said(&*panic)),
            Err(_) => "it was broken off".to_owned(),
        },
    };
    Err(why.chars().take(JOB_TEXT_CHARS_MAX).collect())
}

/// An error with its causes.
fn chain(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.ends_with(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it does not say why")
}

/// A report as it is kept; one that is too long is left out, for half of it would be no JSON.
fn kept_report(report: String) -> String {
    match report.chars().nth(JOB_TEXT_CHARS_MAX) {
        None => report,
        Some(_) => r#"{"omitted":true}"#.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        let millis = |jitter, kind, attempts| {
            let at = Retry { jitter }.after(kind, attempts, Timestamp::default());
            at.map(Timestamp::millis)
        };
        let of = |attempts| {
            [0, u32::MAX].map(|jitter| millis(jitter, JobKind::ActivateImage, attempts).unwrap())
        };
        assert_eq!(of(1), [500, 999]);
        assert_eq!(of(2), [1_000, 1_999]);
        assert_eq!(of(5), [8_000, 15_999]);
        assert_eq!(of(JOB_ATTEMPTS_MAX - 1), [1_800_000, 3_599_999]);
        assert_eq!(millis(0, JobKind::ActivateImage, JOB_ATTEMPTS_MAX), None);
        for attempts in [JOB_ATTEMPTS_MAX, 64, 65, u32::MAX] {
            assert_eq!(millis(0, JobKind::CollectGarbage, attempts), Some(1_800_000));
        }
    }

    #[test]
    fn what_is_kept_has_an_end() {
        let kept = outcome(Ok(Err(Error::Server("x".repeat(9_999).into())))).unwrap_err();
        assert_eq!(kept.chars().count(), JOB_TEXT_CHARS_MAX);
        assert_eq!(kept_report("x".repeat(JOB_TEXT_CHARS_MAX)).len(), JOB_TEXT_CHARS_MAX);
        assert_eq!(kept_report("x".repeat(JOB_TEXT_CHARS_MAX + 1)), r#"{"omitted":true}"#);
    }
}

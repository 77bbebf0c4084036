//! Evaluating lifecycle policies: what a policy decides is done, and told to the audit log.
//!
//! The decision is made on a snapshot. It is carried out in short transactions, each of which looks
//! at its images again: one that is not as it was then waits for the next evaluation. So nothing is
//! locked, an evaluation may be broken off anywhere and begun anew, and two at once act on each image
//! once.

mod report;
mod step;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use wharfinger_core::limits::{LIFECYCLE_PREVIEW_SECONDS_MAX, LIFECYCLE_STEP_IMAGES_MAX};
use wharfinger_core::{Entropy, Timestamp, Upkeep};
use wharfinger_lifecycle_policy::{Decision, Failure, LifecyclePolicy};
use wharfinger_metadata::lifecycle_policy::{self, LifecyclePolicyRow};
use wharfinger_metadata::{MetadataError, RepositoryId, Tx, repository};

use self::report::RunReport;
use super::event::{self, PolicyEvents};
use super::internal;
use super::reading::{Decided, Reading};
use crate::job::{JobKind, JobOutcome, ask};
use crate::removal::Cause;
use crate::{Error, Registry};

/// A policy that is being evaluated.
struct Run {
    repository: RepositoryId,
    /// The policy as it was when the run began; it ends when there is another.
    row: LifecyclePolicyRow,
    policy: Arc<LifecyclePolicy>,
    events: PolicyEvents,
}

impl Registry {
    /// Evaluates the policy of a repository and carries out what it decides. The job goes with the
    /// policy, and comes again every [`Upkeep::lifecycle_interval`] as long as there is one.
    pub(crate) async fn evaluate_lifecycle_policy(
        &self,
        subject: &str,
    ) -> Result<JobOutcome, Error> {
        let repository: RepositoryId = subject.parse().map_err(internal)?;
        match self.decide_on(repository).await? {
            Some((run, decided)) => self.carry_all_out(run, decided).await,
            None => Ok(JobOutcome::default()),
        }
    }

    /// What the policy decides about the repository as it is now; none if there is no policy, or no
    /// repository.
    async fn decide_on(&self, repository: RepositoryId) -> Result<Option<(Run, Decided)>, Error> {
        let Some(run) = self.begin_evaluation(repository).await? else { return Ok(None) };
        let reading = Reading {
            metadata: self.metadata.clone(),
            clock: Arc::clone(&self.clock),
            repository,
            deadline: self.now().plus(Duration::from_secs(LIFECYCLE_PREVIEW_SECONDS_MAX)),
        };
        let decided = reading.decide(Arc::clone(&run.policy)).await?;
        Ok(Some((run, decided)))
    }

    /// Does what was decided, step by step.
    async fn carry_all_out(&self, run: Run, decided: Decided) -> Result<JobOutcome, Error> {
        let (run, at) = (Arc::new(run), decided.at);
        let mut report = RunReport::new(decided.image_count, &decided.outcome.failures);
        let decisions = Arc::new(decided.outcome.decisions);
        for from in (0..decisions.len()).step_by(LIFECYCLE_STEP_IMAGES_MAX) {
            match self.carry_out(&run, &decisions, from).await? {
                Some(done) => report.add(done),
                None => return self.cut_short(&report),
            }
        }
        if !self.end_evaluation(run, decided.outcome.failures, at).await? {
            return self.cut_short(&report);
        }
        // What was held by something that has just gone need not wait a whole day.
        let pause = match report.may_have_freed() {
            true => self.upkeep.lifecycle_debounce.min(self.upkeep.lifecycle_interval),
            false => self.upkeep.lifecycle_interval,
        };
        Ok(JobOutcome { next: Some(self.now().plus(pause)), report: Some(report.to_json()?) })
    }

    /// How a run ends whose policy has been replaced or has gone: the next one sees.
    fn cut_short(&self, report: &RunReport) -> Result<JobOutcome, Error> {
        Ok(JobOutcome { next: Some(self.now()), report: Some(report.to_json()?) })
    }

    /// The policy as it is now; none if there is none, or no repository.
    async fn begin_evaluation(&self, id: RepositoryId) -> Result<Option<Run>, Error> {
        let found = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = repository::find_by_id(tx, id).await?;
                    let row = lifecycle_policy::find(tx, id).await?;
                    Ok::<_, Error>(repository.zip(row))
                })
            })
            .await?;
        let Some((repository, row)) = found else { return Ok(None) };
        let policy = Arc::new(LifecyclePolicy::parse(&row.policy_text)?);
        let events = PolicyEvents {
            entropy: Arc::clone(&self.entropy),
            repository,
            event_name: event::EXECUTION,
            policy: Arc::clone(&policy),
            last_evaluated_at: row.last_evaluated_at,
            policy_id: event::policy_id(id, row.updated_at.millis()),
        };
        Ok(Some(Run { repository: id, row, policy, events }))
    }

    /// Carries out the next few decisions; none if the policy is another by now.
    async fn carry_out(
        &self,
        run: &Arc<Run>,
        decisions: &Arc<Vec<Decision>>,
        from: usize,
    ) -> Result<Option<RunReport>, Error> {
        let (run, decisions) = (Arc::clone(run), Arc::clone(decisions));
        // Each decision puts its own rule there.
        let removal = self.removal(Cause::LifecycleRule(0));
        let done = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let step = decisions.iter().skip(from).take(LIFECYCLE_STEP_IMAGES_MAX);
                    step::carry_out(tx, &run, step, &removal).await
                })
            })
            .await?;
        if let Some(done) = &done {
            self.counters.images_expired.add(done.expired);
            self.counters.images_archived.add(done.archived);
        }
        Ok(done)
    }

    /// Notes that the policy was evaluated, and tells of images that stay although a rule applies to
    /// them; answers whether it still is the policy.
    async fn end_evaluation(
        &self,
        run: Arc<Run>,
        failures: Vec<Failure>,
        at: Timestamp,
    ) -> Result<bool, Error> {
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if !run.is_current(tx).await? {
                        return Ok(false);
                    }
                    step::tell_failures(tx, &run, &failures, now).await?;
                    lifecycle_policy::set_evaluated(tx, run.repository, at).await?;
                    Ok(true)
                })
            })
            .await
    }
}

impl Run {
    /// Whether the repository still has the policy that is being carried out.
    async fn is_current(&self, tx: &mut Tx) -> Result<bool, Error> {
        let row = lifecycle_policy::find(tx, self.repository).await?;
        let same = row.is_some_and(|row| {
            (row.updated_at, &row.policy_text) == (self.row.updated_at, &self.row.policy_text)
        });
        Ok(same && repository::find_by_id(tx, self.repository).await?.is_some())
    }
}

/// Has the policy of a repository evaluated soon, if it has one: for the transactions that change
/// its images or their tags.
pub(crate) async fn evaluate_soon(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    repository: RepositoryId,
    upkeep: &Upkeep,
    now: Timestamp,
) -> Result<(), MetadataError> {
    if !lifecycle_policy::exists(tx, repository).await? {
        return Ok(());
    }
    evaluate_at(tx, entropy, repository, now.plus(upkeep.lifecycle_debounce), now).await
}

/// Has the policy of a repository evaluated at this time.
pub(crate) async fn evaluate_at(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    repository: RepositoryId,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), MetadataError> {
    let kind = JobKind::EvaluateLifecyclePolicy;
    ask(tx, entropy, kind, &repository.to_string(), due_at, now).await
}

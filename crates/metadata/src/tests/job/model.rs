//! Jobs against a small model, in which to ask while a job runs is to ask when its run has ended.

use std::collections::BTreeMap;

use proptest::prelude::*;
use wharfinger_core::Timestamp;

use super::super::{open, write};
use crate::job::{self, JobStatus};
use crate::{MetadataError, Tx};

const KINDS: [&str; 2] = ["one", "two"];
const SUBJECTS: [&str; 2] = ["", "a"];
const LEASE_MILLIS: i64 = 30;

type Key = (usize, usize);

#[derive(Clone, Debug)]
enum Step {
    Ask(Key, i64),
    Lease(usize),
    /// What one of those who ever had a lease says, whether they still have it or not.
    Renew(usize),
    Release(usize),
    Finish(usize, Option<i64>),
    Fail(usize, Option<i64>),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    let key = || (0..KINDS.len(), 0..SUBJECTS.len());
    let later = || prop::option::of(0..40_i64);
    prop_oneof![
        3 => (key(), 0..40_i64).prop_map(|(key, delay)| Step::Ask(key, delay)),
        3 => (0..KINDS.len()).prop_map(Step::Lease),
        1 => (0..4_usize).prop_map(Step::Renew),
        1 => (0..4_usize).prop_map(Step::Release),
        2 => (0..4_usize, later()).prop_map(|(who, next)| Step::Finish(who, next)),
        2 => (0..4_usize, later()).prop_map(|(who, retry)| Step::Fail(who, retry)),
        2 => (1..25_i64).prop_map(Step::Pass),
    ]
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Job {
    status: JobStatus,
    due: i64,
    lease: Option<i64>,
    attempts: u32,
    /// Asked for while it runs: what will be done when its run has ended.
    asked: Option<i64>,
}

#[derive(Default)]
struct Model {
    now: i64,
    jobs: BTreeMap<Key, Job>,
    /// Everybody who ever had a lease: its job, the row and the lease.
    holders: Vec<(Key, i64, i64)>,
}

impl Model {
    fn ask(&mut self, key: Key, due: i64) {
        let job = self.jobs.entry(key).or_insert(Job {
            status: JobStatus::Waiting,
            due,
            lease: None,
            attempts: 0,
            asked: None,
        });
        match job.status {
            JobStatus::Waiting => job.due = job.due.min(due),
            JobStatus::Running => job.asked = Some(job.asked.map_or(due, |asked| asked.min(due))),
            JobStatus::GivenUp => {
                *job = Job { status: JobStatus::Waiting, due, attempts: 0, ..job.clone() };
            }
        }
    }

    /// The job of which somebody still has this lease.
    fn held(&mut self, (key, _, lease): (Key, i64, i64)) -> Option<&mut Job> {
        self.jobs.get_mut(&key).filter(|job| job.lease == Some(lease))
    }

    /// What was asked for meanwhile is asked for now.
    fn ended(&mut self, key: Key) {
        let job = self.jobs.get_mut(&key).unwrap();
        job.lease = None;
        if let Some(due) = job.asked.take() {
            self.ask(key, due);
        }
    }

    async fn apply(&mut self, tx: &mut Tx, step: &Step) -> Result<(), MetadataError> {
        let now = self.now;
        let holder = |who: usize| self.holders.iter().rev().nth(who).copied();
        match *step {
            Step::Pass(millis) => self.now += millis,
            Step::Ask(key, delay) => {
                let id = i64::try_from(key.0 * 2 + key.1).unwrap() + now * 10;
                let (kind, subject) = (KINDS[key.0], SUBJECTS[key.1]);
                job::ask(tx, id, kind, subject, time(now + delay), time(now)).await?;
                self.ask(key, now + delay);
            }
            Step::Lease(kind) => self.lease(tx, kind).await?,
            Step::Renew(who) => {
                let Some(holder) = holder(who) else { return Ok(()) };
                let until = now + LEASE_MILLIS;
                let kept = job::renew(tx, holder.1, holder.2, time(until)).await?;
                let job = self.held(holder);
                assert_eq!(kept, job.is_some());
                job.into_iter().for_each(|job| job.due = until);
            }
            Step::Release(who) => {
                let Some(holder) = holder(who) else { return Ok(()) };
                let kept = job::release(tx, holder.1, holder.2, time(now)).await?;
                let job = self.held(holder);
                assert_eq!(kept, job.is_some());
                if let Some(job) = job {
                    (job.status, job.due) = (JobStatus::Waiting, now);
                    job.attempts -= 1;
                    // The run that begins now is what was asked for.
                    job.asked = None;
                    self.ended(holder.0);
                }
            }
            Step::Finish(who, next) => {
                let Some(holder) = holder(who) else { return Ok(()) };
                let next = next.map(|delay| now + delay);
                let at = next.map(time);
                let kept = job::finish(tx, holder.1, holder.2, None, at, time(now)).await?;
                let job = self.held(holder);
                assert_eq!(kept, job.is_some());
                if let Some(job) = job {
                    (job.status, job.attempts) = (JobStatus::Waiting, 0);
                    match (next, job.asked) {
                        (Some(next), _) => job.due = next,
                        (None, Some(asked)) => job.due = asked,
                        (None, None) => {
                            self.jobs.remove(&holder.0);
                            return Ok(());
                        }
                    }
                    self.ended(holder.0);
                }
            }
            Step::Fail(who, retry) => {
                let Some(holder) = holder(who) else { return Ok(()) };
                let retry = retry.map(|delay| now + delay);
                let at = retry.map(time);
                let kept = job::fail(tx, holder.1, holder.2, "why", at, time(now)).await?;
                let job = self.held(holder);
                assert_eq!(kept, job.is_some());
                if let Some(job) = job {
                    job.status = match retry {
                        Some(_) => JobStatus::Waiting,
                        None => JobStatus::GivenUp,
                    };
                    job.due = retry.unwrap_or(now);
                    self.ended(holder.0);
                }
            }
        }
        self.compare(tx).await
    }

    /// Takes the job of a kind that has waited longest.
    async fn lease(&mut self, tx: &mut Tx, kind: usize) -> Result<(), MetadataError> {
        let now = self.now;
        let of_kind = self.jobs.iter().filter(|((of, _), _)| *of == kind);
        let dues = of_kind.filter(|(_, job)| job.status != JobStatus::GivenUp);
        let oldest = dues.map(|(_, job)| job.due).min();
        assert_eq!(job::next_due(tx, KINDS[kind]).await?, oldest.map(time));
        let due = job::due(tx, KINDS[kind], time(now), 1).await?;
        let Some(row) = due.first() else {
            assert!(oldest.is_none_or(|due| due > now));
            return Ok(());
        };
        assert_eq!(Some(row.due_at), oldest.map(time));
        let lease_id = i64::try_from(self.holders.len()).unwrap();
        let until = now + LEASE_MILLIS;
        let leased = job::lease(tx, row.job_id, lease_id, time(now), time(until)).await?;
        assert_eq!(leased.map(|row| row.lease_id), Some(Some(lease_id)));
        let subject = SUBJECTS.iter().position(|subject| *subject == row.subject).unwrap();
        let job = self.jobs.get_mut(&(kind, subject)).unwrap();
        (job.status, job.due, job.lease) = (JobStatus::Running, until, Some(lease_id));
        job.attempts += 1;
        // What was asked for before this run began is what this run is.
        job.asked = job.asked.filter(|asked| *asked > now);
        self.holders.push(((kind, subject), row.job_id, lease_id));
        Ok(())
    }

    async fn compare(&self, tx: &mut Tx) -> Result<(), MetadataError> {
        let rows = job::list(tx, ("", ""), 100).await?;
        assert_eq!(rows.len(), self.jobs.len());
        for (row, ((kind, subject), job)) in rows.iter().zip(&self.jobs) {
            assert_eq!(
                (row.kind.as_str(), row.subject.as_str()),
                (KINDS[*kind], SUBJECTS[*subject])
            );
            let found = (row.status, row.due_at, row.lease_id, row.attempt_count);
            assert_eq!(found, (job.status, time(job.due), job.lease, job.attempts), "{row:?}");
        }
        Ok(())
    }
}

fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 128,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn jobs_do_what_the_model_does(steps in prop::collection::vec(step(), 1..80)) {
        let folder = tempfile::tempdir().unwrap();
        let metadata = open(&folder);
        let all = write(&metadata, move |tx| {
            Box::pin(async move {
                let mut model = Model::default();
                for step in &steps {
                    model.apply(tx, step).await?;
                }
                Ok(())
            })
        });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let all = runtime.block_on(all);
        prop_assert!(all.is_ok(), "{all:?}");
    }
}

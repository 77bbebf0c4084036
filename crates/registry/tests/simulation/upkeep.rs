//! What the workers do, a run at a time: jobs that are due, and collections of garbage.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use wharfinger_core::{Clock, ManualClock, SeededEntropy};
use wharfinger_metadata::job::{self, JobRow};
use wharfinger_metadata::{Metadata, MetadataError};
use wharfinger_registry::{Error, JobKind, Registry};

use super::model::Model;

/// As long as workers lease a job.
const LEASE: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Worker {
    pub registry: Arc<Registry>,
    pub metadata: Metadata,
    pub model: Rc<RefCell<Model>>,
    pub clock: Arc<ManualClock>,
    pub entropy: Arc<SeededEntropy>,
}

impl Worker {
    pub async fn collect(&self) {
        let mark = self.model.borrow().mark(0, self.clock.now());
        let collected = self.registry.collect_garbage().await;
        self.model.borrow_mut().note(|| format!("collection: {collected:?}"));
        self.check(collected.err(), &mark);
    }

    /// Does the job that has been due for longest; answers whether there was one.
    pub async fn work(&self) -> bool {
        let (lease_id, now) = (job::new_id(&*self.entropy), self.clock.now());
        let leased = self.metadata.write(move |tx| {
            Box::pin(async move { job::lease(tx, lease_id, now, now.plus(LEASE), 1).await })
        });
        let Some(row) = leased.await.unwrap().pop() else { return false };
        let evaluates = row.kind == JobKind::EvaluateLifecyclePolicy.as_str();
        let mark = self.model.borrow().mark(0, now);
        self.model.borrow_mut().note(|| format!("job {} {} begins", row.kind, row.subject));
        if evaluates {
            let repositories = &mut self.model.borrow_mut().repositories;
            repositories.iter_mut().for_each(|model| model.begin_evaluation());
        }
        let outcome = self.registry.run_job(&row).await;
        if evaluates {
            let repositories = &mut self.model.borrow_mut().repositories;
            repositories.iter_mut().for_each(|model| model.end_evaluation());
        }
        self.model.borrow_mut().note(|| format!("job {} ends: {outcome:?}", row.kind));
        let (next, report, error) = match outcome {
            Ok(outcome) => (outcome.next, outcome.report, None),
            Err(error) => (None, None, Some(error)),
        };
        let failed = error.as_ref().map(ToString::to_string);
        self.check(error, &mark);
        let ended = self.end(row, lease_id, (next, report, failed)).await;
        ended.unwrap();
        true
    }

    async fn end(
        &self,
        row: JobRow,
        lease_id: i64,
        (next, report, failed): (Option<wharfinger_core::Timestamp>, Option<String>, Option<String>),
    ) -> Result<bool, MetadataError> {
        let (job_id, now) = (row.job_id, self.clock.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match failed {
                        None => job::finish(tx, job_id, lease_id, report.as_deref(), next, now).await,
                        Some(error) => {
                            let retry_at = Some(now.plus(LEASE));
                            job::fail(tx, job_id, lease_id, &error, retry_at, now).await
                        }
                    }
                })
            })
            .await
    }

    fn check(&self, error: Option<Error>, mark: &super::model::Mark) {
        let may_have_failed = self.model.borrow().may_have_failed(mark);
        assert!(error.is_none() || may_have_failed, "the workers fail: {error:?}");
    }
}

//! What the workers do, a look at a time: jobs that are due, and collections of garbage.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wharfinger_core::{Clock, ManualClock};
use wharfinger_registry::{JobEnd, JobKind, JobsUnderWay, LeasedJob, Registry};

use super::model::{Mark, Model};

/// How long a job may be expected to take.
const SLOW: Duration = Duration::from_secs(60);

#[derive(Clone)]
pub struct Worker {
    pub registry: Arc<Registry>,
    pub model: Rc<RefCell<Model>>,
    pub clock: Arc<ManualClock>,
}

impl Worker {
    pub async fn collect(&self) {
        let mark = self.mark();
        let collected = self.registry.collect_garbage().await;
        self.model.borrow_mut().note(|| format!("collection: {collected:?}"));
        self.check(collected.err(), &mark);
    }

    /// Does jobs that are due; answers whether there were any.
    pub async fn work(&self) -> bool {
        let mark = self.mark();
        let leased = match self.registry.lease_jobs(&JobsUnderWay::default()).await {
            Ok(leased) => leased.jobs,
            Err(error) => {
                self.check(Some(error), &mark);
                return false;
            }
        };
        for job in &leased {
            self.work_off(job).await;
        }
        !leased.is_empty()
    }

    async fn work_off(&self, job: &LeasedJob) {
        let (kind, subject) = (job.kind, job.row.subject.clone());
        let evaluates = kind == JobKind::EvaluateLifecyclePolicy;
        let mark = self.mark();
        self.model.borrow_mut().note(|| format!("job {kind} {subject} begins"));
        if evaluates {
            let repositories = &mut self.model.borrow_mut().repositories;
            repositories.iter_mut().for_each(|model| model.begin_evaluation());
        }
        let said = Arc::new(Mutex::new(String::new()));
        let (registry, row, says) = (self.registry.clone(), job.row.clone(), said.clone());
        let work = async move {
            let outcome = registry.run_job(&row).await;
            *says.lock().unwrap() = format!("{outcome:?}");
            outcome
        };
        let ended = self.registry.work_off(job, work, std::future::pending()).await;
        if evaluates {
            let repositories = &mut self.model.borrow_mut().repositories;
            repositories.iter_mut().for_each(|model| model.end_evaluation());
        }
        let said = said.lock().unwrap().clone();
        self.model.borrow_mut().note(|| format!("job {kind} ends: {ended:?}, {said}"));
        // One that takes hours has a reason to fail.
        let is_slow = self.clock.now() > mark.at.plus(SLOW);
        let failed = match ended {
            Ok(JobEnd::Failed | JobEnd::GivenUp) if is_slow => None,
            Ok(JobEnd::Failed | JobEnd::GivenUp) => Some(said),
            Ok(JobEnd::Finished | JobEnd::Lost | JobEnd::BrokenOff) => None,
            Err(error) => Some(format!("{error:?}")),
        };
        self.check(failed, &mark);
    }

    /// The last step to the audit log.
    pub async fn forget_events(&self) {
        loop {
            let waiting = self.registry.waiting_service_events().await.unwrap();
            if waiting.is_empty() {
                return;
            }
            self.registry.forget_service_events(waiting).await.unwrap();
        }
    }

    fn mark(&self) -> Mark {
        self.model.borrow().mark(0, self.clock.now())
    }

    fn check(&self, error: Option<impl std::fmt::Debug>, mark: &Mark) {
        let may_have_failed = self.model.borrow().may_have_failed(mark);
        assert!(error.is_none() || may_have_failed, "the workers fail: {error:?}");
    }
}

//! The loop that leases jobs and has them done.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{Id, JoinSet};
use wharfinger_registry::{JobKind, JobsUnderWay, LeasedJob, Registry};

use crate::failing::Failing;
use crate::{GATHER, POLL, Work, end_of, has_ended, told};

pub(crate) struct Jobs {
    registry: Arc<Registry>,
    work: Work,
    ended: watch::Receiver<bool>,
    under_way: JobsUnderWay,
    runs: JoinSet<()>,
    kinds: HashMap<Id, JobKind>,
    failing: Failing,
}

impl Jobs {
    pub(crate) fn new(registry: Arc<Registry>, work: Work, ended: watch::Receiver<bool>) -> Self {
        Self {
            registry,
            work,
            ended,
            under_way: JobsUnderWay::default(),
            runs: JoinSet::new(),
            kinds: HashMap::new(),
            failing: Failing::new("looking for jobs"),
        }
    }

    pub(crate) async fn run(mut self) {
        let (mut asked, mut ended) = (self.registry.jobs_asked(), self.ended.clone());
        let mut standing = false;
        // Looked at between two looks only: what a look has leased is begun, to be given back.
        while !has_ended(&ended) {
            // Before the look: what is asked for after it is not missed.
            asked.mark_unchanged();
            if !standing {
                standing = self.failing.note(self.registry.ensure_standing_jobs().await).is_some();
            }
            let pause = if standing { self.look().await } else { POLL };
            tokio::select! {
                () = end_of(&mut ended) => break,
                Some(run) = self.runs.join_next_with_id() => {
                    let id = run.map_or_else(|error| error.id(), |(id, ())| id);
                    self.kinds.remove(&id).into_iter().for_each(|kind| self.under_way.end(kind));
                }
                () = told(&mut asked) => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        // Those under way have been told as well.
        while self.runs.join_next().await.is_some() {}
    }

    /// Begins what there is room for, and answers how long to wait for more.
    async fn look(&mut self) -> Duration {
        let leased = self.registry.lease_jobs(&self.under_way).await;
        let Some(leased) = self.failing.note(leased) else { return POLL };
        let pause = leased.next_due.map_or(POLL, |due| {
            let millis = due.millis().saturating_sub(leased.looked_at.millis());
            Duration::from_millis(millis.try_into().unwrap_or_default()).clamp(GATHER, POLL)
        });
        for job in leased.jobs {
            self.begin(job);
        }
        pause
    }

    fn begin(&mut self, job: LeasedJob) {
        let (registry, work) = (Arc::clone(&self.registry), Arc::clone(&self.work));
        let (kind, mut ended) = (job.kind, self.ended.clone());
        let run = async move {
            let (of_job, row) = (Arc::clone(&registry), job.row.clone());
            // What panics before its first await does so there.
            let work = async move { work(of_job, row).await };
            if let Err(error) = registry.work_off(&job, work, end_of(&mut ended)).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(%kind, error, "how a job ended could not be written down; it is done again");
            }
        };
        self.under_way.begin(kind);
        self.kinds.insert(self.runs.spawn(run).id(), kind);
    }
}

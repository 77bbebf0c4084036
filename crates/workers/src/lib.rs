//! The workers: they lease the jobs of the registry, do them, and try again what failed; and they
//! write into the audit log what the registry did by itself.
//!
//! Any number of processes may work on one database: a job is leased in a transaction, and a lease
//! that its holder does not renew is over after a minute. The server starts the workers and ends them.

mod failing;
mod jobs;
mod service_events;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;
use wharfinger_audit::Audit;
use wharfinger_core::limits::{JOB_GATHER_MILLIS, JOB_POLL_SECONDS};
use wharfinger_registry::{Error, JobOutcome, JobRow, Registry};

/// How long to wait for what nobody tells.
const POLL: Duration = Duration::from_secs(JOB_POLL_SECONDS);
/// How long to wait for others when one was told.
const GATHER: Duration = Duration::from_millis(JOB_GATHER_MILLIS);

/// What is done for a job.
type Work = Arc<
    dyn Fn(Arc<Registry>, JobRow) -> BoxFuture<'static, Result<JobOutcome, Error>> + Send + Sync,
>;

/// The workers of one process.
pub struct Workers {
    registry: Arc<Registry>,
    audit: Audit,
    work: Work,
}

impl Workers {
    /// Workers for this registry, which tell this audit log.
    pub fn new(registry: Arc<Registry>, audit: Audit) -> Self {
        let work =
            |registry: Arc<Registry>, row| async move { registry.run_job(&row).await }.boxed();
        Self { registry, audit, work: Arc::new(work) }
    }

    /// Works until `ended` says so, or whoever would say so has gone. Then nothing new is begun, what
    /// is under way is broken off and given back, and this returns when all of that is done.
    pub async fn run(self, ended: watch::Receiver<bool>) {
        let jobs = jobs::Jobs::new(Arc::clone(&self.registry), self.work, ended.clone());
        let events = service_events::ServiceEvents::new(self.registry, self.audit, ended);
        tokio::join!(jobs.run(), events.run());
    }
}

/// Returns when the end has come.
async fn end_of(ended: &mut watch::Receiver<bool>) {
    // An error means that whoever would say so has gone.
    let _ = ended.wait_for(|ended| *ended).await;
}

/// Whether it has come.
fn has_ended(ended: &watch::Receiver<bool>) -> bool {
    *ended.borrow() || ended.has_changed().is_err()
}

/// Returns when something was asked for, and others have had the time to ask for more.
async fn told(asked: &mut watch::Receiver<()>) {
    // The registry that tells is held by whoever waits here.
    let _ = asked.changed().await;
    tokio::time::sleep(GATHER).await;
}

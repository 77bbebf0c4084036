//! Giving back space from time to time, beside the requests.

use std::sync::Arc;
use std::time::Duration;

use wharfinger_registry::Registry;

use crate::Shutdown;

/// How often idle uploads and discarded objects are looked for.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Reclaims now and every [`INTERVAL`], until the end begins. A failure is logged and tried again.
pub(crate) async fn run(registry: Arc<Registry>, shutdown: Shutdown) {
    loop {
        match registry.reclaim().await {
            Ok(0) => {}
            Ok(uploads) => tracing::info!(uploads, "idle uploads were ended"),
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error,
                "idle uploads could not be ended"
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(INTERVAL) => {}
            () = shutdown.begun() => return,
        }
    }
}

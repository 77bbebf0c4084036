//! What fails again and again is said once, and once more when it is over.

use wharfinger_registry::Error;

/// Whether the last look failed.
pub(crate) struct Failing {
    what: &'static str,
    failed: bool,
}

impl Failing {
    /// Of something that goes well so far.
    pub(crate) fn new(what: &'static str) -> Self {
        Self { what, failed: false }
    }

    /// Hands on what came of a look, if anything did.
    pub(crate) fn note<T>(&mut self, outcome: Result<T, Error>) -> Option<T> {
        let was_failing = std::mem::replace(&mut self.failed, outcome.is_err());
        match (&outcome, was_failing) {
            (Err(error), false) => {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "{} cannot be done; tried again until it can", self.what);
            }
            (Ok(_), true) => tracing::info!("{} can be done again", self.what),
            _ => {}
        }
        outcome.ok()
    }
}

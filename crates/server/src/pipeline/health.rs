//! Whether the server can do its work now.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use wharfinger_metadata::{Metadata, MetadataError, installation};

/// What readiness depends on.
pub(crate) struct Health {
    metadata: Metadata,
    probe_file: PathBuf,
    /// What was found last. One check at a time, and not more than one in [`FRESH`]: whoever asks is
    /// not authenticated, and each one writes.
    last: Mutex<Option<(Instant, Outcome)>>,
}

/// Nothing, or a short reason.
type Outcome = Result<(), &'static str>;

/// How long an outcome is good for.
const FRESH: Duration = Duration::from_secs(1);

impl Health {
    /// The health of a server with this metadata and data directory.
    pub(crate) fn new(metadata: Metadata, data_dir: &std::path::Path) -> Self {
        Self { metadata, probe_file: data_dir.join(".ready"), last: Mutex::default() }
    }

    /// Nothing, if the metadata takes transactions and the directory takes files; else a short
    /// reason, with the cause in the log. As it is, or was [`FRESH`] ago at the most.
    pub(super) async fn check(&self) -> Outcome {
        self.check_again_after(FRESH).await
    }

    async fn check_again_after(&self, fresh: Duration) -> Outcome {
        let mut last = self.last.lock().await;
        match *last {
            Some((at, outcome)) if at.elapsed() < fresh => outcome,
            _ => {
                let outcome = self.look().await;
                *last = Some((Instant::now(), outcome));
                outcome
            }
        }
    }

    async fn look(&self) -> Outcome {
        let complain = |error: &(dyn std::error::Error + 'static), reason: &'static str| {
            tracing::warn!(error, "{reason}");
            reason
        };
        // A transaction of the writer, since a store that has stopped writing still reads.
        let answered: Result<_, MetadataError> = self
            .metadata
            .write(|tx| Box::pin(async move { installation::get(tx, "account_id").await }))
            .await;
        answered.map_err(|error| complain(&error, "the metadata does not answer"))?;
        let path = self.probe_file.clone();
        tokio::task::spawn_blocking(move || probe(&path))
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
            .map_err(|error| complain(&error, "the data directory cannot be written"))
    }
}

fn probe(path: &std::path::Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(b"ready\n")?;
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use wharfinger_metadata::OpenMode;

    use super::*;

    #[tokio::test]
    async fn a_fresh_outcome_is_not_looked_for_again() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("metadata.db");
        let metadata = Metadata::open(&database, OpenMode::CreateOrMigrate).unwrap();
        let health = Health::new(metadata, folder.path());
        let hour = Duration::from_secs(3600);
        health.check_again_after(hour).await.unwrap();
        folder.close().unwrap();
        health.check_again_after(hour).await.unwrap();
        health.check_again_after(Duration::ZERO).await.unwrap_err();
        health.check_again_after(hour).await.unwrap_err();
    }
}

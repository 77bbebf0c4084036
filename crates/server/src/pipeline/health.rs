//! Whether the server can do its work now.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use tokio::sync::Mutex;
use wharfinger_metadata::{Metadata, MetadataError, installation};

/// What readiness depends on.
pub(crate) struct Health {
    metadata: Metadata,
    probe_file: PathBuf,
    /// One check at a time: whoever asks is not authenticated.
    turn: Mutex<()>,
}

impl Health {
    /// The health of a server with this metadata and data directory.
    pub(crate) fn new(metadata: Metadata, data_dir: &std::path::Path) -> Self {
        Self { metadata, probe_file: data_dir.join(".ready"), turn: Mutex::default() }
    }

    /// Nothing, if the metadata takes transactions and the directory takes files; else a short
    /// reason, with the cause in the log.
    pub(super) async fn check(&self) -> Result<(), &'static str> {
        let _turn = self.turn.lock().await;
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

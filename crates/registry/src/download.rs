//! How many blobs are sent at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wharfinger_core::limits::{DOWNLOAD_WAIT_SECONDS_MAX, DOWNLOADS_AT_ONCE_MAX};

use crate::{Error, Registry};

/// The downloads of this process. Clones are the same.
#[derive(Clone)]
pub(crate) struct DownloadRoom(Arc<Semaphore>);

/// One of them, until it is dropped.
#[derive(Debug)]
pub struct DownloadTurn {
    _permit: OwnedSemaphorePermit,
}

impl Default for DownloadRoom {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(DOWNLOADS_AT_ONCE_MAX)))
    }
}

impl DownloadRoom {
    /// Whether nothing is sent.
    pub(crate) fn is_idle(&self) -> bool {
        self.0.available_permits() == DOWNLOADS_AT_ONCE_MAX
    }

    #[cfg(test)]
    pub(crate) async fn take(&self) -> DownloadTurn {
        let taken = Arc::clone(&self.0).acquire_owned().await;
        DownloadTurn { _permit: taken.expect("it is never closed") }
    }
}

impl Registry {
    /// Waits for the turn of a download, to be taken before its blob is opened and kept until it
    /// was sent: a client that reads slowly holds a file and some segments all the while.
    ///
    /// # Errors
    /// [`Error::Throttling`] if there was none for too long.
    pub async fn begin_download(&self) -> Result<DownloadTurn, Error> {
        let turn = Arc::clone(&self.downloads.0).acquire_owned();
        match tokio::time::timeout(Duration::from_secs(DOWNLOAD_WAIT_SECONDS_MAX), turn).await {
            Ok(Ok(permit)) => Ok(DownloadTurn { _permit: permit }),
            _ => Err(Error::Throttling),
        }
    }
}

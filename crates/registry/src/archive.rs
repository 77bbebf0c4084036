//! The archive's side of storage classes: blobs into the archive's store and back, and images that
//! are on their way.

use wharfinger_core::Digest;
use wharfinger_metadata::RepositoryId;
use wharfinger_metadata::image::{self, ImageStatus};

use crate::job::JobOutcome;
use crate::removal::Cause;
use crate::storage_class::finish_activation;
use crate::{Error, Registry};

impl Registry {
    /// Brings an archived image back: its blobs first, then its status.
    pub(crate) async fn activate_image(&self, subject: &str) -> Result<JobOutcome, Error> {
        let (repository, digest) = parse_subject(subject)?;
        let removal = self.removal(Cause::Holder);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = image::find(tx, repository, &digest).await?;
                    if found.is_some_and(|image| image.status == ImageStatus::Activating) {
                        finish_activation(tx, repository, &digest, &removal).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(JobOutcome::default())
    }

    /// Moves the blobs that only archived images use into the archive's store.
    pub(crate) async fn move_to_archive(&self, _subject: &str) -> Result<JobOutcome, Error> {
        Ok(JobOutcome::default())
    }
}

/// The repository and the image that a job is about.
fn parse_subject(subject: &str) -> Result<(RepositoryId, Digest), Error> {
    let parsed = subject.split_once('/').and_then(|(repository, digest)| {
        Some((repository.parse::<RepositoryId>().ok()?, digest.parse::<Digest>().ok()?))
    });
    parsed.ok_or_else(|| Error::Server(format!("{subject} is no image").into()))
}

//! When images were last pulled: noted beside the pull, which does not wait for it, and not more
//! often than the contract wants it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use wharfinger_core::limits::{PULL_RECORD_SECONDS_MIN, PULLS_WAITING_MAX};
use wharfinger_core::{Arn, Digest, RegistryId, Timestamp};
use wharfinger_metadata::{Metadata, MetadataError, RepositoryId, Tx, image, pull_time_exclusion};

use crate::Registry;

/// Pulls that are not yet recorded. However many there are of an image, it is written once.
#[derive(Clone, Default)]
pub(crate) struct WaitingPulls(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    pulls: HashMap<(RepositoryId, Digest), Timestamp>,
    /// Whether a task is at it, which takes along what comes meanwhile.
    recording: bool,
}

/// Whether a pull by this principal is recorded: not the reading of the registry's own workers, nor
/// the pulls of those whom `RegisterPullTimeUpdateExclusion` excludes.
pub(crate) async fn is_recorded(
    tx: &mut Tx,
    registry: &RegistryId,
    principal: Option<&Arn>,
) -> Result<bool, MetadataError> {
    match principal {
        Some(arn) => Ok(!pull_time_exclusion::contains(tx, registry, arn.as_str()).await?),
        None => Ok(false),
    }
}

/// Whether a pull is to be recorded `now` of an image whose last recorded pull was at `last`.
pub(crate) fn is_due(last: Option<Timestamp>, now: Timestamp) -> bool {
    let before = now.minus(Duration::from_secs(PULL_RECORD_SECONDS_MIN));
    last.is_none_or(|last| last <= before)
}

impl Registry {
    /// Records that images were pulled now, those whose last recorded pull (beside their digest)
    /// is long enough ago. Nobody waits for it; what fails is logged and left to the next pull.
    pub(crate) fn record_pulls_soon(
        &self,
        repository: RepositoryId,
        images: &[(Digest, Option<Timestamp>)],
    ) {
        let now = self.now();
        let due = images.iter().filter(|(_, last)| is_due(*last, now));
        let due: Vec<Digest> = due.map(|(digest, _)| *digest).collect();
        if !due.is_empty() && self.pulls.add(repository, &due, now) {
            tokio::spawn(self.pulls.clone().record(self.metadata.clone()));
        }
    }
}

impl WaitingPulls {
    /// Adds pulls; answers whether the caller has to see to it that they are recorded.
    fn add(&self, repository: RepositoryId, digests: &[Digest], now: Timestamp) -> bool {
        let mut waiting = self.0.lock();
        for digest in digests {
            if waiting.pulls.len() < PULLS_WAITING_MAX {
                waiting.pulls.insert((repository, *digest), now);
            }
        }
        !std::mem::replace(&mut waiting.recording, true)
    }

    /// What waits, to be recorded; `None` once nothing does, and then the next pull begins anew.
    fn take(&self) -> Option<HashMap<(RepositoryId, Digest), Timestamp>> {
        let mut waiting = self.0.lock();
        let pulls = std::mem::take(&mut waiting.pulls);
        waiting.recording = !pulls.is_empty();
        waiting.recording.then_some(pulls)
    }

    async fn record(self, metadata: Metadata) {
        while let Some(pulls) = self.take() {
            let recorded: Result<(), MetadataError> = metadata
                .write(move |tx| {
                    Box::pin(async move {
                        for ((repository, digest), pulled_at) in pulls {
                            image::record_pull(tx, repository, &digest, pulled_at).await?;
                        }
                        Ok(())
                    })
                })
                .await;
            if let Err(error) = recorded {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "the times of pulls could not be recorded"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::SeededEntropy;

    use super::*;

    fn digest(number: usize) -> Digest {
        let mut hash = [0; 32];
        hash[..8].copy_from_slice(&number.to_be_bytes());
        Digest::Sha256(hash)
    }

    #[test]
    fn pulls_of_one_image_are_one_and_the_first_begins() {
        let (now, waiting) = (Timestamp::from_seconds(1), WaitingPulls::default());
        let repository = RepositoryId::new(now, &SeededEntropy::new(1));
        assert!(waiting.add(repository, &[digest(1)], now));
        assert!(!waiting.add(repository, &[digest(1), digest(2)], now));
        assert_eq!(waiting.take().map(|pulls| pulls.len()), Some(2));
        assert!(!waiting.add(repository, &[digest(3)], now), "the task is still at it");
        assert_eq!(waiting.take().map(|pulls| pulls.len()), Some(1));
        assert_eq!(waiting.take(), None);
        assert!(waiting.add(repository, &[digest(4)], now));
    }

    #[test]
    fn what_waits_has_a_bound() {
        let (now, waiting) = (Timestamp::from_seconds(1), WaitingPulls::default());
        let repository = RepositoryId::new(now, &SeededEntropy::new(1));
        let many: Vec<Digest> = (0..PULLS_WAITING_MAX + 5).map(digest).collect();
        waiting.add(repository, &many, now);
        assert_eq!(waiting.take().map(|pulls| pulls.len()), Some(PULLS_WAITING_MAX));
    }
}

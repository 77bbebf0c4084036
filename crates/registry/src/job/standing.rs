//! Jobs that somebody asks for by hand, and those that are there from the first start on.

use std::sync::Arc;

use wharfinger_metadata::MetadataError;
use wharfinger_metadata::job::{self, JobStatus};

use super::{JobKind, ask};
use crate::{Error, Registry};

impl Registry {
    /// Asks for the standing jobs that are not there. Those that are wait as they do; only a
    /// collection that would be later than it is configured now is moved forward.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn ensure_standing_jobs(&self) -> Result<(), Error> {
        let (now, entropy) = (self.now(), Arc::clone(&self.entropy));
        let next_collection = now.plus(self.upkeep.garbage_interval);
        let asked = self.metadata.write(move |tx| {
            Box::pin(async move {
                for kind in JobKind::ALL.into_iter().filter(|kind| kind.is_standing()) {
                    let row = job::find_by_subject(tx, kind.as_str(), "").await?;
                    let due_at = match (row.map(|row| row.status), kind) {
                        (None | Some(JobStatus::GivenUp), _) => now,
                        (Some(JobStatus::Waiting), JobKind::CollectGarbage) => next_collection,
                        (Some(_), _) => continue,
                    };
                    ask(tx, &*entropy, kind, "", due_at, now).await?;
                }
                Ok::<_, MetadataError>(())
            })
        });
        asked.await.map_err(Error::from)
    }

    /// Asks for a job now, whoever else has asked for it: what was given up is tried again, and what
    /// waits begins at once. Nothing is checked: a job about something that is not there does nothing.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn ask_for_job(&self, kind: JobKind, subject: &str) -> Result<(), Error> {
        let (now, subject) = (self.now(), subject.to_owned());
        let entropy = Arc::clone(&self.entropy);
        let asked = self.metadata.write(move |tx| {
            Box::pin(async move { ask(tx, &*entropy, kind, &subject, now, now).await })
        });
        asked.await.map_err(|error: MetadataError| error.into())
    }
}

//! Jobs as they are shown: by name instead of id, and counted.

use std::collections::HashMap;

use wharfinger_core::limits::JOBS_PER_PAGE;
use wharfinger_core::{RegistryId, RepositoryName, Timestamp};
use wharfinger_metadata::job::{self, JobRow, JobStatus};
use wharfinger_metadata::{MetadataError, RepositoryId, Tx, repository};

use super::JobKind;
use crate::{Error, Registry};

/// A job, and the repository that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// The job.
    pub row: JobRow,
    /// The repository, if it is about one that is there.
    pub repository: Option<(RegistryId, RepositoryName)>,
}

impl Job {
    /// What it is about, for people: the repository by name, and the image by digest. Empty for the
    /// whole installation.
    pub fn subject(&self) -> String {
        let Some((registry, name)) = &self.repository else { return self.row.subject.clone() };
        let image = self.row.subject.split_once('/').map(|(_, digest)| format!("@{digest}"));
        format!("{}/{}/{name}{}", registry.account, registry.region, image.unwrap_or_default())
    }
}

/// How many jobs of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JobCounts {
    /// Those that wait, whether they are due or not.
    pub waiting: u64,
    /// Those under way, in whichever process.
    pub running: u64,
    /// Those that failed too often.
    pub given_up: u64,
    /// When the one that has waited longest was due, or the next one will be.
    pub next_due: Option<Timestamp>,
}

type Repositories = HashMap<RepositoryId, Option<(RegistryId, RepositoryName)>>;

impl Registry {
    /// The jobs that come after `after` (a kind and a subject, both as rows have them), in order of
    /// these; [`JOBS_PER_PAGE`] at a time.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn list_jobs(&self, after: (&str, &str)) -> Result<Vec<Job>, Error> {
        let (kind, subject) = (after.0.to_owned(), after.1.to_owned());
        let listed = self.metadata.read(move |tx| {
            Box::pin(async move {
                let (mut jobs, mut known) = (Vec::new(), Repositories::new());
                for row in job::list(tx, (&kind, &subject), JOBS_PER_PAGE).await? {
                    let repository = repository_of(tx, &row, &mut known).await?;
                    jobs.push(Job { row, repository });
                }
                Ok::<_, MetadataError>(jobs)
            })
        });
        listed.await.map_err(Error::from)
    }

    /// The job of a kind and a subject, both as rows have them.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn find_job(&self, kind: &str, subject: &str) -> Result<Option<Job>, Error> {
        let (kind, subject) = (kind.to_owned(), subject.to_owned());
        let found = self.metadata.read(move |tx| {
            Box::pin(async move {
                let Some(row) = job::find_by_subject(tx, &kind, &subject).await? else {
                    return Ok(None);
                };
                let repository = repository_of(tx, &row, &mut Repositories::new()).await?;
                Ok::<_, MetadataError>(Some(Job { row, repository }))
            })
        });
        found.await.map_err(Error::from)
    }

    /// How many jobs of a kind there are. A walk along the entries of an index: milliseconds for a
    /// hundred thousand.
    ///
    /// # Errors
    /// If the metadata fails.
    pub async fn count_jobs(&self, kind: JobKind) -> Result<JobCounts, Error> {
        let counted = self.metadata.read(|tx| {
            Box::pin(async move {
                let kind = kind.as_str();
                Ok::<_, MetadataError>(JobCounts {
                    waiting: job::count(tx, kind, JobStatus::Waiting).await?,
                    running: job::count(tx, kind, JobStatus::Running).await?,
                    given_up: job::count(tx, kind, JobStatus::GivenUp).await?,
                    next_due: job::next_due(tx, kind).await?,
                })
            })
        });
        counted.await.map_err(Error::from)
    }
}

async fn repository_of(
    tx: &mut Tx,
    row: &JobRow,
    known: &mut Repositories,
) -> Result<Option<(RegistryId, RepositoryName)>, MetadataError> {
    let id = row.subject.split('/').next().unwrap_or_default();
    let Ok(id) = id.parse::<RepositoryId>() else { return Ok(None) };
    if let Some(named) = known.get(&id) {
        return Ok(named.clone());
    }
    let found = repository::find_by_id(tx, id).await?;
    let named = found.map(|repository| (repository.registry, repository.name));
    known.insert(id, named.clone());
    Ok(named)
}

//! Jobs: what workers do for the registry, asked for in the transaction that makes it necessary.

mod lease;
mod list;
mod run;
mod standing;

use std::fmt;
use std::str::FromStr;

use wharfinger_core::{Entropy, Timestamp};
use wharfinger_metadata::job::{self, JobRow};
use wharfinger_metadata::{MetadataError, Tx};

use crate::{Error, Registry};

pub use lease::{JobsUnderWay, LeasedJob, LeasedJobs};
pub use list::{Job, JobCounts};
pub use run::JobEnd;

/// The kinds of work. Their names are what rows, the command line and metrics call them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum JobKind {
    /// Brings an archived image back (subject: repository and digest).
    ActivateImage,
    /// Collects garbage (the whole installation).
    CollectGarbage,
    /// Counts the findings of an image anew, after what is stated of them (subject: repository and digest).
    CountFindings,
    /// Counts what indexes show, where it has changed (the whole installation).
    CountIndexes,
    /// Counts the findings of all images of a registry anew (subject: account and region).
    CountRegistry,
    /// Deletes or archives the images that what held them has left (the whole installation).
    FollowHolders,
    /// Matches stored packages with the advisories in use, if they are others (the whole installation).
    MatchAdvisories,
    /// Moves the blobs of an image that was archived into the archive's store (repository and digest).
    MoveToArchive,
    /// Evaluates the lifecycle policy of a repository (subject: the repository).
    EvaluateLifecyclePolicy,
    /// Looks for vulnerabilities in an image (subject: repository and digest).
    ScanImage,
    /// Scans what a registry has already, in enhanced scanning (subject: account and region).
    ScanRegistry,
    /// Reads what has not been verified for long (the whole installation).
    Scrub,
}

impl JobKind {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::ActivateImage,
        Self::CollectGarbage,
        Self::CountFindings,
        Self::CountIndexes,
        Self::CountRegistry,
        Self::EvaluateLifecyclePolicy,
        Self::FollowHolders,
        Self::MatchAdvisories,
        Self::MoveToArchive,
        Self::ScanImage,
        Self::ScanRegistry,
        Self::Scrub,
    ];

    /// The kind as rows name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActivateImage => "activate-image",
            Self::CollectGarbage => "collect-garbage",
            Self::CountFindings => "count-findings",
            Self::CountIndexes => "count-indexes",
            Self::CountRegistry => "count-registry",
            Self::EvaluateLifecyclePolicy => "evaluate-lifecycle-policy",
            Self::FollowHolders => "follow-holders",
            Self::MatchAdvisories => "match-advisories",
            Self::MoveToArchive => "move-to-archive",
            Self::ScanImage => "scan-image",
            Self::ScanRegistry => "scan-registry",
            Self::Scrub => "scrub",
        }
    }

    /// Whether there is one such job, about the whole installation, from the first start on.
    pub const fn is_standing(self) -> bool {
        matches!(
            self,
            Self::CollectGarbage
                | Self::CountIndexes
                | Self::FollowHolders
                | Self::MatchAdvisories
                | Self::Scrub
        )
    }

    /// Whether it is done again and again, so that nobody might ask for it if it were given up.
    pub const fn recurs(self) -> bool {
        self.is_standing() || matches!(self, Self::EvaluateLifecyclePolicy | Self::ScanRegistry)
    }
}

impl fmt::Display for JobKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for JobKind {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or("no kind of job")
    }
}

/// What a run of a job came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobOutcome {
    /// When it is to run again; not at all, unless somebody asks.
    pub next: Option<Timestamp>,
    /// What it did, as a JSON object.
    pub report: Option<String>,
}

/// Asks for a job in the transaction that makes it necessary.
pub(crate) async fn ask(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    kind: JobKind,
    subject: &str,
    due_at: Timestamp,
    now: Timestamp,
) -> Result<(), MetadataError> {
    job::ask(tx, job::new_id(entropy), kind.as_str(), subject, due_at, now).await
}

impl Registry {
    /// Does the work of a job that was leased. Safe to break off anywhere, and to do twice.
    pub async fn run_job(&self, row: &JobRow) -> Result<JobOutcome, Error> {
        let kind = row.kind.parse::<JobKind>().map_err(|why| Error::Server(why.into()))?;
        match kind {
            JobKind::ActivateImage => self.activate_image(&row.subject).await,
            JobKind::CollectGarbage => self.collect_garbage_job().await,
            JobKind::CountFindings => self.count_findings(&row.subject).await,
            JobKind::CountIndexes => self.count_indexes().await,
            JobKind::CountRegistry => self.count_registry(&row.subject).await,
            JobKind::EvaluateLifecyclePolicy => self.evaluate_lifecycle_policy(&row.subject).await,
            JobKind::FollowHolders => self.follow_holders().await,
            JobKind::MatchAdvisories => self.match_advisories().await,
            JobKind::MoveToArchive => self.move_to_archive(&row.subject).await,
            JobKind::ScanImage => self.scan_image(&row.subject, row.attempt_count).await,
            JobKind::ScanRegistry => self.scan_registry(&row.subject).await,
            JobKind::Scrub => self.scrub().await,
        }
    }
}

//! Lifecycle policy previews, and the facts of images that they are made from.
//!
//! A repository has one preview at the most. Each run of it has an id of its own, so that a run that
//! has been replaced can tell that the row is not its own any more.

mod facts;
mod result;

use wharfinger_core::{ParseError, Timestamp};

pub use self::facts::{ImageFactsRow, facts_of, image_facts, tags};
pub use self::result::{ResultRow, discard_results, insert_results, result, results};
use crate::value::params;
use crate::{MetadataError, RepositoryId, Row, Tx};

/// ECR's `LifecyclePolicyPreviewStatus`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PreviewStatus {
    /// It is being worked on.
    InProgress,
    /// Its results are there.
    Complete,
    /// It was complete, and its results have gone.
    Expired,
    /// It came to nothing.
    Failed,
}

impl PreviewStatus {
    /// `IN_PROGRESS`, `COMPLETE`, `EXPIRED` or `FAILED`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Complete => "COMPLETE",
            Self::Expired => "EXPIRED",
            Self::Failed => "FAILED",
        }
    }
}

impl std::str::FromStr for PreviewStatus {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let all = [Self::InProgress, Self::Complete, Self::Expired, Self::Failed];
        let found = all.into_iter().find(|status| status.as_str() == text);
        found.ok_or(ParseError::new("not a status of a lifecycle policy preview"))
    }
}

/// A preview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewRow {
    /// Which run of the repository's previews it is.
    pub run_id: i64,
    /// The process that runs it.
    pub process_id: i64,
    /// The policy it is about.
    pub policy_text: String,
    /// How far it has come, as far as was written.
    pub status: PreviewStatus,
    /// Until when that holds; none once nothing is left to end.
    pub expires_at: Option<Timestamp>,
    /// How many images would expire; 0 until it is complete.
    pub expiring_count: u64,
    /// How many images would be archived; 0 until it is complete.
    pub transitioning_count: u64,
}

/// A query for the columns that `from_row` reads from the given one on, in its order.
macro_rules! select {
    ($first:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $first,
            "run_id, process_id, policy_text, status, expires_at, expiring_count, \
             transitioning_count FROM lifecycle_preview ",
            $rest
        )
    };
}

fn from_row(row: &Row, first: usize) -> Result<PreviewRow, MetadataError> {
    Ok(PreviewRow {
        run_id: row.integer(first)?,
        process_id: row.integer(first + 1)?,
        policy_text: row.text(first + 2)?.to_owned(),
        status: row.parsed(first + 3)?,
        expires_at: row.time_opt(first + 4)?,
        expiring_count: row.unsigned(first + 5)?,
        transitioning_count: row.unsigned(first + 6)?,
    })
}

/// The preview of a repository.
pub async fn find(
    tx: &mut Tx,
    repository: RepositoryId,
) -> Result<Option<PreviewRow>, MetadataError> {
    let sql = select!("", "WHERE repository_id = ?1");
    let row = tx.query_opt(sql, params![repository]).await?;
    row.map(|row| from_row(&row, 0)).transpose()
}

/// A preview whose status has ceased to hold, the longest ago first.
pub async fn ended(
    tx: &mut Tx,
    now: Timestamp,
) -> Result<Option<(RepositoryId, PreviewRow)>, MetadataError> {
    let sql = select!("repository_id, ", "WHERE expires_at <= ?1 ORDER BY expires_at LIMIT 1");
    let row = tx.query_opt(sql, params![now]).await?;
    row.map(|row| Ok((row.repository_id(0)?, from_row(&row, 1)?))).transpose()
}

/// Writes the preview of a repository, in place of an older one. Results of older runs stay until
/// they are discarded, and belong to no preview.
pub async fn put(
    tx: &mut Tx,
    repository: RepositoryId,
    preview: &PreviewRow,
) -> Result<(), MetadataError> {
    let sql = "INSERT INTO lifecycle_preview (repository_id, run_id, process_id, policy_text, \
               status, expires_at, expiring_count, transitioning_count) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (repository_id) DO UPDATE SET \
               run_id = excluded.run_id, process_id = excluded.process_id, \
               policy_text = excluded.policy_text, status = excluded.status, \
               expires_at = excluded.expires_at, expiring_count = excluded.expiring_count, \
               transitioning_count = excluded.transitioning_count";
    let values = params![
        repository,
        preview.run_id,
        preview.process_id,
        &preview.policy_text,
        preview.status.as_str(),
        preview.expires_at,
        preview.expiring_count,
        preview.transitioning_count
    ];
    tx.execute(sql, values).await.map(|_| ())
}

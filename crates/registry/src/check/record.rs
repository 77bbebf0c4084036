//! What is known of the soundness of what is stored, without looking at it: for the doctor.

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_core::limits::DAMAGED_COUNTED_MAX;
use wharfinger_metadata::{installation, job, scrub};

use super::{CheckOptions, CheckReport};
use crate::{Error, JobKind, Registry};

/// Where the last check is noted.
const KEY: &str = "last_check";

/// What is known of the soundness of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Soundness {
    /// Blobs that are held to be damaged, counted up to [`DAMAGED_COUNTED_MAX`].
    pub damaged_blobs: u64,
    /// The last check of the command line, if there was one.
    pub last_check: Option<CheckRecord>,
    /// When the last run of the scrub ended, if there was one.
    pub last_scrub: Option<Timestamp>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckRecord {
    /// When it ended.
    pub at: Timestamp,
    /// Whether it read all bytes.
    pub read_data: bool,
    /// How much damage it found and did not repair.
    pub damage: u64,
}

/// The record as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept {
    at_millis: i64,
    read_data: bool,
    damage: u64,
}

impl Registry {
    /// Notes that a check has ended, for [`Self::soundness`].
    pub async fn record_check(
        &self,
        options: CheckOptions,
        report: &CheckReport,
    ) -> Result<(), Error> {
        let kept = Kept {
            at_millis: self.now().millis(),
            read_data: options.read_data,
            damage: report.finding_count.saturating_sub(report.repaired_count),
        };
        let text = serde_json::to_string(&kept).map_err(|error| Error::Server(error.into()))?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move { Ok::<_, Error>(installation::put(tx, KEY, &text).await?) })
            })
            .await
    }

    /// What is known of the soundness of the installation.
    pub async fn soundness(&self) -> Result<Soundness, Error> {
        self.metadata
            .read(|tx| {
                Box::pin(async move {
                    let kept = installation::get(tx, KEY).await?;
                    let scrub = job::find_by_subject(tx, JobKind::Scrub.as_str(), "").await?;
                    Ok::<_, Error>(Soundness {
                        damaged_blobs: scrub::count_damaged(tx, DAMAGED_COUNTED_MAX).await?,
                        last_check: kept.as_deref().and_then(record),
                        last_scrub: scrub.and_then(|job| job.finished_at),
                    })
                })
            })
            .await
    }
}

/// What another release wrote may not be read: then there is no record.
fn record(text: &str) -> Option<CheckRecord> {
    let Kept { at_millis, read_data, damage } = serde_json::from_str(text).ok()?;
    Some(CheckRecord { at: Timestamp::from_millis(at_millis), read_data, damage })
}

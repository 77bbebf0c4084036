//! `wharfinger fsck`: rows held against objects, objects against rows, and rows against each other.
//!
//! Everything is read a page at a time, in snapshots that are short: so a check may run beside a server,
//! and what it finds in rows is never the fault of a write that is under way. What is found between
//! rows and objects is looked at a second time. Findings are told as they come.

mod blob;
mod database;
mod finding;
mod image;
mod object;
mod record;
mod repair;
mod repository;
mod upload;

use std::collections::HashMap;

use wharfinger_core::limits::CHECK_FINDINGS_KEPT_MAX;

use crate::{Error, Registry};

pub use finding::{Finding, FindingCode, FindingSeverity};
pub use record::{CheckRecord, Soundness};

/// Rows read in one step, so that no snapshot is long.
const STEP: u32 = 200;

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
    /// What was found, of any severity; [`CHECK_FINDINGS_KEPT_MAX`] at the most.
    pub findings: Vec<Finding>,
    /// How many findings are damage, repaired or not.
    pub finding_count: u64,
    /// How many of these were repaired.
    pub repaired_count: u64,
    /// How many findings are leftovers.
    pub leftover_count: u64,
    /// How many findings only say something.
    pub notice_count: u64,
    /// Blobs looked at.
    pub blob_count: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Images looked at.
    pub image_count: u64,
    /// Objects found in the store.
    pub object_count: u64,
}

/// What a check tells while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckEvent<'a> {
    /// Something was found.
    Finding(&'a Finding),
    /// It has come so far.
    Progress {
        /// With what, such as `blobs`.
        what: &'static str,
        /// How many it has done.
        done: u64,
        /// How many there are, if that is known.
        total: Option<u64>,
    },
}

impl Registry {
    /// Holds rows against objects, and objects against rows. Any number of processes may use the
    /// registry meanwhile.
    ///
    /// # Errors
    /// When the stores cannot be read at all. Damage is no error.
    pub async fn check(&self, options: CheckOptions) -> Result<CheckReport, Error> {
        self.check_telling(options, &mut |_| ()).await
    }

    /// As [`Self::check`], telling what is found when it is found.
    ///
    /// # Errors
    /// As those of [`Self::check`].
    pub async fn check_telling(
        &self,
        options: CheckOptions,
        tell: &mut (dyn FnMut(CheckEvent<'_>) + Send),
    ) -> Result<CheckReport, Error> {
        let keys = HashMap::new();
        let mut check = Check { registry: self, options, tell, keys, report: Default::default() };
        check.database().await?;
        for part in Part::ALL {
            if let Err(error) = check.part(part).await {
                check.broken_off(part, error)?;
            }
        }
        Ok(check.report)
    }
}

/// What a check goes through, one after the other.
#[derive(Clone, Copy, Debug)]
enum Part {
    Repositories,
    Registries,
    Blobs,
    Uploads,
    Objects,
}

impl Part {
    const ALL: [Self; 5] =
        [Self::Repositories, Self::Registries, Self::Blobs, Self::Uploads, Self::Objects];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Repositories => "repositories",
            Self::Registries => "registries",
            Self::Blobs => "blobs",
            Self::Uploads => "uploads",
            Self::Objects => "objects",
        }
    }
}

/// A check on its way.
struct Check<'a> {
    registry: &'a Registry,
    options: CheckOptions,
    tell: &'a mut (dyn FnMut(CheckEvent<'_>) + Send),
    /// The key domains met so far, and whether their keys can be had.
    keys: HashMap<String, bool>,
    report: CheckReport,
}

impl Check<'_> {
    async fn part(&mut self, part: Part) -> Result<(), Error> {
        match part {
            Part::Repositories => self.repositories().await,
            Part::Registries => self.registries().await,
            Part::Blobs => self.blobs().await,
            Part::Uploads => self.uploads().await,
            Part::Objects => self.objects().await,
        }
    }

    /// A damaged file of the database ends the part that comes upon it, not the check.
    fn broken_off(&mut self, part: Part, error: Error) -> Result<(), Error> {
        let damaged = |finding: &Finding| finding.code == FindingCode::DatabaseDamaged;
        if !self.report.findings.iter().any(damaged) {
            return Err(error);
        }
        self.found(Finding::new(
            FindingCode::DatabaseDamaged,
            format!("the {} could not be looked at to the end: {error}", part.as_str()),
            "stop the server and restore the database from a backup",
        ));
        Ok(())
    }

    /// Counts a finding, tells it, and keeps it if there is room.
    fn found(&mut self, finding: Finding) {
        let count = match finding.code.severity() {
            FindingSeverity::Damage => &mut self.report.finding_count,
            FindingSeverity::Leftover => &mut self.report.leftover_count,
            FindingSeverity::Notice => &mut self.report.notice_count,
        };
        *count += 1;
        if finding.repaired && finding.code.severity() == FindingSeverity::Damage {
            self.report.repaired_count += 1;
        }
        (self.tell)(CheckEvent::Finding(&finding));
        if self.report.findings.len() < CHECK_FINDINGS_KEPT_MAX {
            self.report.findings.push(finding);
        }
    }

    fn progress(&mut self, what: &'static str, done: u64, total: Option<u64>) {
        (self.tell)(CheckEvent::Progress { what, done, total });
    }

    /// Whether the keys of a domain can be had. That they cannot is said once.
    async fn has_key(&mut self, domain: &str) -> Result<bool, Error> {
        if let Some(known) = self.keys.get(domain) {
            return Ok(*known);
        }
        let why = match self.registry.manifest_keys(domain).await {
            Ok(_) => None,
            Err(Error::Kms { message, .. }) => Some(message),
            Err(error) => Some(error.to_string()),
        };
        self.keys.insert(domain.to_owned(), why.is_none());
        let Some(why) = why else { return Ok(true) };
        self.found(Finding::new(
            FindingCode::KeyUnavailable,
            format!("what is sealed in {domain} cannot be opened now: {why}"),
            "enable the key, then check again; nothing of it is held to be damaged",
        ));
        Ok(false)
    }
}

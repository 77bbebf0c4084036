//! What a source says, in one form for all of them.

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_package::{Ecosystem, Severity};

/// One statement of a source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Record {
    /// A vulnerability is, or is not, in versions of a package.
    Affected {
        /// Of which ecosystem.
        ecosystem: Ecosystem,
        /// Which package, by the name that advisories of the ecosystem use
        /// ([`wharfinger_package::PackageIdentity::advisory_name`]).
        name: String,
        /// What is said.
        affected: Affected,
    },
    /// What a source tells of a vulnerability itself.
    Vulnerability(Vulnerability),
    /// EPSS of a vulnerability.
    Epss(Epss),
    /// A vulnerability that is known to be exploited.
    KnownExploited(KnownExploited),
    /// A source speaks for an ecosystem, so that a package it does not name has no vulnerability known
    /// to it.
    Covers(Ecosystem),
}

/// Which versions of a package a vulnerability is in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Affected {
    /// The vulnerability: a CVE where there is one, else the id of the advisory (`GHSA-…`, `RUSTSEC-…`).
    pub vulnerability: String,
    /// The advisory that says so, where it has an id of its own: `DSA-5532-1`, `RHSA-2024:1`, `ALSA-…`.
    pub advisory: Option<String>,
    /// The source, by the name it has in [`crate::SourceInformation`].
    pub source: String,
    /// A version in any of them is affected.
    pub intervals: Vec<Interval>,
    /// Versions that are affected, whatever the intervals say.
    pub versions: Vec<String>,
    /// Architectures it holds for; all of them if empty.
    pub architectures: Vec<String>,
    /// The module it holds for, of rpm: `nodejs:12`.
    pub module: Option<String>,
    /// What the vendor does about it.
    pub status: FixStatus,
    /// How bad the source takes it for in this package.
    pub severity: Option<Severity>,
    /// The same in the source's own word: `Important`, `unimportant`.
    pub vendor_severity: Option<String>,
}

/// Versions from one to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interval {
    /// The first version; from the beginning if none.
    pub introduced: Option<String>,
    /// Where it ends.
    pub end: VersionEnd,
}

/// The end of an interval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum VersionEnd {
    /// Every later version is affected.
    Open,
    /// This version is the first that is not.
    Fixed(String),
    /// This version is the last that is.
    LastAffected(String),
}

/// What the vendor does about a vulnerability in a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FixStatus {
    /// There is no fix yet, or nothing is said.
    #[default]
    Affected,
    /// There is a fix.
    Fixed,
    /// There will be none.
    WillNotFix,
    /// It waits: Debian's `postponed` and `no-dsa`, Red Hat's `Fix deferred`.
    Deferred,
    /// The release gets no fixes any more.
    EndOfLife,
    /// Nobody has looked yet.
    UnderInvestigation,
    /// The package does not have it. Such a statement silences those of other sources about the same
    /// package of the same ecosystem.
    NotAffected,
}

/// What a source tells of a vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Vulnerability {
    /// Its id: a CVE where there is one, else that of the advisory.
    pub id: String,
    /// The source.
    pub source: String,
    /// Other ids of the same thing.
    pub aliases: Vec<String>,
    /// One line.
    pub title: Option<String>,
    /// Any number of lines.
    pub description: Option<String>,
    /// How bad the source takes it for.
    pub severity: Option<Severity>,
    /// The same in the source's own word.
    pub vendor_severity: Option<String>,
    /// Its CVSS vectors.
    pub cvss: Vec<Cvss>,
    /// When it became known.
    pub published_at: Option<Timestamp>,
    /// When the source changed what it says.
    pub modified_at: Option<Timestamp>,
    /// The page of the source about it.
    pub url: Option<String>,
    /// More pages.
    pub references: Vec<String>,
}

/// A CVSS rating.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1`, `4.0`.
    pub version: String,
    /// The vector, as `CVSS:3.1/AV:N/…` (of 2.0 without the prefix).
    pub vector: String,
    /// The base score, 0.0 to 10.0.
    pub score: f64,
    /// Who rated: `NVD`, `GITHUB`, `REDHAT`.
    pub source: String,
}

/// The probability that a vulnerability is exploited within 30 days: <https://www.first.org/epss/>.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Epss {
    /// The CVE.
    pub vulnerability: String,
    /// 0 to 1.
    pub score: f64,
    /// The part of all CVEs with a score no higher, 0 to 1.
    pub percentile: f64,
}

/// An entry of CISA's catalog of known exploited vulnerabilities.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownExploited {
    /// The CVE.
    pub vulnerability: String,
    /// When it was added to the catalog.
    pub added_at: Timestamp,
}

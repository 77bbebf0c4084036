//! A report: what a scan of one image found, and the forms in which it is handed out: a table for
//! people, JSON (`docs/scan-report.md`), SARIF 2.1.0 and CycloneDX 1.6.

mod cyclonedx;
mod details;
mod json;
mod sarif;
mod table;

use std::collections::BTreeMap;

use wharfinger_advisories::{Database, DatabaseError, DatabaseInformation, FixStatus};
use wharfinger_core::{Digest, Timestamp};
use wharfinger_inventory::{Distribution, Inventory, Package, PackageManager};
use wharfinger_package::{PackageIdentity, Severity};

use crate::suppression::{ImageProduct, Statements, Verdict};
use crate::{PackageVulnerability, ScanMode, match_package};

pub use details::Details;

/// What a scan of an image found.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The image.
    pub image: ReportedImage,
    /// The distribution it was made from, if it has one.
    pub distribution: Option<Distribution>,
    /// How many packages were looked at.
    pub package_count: usize,
    /// What was found, the worst first; of equal severity by package, then by vulnerability. Those that
    /// are suppressed are among them.
    pub findings: Vec<Finding>,
    /// A sentence about files that could not be understood, if there are any.
    pub unread_note: Option<String>,
    /// The advisories that were used.
    pub database: DatabaseInformation,
    /// When.
    pub scanned_at: Timestamp,
}

/// Which image a report is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportedImage {
    /// As it was asked for: `team/app:v1`, `image.tar`.
    pub name: String,
    /// The digest of its manifest; none of an archive that has no manifest.
    pub digest: Option<Digest>,
    /// `linux/amd64`, if it says so.
    pub platform: Option<String>,
}

/// A vulnerability of a package of the image.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The vulnerability, and how bad it is.
    pub vulnerability: PackageVulnerability,
    /// The package, and where it is.
    pub package: Package,
    /// What the advisories tell of the vulnerability.
    pub details: Details,
    /// What statements say of it here, if anything.
    pub verdict: Option<Verdict>,
}

impl Report {
    /// Looks for the vulnerabilities of what `inventory` holds. Whether it can be scanned at all is for
    /// [`crate::unsupported`] to say, before.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub fn of(
        image: (ReportedImage, &ImageProduct),
        inventory: &Inventory,
        mode: ScanMode,
        database: &Database,
        statements: &Statements,
        scanned_at: Timestamp,
    ) -> Result<Self, DatabaseError> {
        let (image, product) = image;
        let packages = inventory.packages.iter();
        let packages: Vec<&Package> = packages
            .filter(|it| mode == ScanMode::Enhanced || it.manager == PackageManager::Os)
            .collect();
        let mut files: BTreeMap<&str, Vec<&PackageIdentity>> = BTreeMap::new();
        for package in &packages {
            let path = package.path.as_deref();
            path.into_iter().for_each(|it| files.entry(it).or_default().push(&package.identity));
        }
        let mut known = BTreeMap::new();
        let mut findings = Vec::new();
        for &package in &packages {
            let beside = package.path.as_deref().and_then(|path| files.get(path));
            let beside = beside.map_or(&[][..], Vec::as_slice);
            for vulnerability in match_package(database, &package.identity)? {
                let details = Details::read(&mut known, database, &vulnerability)?;
                let ids = details.ids(&vulnerability.vulnerability);
                let verdict = statements.verdict(product, &package.identity, beside, ids);
                findings.push(Finding {
                    vulnerability,
                    package: package.clone(),
                    details,
                    verdict,
                });
            }
        }
        findings.sort_by(|a, b| b.order().cmp(&a.order()).then_with(|| a.name().cmp(&b.name())));
        Ok(Self {
            image,
            distribution: inventory.distribution.clone(),
            package_count: packages.len(),
            findings,
            unread_note: inventory.unread_note().filter(|_| mode == ScanMode::Enhanced),
            database: database.information().clone(),
            scanned_at,
        })
    }

    /// The findings that nothing suppresses.
    pub fn active(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| !finding.is_suppressed())
    }

    /// Those that something does.
    pub fn suppressed(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.is_suppressed())
    }

    /// How many of each severity that nothing suppresses; severities that do not occur are not there.
    pub fn counts(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for finding in self.active() {
            *counts.entry(finding.vulnerability.severity).or_default() += 1;
        }
        counts
    }

    /// Whether anything as bad as `severity`, or worse, was found and is not suppressed. What nobody
    /// has rated ([`Severity::Undefined`]) is as bad as that only if it is asked for.
    pub fn reaches(&self, severity: Severity) -> bool {
        self.active().any(|finding| finding.vulnerability.severity >= severity)
    }

    /// Leaves out what there is no fixed version of.
    pub fn ignore_unfixed(&mut self) {
        self.findings.retain(|finding| finding.vulnerability.fixed_version.is_some());
    }
}

impl Finding {
    /// Whether a statement suppresses it.
    pub fn is_suppressed(&self) -> bool {
        self.verdict.as_ref().is_some_and(Verdict::suppresses)
    }

    fn order(&self) -> Severity {
        self.vulnerability.severity
    }

    fn name(&self) -> (&str, &str, Option<&str>) {
        let (package, vulnerability) = (&self.package, &self.vulnerability);
        (&package.identity.name, &vulnerability.vulnerability, package.path.as_deref())
    }
}

/// What a vendor does about it, in words.
const fn fix_status(status: FixStatus) -> &'static str {
    match status {
        FixStatus::Affected => "affected",
        FixStatus::Fixed => "fixed",
        FixStatus::WillNotFix => "will_not_fix",
        FixStatus::Deferred => "deferred",
        FixStatus::EndOfLife => "end_of_life",
        FixStatus::UnderInvestigation => "under_investigation",
        FixStatus::NotAffected => "not_affected",
    }
}

/// Text of strangers on one line, without what moves a terminal's cursor or turns its text around.
fn plain(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let turns = |sign| matches!(sign, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    line.chars().filter(|sign| !sign.is_control() && !turns(*sign)).collect()
}

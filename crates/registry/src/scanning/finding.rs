//! What is found in an image: vulnerabilities of its packages, before anybody looks up what is told of
//! them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use wharfinger_core::Timestamp;
use wharfinger_metadata::package::PackageId;
use wharfinger_metadata::{Tx, package_vulnerability};
use wharfinger_package::{PackageIdentity, Severity};
use wharfinger_scanner::PackageVulnerability;

use super::ScanType;
use super::compressed;
use super::suppressed::Suppressed;
use crate::Error;

/// A vulnerability of one package of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PackageFinding {
    /// The package.
    pub(crate) package: PackageIdentity,
    /// What the match came to.
    pub(crate) vulnerability: PackageVulnerability,
    /// Since when the package is known to have it.
    pub(crate) first_seen_at: Timestamp,
    /// When what is said of it changed last.
    pub(crate) updated_at: Timestamp,
    /// Why it does not matter in this image, if somebody has stated that. Never kept.
    #[serde(skip)]
    pub(crate) suppression: Option<String>,
}

/// Where a finding stands in the list: the worst first.
pub(super) type Rank = (Reverse<Severity>, String, String);

impl PackageFinding {
    /// Whether scanning of that mode looks for it.
    pub(super) fn is_of(&self, scan_type: ScanType) -> bool {
        scan_type == ScanType::Enhanced || self.package.ecosystem.family.is_distribution()
    }

    pub(super) fn rank(&self) -> Rank {
        let PackageIdentity { name, version, architecture, .. } = &self.package;
        let architecture = architecture.as_deref().unwrap_or_default();
        // In an index one may be suppressed in one image and not in another.
        let suppressed = if self.suppression.is_some() { "suppressed" } else { "" };
        let package = format!("{name}\0{version}\0{architecture}\0{suppressed}");
        (Reverse(self.vulnerability.severity), self.vulnerability.vulnerability.clone(), package)
    }
}

/// The findings of the packages of an inventory, as their rows have them. `identities` are those of
/// `ids`, in the same order.
pub(crate) async fn of_packages(
    tx: &mut Tx,
    ids: &[PackageId],
    identities: &[PackageIdentity],
) -> Result<Vec<PackageFinding>, Error> {
    let mut findings = Vec::new();
    for (id, package) in ids.iter().zip(identities) {
        for row in package_vulnerability::of_package(tx, *id).await? {
            findings.push(PackageFinding {
                package: package.clone(),
                vulnerability: serde_json::from_str(&row.detail)
                    .map_err(|error| Error::Server(Box::new(error)))?,
                first_seen_at: row.first_seen_at,
                updated_at: row.updated_at,
                suppression: None,
            });
        }
    }
    Ok(findings)
}

/// The findings of an image by severity, as its scan counts them: in basic scanning each vulnerability
/// of each package, in enhanced scanning each vulnerability once. What is suppressed does not count.
pub(crate) fn counts(findings: &[PackageFinding], scan_type: ScanType) -> BTreeMap<Severity, u64> {
    let counted = findings.iter().filter(|it| it.is_of(scan_type) && it.suppression.is_none());
    let mut counts = BTreeMap::new();
    match scan_type {
        ScanType::Basic => {
            for finding in counted {
                *counts.entry(finding.vulnerability.severity).or_default() += 1;
            }
        }
        ScanType::Enhanced => {
            let mut worst: HashMap<&str, Severity> = HashMap::new();
            for PackageFinding { vulnerability, .. } in counted {
                let known = worst.entry(&vulnerability.vulnerability);
                let known = known.or_insert(vulnerability.severity);
                *known = vulnerability.severity.max(*known);
            }
            for severity in worst.into_values() {
                *counts.entry(severity).or_default() += 1;
            }
        }
    }
    counts
}

/// Counts as rows have them.
pub(crate) fn counts_json(counts: &BTreeMap<Severity, u64>) -> Result<String, Error> {
    serde_json::to_string(counts).map_err(|error| Error::Server(Box::new(error)))
}

/// When each critical finding among kept ones was first seen, and which it is; without those that are
/// suppressed.
pub(crate) fn kept_criticals(
    kept: &[u8],
    scan_type: ScanType,
    suppressed: &Suppressed,
) -> Result<Vec<(Timestamp, String)>, Error> {
    let critical = unpack(kept)?.into_iter().filter(|finding| {
        let vulnerability = &finding.vulnerability;
        finding.is_of(scan_type)
            && vulnerability.severity == Severity::Critical
            && !suppressed.covers_in(&vulnerability.vulnerability, &finding.package)
    });
    Ok(critical.map(|it| (it.first_seen_at, it.vulnerability.vulnerability)).collect())
}

/// Findings as they are kept with a scan.
pub(super) fn pack(findings: &[PackageFinding]) -> Result<Vec<u8>, Error> {
    compressed::pack(findings)
}

/// The same again.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<PackageFinding>, Error> {
    compressed::unpack(bytes)
}

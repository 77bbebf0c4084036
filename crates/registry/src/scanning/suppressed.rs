//! What is stated not to matter among the findings of an image, as it was when they were counted last. It
//! is kept beside the counts for whoever cannot read what is stated: the pull policy, and who tells the
//! audit log of other advisories.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wharfinger_metadata::{RepositoryId, Tx, scan};
use wharfinger_package::PackageIdentity;

use super::finding::PackageFinding;
use super::{ScanType, compressed};
use crate::Error;

/// The suppressed findings of an image, by vulnerability.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Suppressed(BTreeMap<String, InPackages>);

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct InPackages {
    /// Whether it is in no other package of the image, so that the finding as a whole is suppressed.
    #[serde(rename = "w")]
    is_whole: bool,
    #[serde(rename = "p")]
    packages: BTreeSet<PackageIdentity>,
}

impl Suppressed {
    /// What is suppressed of these, which are all findings of an image in a mode of scanning.
    pub(super) fn of(findings: &[PackageFinding]) -> Self {
        let mut all = Self::default();
        for finding in findings.iter().filter(|it| it.suppression.is_some()) {
            let found = all.0.entry(finding.vulnerability.vulnerability.clone());
            let found = found.or_insert(InPackages { is_whole: true, packages: BTreeSet::new() });
            found.packages.insert(finding.package.clone());
        }
        for finding in findings.iter().filter(|it| it.suppression.is_none()) {
            if let Some(found) = all.0.get_mut(&finding.vulnerability.vulnerability) {
                found.is_whole = false;
            }
        }
        all
    }

    /// As it is kept with the scan of an image.
    pub(crate) async fn find(
        tx: &mut Tx,
        repository: RepositoryId,
        digest: &wharfinger_core::Digest,
        scan_type: ScanType,
    ) -> Result<Self, Error> {
        let kept = scan::suppressed(tx, repository, digest, scan_type.as_str()).await?;
        Self::unpack(kept.as_deref())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the vulnerability is suppressed in any of the packages.
    pub(crate) fn names(&self, vulnerability: &str) -> bool {
        self.0.contains_key(vulnerability)
    }

    /// Whether it is in all that have it: the finding is SUPPRESSED.
    pub(super) fn covers(&self, vulnerability: &str) -> bool {
        self.0.get(vulnerability).is_some_and(|it| it.is_whole)
    }

    /// Whether it is in that package.
    pub(crate) fn covers_in(&self, vulnerability: &str, package: &PackageIdentity) -> bool {
        self.0.get(vulnerability).is_some_and(|it| it.packages.contains(package))
    }

    /// Makes what is said of a vulnerability the same as in `other`; nothing without one.
    pub(super) fn adopt(&mut self, vulnerability: &str, other: Option<&Self>) {
        match other.and_then(|other| other.0.get(vulnerability)) {
            Some(found) => self.0.insert(vulnerability.to_owned(), found.clone()),
            None => self.0.remove(vulnerability),
        };
    }

    /// As rows have it.
    pub(super) fn pack(&self) -> Result<Option<Vec<u8>>, Error> {
        (!self.is_empty()).then(|| compressed::pack(self)).transpose()
    }

    /// The same again.
    pub(super) fn unpack(kept: Option<&[u8]>) -> Result<Self, Error> {
        kept.map_or_else(|| Ok(Self::default()), compressed::unpack)
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_advisories::FixStatus;
    use wharfinger_core::Timestamp;
    use wharfinger_package::{Ecosystem, Family, Severity};
    use wharfinger_scanner::PackageVulnerability;

    use super::*;

    fn finding(vulnerability: &str, name: &str, suppression: Option<&str>) -> PackageFinding {
        PackageFinding {
            package: package(name),
            vulnerability: PackageVulnerability {
                vulnerability: vulnerability.into(),
                advisory: None,
                source: "debian".into(),
                severity: Severity::High,
                status: FixStatus::Affected,
                fixed_version: None,
            },
            first_seen_at: Timestamp::default(),
            updated_at: Timestamp::default(),
            suppression: suppression.map(str::to_owned),
        }
    }

    fn package(name: &str) -> PackageIdentity {
        PackageIdentity {
            ecosystem: Ecosystem::released(Family::Debian, "12"),
            name: name.into(),
            version: "1".into(),
            architecture: None,
            source: None,
            module: None,
            vendor: None,
        }
    }

    #[test]
    fn a_finding_is_suppressed_if_it_is_in_all_packages() {
        let why = Some("not_affected");
        let all = Suppressed::of(&[
            finding("A", "one", None),
            finding("A", "two", why),
            finding("B", "one", why),
            finding("C", "one", None),
        ]);
        assert_eq!(["A", "B", "C"].map(|it| all.names(it)), [true, true, false]);
        assert_eq!(["A", "B", "C"].map(|it| all.covers(it)), [false, true, false]);
        assert!(all.covers_in("A", &package("two")) && !all.covers_in("A", &package("one")));
        let kept = all.pack().unwrap();
        assert_eq!(Suppressed::unpack(kept.as_deref()).unwrap(), all);
        assert_eq!(Suppressed::default().pack().unwrap(), None);
        assert!(Suppressed::unpack(None).unwrap().is_empty());
    }

    #[test]
    fn of_one_vulnerability_it_may_be_said_anew() {
        let mut all =
            Suppressed::of(&[finding("A", "one", Some("x")), finding("B", "one", Some("x"))]);
        let other = Suppressed::of(&[finding("C", "one", Some("x"))]);
        all.adopt("A", Some(&other));
        all.adopt("C", Some(&other));
        all.adopt("B", None);
        assert_eq!(all, other);
    }
}

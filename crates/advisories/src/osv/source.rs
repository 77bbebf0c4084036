//! Which database a record is from, and what its ids are, by the beginning of its id.

use wharfinger_package::Family;

use super::ecosystem;
use super::schema::OsvRecord;

/// The database of packages that are themselves the evil.
pub(super) const MALICIOUS: &str = "malicious-packages";

/// What a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One vulnerability, which may have aliases.
    Vulnerability,
    /// A distribution's page about a CVE, whose id ends with that CVE.
    Prefixed,
    /// An update that fixes any number of CVEs.
    Errata,
    /// An update that fixes none, unless it names some.
    Bugfix,
    /// A package that is itself the evil.
    Malicious,
}

/// Beginnings of ids, the database's name, and what such a record is.
const PREFIXES: [(&str, &str, Kind); 36] = [
    ("ALBA-", "alma", Kind::Bugfix),
    ("ALEA-", "alma", Kind::Bugfix),
    ("ALPINE-CVE-", "alpine", Kind::Prefixed),
    ("ALSA-", "alma", Kind::Errata),
    ("AZL-", "azurelinux", Kind::Errata),
    ("CGA-", "chainguard", Kind::Vulnerability),
    ("DEBIAN-CVE-", "debian", Kind::Prefixed),
    ("DLA-", "debian", Kind::Errata),
    ("DSA-", "debian", Kind::Errata),
    ("DTSA-", "debian", Kind::Errata),
    ("ELBA-", "oracle", Kind::Bugfix),
    ("ELSA-", "oracle", Kind::Errata),
    ("GHSA-", "ghsa", Kind::Vulnerability),
    ("GO-", "go", Kind::Vulnerability),
    ("LSN-", "ubuntu", Kind::Errata),
    ("MAL-", MALICIOUS, Kind::Malicious),
    ("MINI-", "minimos", Kind::Vulnerability),
    ("OESA-", "openeuler", Kind::Errata),
    ("PHSA-", "photon", Kind::Errata),
    ("PYSEC-", "pypa", Kind::Vulnerability),
    ("RHBA-", "redhat", Kind::Bugfix),
    ("RHEA-", "redhat", Kind::Bugfix),
    ("RHSA-", "redhat", Kind::Errata),
    ("RLBA-", "rocky", Kind::Bugfix),
    ("RLEA-", "rocky", Kind::Bugfix),
    ("RLSA-", "rocky", Kind::Errata),
    ("RUSTSEC-", "rustsec", Kind::Vulnerability),
    ("RXSA-", "rocky", Kind::Errata),
    ("SUSE-FU-", "suse", Kind::Bugfix),
    ("SUSE-OU-", "suse", Kind::Bugfix),
    ("SUSE-RU-", "suse", Kind::Bugfix),
    ("SUSE-SU-", "suse", Kind::Errata),
    ("UBUNTU-CVE-", "ubuntu", Kind::Prefixed),
    ("USN-", "ubuntu", Kind::Errata),
    ("openSUSE-RU-", "opensuse", Kind::Bugfix),
    ("openSUSE-SU-", "opensuse", Kind::Errata),
];

/// The name of the database of a record, and what it is.
pub(super) fn of(record: &OsvRecord) -> (&'static str, Kind) {
    let known = PREFIXES.iter().find(|(prefix, ..)| record.id.starts_with(prefix));
    if let Some((_, source, kind)) = known {
        return (source, *kind);
    }
    // Alpine and Debian also publish under the CVE itself.
    let ecosystems = record.affected.iter().filter_map(|it| ecosystem::read(&it.package.ecosystem));
    let family = ecosystems.map(|it| it.family).next();
    match family.filter(|_| record.id.starts_with("CVE-")) {
        Some(Family::Alpine) => ("alpine", Kind::Prefixed),
        Some(Family::Debian) => ("debian", Kind::Prefixed),
        _ => ("osv", Kind::Vulnerability),
    }
}

/// The CVE that an id ends with.
pub(super) fn cve_of(id: &str) -> Option<&str> {
    id.find("CVE-").and_then(|at| id.get(at..))
}

/// The page of a database about a record.
pub(super) fn page(source: &str, record: &OsvRecord) -> Option<String> {
    let id = &record.id;
    match source {
        "ghsa" => Some(format!("https://github.com/advisories/{id}")),
        "go" => Some(format!("https://pkg.go.dev/vuln/{id}")),
        "rustsec" => Some(format!("https://rustsec.org/advisories/{id}.html")),
        "pypa" | MALICIOUS => Some(format!("https://osv.dev/vulnerability/{id}")),
        "debian" | "ubuntu" if cve_of(id).is_some() => {
            let cve = cve_of(id)?;
            Some(match source {
                "debian" => format!("https://security-tracker.debian.org/tracker/{cve}"),
                _ => format!("https://ubuntu.com/security/{cve}"),
            })
        }
        _ => {
            let own = |url: &str| match source {
                "alma" => url.starts_with("https://errata.almalinux.org/"),
                "rocky" => url.starts_with("https://errata.rockylinux.org/"),
                _ => true,
            };
            let pages = record.references.iter().filter(|it| it.kind == "ADVISORY");
            pages.map(|it| it.url.as_str()).find(|url| own(url)).map(str::to_owned)
        }
    }
}

/// How the database is called where it rates by CVSS.
pub(super) fn rater(source: &str) -> String {
    if source == "ghsa" { "GITHUB".to_owned() } else { source.to_uppercase() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::osv::schema::{OsvAffected, OsvPackage};

    #[test]
    fn databases_are_told_by_ids() {
        assert!(PREFIXES.is_sorted_by(|a, b| a.0 < b.0));
        let record = |id: &str, ecosystem: &str| OsvRecord {
            id: id.to_owned(),
            affected: vec![OsvAffected {
                package: OsvPackage { ecosystem: ecosystem.to_owned(), name: "x".to_owned() },
                ..OsvAffected::default()
            }],
            ..OsvRecord::default()
        };
        for (id, ecosystem, source, kind) in [
            ("GHSA-x", "npm", "ghsa", Kind::Vulnerability),
            ("UBUNTU-CVE-2024-1", "Ubuntu:22.04:LTS", "ubuntu", Kind::Prefixed),
            ("CVE-2024-1", "Alpine:v3.12", "alpine", Kind::Prefixed),
            ("CVE-2024-1", "npm", "osv", Kind::Vulnerability),
            ("ALBA-2021:1", "AlmaLinux:8", "alma", Kind::Bugfix),
            ("XYZ-1", "Debian:12", "osv", Kind::Vulnerability),
        ] {
            assert_eq!(of(&record(id, ecosystem)), (source, kind), "{id}");
        }
        assert_eq!(cve_of("UBUNTU-CVE-2024-1"), Some("CVE-2024-1"));
        assert_eq!(cve_of("GHSA-1"), None);
    }
}

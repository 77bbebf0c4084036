//! The sources that are known by name: their licences, and whether what they say may be passed on.

/// A source, and on which terms it is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSource {
    /// Its name.
    pub name: &'static str,
    /// Its licence, as SPDX writes it; empty if its terms name none.
    pub license: &'static str,
    /// Who is to be named when it is passed on.
    pub notice: &'static str,
    /// Whether it may be passed on within a bundle.
    pub may_be_passed_on: bool,
}

const fn free(name: &'static str, license: &'static str, notice: &'static str) -> KnownSource {
    KnownSource { name, license, notice, may_be_passed_on: true }
}

const fn kept(name: &'static str, license: &'static str, notice: &'static str) -> KnownSource {
    KnownSource { name, license, notice, may_be_passed_on: false }
}

/// All of them, by name. Where the terms of a source name no licence, it may be passed on if it
/// publishes nothing but facts for everybody's scanners, as Alpine and Debian do.
pub const KNOWN_SOURCES: &[KnownSource] = &[
    free("alma", "MIT", "AlmaLinux OS Foundation, https://errata.almalinux.org"),
    free("alpine", "", "Alpine Linux, https://security.alpinelinux.org"),
    kept("amazon", "", "Amazon Linux Security Center, https://alas.aws.amazon.com"),
    kept("azurelinux", "", "Microsoft, https://github.com/microsoft/AzureLinuxVulnerabilityData"),
    kept("chainguard", "CC-BY-NC-ND-4.0", "Chainguard, https://packages.cgr.dev"),
    free("debian", "", "Debian Security Tracker, https://security-tracker.debian.org"),
    free("epss", "", "FIRST.org, Exploit Prediction Scoring System, https://www.first.org/epss"),
    free(
        "friendsofphp",
        "Unlicense",
        "FriendsOfPHP, https://github.com/FriendsOfPHP/security-advisories",
    ),
    free("ghsa", "CC-BY-4.0", "GitHub Advisory Database, https://github.com/advisories"),
    free("go", "CC-BY-4.0", "Go Vulnerability Database, https://pkg.go.dev/vuln"),
    free("kev", "CC0-1.0", "CISA, Known Exploited Vulnerabilities Catalog, https://www.cisa.gov"),
    free("malicious-packages", "Apache-2.0", "OpenSSF, https://github.com/ossf/malicious-packages"),
    free("nodejs", "MIT", "Node.js Security Working Group, https://github.com/nodejs/security-wg"),
    free("nvd", "", "This product uses the NVD API but is not endorsed or certified by the NVD."),
    kept("opensuse", "", "SUSE, https://www.suse.com/security"),
    kept("oracle", "", "Oracle, https://linux.oracle.com/security"),
    kept("osv", "", "OSV, https://osv.dev"),
    kept("photon", "", "VMware Photon OS, https://packages.vmware.com/photon"),
    free("pypa", "CC-BY-4.0", "PyPA, https://github.com/pypa/advisory-database"),
    free("redhat", "CC-BY-4.0", "Red Hat Product Security, https://access.redhat.com/security"),
    free(
        "rocky",
        "BSD-3-Clause",
        "Rocky Enterprise Software Foundation, https://errata.rockylinux.org",
    ),
    free("rubysec", "LicenseRef-public-domain", "RubySec, https://rubysec.com"),
    free("rustsec", "CC0-1.0", "RustSec, https://rustsec.org"),
    kept("suse", "", "SUSE, https://www.suse.com/security"),
    kept("trivy-db", "", "Aqua Security, https://github.com/aquasecurity/trivy-db"),
    free("ubuntu", "CC-BY-SA-4.0", "Canonical, https://ubuntu.com/security"),
    kept("wolfi", "CC-BY-NC-ND-4.0", "Chainguard, https://packages.wolfi.dev"),
];

/// What is known of a source.
pub fn known_source(name: &str) -> Option<&'static KnownSource> {
    KNOWN_SOURCES.iter().find(|source| source.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_in_order_and_name_who_is_to_be_named() {
        assert!(KNOWN_SOURCES.is_sorted_by(|a, b| a.name < b.name));
        assert!(KNOWN_SOURCES.iter().all(|source| !source.notice.is_empty()));
        assert!(known_source("ghsa").is_some_and(|source| source.may_be_passed_on));
        assert!(known_source("wolfi").is_some_and(|source| !source.may_be_passed_on));
        assert_eq!(known_source("nobody"), None);
    }
}

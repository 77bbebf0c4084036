//! Whose advisories hold for a package, and which of them comes first.

use wharfinger_package::{Ecosystem, Family, PackageIdentity};

/// The ecosystems whose advisories hold for packages of `ecosystem`, the one that decides first.
pub(crate) fn authorities(ecosystem: &Ecosystem) -> Vec<Ecosystem> {
    match ecosystem.family {
        // CentOS builds what Red Hat publishes, under the same versions, and has no advisories.
        Family::CentOs => {
            vec![Ecosystem { family: Family::RedHat, release: ecosystem.release.clone() }]
        }
        // Chainguard's images hold packages of Wolfi besides its own.
        Family::Chainguard => vec![ecosystem.clone(), Ecosystem::rolling(Family::Wolfi)],
        _ => vec![ecosystem.clone()],
    }
}

/// How far behind a source stands when several speak of one thing: 0 for the vendor or the registry
/// itself.
pub(crate) fn source_rank(family: Family, source: &str) -> u8 {
    let own: &[&str] = match family {
        Family::CentOs => &["redhat"],
        Family::CblMariner => &["cbl-mariner", "azurelinux"],
        Family::Chainguard => &["chainguard", "wolfi"],
        Family::CratesIo => &["rustsec"],
        Family::Npm => &["nodejs"],
        Family::OpenSuseLeap | Family::OpenSuseTumbleweed => &["opensuse", "suse"],
        Family::Packagist => &["friendsofphp"],
        Family::PyPi => &["pypa"],
        Family::RubyGems => &["rubysec"],
        other => &[other.as_str()],
    };
    match source {
        source if own.contains(&source) => 0,
        "ghsa" => 1,
        "osv" => 2,
        "trivy-db" => 4,
        _ => 3,
    }
}

/// Whether the distribution of an image speaks for a package in it. Packages that others built have
/// names and versions of their own, and what is said of the distribution's is not said of them.
pub(crate) fn speaks_for(package: &PackageIdentity) -> bool {
    if package.version.ends_with(".remi") {
        return false;
    }
    let Some(vendor) = package.vendor.as_deref().filter(|it| !it.is_empty() && *it != "(none)")
    else {
        return true;
    };
    let known = VENDORS.iter().find(|(begin, _)| {
        vendor.get(..begin.len()).is_some_and(|it| it.eq_ignore_ascii_case(begin))
    });
    match known {
        // The packages for Enterprise Linux (EPEL) are Fedora's, and Red Hat's advisories do not name them.
        Some((_, Some(only))) => package.ecosystem.family == *only,
        Some((_, None)) => true,
        None => false,
    }
}

/// What the vendors of distributions' own rpms begin with, and the one family that it speaks for, if
/// others use it too.
const VENDORS: [(&str, Option<Family>); 13] = [
    ("AlmaLinux", None),
    ("Amazon", None),
    ("CentOS", None),
    ("CloudLinux", None),
    ("Fedora Project", Some(Family::Fedora)),
    ("Microsoft Corporation", None),
    ("openSUSE", None),
    ("Oracle", None),
    ("Red Hat", None),
    ("Rocky", None),
    ("SUSE", None),
    ("VMware", None),
    ("Broadcom", None),
];

//! Until when releases of distributions get fixes: after that, that nothing is known means little.

use wharfinger_core::Timestamp;
use wharfinger_inventory::Distribution;
use wharfinger_package::{Ecosystem, Family};

/// A sentence about the distribution of an image, if its support is over by `now`.
pub fn end_of_life_note(distribution: &Distribution, now: Timestamp) -> Option<String> {
    let ended = end_of_life(distribution.ecosystem.as_ref()?, now)?;
    let name = &distribution.pretty_name;
    Some(format!(
        "Support of {name} ended on {ended}: vulnerabilities found since then may not be known."
    ))
}

/// The last day of the vendor's general support of a release (`2026-06-30`), if that is over by `now`;
/// none if it is not, or not known here. Paid extensions do not count.
///
/// From the vendors' pages: <https://wiki.debian.org/LTS>, <https://ubuntu.com/about/release-cycle>,
/// <https://alpinelinux.org/releases>, <https://access.redhat.com/support/policy/updates/errata>, and
/// those of the others.
pub fn end_of_life(ecosystem: &Ecosystem, now: Timestamp) -> Option<&'static str> {
    let release = ecosystem.release.as_deref()?;
    let ends = match ecosystem.family {
        Family::Alma | Family::Rocky => ENTERPRISE,
        Family::Alpine => ALPINE,
        Family::Amazon => AMAZON,
        Family::CentOs => CENTOS,
        Family::Debian => DEBIAN,
        Family::Fedora => FEDORA,
        Family::OpenSuseLeap => LEAP,
        Family::Oracle => ORACLE,
        Family::RedHat => RED_HAT,
        Family::Ubuntu => UBUNTU,
        _ => return None,
    };
    let today = now.iso8601();
    let (_, end) = ends.iter().find(|(known, _)| *known == release)?;
    today.get(..end.len()).is_some_and(|today| today > *end).then_some(end)
}

/// Releases, and the last day of their support.
type Ends = &'static [(&'static str, &'static str)];

const ALPINE: Ends = &[
    ("3.10", "2021-05-01"),
    ("3.11", "2021-11-01"),
    ("3.12", "2022-05-01"),
    ("3.13", "2022-11-01"),
    ("3.14", "2023-05-01"),
    ("3.15", "2023-11-01"),
    ("3.16", "2024-05-23"),
    ("3.17", "2024-11-22"),
    ("3.18", "2025-05-09"),
    ("3.19", "2025-11-01"),
    ("3.20", "2026-04-01"),
    ("3.21", "2026-11-01"),
    ("3.22", "2027-05-01"),
    ("3.23", "2027-11-01"),
    ("3.24", "2028-06-01"),
    ("3.8", "2020-05-01"),
    ("3.9", "2020-11-01"),
];
const AMAZON: Ends = &[("1", "2023-12-31"), ("2", "2026-06-30"), ("2023", "2029-06-30")];
const CENTOS: Ends =
    &[("5", "2017-03-31"), ("6", "2020-11-30"), ("7", "2024-06-30"), ("8", "2021-12-31")];
const DEBIAN: Ends = &[
    ("10", "2024-06-30"),
    ("11", "2026-08-31"),
    ("12", "2028-06-30"),
    ("13", "2030-06-30"),
    ("7", "2018-05-31"),
    ("8", "2020-06-30"),
    ("9", "2022-06-30"),
];
const ENTERPRISE: Ends = &[("10", "2035-05-31"), ("8", "2029-05-31"), ("9", "2032-05-31")];
const FEDORA: Ends = &[
    ("36", "2023-05-16"),
    ("37", "2023-12-05"),
    ("38", "2024-05-21"),
    ("39", "2024-11-26"),
    ("40", "2025-05-13"),
    ("41", "2025-12-15"),
];
const LEAP: Ends = &[
    ("15.0", "2019-12-03"),
    ("15.1", "2020-11-30"),
    ("15.2", "2021-11-30"),
    ("15.3", "2022-11-30"),
    ("15.4", "2023-12-07"),
    ("15.5", "2024-12-31"),
    ("15.6", "2026-04-30"),
    ("42.3", "2019-06-30"),
];
const ORACLE: Ends = &[
    ("10", "2035-06-30"),
    ("6", "2021-03-31"),
    ("7", "2024-12-31"),
    ("8", "2029-07-31"),
    ("9", "2032-06-30"),
];
const RED_HAT: Ends = &[
    ("10", "2035-05-31"),
    ("5", "2017-03-31"),
    ("6", "2020-11-30"),
    ("7", "2024-06-30"),
    ("8", "2029-05-31"),
    ("9", "2032-05-31"),
];
const UBUNTU: Ends = &[
    ("14.04", "2019-04-25"),
    ("16.04", "2021-04-30"),
    ("18.04", "2023-05-31"),
    ("20.04", "2025-05-31"),
    ("22.04", "2027-06-01"),
    ("22.10", "2023-07-20"),
    ("23.04", "2024-01-25"),
    ("23.10", "2024-07-11"),
    ("24.04", "2029-05-31"),
    ("24.10", "2025-07-10"),
    ("25.04", "2026-01-15"),
];

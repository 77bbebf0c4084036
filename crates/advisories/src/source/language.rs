//! The databases of languages that are no OSV: RustSec, ruby-advisory-db, FriendsOfPHP and the Node.js
//! security working group. Each advisory is a document; many of them come as one in a line, or as the
//! files of a repository.

pub(super) mod friendsofphp;
pub(super) mod nodejs;
pub(super) mod rubysec;
pub(super) mod rustsec;

use wharfinger_package::{Ecosystem, Family};

use crate::{Affected, FixStatus, Interval, Record, VersionEnd, Vulnerability};

/// The status of intervals: fixed, if any of them has an end.
fn status(intervals: &[Interval]) -> FixStatus {
    let is_open = |it: &Interval| it.end == VersionEnd::Open;
    if intervals.iter().all(is_open) { FixStatus::Affected } else { FixStatus::Fixed }
}

/// The records of an advisory: what it says of a package, and what it tells.
fn records(
    family: Family,
    name: String,
    affected: Affected,
    vulnerability: Vulnerability,
) -> [Record; 2] {
    let affected = Record::Affected { ecosystem: Ecosystem::rolling(family), name, affected };
    [affected, Record::Vulnerability(vulnerability)]
}

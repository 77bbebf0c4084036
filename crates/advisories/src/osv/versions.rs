//! Events of ranges as intervals.

use std::cmp::Ordering;

use wharfinger_package::{VersionScheme, compare};

use super::schema::{OsvAffected, OsvEvent, OsvRange};
use crate::{Interval, VersionEnd};

/// Events of a package, beyond which nobody can have meant it.
const EVENTS_MAX: usize = 1_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Introduced,
    Fixed,
    LastAffected,
    Limit,
}

/// The intervals of all ranges that are about versions: those about commits are left out.
pub(super) fn intervals(
    affected: &OsvAffected,
    scheme: VersionScheme,
) -> Result<Vec<Interval>, String> {
    let about_versions = |it: &&OsvRange| it.kind == "SEMVER" || it.kind == "ECOSYSTEM";
    let ranges = affected.ranges.iter().filter(about_versions);
    if ranges.clone().map(|it| it.events.len()).sum::<usize>() > EVENTS_MAX {
        return Err(format!("a package has more than {EVENTS_MAX} events"));
    }
    let mut all = Vec::new();
    for range in ranges {
        for interval in of_events(&sorted(&range.events, scheme)) {
            if !all.contains(&interval) {
                all.push(interval);
            }
        }
    }
    Ok(all)
}

/// The changes of events, each after all that are at lower versions. Versions that cannot be compared
/// stay where they are: the order in which they were written is the best that is known.
fn sorted(events: &[OsvEvent], scheme: VersionScheme) -> Vec<(&str, Change)> {
    let changes = events.iter().flat_map(|event| {
        [
            (&event.introduced, Change::Introduced),
            (&event.fixed, Change::Fixed),
            (&event.last_affected, Change::LastAffected),
            (&event.limit, Change::Limit),
        ]
    });
    let mut sorted: Vec<(&str, Change)> = Vec::new();
    for (version, change) in changes {
        let Some(version) = version.as_deref().map(str::trim) else { continue };
        // An order of strangers' versions may be none; to insert one by one needs no total order.
        let lower = |other: &(&str, Change)| at_most(scheme, *other, (version, change));
        let place = sorted.iter().rposition(lower).map_or(0, |place| place + 1);
        sorted.insert(place, (version, change));
    }
    sorted
}

fn at_most(scheme: VersionScheme, a: (&str, Change), b: (&str, Change)) -> bool {
    match (is_beginning(a), is_beginning(b)) {
        (true, _) => return true,
        (false, true) => return false,
        _ => {}
    }
    compare(scheme, a.0, b.0) != Some(Ordering::Greater)
}

fn is_beginning((version, change): (&str, Change)) -> bool {
    change == Change::Introduced && version == "0"
}

fn of_events(changes: &[(&str, Change)]) -> Vec<Interval> {
    let mut intervals = Vec::new();
    let mut open: Option<Option<String>> = None;
    let mut limit = None;
    for (version, change) in changes {
        let end = match change {
            Change::Introduced => {
                let from = (*version != "0").then(|| (*version).to_owned());
                open = open.or(Some(from));
                continue;
            }
            Change::Limit => {
                limit = limit.or((*version != "*").then(|| (*version).to_owned()));
                continue;
            }
            Change::Fixed => VersionEnd::Fixed((*version).to_owned()),
            Change::LastAffected => VersionEnd::LastAffected((*version).to_owned()),
        };
        if let Some(introduced) = open.take() {
            intervals.push(Interval { introduced, end });
        }
    }
    if let Some(introduced) = open {
        let end = limit.map_or(VersionEnd::Open, VersionEnd::Fixed);
        intervals.push(Interval { introduced, end });
    }
    intervals
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(events: &str) -> String {
        let events = events.split_whitespace().map(|event| {
            let mut written = OsvEvent::default();
            let (kind, version) = event.split_at(1);
            let version = Some(version.to_owned());
            match kind {
                "+" => written.introduced = version,
                "-" => written.fixed = version,
                "=" => written.last_affected = version,
                _ => written.limit = version,
            }
            written
        });
        let range = OsvRange { kind: "ECOSYSTEM".into(), events: events.collect() };
        let commits = OsvRange { kind: "GIT".into(), events: vec![OsvEvent::default()] };
        let affected = OsvAffected { ranges: vec![commits, range], ..OsvAffected::default() };
        let intervals = intervals(&affected, VersionScheme::Deb).unwrap();
        let written = intervals.iter().map(|it| {
            let from = it.introduced.as_deref().unwrap_or_default();
            match &it.end {
                VersionEnd::Open => format!("[{from},)"),
                VersionEnd::Fixed(to) => format!("[{from},{to})"),
                VersionEnd::LastAffected(to) => format!("[{from},{to}]"),
            }
        });
        written.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn events_are_intervals() {
        for (events, intervals) in [
            ("+0", "[,)"),
            ("+0 -1", "[,1)"),
            ("-1 +0", "[,1)"),
            ("+4.0 -4.3 +5.0 -5.2", "[4.0,4.3) [5.0,5.2)"),
            ("-5.2 +5.0 -4.3 +4.0", "[4.0,4.3) [5.0,5.2)"),
            ("+0 =1.5", "[,1.5]"),
            ("+1 =1", "[1,1]"),
            ("+0 -1 -2", "[,1)"),
            ("+0 -1 +1 -2", "[,1) [1,2)"),
            ("+0 #2", "[,2)"),
            ("+0 #*", "[,)"),
            ("-1", ""),
            ("", ""),
        ] {
            assert_eq!(written(events), intervals, "{events}");
        }
    }
}

//! Whether a version is among those that a statement is about.

use std::cmp::Ordering;

use wharfinger_advisories::{DatabaseError, FixStatus, IntervalView, Statement, VersionEndView};
use wharfinger_package::{VersionScheme, compare};

/// A statement is about the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached<'a> {
    /// The first version of its line that the statement is not about any more.
    pub(super) fixed: Option<&'a str>,
}

/// A version that the scheme cannot order is reached by the list of versions, and by intervals without
/// bounds.
pub(super) fn reach<'a>(
    statement: &Statement<'a>,
    scheme: VersionScheme,
    version: &str,
) -> Result<Option<Reached<'a>>, DatabaseError> {
    let (mut inside, mut bounded) = (false, false);
    // Where several intervals hold, only a version beyond all of them is free.
    let mut fixed_inside = None;
    let mut fixed_beyond = None;
    for interval in statement.intervals() {
        let interval = interval?;
        bounded = true;
        let fixed = match interval.end {
            VersionEndView::Fixed(fixed) => Some(fixed),
            VersionEndView::Open | VersionEndView::LastAffected(_) => None,
        };
        if contains(&interval, scheme, version) {
            inside = true;
            fixed_inside = later(scheme, fixed_inside, fixed);
        } else if let Some(fixed) = fixed.filter(|it| is(scheme, version, Ordering::Less, it)) {
            fixed_beyond = earlier(scheme, fixed_beyond, fixed);
        }
    }
    if inside {
        return Ok(Some(Reached { fixed: fixed_inside }));
    }
    let mut listed = false;
    for text in statement.versions() {
        let text = text?;
        listed = true;
        // Where there are intervals, they know other ways to write the version.
        if text == version || (!bounded && is(scheme, version, Ordering::Equal, text)) {
            return Ok(Some(Reached { fixed: fixed_beyond }));
        }
    }
    let all = !bounded && !listed && statement.status == FixStatus::NotAffected;
    Ok(all.then_some(Reached { fixed: None }))
}

fn contains(interval: &IntervalView<'_>, scheme: VersionScheme, version: &str) -> bool {
    let begun = match interval.introduced {
        None | Some("" | "0") => true,
        Some(introduced) => {
            compare(scheme, version, introduced).is_some_and(|order| order != Ordering::Less)
        }
    };
    begun
        && match interval.end {
            VersionEndView::Open => true,
            VersionEndView::Fixed(fixed) => is(scheme, version, Ordering::Less, fixed),
            VersionEndView::LastAffected(last) => {
                compare(scheme, version, last).is_some_and(|order| order != Ordering::Greater)
            }
        }
}

fn is(scheme: VersionScheme, a: &str, order: Ordering, b: &str) -> bool {
    compare(scheme, a, b) == Some(order)
}

/// The later of two versions.
pub(super) fn later<'a>(
    scheme: VersionScheme,
    known: Option<&'a str>,
    other: Option<&'a str>,
) -> Option<&'a str> {
    match (known, other) {
        (Some(known), Some(other)) if is(scheme, known, Ordering::Less, other) => Some(other),
        (known, other) => known.or(other),
    }
}

fn earlier<'a>(scheme: VersionScheme, known: Option<&'a str>, other: &'a str) -> Option<&'a str> {
    match known {
        Some(known) if !is(scheme, other, Ordering::Less, known) => Some(known),
        _ => Some(other),
    }
}

//! Whether a version is among those that a statement is about.

use std::cmp::Ordering;

use wharfinger_advisories::{DatabaseError, FixStatus, IntervalView, Statement, VersionEndView};
use wharfinger_package::{VersionOrder, VersionScheme, compare};

use super::remembered::Remembered;

/// A statement is about the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reached<'a> {
    /// The first version of its line that the statement is not about any more.
    pub(super) fixed: Option<&'a str>,
}

/// A version of a package, and how it stands to versions that statements name.
#[derive(Debug)]
pub(super) struct Reach<'p, 'a> {
    scheme: VersionScheme,
    version: &'p str,
    order: VersionOrder<'p>,
    remembered: Remembered<'a, Option<Ordering>>,
}

impl<'p, 'a> Reach<'p, 'a> {
    pub(super) fn new(scheme: VersionScheme, version: &'p str) -> Self {
        let order = VersionOrder::of(scheme, version);
        Self { scheme, version, order, remembered: Remembered::new() }
    }

    /// A version that the scheme cannot order is reached by the list of versions, and by intervals
    /// without bounds.
    pub(super) fn of(
        &mut self,
        statement: &Statement<'a>,
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
            if self.is_in(&interval) {
                inside = true;
                fixed_inside = later(self.scheme, fixed_inside, fixed);
            } else if let Some(fixed) = fixed.filter(|it| self.is(Ordering::Less, it)) {
                fixed_beyond = earlier(self.scheme, fixed_beyond, fixed);
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
            if text == self.version || (!bounded && self.is(Ordering::Equal, text)) {
                return Ok(Some(Reached { fixed: fixed_beyond }));
            }
        }
        let all = !bounded && !listed && statement.status == FixStatus::NotAffected;
        Ok(all.then_some(Reached { fixed: None }))
    }

    fn is_in(&mut self, interval: &IntervalView<'a>) -> bool {
        let begun = match interval.introduced {
            None | Some("" | "0") => true,
            Some(introduced) => {
                self.stands_to(introduced).is_some_and(|order| order != Ordering::Less)
            }
        };
        begun
            && match interval.end {
                VersionEndView::Open => true,
                VersionEndView::Fixed(fixed) => self.is(Ordering::Less, fixed),
                VersionEndView::LastAffected(last) => {
                    self.stands_to(last).is_some_and(|order| order != Ordering::Greater)
                }
            }
    }

    fn is(&mut self, order: Ordering, other: &'a str) -> bool {
        self.stands_to(other) == Some(order)
    }

    fn stands_to(&mut self, other: &'a str) -> Option<Ordering> {
        self.remembered.get(other, || self.order.to(other))
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

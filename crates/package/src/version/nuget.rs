//! Versions of NuGet packages: <https://learn.microsoft.com/nuget/concepts/package-versioning>.

use std::cmp::Ordering;

use super::digits;
use super::semantic::compare_labels;

/// Numbers of a version; those that are absent are 0.
const NUMBERS: usize = 4;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (parse(a)?, parse(b)?);
    let mut order = Ordering::Equal;
    for (a, b) in a.0.iter().zip(b.0) {
        order = order.then_with(|| digits::compare(a, b));
    }
    let lower = |sign: u8| sign.to_ascii_lowercase();
    Some(order.then_with(|| compare_labels(a.1, b.1, lower)))
}

/// The numbers, and the labels of a pre-release.
fn parse(text: &str) -> Option<([&str; NUMBERS], Option<&str>)> {
    let text = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let text = text.split('+').next().unwrap_or(text);
    let (release, labels) = match text.split_once('-') {
        Some((release, labels)) => (release, Some(labels)),
        None => (text, None),
    };
    let mut numbers = ["0"; NUMBERS];
    let mut given = release.split('.');
    for (place, number) in numbers.iter_mut().zip(given.by_ref()) {
        *place = Some(number).filter(|it| digits::only(it))?;
    }
    given.next().is_none().then_some((numbers, labels))
}

//! Semantic versions, as npm, Cargo and Go read them: <https://semver.org/spec/v2.0.0.html>,
//! <https://go.dev/ref/mod#versions>.
//!
//! What the specification forbids and registries nevertheless hold is read: a `v`, one or two numbers,
//! leading zeros, numbers of any length, a pre-release without its hyphen (`1.2.0rc1`).

use std::cmp::Ordering;

use super::digits;

/// A semantic version; what describes its build is left away.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    numbers: [&'a str; 3],
    pre_release: Option<&'a str>,
}

pub(super) fn compare(a: Version<'_>, b: Version<'_>) -> Option<Ordering> {
    let mut order = Ordering::Equal;
    for (a, b) in a.numbers.iter().zip(b.numbers) {
        order = order.then_with(|| digits::compare(a, b));
    }
    Some(order.then_with(|| compare_labels(a.pre_release, b.pre_release, |sign| sign)))
}

/// A version of npm or Cargo.
pub(super) fn plain(text: &str) -> Option<Version<'_>> {
    let text = text.trim_start_matches(['=', 'v', 'V', ' ']);
    parse(text)
}

/// A version of a module, or of Go itself: `go1.22.3`, `go1.22rc1`, `go1.22.3 X:boringcrypto`.
pub(super) fn go(text: &str) -> Option<Version<'_>> {
    let text = text.split([' ', '\t']).next().unwrap_or(text);
    let Some(toolchain) = text.strip_prefix("go") else {
        return parse(text.strip_prefix('v').unwrap_or(text));
    };
    let mut version = parse(toolchain)?;
    // `go1.18.1b7` was built with BoringCrypto, the seventh time: it is no beta.
    let boring = |it: &str| it.strip_prefix('b').is_some_and(digits::only);
    version.pre_release = version.pre_release.filter(|it| !boring(it));
    Some(version)
}

fn parse(text: &str) -> Option<Version<'_>> {
    let text = text.split('+').next().unwrap_or(text);
    let mut numbers = ["0"; 3];
    let mut rest = text;
    for (index, place) in numbers.iter_mut().enumerate() {
        let (number, after) = digits::split(rest);
        *place = Some(number).filter(|it| !it.is_empty())?;
        rest = after;
        match rest.strip_prefix('.') {
            Some(after) if index < 2 => rest = after,
            _ => break,
        }
    }
    let pre_release = match rest.strip_prefix('-') {
        Some(labels) => Some(labels),
        None if rest.is_empty() => None,
        None if rest.starts_with(|it: char| it.is_ascii_alphabetic()) => Some(rest),
        None => return None,
    };
    let allowed = |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'-' | b'.');
    let valid = pre_release.is_none_or(|it| !it.is_empty() && it.bytes().all(allowed));
    valid.then_some(Version { numbers, pre_release })
}

/// Compares the labels of two pre-releases, sign by sign as `fold` makes them; none is a release, which
/// is later than all of its pre-releases.
pub(super) fn compare_labels(
    a: Option<&str>,
    b: Option<&str>,
    fold: impl Fn(u8) -> u8,
) -> Ordering {
    let (a, b) = match (a, b) {
        (None, None) => return Ordering::Equal,
        (Some(_), None) => return Ordering::Less,
        (None, Some(_)) => return Ordering::Greater,
        (Some(a), Some(b)) => (a, b),
    };
    let (mut a, mut b) = (labels(a), labels(b));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(a), Some(b)) => match (digits::only(a), digits::only(b)) {
                (true, true) => digits::compare(a, b),
                (true, false) => Ordering::Less,
                (false, true) => Ordering::Greater,
                (false, false) => a.bytes().map(&fold).cmp(b.bytes().map(&fold)),
            },
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn labels(text: &str) -> impl Iterator<Item = &str> {
    text.split('.')
}

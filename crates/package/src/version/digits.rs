//! Runs of digits, which are numbers however long they are.

use std::cmp::Ordering;

/// Compares two runs of digits as numbers; the empty one is 0.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

/// Splits a text where its leading digits end.
pub(super) fn split(text: &str) -> (&str, &str) {
    split_where(text, |it| it.is_ascii_digit())
}

/// Splits a text where the first sign is that `belongs` refuses.
pub(super) fn split_where(text: &str, belongs: impl Fn(u8) -> bool) -> (&str, &str) {
    let end = text.bytes().position(|it| !belongs(it)).unwrap_or(text.len());
    // Within a sign of many bytes nothing is split: `belongs` takes ASCII only.
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// Whether a text has digits only, and at least one.
pub(super) fn only(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}

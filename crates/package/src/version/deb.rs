//! Versions of Debian packages: deb-version(7),
//! <https://www.debian.org/doc/debian-policy/ch-controlfields.html#version>.

use std::cmp::Ordering;

use super::digits;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Version::parse(a)?, Version::parse(b)?);
    let order = digits::compare(a.epoch, b.epoch)
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision));
    Some(order)
}

struct Version<'a> {
    epoch: &'a str,
    upstream: &'a str,
    revision: &'a str,
}

impl<'a> Version<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (epoch, rest) = text.split_once(':').unwrap_or(("0", text));
        let (upstream, revision) = rest.rsplit_once('-').unwrap_or((rest, ""));
        (digits::only(epoch) && !upstream.is_empty()).then_some(Self { epoch, upstream, revision })
    }
}

/// Compares alternately what is no digit and what is digits.
fn compare_part(mut a: &str, mut b: &str) -> Ordering {
    while !a.is_empty() || !b.is_empty() {
        let ((text_a, rest_a), (text_b, rest_b)) = (split_text(a), split_text(b));
        let ((number_a, rest_a), (number_b, rest_b)) =
            (digits::split(rest_a), digits::split(rest_b));
        let order = compare_text(text_a, text_b).then_with(|| digits::compare(number_a, number_b));
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (rest_a, rest_b);
    }
    Ordering::Equal
}

fn split_text(text: &str) -> (&str, &str) {
    digits::split_where(text, |it| !it.is_ascii_digit())
}

fn compare_text(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.bytes(), b.bytes());
    loop {
        let (sign_a, sign_b) = (a.next(), b.next());
        let order = weight(sign_a).cmp(&weight(sign_b));
        if order != Ordering::Equal || sign_a.is_none() {
            return order;
        }
    }
}

/// `~` before the end, letters before other signs.
fn weight(sign: Option<u8>) -> i32 {
    match sign {
        Some(b'~') => -1,
        None => 0,
        Some(letter) if letter.is_ascii_alphabetic() => i32::from(letter),
        Some(other) => i32::from(other) + 256,
    }
}

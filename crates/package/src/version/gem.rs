//! Versions of gems: <https://docs.ruby-lang.org/en/master/Gem/Version.html>.

use std::cmp::Ordering;

use super::digits;

/// A letter makes a pre-release, and what is absent is 0.
pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (mut a, mut b) = (Segments::new(a)?, Segments::new(b)?);
    loop {
        let (segment_a, segment_b) = (a.next(), b.next());
        if segment_a.is_none() && segment_b.is_none() {
            return Some(Ordering::Equal);
        }
        let zero = Segment::Number("");
        let order = segment_a.unwrap_or(zero).compare(segment_b.unwrap_or(zero));
        if order != Ordering::Equal {
            return Some(order);
        }
    }
}

#[derive(Clone, Copy)]
enum Segment<'a> {
    Text(&'a str),
    Number(&'a str),
}

impl Segment<'_> {
    fn compare(self, other: Segment<'_>) -> Ordering {
        match (self, other) {
            (Self::Text(a), Segment::Text(b)) => a.cmp(b),
            (Self::Text(_), Segment::Number(_)) => Ordering::Less,
            (Self::Number(_), Segment::Text(_)) => Ordering::Greater,
            (Self::Number(a), Segment::Number(b)) => digits::compare(a, b),
        }
    }
}

/// The segments, without the zeros that stand before the first text: `1.0.a` is `1.a`.
struct Segments<'a> {
    rest: &'a str,
    /// Zeros that have been read and not given, because what follows decides whether they count.
    zeros: usize,
    ahead: Option<Segment<'a>>,
    in_text: bool,
}

impl<'a> Segments<'a> {
    fn new(text: &'a str) -> Option<Self> {
        let allowed =
            |it: u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_' | b'+');
        let begins = text.starts_with(|it: char| it.is_ascii_digit());
        let valid = begins && text.bytes().all(allowed);
        valid.then_some(Self { rest: text, zeros: 0, ahead: None, in_text: false })
    }

    fn read(&mut self) -> Option<Segment<'a>> {
        loop {
            let first = *self.rest.as_bytes().first()?;
            let (taken, rest) = match first {
                b'0'..=b'9' => digits::split(self.rest),
                b'a'..=b'z' | b'A'..=b'Z' => {
                    digits::split_where(self.rest, |it| it.is_ascii_alphabetic())
                }
                _ => self.rest.split_at_checked(1)?,
            };
            self.rest = rest;
            match first {
                b'0'..=b'9' => return Some(Segment::Number(taken)),
                // RubyGems reads a hyphen as `.pre.`.
                b'-' => return Some(Segment::Text("pre")),
                b'a'..=b'z' | b'A'..=b'Z' => return Some(Segment::Text(taken)),
                _ => {}
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        while self.ahead.is_none() {
            match self.read()? {
                Segment::Number(zero) if zero.bytes().all(|it| it == b'0') => self.zeros += 1,
                Segment::Text(text) if !self.in_text => {
                    (self.in_text, self.zeros) = (true, 0);
                    self.ahead = Some(Segment::Text(text));
                }
                segment => self.ahead = Some(segment),
            }
        }
        match self.zeros.checked_sub(1) {
            Some(zeros) => {
                self.zeros = zeros;
                Some(Segment::Number(""))
            }
            None => self.ahead.take(),
        }
    }
}

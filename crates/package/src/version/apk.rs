//! Versions of Alpine packages: apk-package(5), and `apk version -t` of apk-tools 2, which every Alpine up to 3.22 has.
//!
//! A version is a row of values, each followed by what kind the next one is. Two versions are compared
//! value by value and kind by kind; text that is no version ends in [`Kind::Invalid`].

use std::cmp::Ordering;

use super::digits;

/// What comes next, in the order in which they may follow each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Invalid,
    /// A number behind a dot, whose leading zeros count.
    Fraction,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Revision,
    End,
}

/// A value. Leading zeros sort below numbers, the more the lower.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Value<'a> {
    Negative(usize),
    Number(&'a str),
}

const BEFORE: [&str; 4] = ["alpha", "beta", "pre", "rc"];
const AFTER: [(&str, &str); 5] =
    [("cvs", "0"), ("svn", "1"), ("git", "2"), ("hg", "3"), ("p", "4")];

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) =
        (Reader { rest: a, next: Kind::Number }, Reader { rest: b, next: Kind::Number });
    while a.next == b.next && !matches!(a.next, Kind::End | Kind::Invalid) {
        let order = compare_values(a.value(), b.value());
        if order != Ordering::Equal {
            return order;
        }
    }
    if a.next == b.next {
        return Ordering::Equal;
    }
    // The one that goes on is later, unless it goes on as a pre-release.
    match (a.is_before(), b.is_before()) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        _ => b.next.cmp(&a.next),
    }
}

fn compare_values(a: Value<'_>, b: Value<'_>) -> Ordering {
    match (a, b) {
        (Value::Negative(a), Value::Negative(b)) => b.cmp(&a),
        (Value::Negative(_), Value::Number(_)) => Ordering::Less,
        (Value::Number(_), Value::Negative(_)) => Ordering::Greater,
        // Letters are values too; they are met by letters only.
        (Value::Number(a), Value::Number(b)) => digits::compare(a, b),
    }
}

struct Reader<'a> {
    rest: &'a str,
    next: Kind,
}

impl<'a> Reader<'a> {
    /// The next value; what follows it is in `next` then.
    fn value(&mut self) -> Value<'a> {
        let (value, rest) = match self.next {
            Kind::Fraction if self.rest.starts_with('0') => return self.leading_zeros(),
            Kind::Fraction | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                let (number, rest) = digits::split(self.rest);
                (Value::Number(number), rest)
            }
            Kind::Letter => {
                let (letter, rest) = self.rest.split_at_checked(1).unwrap_or(("", ""));
                (Value::Number(letter), rest)
            }
            Kind::Suffix => match suffix(self.rest) {
                Some(found) => found,
                None => return self.invalid(),
            },
            Kind::Invalid | Kind::End => return self.invalid(),
        };
        self.rest = rest;
        self.next = self.following();
        value
    }

    fn leading_zeros(&mut self) -> Value<'a> {
        let rest = self.rest.trim_start_matches('0');
        let count = self.rest.len() - rest.len();
        self.rest = rest;
        self.next = if rest.is_empty() { Kind::End } else { Kind::Number };
        Value::Negative(count)
    }

    fn invalid(&mut self) -> Value<'a> {
        self.next = Kind::Invalid;
        Value::Negative(1)
    }

    /// What kind the rest begins with, after a value of the kind `next`; its sign is taken.
    fn following(&mut self) -> Kind {
        let Some(first) = self.rest.bytes().next() else { return Kind::End };
        let number = matches!(self.next, Kind::Number | Kind::Fraction);
        match first {
            b'a'..=b'z' if number => return Kind::Letter,
            b'0'..=b'9' if self.next == Kind::Letter => return Kind::Number,
            b'0'..=b'9' if self.next == Kind::Suffix => return Kind::SuffixNumber,
            _ => {}
        }
        let (kind, taken) = match first {
            b'.' => (Kind::Fraction, 1),
            b'_' => (Kind::Suffix, 1),
            b'-' if self.rest.starts_with("-r") => (Kind::Revision, 2),
            _ => return Kind::Invalid,
        };
        self.rest = self.rest.get(taken..).unwrap_or_default();
        let allowed = kind >= self.next
            || (kind == Kind::Fraction && self.next == Kind::Number)
            || (kind == Kind::Suffix && self.next == Kind::SuffixNumber);
        if allowed { kind } else { Kind::Invalid }
    }

    fn is_before(&self) -> bool {
        self.next == Kind::Suffix && !matches!(suffix(self.rest), Some((Value::Number(_), _)))
    }
}

fn suffix(text: &str) -> Option<(Value<'_>, &str)> {
    let before = BEFORE.iter().enumerate().find_map(|(index, name)| {
        Some((Value::Negative(BEFORE.len() - index), text.strip_prefix(name)?))
    });
    let after = || {
        let found = |(name, value): &(&str, &'static str)| {
            Some((Value::Number(value), text.strip_prefix(*name)?))
        };
        AFTER.iter().find_map(found)
    };
    before.or_else(after)
}

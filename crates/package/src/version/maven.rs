//! Versions of Maven artifacts, after its "Version Order Specification":
//! <https://maven.apache.org/pom.html#version-order-specification>.

use std::cmp::Ordering;

use super::digits;

/// A part of a version, lowest first where they stand at the same place.
#[derive(Clone, Copy)]
enum Token<'a> {
    /// A word, in any case.
    Word(&'a str),
    /// A number behind a hyphen, or behind a word.
    Hyphened(&'a str),
    /// A number behind a dot.
    Dotted(&'a str),
}

/// Words before and of a release, in their order. The release itself has none.
const WORDS: [(&str, u8); 11] = [
    ("alpha", 0),
    ("beta", 1),
    ("milestone", 2),
    ("rc", 3),
    ("cr", 3),
    ("snapshot", 4),
    ("", RELEASE),
    ("ga", RELEASE),
    ("final", RELEASE),
    ("release", RELEASE),
    ("sp", RELEASE + 1),
];
const RELEASE: u8 = 5;
const OTHER_WORD: u8 = RELEASE + 2;
const HYPHENED: u8 = RELEASE + 3;
const DOTTED: u8 = RELEASE + 4;

pub(super) fn compare(a: &str, b: &str) -> Ordering {
    let (a, b) = (tokens(a), tokens(b));
    for index in 0..a.len().max(b.len()) {
        let (a, b) = (a.get(index), b.get(index));
        let order = rank(a).cmp(&rank(b)).then_with(|| compare_within(a, b));
        if order != Ordering::Equal {
            return order;
        }
    }
    Ordering::Equal
}

fn rank(token: Option<&Token<'_>>) -> u8 {
    match token {
        None => RELEASE,
        Some(Token::Word(word)) => word_rank(word),
        Some(Token::Hyphened(_)) => HYPHENED,
        Some(Token::Dotted(_)) => DOTTED,
    }
}

fn word_rank(word: &str) -> u8 {
    let known = WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    known.map_or(OTHER_WORD, |(_, rank)| *rank)
}

fn compare_within(a: Option<&Token<'_>>, b: Option<&Token<'_>>) -> Ordering {
    match (a, b) {
        (
            Some(Token::Hyphened(a) | Token::Dotted(a)),
            Some(Token::Hyphened(b) | Token::Dotted(b)),
        ) => digits::compare(a, b),
        (Some(Token::Word(a)), Some(Token::Word(b))) if word_rank(a) == OTHER_WORD => {
            let lower = |it: u8| it.to_ascii_lowercase();
            a.bytes().map(lower).cmp(b.bytes().map(lower))
        }
        _ => Ordering::Equal,
    }
}

/// The tokens without those that mean nothing: zeros and releases at the end, and before each word and
/// each hyphen.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    // The first number is compared like one behind a dot.
    let mut hyphened = false;
    loop {
        let (taken, after) = match rest.bytes().next() {
            Some(b'0'..=b'9') => digits::split(rest),
            _ => digits::split_where(rest, |it| !matches!(it, b'.' | b'-' | b'0'..=b'9')),
        };
        let number = taken.is_empty() || digits::only(taken);
        if hyphened || !number {
            trim(&mut tokens);
        }
        tokens.push(match (number, hyphened) {
            (true, true) => Token::Hyphened(taken),
            (true, false) => Token::Dotted(taken),
            (false, _) => Token::Word(full_name(taken, after)),
        });
        let Some(separator) = after.bytes().next() else { break };
        (hyphened, rest) = match separator {
            b'.' => (false, after.get(1..).unwrap_or_default()),
            b'-' => (true, after.get(1..).unwrap_or_default()),
            // Between digits and letters there is a hyphen.
            _ => (true, after),
        };
    }
    trim(&mut tokens);
    tokens
}

/// `a`, `b` and `m` are short for a word if a number follows directly.
fn full_name<'a>(word: &'a str, after: &str) -> &'a str {
    let direct = after.starts_with(|it: char| it.is_ascii_digit());
    match word {
        "a" | "A" if direct => "alpha",
        "b" | "B" if direct => "beta",
        "m" | "M" if direct => "milestone",
        _ => word,
    }
}

fn trim(tokens: &mut Vec<Token<'_>>) {
    let nothing = |token: &Token<'_>| match token {
        Token::Word(word) => word_rank(word) == RELEASE,
        Token::Hyphened(number) | Token::Dotted(number) => number.bytes().all(|it| it == b'0'),
    };
    while tokens.last().is_some_and(nothing) {
        tokens.pop();
    }
}

//! Versions of Composer packages: what `composer/semver` makes of them, in the order of PHP's `version_compare`:
//! <https://github.com/composer/semver>, <https://www.php.net/version_compare>.

use std::cmp::Ordering;

use super::digits;

/// Numbers of a normalised version: `1.0` is `1.0.0.0`.
const NUMBERS: usize = 4;

pub(super) fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (mut a, mut b) = (Tokens::new(a), Tokens::new(b));
    loop {
        let (token_a, token_b) = (a.next(), b.next());
        if token_a.is_none() && token_b.is_none() {
            return Some(Ordering::Equal);
        }
        let order =
            rank(token_a).cmp(&rank(token_b)).then_with(|| compare_within(token_a, token_b));
        if order != Ordering::Equal {
            return Some(order);
        }
    }
}

/// What follows a number, from the least stable on; the end of a version is between.
fn rank(token: Option<&str>) -> u8 {
    const STABILITIES: [(&str, u8); 8] =
        [("dev", 1), ("alpha", 2), ("a", 2), ("beta", 3), ("b", 3), ("rc", 4), ("pl", 7), ("p", 7)];
    let Some(token) = token else { return 5 };
    if digits::only(token) {
        return 6;
    }
    // As PHP does, by what a word begins with: `patch` is `p`.
    let begins =
        |name: &str| token.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name));
    STABILITIES.iter().find(|(name, _)| begins(name)).map_or(0, |(_, rank)| *rank)
}

/// The order of two tokens of one rank: numbers by value, words that nobody knows by their letters.
fn compare_within(a: Option<&str>, b: Option<&str>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if digits::only(a) && digits::only(b) => digits::compare(a, b),
        (Some(a), Some(b)) if rank(Some(a)) == 0 => a.cmp(b),
        _ => Ordering::Equal,
    }
}

/// The numbers and words of a version; numbers are made four at its beginning.
struct Tokens<'a> {
    rest: &'a str,
    numbers: usize,
    ahead: Option<&'a str>,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        let stripped = text.strip_prefix(['v', 'V']);
        let stripped = stripped.filter(|it| it.starts_with(|sign: char| sign.is_ascii_digit()));
        let text = stripped.unwrap_or(text);
        // What follows `+` describes a build, what follows `@` is a wish.
        let text = text.split(['+', '@']).next().unwrap_or(text);
        // A branch has no numbers.
        let numbers = if text.starts_with(|it: char| it.is_ascii_digit()) { 0 } else { NUMBERS };
        Self { rest: text, numbers, ahead: None }
    }

    fn read(&mut self) -> Option<&'a str> {
        loop {
            let first = *self.rest.as_bytes().first()?;
            let (taken, rest) = match first {
                b'0'..=b'9' => digits::split(self.rest),
                b'a'..=b'z' | b'A'..=b'Z' => {
                    digits::split_where(self.rest, |it| it.is_ascii_alphabetic())
                }
                _ => digits::split_where(self.rest, |it| !it.is_ascii_alphanumeric()),
            };
            self.rest = rest;
            let word = first.is_ascii_alphanumeric() && !taken.eq_ignore_ascii_case("stable");
            if word {
                return Some(taken);
            }
        }
    }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let token = self.ahead.take().or_else(|| self.read());
        if self.numbers >= NUMBERS {
            return token;
        }
        self.numbers += 1;
        match token {
            Some(number) if digits::only(number) => Some(number),
            other => {
                self.ahead = other;
                Some("0")
            }
        }
    }
}

//! Patterns with `*` (any characters, also none) and `?` (exactly one character).

use std::str::Chars;

/// Whether letters of different case are the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Case {
    Sensitive,
    Insensitive,
}

/// A compiled pattern.
///
/// Only the last `*` that was passed is ever tried again, so matching takes no more steps than
/// the product of both lengths, whatever the pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
    case: Case,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Token {
    Any,
    One,
    Char(char),
}

impl Glob {
    /// The pattern `*`.
    pub(crate) fn any() -> Self {
        Self { tokens: vec![Token::Any], case: Case::Sensitive }
    }

    /// Compiles `pattern`, in which `*` and `?` always are wildcards.
    pub(crate) fn new(pattern: &str, case: Case) -> Self {
        let mut glob = Self::empty(case);
        pattern.chars().for_each(|character| glob.push_pattern(character));
        glob
    }

    /// A pattern that matches the empty text; the `push`es add to it.
    pub(crate) fn empty(case: Case) -> Self {
        Self { tokens: Vec::new(), case }
    }

    /// Adds a character of a pattern, which may be a wildcard.
    pub(crate) fn push_pattern(&mut self, character: char) {
        match character {
            '*' => self.push(Token::Any),
            '?' => self.push(Token::One),
            _ => self.push_literal(character),
        }
    }

    /// Adds a character that stands for itself.
    pub(crate) fn push_literal(&mut self, character: char) {
        self.push(Token::Char(match self.case {
            Case::Sensitive => character,
            Case::Insensitive => character.to_ascii_lowercase(),
        }));
    }

    /// Adds all of `other`.
    pub(crate) fn push_all(&mut self, other: &Self) {
        other.tokens.iter().for_each(|token| self.push(*token));
    }

    /// Whether no text of so many characters can match, because there are more in the pattern.
    pub(crate) fn is_longer_than(&self, chars: usize) -> bool {
        // No two `*` stand side by side.
        self.tokens.len() > chars.saturating_mul(2).saturating_add(1)
    }

    /// Whether it ends with `*`.
    pub(crate) fn is_open_ended(&self) -> bool {
        self.tokens.last() == Some(&Token::Any)
    }

    /// The pattern cut at the `separator`s that stand for themselves, into `fields_max` fields at
    /// most: the last has the rest.
    pub(crate) fn split(&self, separator: char, fields_max: usize) -> Vec<Self> {
        self.tokens
            .splitn(fields_max, |token| *token == Token::Char(separator))
            .map(|tokens| Self { tokens: tokens.to_vec(), case: self.case })
            .collect()
    }

    fn push(&mut self, token: Token) {
        // `**` matches what `*` does.
        if token != Token::Any || self.tokens.last() != Some(&Token::Any) {
            self.tokens.push(token);
        }
    }

    /// Whether the pattern matches the whole of `text`.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.run(text, || {})
    }

    /// [`Glob::matches`], with a call of `tick` for each step.
    fn run(&self, text: &str, mut tick: impl FnMut()) -> bool {
        let mut at = 0;
        let mut rest = text.chars();
        let mut retry: Option<(usize, Chars<'_>)> = None;
        loop {
            tick();
            let mut ahead = rest.clone();
            let fits = match (self.tokens.get(at), ahead.next()) {
                (None, None) => return true,
                (Some(Token::Any), _) => {
                    at += 1;
                    retry = Some((at, rest.clone()));
                    continue;
                }
                // Nothing a wildcard could still give back.
                (Some(_), None) => return false,
                (Some(Token::One), Some(_)) => true,
                (Some(Token::Char(wanted)), Some(found)) => self.same(*wanted, found),
                (None, Some(_)) => false,
            };
            if fits {
                at += 1;
                rest = ahead;
                continue;
            }
            // Let the last `*` swallow one character more.
            let Some((after, from)) = &mut retry else { return false };
            from.next();
            at = *after;
            rest = from.clone();
        }
    }

    fn same(&self, wanted: char, found: char) -> bool {
        match self.case {
            Case::Sensitive => wanted == found,
            Case::Insensitive if found.is_ascii() && wanted.is_ascii() => {
                wanted == found.to_ascii_lowercase()
            }
            Case::Insensitive => wanted.to_lowercase().eq(found.to_lowercase()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern, Case::Sensitive).matches(text)
    }

    #[test]
    fn wildcards_match_what_they_stand_for() {
        for (pattern, text) in [
            ("", ""),
            ("*", ""),
            ("*", "a:b/c"),
            ("a*", "a"),
            ("a?c", "abc"),
            ("?", "ä"),
            ("*b*", "abc"),
            ("a*b*c", "a-b-b-c"),
            ("*aab", "aaaab"),
            ("**", "x"),
            ("*?", "x"),
        ] {
            assert!(matches(pattern, text), "{pattern:?} {text:?}");
        }
        for (pattern, text) in
            [("", "a"), ("a", ""), ("?", ""), ("a?", "a"), ("a*b", "abc"), ("A", "a"), ("?", "ab")]
        {
            assert!(!matches(pattern, text), "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn case_may_be_ignored() {
        let glob = Glob::new("ECR:Get*", Case::Insensitive);
        assert!(glob.matches("ecr:getX"));
        assert!(glob.matches("eCr:GETx"));
        assert!(!glob.matches("ecr:Put"));
    }

    #[test]
    fn letters_beyond_ascii_have_cases_too() {
        let glob = Glob::new("ÄÉ*", Case::Insensitive);
        assert!(glob.matches("äéx") && glob.matches("ÄÉ"));
        assert!(!glob.matches("ae"));
    }

    #[test]
    fn a_pattern_is_cut_at_separators_that_stand_for_themselves() {
        let fields = Glob::new("a:*:c:d", Case::Sensitive).split(':', 3);
        assert_eq!(fields.len(), 3);
        assert!(fields[0].matches("a") && fields[1].is_open_ended() && fields[2].matches("c:d"));
        assert_eq!(Glob::empty(Case::Sensitive).split(':', 3).len(), 1);
    }

    /// The steps to match `pattern` and `text`, both in characters, are bounded.
    fn assert_bounded(pattern: &str, text: &str) {
        let mut steps = 0usize;
        Glob::new(pattern, Case::Sensitive).run(text, || steps += 1);
        let bound = (pattern.chars().count() + 2) * (text.chars().count() + 1);
        assert!(steps <= bound, "{steps} steps, {bound} allowed, for {pattern:?}");
    }

    #[test]
    fn hostile_patterns_take_bounded_steps() {
        let text = "a".repeat(2_000);
        for pattern in ["a*".repeat(500) + "b", "*a?".repeat(500) + "b", "?*".repeat(999) + "*b"] {
            assert_bounded(&pattern, &text);
        }
        assert_bounded(&format!("*{}b", "a".repeat(1_000)), &text);
    }

    /// The definition of the language, with all its backtracking.
    fn naive(pattern: &[char], text: &[char]) -> bool {
        match (pattern, text) {
            ([], _) => text.is_empty(),
            (['*', after @ ..], _) => {
                naive(after, text) || (!text.is_empty() && naive(pattern, &text[1..]))
            }
            (_, []) => false,
            (['?', after @ ..], [_, rest @ ..]) => naive(after, rest),
            ([wanted, after @ ..], [found, rest @ ..]) => wanted == found && naive(after, rest),
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_the_definition(
            pattern in "[ab*?]{0,8}",
            text in "[abä]{0,10}",
        ) {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), naive(&chars(&pattern), &chars(&text)));
            assert_bounded(&pattern, &text);
        }
    }
}

//! Patterns with `*` (any characters, also none) and `?` (exactly one character).

use std::str::Chars;

/// Whether ASCII letters of different case are the same.
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
        let mut glob = Self { tokens: Vec::new(), case };
        pattern.chars().for_each(|character| glob.push_pattern(character));
        glob
    }

    /// Compiles `pattern`, in which `${*}`, `${?}` and `${$}` stand for the character in them.
    /// `None` if it has a `${` that is none of these: a policy variable.
    pub(crate) fn with_escapes(pattern: &str, case: Case) -> Option<Self> {
        let mut glob = Self { tokens: Vec::new(), case };
        let mut pieces = pattern.split("${");
        pieces.next()?.chars().for_each(|character| glob.push_pattern(character));
        for piece in pieces {
            let (name, rest) = piece.split_once('}')?;
            glob.push(Token::Char(match name {
                "*" => '*',
                "?" => '?',
                "$" => '$',
                _ => return None,
            }));
            rest.chars().for_each(|character| glob.push_pattern(character));
        }
        Some(glob)
    }

    fn push_pattern(&mut self, character: char) {
        self.push(match (character, self.case) {
            ('*', _) => Token::Any,
            ('?', _) => Token::One,
            (_, Case::Sensitive) => Token::Char(character),
            (_, Case::Insensitive) => Token::Char(character.to_ascii_lowercase()),
        });
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
            Case::Insensitive => wanted == found.to_ascii_lowercase(),
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
    fn escapes_stand_for_themselves() {
        let glob = |pattern| Glob::with_escapes(pattern, Case::Sensitive);
        assert!(glob("a${*}${?}${$}*").unwrap().matches("a*?$b"));
        assert!(!glob("${*}").unwrap().matches("a"));
        assert!(glob("$${*}$").unwrap().matches("$*$"));
        for variable in ["${", "${aws:username}", "${}", "x${*", "${**}", "${${*}}"] {
            assert_eq!(glob(variable), None, "{variable:?}");
        }
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

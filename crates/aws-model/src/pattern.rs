//! Patterns of the service models: Java's regular expressions, compiled once, matched whole.

use std::sync::OnceLock;

use regex::Regex;

/// The one look ahead that the models have (in IAM's account alias): a hyphen that no hyphen
/// follows. The `regex` crate has none, so it is looked for beside the expression.
const NO_TWO_HYPHENS: &str = "-(?!-)";

/// One pattern of a model.
pub(crate) struct Pattern {
    source: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    pub(crate) const fn new(source: &'static str) -> Self {
        Self { source, compiled: OnceLock::new() }
    }

    /// The pattern as the model, and so every error message, writes it.
    pub(crate) const fn source(&self) -> &'static str {
        self.source
    }

    /// Whether the whole of `text` matches. A pattern that does not compile matches nothing; the
    /// crate's tests prove that the models have none.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let twice = self.source.contains(NO_TWO_HYPHENS) && text.contains("--");
        !twice && self.regex().is_some_and(|regex| regex.is_match(text))
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| Regex::new(&rust_syntax(self.source)).ok()).as_ref()
    }

    #[cfg(test)]
    pub(crate) fn compiles(&self) -> bool {
        self.regex().is_some()
    }
}

/// Java's dialect in that of the `regex` crate, anchored at both ends.
///
/// Two things differ. `\w`, `\d` and `\S` know only ASCII in Java, so they become classes, which
/// may stand inside another class as well. And the ARN pattern of STS and IAM writes the
/// supplementary planes as `\u10000-\u10FFFF`, which both dialects would read as `\u1000`, then
/// `0-\u10FF`, then `FF`; what is meant is clear, and is what we match.
fn rust_syntax(java: &str) -> String {
    let translated = java
        .replace(NO_TWO_HYPHENS, "-")
        .replace(r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF")
        .replace(r"\w", "[0-9A-Za-z_]")
        .replace(r"\d", "[0-9]")
        .replace(r"\S", r"[^ \t\n\x0B\f\r]");
    format!(r"\A(?:{translated})\z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_are_whole_even_with_alternatives() {
        let pattern = Pattern::new("^$|arn:[a-z]+");
        assert!(pattern.matches(""));
        assert!(pattern.matches("arn:aws"));
        assert!(!pattern.matches("arn:aws\n"));
        assert!(!pattern.matches("x arn:aws"));
    }

    #[test]
    fn java_classes_are_ascii() {
        let pattern = Pattern::new(r"[\w+=,.@-]*");
        assert!(pattern.matches("alice_9@example.com"));
        assert!(!pattern.matches("élan"));
        assert!(!Pattern::new(r"[\d]*").matches("١٢"));
        assert!(Pattern::new(r"^\S+$").matches("é"));
        assert!(!Pattern::new(r"^\S+$").matches("a b"));
    }

    #[test]
    fn the_supplementary_planes_of_the_arn_pattern_are_meant() {
        let arn = Pattern::new(r"[\u0020-\u007E\uE000-\uFFFD\u10000-\u10FFFF]+");
        assert!(arn.matches("arn:aws:iam::123456789012:role/\u{1F980}"));
        assert!(!arn.matches("arn\u{1}"));
    }

    #[test]
    fn hyphens_of_an_account_alias_stand_alone_and_within() {
        let alias = Pattern::new("^[a-z0-9]([a-z0-9]|-(?!-)){1,61}[a-z0-9]$");
        assert!(alias.matches("a-b-c") && alias.matches("abc") && alias.matches("1-2"));
        for bad in ["a--b", "-ab", "ab-", "ab", "Abc", &"a".repeat(64)] {
            assert!(!alias.matches(bad), "{bad}");
        }
    }

    #[test]
    fn a_pattern_that_does_not_compile_lets_nothing_through() {
        let broken = Pattern::new("(");
        assert!(!broken.compiles());
        assert!(!broken.matches("("));
    }
}

//! Repository names.

use std::fmt;
use std::str::FromStr;

use crate::ParseError;
use crate::account::text_form;
use crate::limits::{REPOSITORY_NAME_CHARS_MAX, REPOSITORY_NAME_CHARS_MIN};

/// The pattern of ECR's model that a repository name must match, as its messages quote it.
pub const REPOSITORY_NAME_PATTERN: &str =
    r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";

/// The name of a repository, such as `team/app`: 2 to 256 characters of
/// [`REPOSITORY_NAME_PATTERN`].
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryName(String);

impl RepositoryName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RepositoryName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let length = REPOSITORY_NAME_CHARS_MIN..=REPOSITORY_NAME_CHARS_MAX;
        if length.contains(&text.len()) && text.split('/').all(is_component) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new(
                "a repository name is 2 to 256 characters: parts of a-z and 0-9, joined by one \
                 of . _ __ or dashes, separated by /",
            ))
        }
    }
}

/// One part between slashes: alphanumeric runs with a separator between each two.
fn is_component(part: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = part.as_bytes();
    let ends = bytes.first().is_some_and(alphanumeric) && bytes.last().is_some_and(alphanumeric);
    ends && bytes.split(alphanumeric).all(is_separator)
}

/// What may stand between two alphanumeric characters: nothing, `.`, `_`, `__`, or dashes.
fn is_separator(gap: &[u8]) -> bool {
    matches!(gap, b"" | b"." | b"_" | b"__") || gap.iter().all(|byte| *byte == b'-')
}

text_form!(RepositoryName);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_model_are_names() {
        for good in ["ab", "a1", "1a", "news-aggregator-api", "a/b/c", "a.b_c__d-e---f", "x0/y1"] {
            assert!(good.parse::<RepositoryName>().is_ok(), "{good:?}");
        }
        assert!("a".repeat(256).parse::<RepositoryName>().is_ok());
    }

    #[test]
    fn anything_else_is_not() {
        let long = "a".repeat(257);
        for bad in [
            "", "a", "A/b", "a//b", "/ab", "ab/", "a..b", "a___b", "a._b", "-ab", "ab-", "a b",
            "ä", "a-.b", "..", "../x", &long,
        ] {
            assert!(bad.parse::<RepositoryName>().is_err(), "{bad:?}");
        }
    }
}

//! Image tags.

use std::fmt;
use std::str::FromStr;

use crate::ParseError;
use crate::account::text_form;
use crate::limits::TAG_CHARS_MAX;

/// The pattern ECR's messages quote for a tag.
pub const TAG_PATTERN: &str = "[a-zA-Z0-9-_.]+";

/// Whether a text is all of the characters of [`TAG_PATTERN`]: a tag to ECR, though perhaps no [`Tag`].
pub fn fits_pattern(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty() && text.bytes().all(fits)
}

/// An image tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}` (OCI Distribution, "Pulling manifests").
///
/// ECR's model allows 300 characters and a leading `.` or `-`; no client could pull such a tag,
/// so the OCI form holds on both surfaces.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

impl Tag {
    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let fits = (1..=TAG_CHARS_MAX).contains(&text.len())
            && text.bytes().next().is_some_and(word)
            && text.bytes().all(|byte| word(byte) || byte == b'.' || byte == b'-');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseError::new(
                "a tag is 1 to 128 letters, digits, '_', '.' and '-', and starts with none of '.' and '-'",
            ))
        }
    }
}

text_form!(Tag);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_follow_the_oci_grammar() {
        for good in ["latest", "v1.0.0", "sha-abc1234", "_x", "A"] {
            assert!(good.parse::<Tag>().is_ok(), "{good:?}");
        }
        let long = "a".repeat(129);
        for bad in ["", ".a", "-a", "a:b", "a/b", "a b", "ü", &long] {
            assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
        }
    }
}

//! Repository filters of scanning rules: which repositories a rule is about.
//!
//! Source: "Filters to choose which repositories are scanned" in the ECR user guide, and the
//! pattern of the model's `ScanningRepositoryFilterValue`.

use serde::{Deserialize, Serialize};
use wharfinger_core::RepositoryName;
use wharfinger_core::limits::SCANNING_FILTER_CHARS_MAX;

use crate::Error;
use crate::mutability::matches;

/// The model's pattern of a filter, for messages.
const PATTERN: &str = r"^[a-z0-9*](?:[._\-/a-z0-9*]?[a-z0-9*]+)*$";

/// A filter of the type `WILDCARD`.
///
/// With `*`, which stands for any run of characters, it is about the repositories whose whole name
/// it matches; without, about those whose name contains it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScanningFilter(String);

impl ScanningFilter {
    /// From the text of a request.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for a text that is not 1 to 255 characters of the model's
    /// pattern: lower case letters, digits and `*`, and single `.`, `_`, `-` or `/` between them.
    pub fn new(text: &str) -> Result<Self, Error> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'*';
        let bytes = text.as_bytes();
        let ends = [bytes.first(), bytes.last()];
        let fits = bytes.len() <= SCANNING_FILTER_CHARS_MAX
            && ends.into_iter().all(|end| end.is_some_and(|byte| plain(*byte)))
            && bytes.iter().all(|byte| plain(*byte) || b"._-/".contains(byte))
            && bytes.windows(2).all(|pair| plain(pair[0]) || plain(pair[1]));
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            let reason = format!("must satisfy regular expression '{PATTERN}'");
            Err(Error::invalid("filter", reason))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the filter is about the repository of this name.
    pub fn is_about(&self, name: &RepositoryName) -> bool {
        match self.0.contains('*') {
            true => matches(&self.0, name.as_str()),
            false => name.as_str().contains(&self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the user guide.
    #[test]
    fn a_filter_without_a_wildcard_is_contained_and_one_with_it_matches_the_whole_name() {
        let names = ["prod", "repo-prod", "prod-repo", "repo-prod-repo", "prodrepo"];
        for (filter, expected) in [
            ("prod", [true, true, true, true, true]),
            ("*prod", [true, true, false, false, false]),
            ("prod*", [true, false, true, false, true]),
            ("*prod*", [true, true, true, true, true]),
            ("prod*repo", [false, false, true, false, true]),
            ("*", [true, true, true, true, true]),
        ] {
            let filter = ScanningFilter::new(filter).unwrap();
            let found = names.map(|name| filter.is_about(&name.parse().unwrap()));
            assert_eq!(found, expected, "{filter:?}");
        }
    }

    #[test]
    fn dots_are_dots() {
        let filter = ScanningFilter::new("team/app.v*").unwrap();
        assert!(filter.is_about(&"team/app.v1".parse().unwrap()));
        assert!(!filter.is_about(&"team/app-v1".parse().unwrap()));
    }

    #[test]
    fn the_grammar_is_that_of_the_model() {
        let longest = "a".repeat(SCANNING_FILTER_CHARS_MAX);
        for good in ["a", "*", "**", "team/app", "a-b_c.d/e", "9*", &longest] {
            assert_eq!(ScanningFilter::new(good).unwrap().as_str(), good);
        }
        let long = "a".repeat(SCANNING_FILTER_CHARS_MAX + 1);
        for bad in ["", "-a", "a-", "a/", "a--b", "a._b", "A", "a b", "a\n", "\u{e9}", &long] {
            let refused = ScanningFilter::new(bad);
            assert!(
                matches!(refused, Err(Error::InvalidParameter { member: "filter", .. })),
                "{bad:?}"
            );
        }
    }
}

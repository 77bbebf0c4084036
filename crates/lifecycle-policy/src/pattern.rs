//! Which tags a rule names: `tagPrefixList` and `tagPatternList`.

/// One entry of a tag list. Upper and lower case differ.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum TagPattern {
    /// Tags that begin with this. `*` means itself.
    Prefix(String),
    /// Tags that as a whole are this, where `*` stands for any characters, also none.
    Pattern(String),
}

impl TagPattern {
    /// Whether a tag is one of those meant. Its cost is bounded by the length of the pattern times
    /// that of the tag.
    pub fn matches(&self, tag: &str) -> bool {
        match self {
            Self::Prefix(prefix) => tag.starts_with(prefix.as_str()),
            Self::Pattern(pattern) => matches(pattern, tag),
        }
    }
}

fn matches(pattern: &str, tag: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == tag };
    let Some(mut tag) = tag.strip_prefix(first) else { return false };
    let mut pieces = rest.split('*');
    // What stands after the last `*`; it may not overlap what the others take.
    let last = pieces.next_back().unwrap_or_default();
    for piece in pieces {
        match tag.find(piece) {
            Some(at) => tag = tag.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    tag.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pattern_is_about_the_whole_tag() {
        for (pattern, tag) in [
            ("prod", "prod"),
            ("prod*", "prod"),
            ("prod*", "prod-1"),
            ("*prod", "my-prod"),
            ("*a*b*", "xaxbx"),
            ("a*a", "aa"),
            ("*", "x"),
            ("a**b", "ab"),
        ] {
            assert!(matches(pattern, tag), "{pattern} {tag}");
        }
        for (pattern, tag) in [
            ("prod", "prod-1"),
            ("prod*", "my-prod"),
            ("*prod", "prod-1"),
            ("a*a", "a"),
            ("Prod", "prod"),
            ("a.c", "abc"),
            ("[ab]", "a"),
            ("a?", "ab"),
        ] {
            assert!(!matches(pattern, tag), "{pattern} {tag}");
        }
    }

    #[test]
    fn a_star_in_a_prefix_means_itself() {
        let prefix = TagPattern::Prefix("v*".into());
        assert!(!prefix.matches("v1"));
        assert!(TagPattern::Prefix("v".into()).matches("v1"));
    }

    /// The definition, with all its backtracking.
    fn naive(pattern: &[u8], tag: &[u8]) -> bool {
        match (pattern, tag) {
            ([], _) => tag.is_empty(),
            ([b'*', after @ ..], _) => {
                naive(after, tag) || (!tag.is_empty() && naive(pattern, &tag[1..]))
            }
            (_, []) => false,
            ([wanted, after @ ..], [found, rest @ ..]) => wanted == found && naive(after, rest),
        }
    }

    proptest! {
        #[test]
        fn the_matcher_agrees_with_the_definition(pattern in "[ab*]{0,8}", tag in "[ab]{0,10}") {
            prop_assert_eq!(matches(&pattern, &tag), naive(pattern.as_bytes(), tag.as_bytes()));
        }
    }
}

//! Tag mutability: which tags may move.

use wharfinger_core::limits::{EXCLUSION_FILTER_WILDCARDS_MAX, EXCLUSION_FILTERS_MAX};
use wharfinger_core::{RepositoryName, Tag};

use crate::Error;

/// The four modes of `imageTagMutability`, with the filters of the two that take exceptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TagMutability {
    /// Tags move.
    Mutable,
    /// Tags stay.
    Immutable,
    /// Tags move, but those that match a filter stay.
    MutableWithExclusion(Vec<String>),
    /// Tags stay, but those that match a filter move.
    ImmutableWithExclusion(Vec<String>),
}

const MUTABLE: &str = "MUTABLE";
const IMMUTABLE: &str = "IMMUTABLE";
const MUTABLE_WITH_EXCLUSION: &str = "MUTABLE_WITH_EXCLUSION";
const IMMUTABLE_WITH_EXCLUSION: &str = "IMMUTABLE_WITH_EXCLUSION";
const FILTERS: &str = "imageTagMutabilityExclusionFilters";

impl TagMutability {
    /// From the mode's wire name and the filters of a request.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] when mode and filters do not go together, or a filter is not
    /// 1 to 128 characters of `[0-9a-zA-Z._*-]` with at most two `*`.
    pub fn new(mode: &str, filters: Option<Vec<String>>) -> Result<Self, Error> {
        let excluding = matches!(mode, MUTABLE_WITH_EXCLUSION | IMMUTABLE_WITH_EXCLUSION);
        let filters = match filters {
            None if excluding => {
                return Err(Error::invalid(
                    FILTERS,
                    format!(
                        "ImageTagMutabilityExclusionFilters can't be null when \
                         imageTagMutability is set as {mode}"
                    ),
                ));
            }
            Some(_) if !excluding => {
                return Err(Error::invalid(
                    FILTERS,
                    format!(
                        "ImageTagMutabilityExclusionFilters can't be set when \
                         imageTagMutability is set as {mode}"
                    ),
                ));
            }
            filters => filters.unwrap_or_default(),
        };
        if excluding && !(1..=EXCLUSION_FILTERS_MAX).contains(&filters.len()) {
            let reason = format!("Member must have 1 to {EXCLUSION_FILTERS_MAX} filters");
            return Err(Error::invalid(FILTERS, reason));
        }
        filters.iter().try_for_each(|filter| check_filter(filter))?;
        Self::of(mode, filters).ok_or_else(|| {
            Error::invalid("imageTagMutability", "Member must satisfy the modes of the model")
        })
    }

    /// The mode's wire name.
    pub fn mode(&self) -> &'static str {
        match self {
            Self::Mutable => MUTABLE,
            Self::Immutable => IMMUTABLE,
            Self::MutableWithExclusion(_) => MUTABLE_WITH_EXCLUSION,
            Self::ImmutableWithExclusion(_) => IMMUTABLE_WITH_EXCLUSION,
        }
    }

    /// The filters of the modes that have them.
    pub fn filters(&self) -> Option<&[String]> {
        match self {
            Self::Mutable | Self::Immutable => None,
            Self::MutableWithExclusion(filters) | Self::ImmutableWithExclusion(filters) => {
                Some(filters)
            }
        }
    }

    /// From what a repository's row holds.
    pub(crate) fn stored(mode: &str, filters: &str) -> Option<Self> {
        Self::of(mode, serde_json::from_str(filters).ok()?)
    }

    /// The filters as a repository's row holds them.
    pub(crate) fn stored_filters(&self) -> String {
        serde_json::to_string(self.filters().unwrap_or_default()).unwrap_or_default()
    }

    /// Whether `tag` may be pointed at another image.
    pub(crate) fn may_move(&self, tag: &Tag) -> bool {
        let listed =
            |filters: &[String]| filters.iter().any(|filter| matches(filter, tag.as_str()));
        match self {
            Self::Mutable => true,
            Self::Immutable => false,
            Self::MutableWithExclusion(filters) => !listed(filters),
            Self::ImmutableWithExclusion(filters) => listed(filters),
        }
    }

    /// Refuses to move a tag that must stay.
    pub(crate) fn check_move(&self, tag: &Tag, name: &RepositoryName) -> Result<(), Error> {
        if self.may_move(tag) {
            Ok(())
        } else {
            Err(Error::ImageTagAlreadyExists { tag: tag.clone(), name: name.clone() })
        }
    }

    fn of(mode: &str, filters: Vec<String>) -> Option<Self> {
        Some(match mode {
            MUTABLE => Self::Mutable,
            IMMUTABLE => Self::Immutable,
            MUTABLE_WITH_EXCLUSION => Self::MutableWithExclusion(filters),
            IMMUTABLE_WITH_EXCLUSION => Self::ImmutableWithExclusion(filters),
            _ => return None,
        })
    }
}

fn check_filter(filter: &str) -> Result<(), Error> {
    let fits = (1..=128).contains(&filter.len())
        && filter.bytes().all(|b| b.is_ascii_alphanumeric() || b"._*-".contains(&b));
    if !fits {
        let reason = "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}'";
        return Err(Error::invalid("filter", reason));
    }
    if filter.matches('*').count() > EXCLUSION_FILTER_WILDCARDS_MAX {
        let reason =
            format!("A filter can have at most {EXCLUSION_FILTER_WILDCARDS_MAX} wildcards");
        return Err(Error::invalid("filter", reason));
    }
    Ok(())
}

/// Whether a filter matches the whole text; `*` stands for any run of characters.
pub(crate) fn matches(filter: &str, text: &str) -> bool {
    let mut parts = filter.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_match_whole_tags() {
        for (filter, tag, expected) in [
            ("latest", "latest", true),
            ("latest", "latest2", false),
            ("dev-*", "dev-", true),
            ("dev-*", "dev-1", true),
            ("dev-*", "xdev-1", false),
            ("v*.beta", "v1.2.beta", true),
            ("v*.beta", "v1.beta.2", false),
            ("*rc*", "1.0-rc1", true),
            ("*", "anything", true),
            ("a*a", "a", false),
            ("a*b*", "axb", true),
            ("v1.0", "v1x0", false),
        ] {
            assert_eq!(matches(filter, tag), expected, "{filter} {tag}");
        }
    }

    #[test]
    fn modes_and_filters_go_together() {
        let filters = |n: usize| Some(vec!["latest".to_owned(); n]);
        assert!(TagMutability::new("IMMUTABLE", None).is_ok());
        assert!(TagMutability::new("IMMUTABLE", filters(1)).is_err());
        assert!(TagMutability::new("IMMUTABLE_WITH_EXCLUSION", None).is_err());
        assert!(TagMutability::new("IMMUTABLE_WITH_EXCLUSION", filters(0)).is_err());
        assert!(TagMutability::new("IMMUTABLE_WITH_EXCLUSION", filters(5)).is_ok());
        assert!(TagMutability::new("IMMUTABLE_WITH_EXCLUSION", filters(6)).is_err());
        assert!(TagMutability::new("MUTABLE_WITH_EXCLUSION", Some(vec!["a*b*c*".into()])).is_err());
        assert!(TagMutability::new("MUTABLE_WITH_EXCLUSION", Some(vec!["a b".into()])).is_err());
        assert!(TagMutability::new("SOMETHING", None).is_err());
    }

    #[test]
    fn four_modes_decide_which_tags_move() {
        let tag = |text: &str| text.parse::<Tag>().unwrap();
        let dev = || Some(vec!["dev-*".to_owned()]);
        let mode = |name, filters| TagMutability::new(name, filters).unwrap();
        assert!(mode("MUTABLE", None).may_move(&tag("v1")));
        assert!(!mode("IMMUTABLE", None).may_move(&tag("v1")));
        assert!(mode("IMMUTABLE_WITH_EXCLUSION", dev()).may_move(&tag("dev-1")));
        assert!(!mode("IMMUTABLE_WITH_EXCLUSION", dev()).may_move(&tag("v1")));
        assert!(!mode("MUTABLE_WITH_EXCLUSION", dev()).may_move(&tag("dev-1")));
        assert!(mode("MUTABLE_WITH_EXCLUSION", dev()).may_move(&tag("v1")));
    }
}

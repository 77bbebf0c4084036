//! Prefixes of repository names, by which pull through cache rules and creation templates are kept
//! and found.

use wharfinger_core::RepositoryName;

/// The prefix that stands for every repository.
const ROOT: &str = "ROOT";

/// The prefix of a rule or a template, as the client wrote it. The slash at its end is implied, so
/// `team` and `team/` are the same one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepositoryPrefix(String);

impl RepositoryPrefix {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The prefix as it was written.
    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// What it is kept under: the same for every way to write it.
    pub(crate) fn key(&self) -> &str {
        self.0.strip_suffix('/').unwrap_or(&self.0)
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0 == ROOT
    }
}

/// Of these keys the one that is for `name`: the longest `P` that the name begins with as `P/`,
/// else `ROOT` if it is among them.
pub(crate) fn best_match<'k>(
    keys: impl IntoIterator<Item = &'k str>,
    name: &RepositoryName,
) -> Option<&'k str> {
    let rank = |key: &'k str| {
        let below = || name.as_str().strip_prefix(key)?.strip_prefix('/').map(|_| key.len());
        let rank = if key == ROOT { Some(0) } else { below() };
        rank.map(|rank| (rank, key))
    };
    keys.into_iter().filter_map(rank).max().map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_prefix_is_the_one() {
        for (keys, name, expected) in [
            (vec!["team"], "team/app", Some("team")),
            (vec!["team"], "team", None),
            (vec!["team"], "teams/app", None),
            (vec!["team"], "a/team/app", None),
            (vec!["team", "team/a"], "team/a/x", Some("team/a")),
            (vec!["team/a", "team"], "team/a/x", Some("team/a")),
            (vec!["team/a", "team"], "team/a", Some("team")),
            (vec!["team/a", "team"], "team/ab/x", Some("team")),
            (vec!["ROOT", "team"], "team/app", Some("team")),
            (vec!["ROOT", "team"], "team", Some("ROOT")),
            (vec!["ROOT", "a"], "other", Some("ROOT")),
            (vec!["a"], "a/b/c/d", Some("a")),
            (vec![], "app", None),
        ] {
            let found = best_match(keys.iter().copied(), &name.parse().unwrap());
            assert_eq!(found, expected, "{name} of {keys:?}");
        }
    }

    #[test]
    fn the_slash_at_the_end_is_implied() {
        assert_eq!(RepositoryPrefix::new("a/b/").key(), "a/b");
        assert_eq!(RepositoryPrefix::new("a/b").key(), "a/b");
        assert_eq!(RepositoryPrefix::new("a/b/").into_text(), "a/b/");
        assert!(RepositoryPrefix::new("ROOT").is_root());
        assert!(!RepositoryPrefix::new("root").is_root());
    }
}

//! Node: packages in `node_modules`, and the lock files of npm, yarn, pnpm and bun.

pub(super) mod bun;
pub(super) mod installed;
pub(super) mod lock;
pub(super) mod pnpm;
pub(super) mod yarn;

/// The name and the rest of `name@rest`; the `@` of a scope begins the name.
fn split_at(text: &str) -> Option<(&str, &str)> {
    let at = text.char_indices().skip(1).find(|(_, character)| *character == '@')?.0;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Whether something is a version, and not where a package was fetched from (`file:`, `git+ssh:`, a
/// URL, a branch).
fn is_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    text.starts_with(|it: char| it.is_ascii_digit()) && !text.contains([':', '/'])
}

/// Whether npm could have a package of that name: `name` or `@scope/name`.
fn is_name(text: &str) -> bool {
    let name = match text.strip_prefix('@') {
        Some(scoped) => {
            scoped.split_once('/').filter(|(scope, _)| !scope.is_empty()).map(|it| it.1)
        }
        None => Some(text),
    };
    name.is_some_and(|name| !name.is_empty() && !name.starts_with('.') && !name.contains('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_versions_and_where_they_part() {
        assert_eq!(split_at("@a/b@npm:1.0"), Some(("@a/b", "npm:1.0")));
        assert_eq!(split_at("a@1@2"), Some(("a", "1@2")));
        assert_eq!(split_at("@a/b"), None);
        assert_eq!(split_at(""), None);
        for name in ["a", "@a/b", "JSONStream", "lodash.get"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "@", "@a", "@/b", "@a/", "@a/b/c", "a/b", ".bin"] {
            assert!(!is_name(name), "{name}");
        }
        for version in ["1.0.0", "v1.0.0", "0.0.0-use.local"] {
            assert!(is_version(version), "{version}");
        }
        for version in ["", "file:a", "github:a/b", "https://a", "main", "1/2"] {
            assert!(!is_version(version), "{version}");
        }
    }
}

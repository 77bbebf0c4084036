//! Symbolic links of an image, followed inside of it.

use std::collections::BTreeMap;

/// How many links are followed on one way: what Linux follows.
const LINKS_MAX: usize = 40;

/// Links by their paths.
#[derive(Default)]
pub(super) struct Links(BTreeMap<String, String>);

impl Links {
    pub(super) fn insert(&mut self, path: String, target: &str) {
        self.0.insert(path, target.to_owned());
    }

    pub(super) fn remove(&mut self, path: &str) {
        self.0.remove(path);
    }

    /// Takes away all below a path.
    pub(super) fn remove_below(&mut self, path: &str) {
        for key in below(&self.0, path) {
            self.0.remove(&key);
        }
    }

    /// The path of an entry, the directories before it followed, itself not.
    pub(super) fn entry(&self, path: &str) -> Option<String> {
        self.resolve(path, false)
    }

    /// The path of what an entry leads to.
    pub(super) fn file(&self, path: &str) -> Option<String> {
        self.resolve(path, true)
    }

    /// None where links lead in a circle.
    fn resolve(&self, path: &str, last_too: bool) -> Option<String> {
        if self.0.is_empty() {
            return Some(path.to_owned());
        }
        let mut to_do: Vec<&str> = path.rsplit('/').collect();
        let mut done = String::new();
        let mut followed = 0;
        while let Some(part) = to_do.pop() {
            match part {
                "" | "." => continue,
                ".." => {
                    done.truncate(done.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let before = done.len();
            if before > 0 {
                done.push('/');
            }
            done.push_str(part);
            let follow = last_too || !to_do.is_empty();
            if let Some(target) = self.0.get(&done).filter(|_| follow) {
                followed += 1;
                if followed > LINKS_MAX {
                    return None;
                }
                done.truncate(if target.starts_with('/') { 0 } else { before });
                to_do.extend(target.rsplit('/'));
            }
        }
        Some(done)
    }
}

/// The keys below a path.
pub(super) fn below<V>(map: &BTreeMap<String, V>, path: &str) -> Vec<String> {
    if path.is_empty() {
        return map.keys().cloned().collect();
    }
    // The sign after the slash is `0`.
    let range = map.range(format!("{path}/")..format!("{path}0"));
    range.map(|(key, _)| key.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_inside_the_image() {
        let mut links = Links::default();
        for (path, target) in [
            ("lib", "usr/lib"),
            ("var/lib/rpm", "../../usr/lib/sysimage/rpm"),
            ("etc/os-release", "../usr/lib/os-release"),
            ("out", "../../../../etc"),
            ("abs", "/var/./lib//rpm/"),
            ("a", "b"),
            ("b", "a"),
        ] {
            links.insert(path.to_owned(), target);
        }
        let entry = |path| links.entry(path);
        assert_eq!(entry("lib/apk/db/installed").as_deref(), Some("usr/lib/apk/db/installed"));
        assert_eq!(entry("var/lib/rpm/Packages").as_deref(), Some("usr/lib/sysimage/rpm/Packages"));
        assert_eq!(entry("etc/os-release").as_deref(), Some("etc/os-release"));
        assert_eq!(links.file("etc/os-release").as_deref(), Some("usr/lib/os-release"));
        assert_eq!(entry("out/os-release").as_deref(), Some("etc/os-release"));
        assert_eq!(entry("abs/x").as_deref(), Some("usr/lib/sysimage/rpm/x"));
        assert_eq!(entry("a/x"), None);
        links.remove_below("var/lib");
        assert_eq!(links.entry("var/lib/rpm/x").as_deref(), Some("var/lib/rpm/x"));
    }
}

//! The facts of a layer while it is read, and how much they may come to.

use std::collections::BTreeMap;

use super::role::{Role, leads_to_databases};
use crate::facts::FileFacts;
use crate::found::{LanguagePackage, SystemPackages};
use crate::{LayerError, LayerFacts, Limits};

/// Bytes of a file that is kept for a link to come, and of all of them.
const SPARE_FILE_BYTES: u64 = 64 << 10;
const SPARE_BYTES: usize = 16 << 20;
/// What a path costs beside its text.
const PATH_OVERHEAD_BYTES: usize = 48;

/// Facts, and files that are kept for a while.
pub(super) struct Gathered {
    facts: LayerFacts,
    bytes: usize,
    packages: usize,
    bytes_max: usize,
    packages_max: usize,
    spare: BTreeMap<String, Vec<u8>>,
    spare_bytes: usize,
}

impl Gathered {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            facts: LayerFacts::default(),
            bytes: 0,
            packages: 0,
            bytes_max: limits.facts_bytes,
            packages_max: limits.packages,
            spare: BTreeMap::new(),
            spare_bytes: 0,
        }
    }

    pub(super) fn into_facts(self) -> LayerFacts {
        self.facts
    }

    /// A file that says something.
    pub(super) fn says(&mut self, path: &str, facts: FileFacts) -> Result<(), LayerError> {
        self.forget(path);
        let (packages, bytes) = cost(&facts);
        self.packages = self.packages.saturating_add(packages);
        if self.packages > self.packages_max {
            let limit = self.packages_max as u64;
            return Err(LayerError::TooMuch { limit, what: "packages" });
        }
        self.count(path, bytes)?;
        self.facts.files.insert(path.to_owned(), facts);
        Ok(())
    }

    /// A file that says nothing, though what had its path in a layer below may have.
    pub(super) fn nothing(&mut self, path: &str) -> Result<(), LayerError> {
        self.forget(path);
        self.count(path, 0)?;
        self.facts.replaced.insert(path.to_owned());
        Ok(())
    }

    /// Whatever the same path was before in this layer: the last entry counts.
    pub(super) fn forget(&mut self, path: &str) {
        self.facts.files.remove(path);
        self.facts.links.remove(path);
        self.facts.replaced.remove(path);
    }

    pub(super) fn symlink(&mut self, path: &str, target: &str) -> Result<(), LayerError> {
        self.nothing(path)?;
        if is_near_root(path)
            || leads_to_databases(path)
            || leads_to_databases(&plain(path, target))
        {
            self.count(path, target.len())?;
            self.facts.links.insert(path.to_owned(), target.to_owned());
        }
        Ok(())
    }

    pub(super) fn directory(&mut self, path: &str) -> Result<(), LayerError> {
        if is_near_root(path) || leads_to_databases(path) {
            self.count(path, 0)?;
            self.facts.directories.insert(path.to_owned());
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, folder: &str, name: &str) -> Result<(), LayerError> {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        self.count(&path, 0)?;
        self.facts.removed.insert(path);
        Ok(())
    }

    pub(super) fn empty(&mut self, folder: &str) -> Result<(), LayerError> {
        self.count(folder, 0)?;
        self.facts.emptied.insert(folder.to_owned());
        Ok(())
    }

    /// Whether `target` says something that `path` says as well, being the same file.
    pub(super) fn says_as(&self, target: &str, path: &str) -> bool {
        let executable = Role::of(target, true) == Role::of(path, true);
        let role = Role::of(target, false) == Role::of(path, false);
        executable && role && self.facts.files.contains_key(target)
    }

    /// Whether `target` was read, and says nothing.
    pub(super) fn is_nothing(&self, target: &str) -> bool {
        self.facts.replaced.contains(target)
    }

    /// What `target` says, said by `path`.
    pub(super) fn copy(&mut self, target: &str, path: &str) -> Result<(), LayerError> {
        let Some(facts) = self.facts.files.get(target).cloned() else { return Ok(()) };
        let facts = match facts {
            FileFacts::Packages(mut packages) => {
                for package in &mut packages {
                    let inner = package.path.strip_prefix(target).unwrap_or_default();
                    package.path = format!("{path}{inner}");
                }
                FileFacts::Packages(packages)
            }
            facts => facts,
        };
        self.says(path, facts)
    }

    /// Whether a file of this size may be kept.
    pub(super) fn room_for_spare(&self, size: u64) -> bool {
        (2..=SPARE_FILE_BYTES).contains(&size) && self.spare_bytes < SPARE_BYTES
    }

    /// Keeps a file, if it looks like the description of a package in JSON.
    pub(super) fn spare(&mut self, path: &str, content: Vec<u8>) {
        let holds = |text: &[u8]| content.windows(text.len()).any(|window| window == text);
        if content.trim_ascii_start().starts_with(b"{")
            && holds(b"\"version\"")
            && holds(b"\"name\"")
        {
            self.return_spare(path, content);
        }
    }

    /// A file that was kept.
    pub(super) fn take_spare(&mut self, path: &str) -> Option<Vec<u8>> {
        let content = self.spare.remove(path)?;
        self.spare_bytes = self.spare_bytes.saturating_sub(content.len() + path.len());
        Some(content)
    }

    /// Keeps a file on.
    pub(super) fn return_spare(&mut self, path: &str, content: Vec<u8>) {
        self.spare_bytes += content.len() + path.len();
        self.spare.insert(path.to_owned(), content);
    }

    fn count(&mut self, path: &str, more: usize) -> Result<(), LayerError> {
        self.bytes = self.bytes.saturating_add(path.len() + PATH_OVERHEAD_BYTES + more);
        if self.bytes > self.bytes_max {
            let limit = self.bytes_max as u64;
            return Err(LayerError::TooMuch { limit, what: "bytes of what has to be kept of it" });
        }
        Ok(())
    }
}

fn is_near_root(path: &str) -> bool {
    path.bytes().filter(|byte| *byte == b'/').count() < 2
}

/// Where a link leads if nothing on the way is a link.
fn plain(path: &str, target: &str) -> String {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let from = if target.starts_with('/') { "" } else { folder };
    let mut parts: Vec<&str> = Vec::new();
    for part in from.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn cost(facts: &FileFacts) -> (usize, usize) {
    match facts {
        FileFacts::Release(text) | FileFacts::Unread(text) => (0, text.len()),
        FileFacts::System { packages, .. } => (packages.packages.len(), cost_of_system(packages)),
        FileFacts::Owned { paths, .. } => (0, paths.iter().map(|path| path.len() + 24).sum()),
        FileFacts::Packages(packages) => {
            (packages.len(), packages.iter().map(cost_of_language).sum())
        }
    }
}

fn cost_of_system(system: &SystemPackages) -> usize {
    let packages = system.packages.iter().map(|package| {
        let source = package.source.as_ref().map_or(0, |it| it.name.len() + it.version.len());
        let licenses: usize = package.licenses.iter().map(String::len).sum();
        package.name.len() + package.version.len() + source + licenses + 200
    });
    packages.chain(system.owned_paths.iter().map(|path| path.len() + 24)).sum()
}

fn cost_of_language(package: &LanguagePackage) -> usize {
    let licenses: usize = package.licenses.iter().map(String::len).sum();
    let identity = &package.identity;
    identity.name.len() + identity.version.len() + package.path.len() + licenses + 200
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_where_they_say() {
        assert_eq!(plain("var/lib/rpm", "../../usr/lib/sysimage/rpm"), "usr/lib/sysimage/rpm");
        assert_eq!(plain("var/run", "/run"), "run");
        assert_eq!(plain("a", "../../../b/./c"), "b/c");
        assert!(leads_to_databases("var/lib"));
        assert!(leads_to_databases("etc/os-release"));
        assert!(!leads_to_databases("var/li"));
    }
}

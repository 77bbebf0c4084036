//! What the files of an image say while its layers are laid on one another.

use std::collections::{BTreeMap, BTreeSet};

use super::links::{Links, below};
use super::{Owned, database};
use crate::LayerFacts;
use crate::facts::{FileFacts, SystemManager};
use crate::found::{LanguagePackage, SystemPackage};
use crate::layer::{DPKG_PARTS, databases};

/// The files that say something, by the paths at which they really are, and the links.
#[derive(Default)]
pub(super) struct Merged<'a> {
    files: BTreeMap<String, &'a FileFacts>,
    links: Links,
}

impl<'a> Merged<'a> {
    /// Lays a layer on those before it; says whether any file that says something came or went.
    ///
    /// What a layer deletes is deleted from those below, never from itself, wherever in its archive it
    /// stands (OCI image-spec, layer.md, "Whiteouts").
    pub(super) fn apply(&mut self, layer: &'a LayerFacts) -> bool {
        let mut changed = !layer.files.is_empty();
        for path in &layer.removed {
            changed |= self.links.entry(path).is_some_and(|path| self.remove_tree(&path));
        }
        for path in &layer.emptied {
            changed |= self.links.file(path).is_some_and(|path| self.remove_below(&path));
        }
        for path in &layer.directories {
            if let Some(path) = self.links.entry(path) {
                self.links.remove(&path);
                changed |= self.files.remove(&path).is_some();
            }
        }
        for path in layer.replaced.iter().chain(layer.files.keys()) {
            changed |= self.links.entry(path).is_some_and(|path| self.remove_tree(&path));
        }
        let links = layer.links.iter();
        let links = links.filter_map(|(path, target)| Some((self.links.entry(path)?, target)));
        for (path, target) in links.collect::<Vec<_>>() {
            self.links.insert(path, target);
        }
        for (path, facts) in &layer.files {
            if let Some(path) = self.links.entry(path) {
                self.files.insert(path, facts);
            }
        }
        changed
    }

    fn remove_tree(&mut self, path: &str) -> bool {
        self.links.remove(path);
        let file = self.files.remove(path).is_some();
        self.remove_below(path) || file
    }

    fn remove_below(&mut self, path: &str) -> bool {
        self.links.remove_below(path);
        let keys = below(&self.files, path);
        for key in &keys {
            self.files.remove(key);
        }
        !keys.is_empty()
    }

    /// The text of a file that tells the distribution.
    pub(super) fn release(&self, path: &str) -> Option<&'a str> {
        match self.files.get(&self.links.file(path)?)? {
            FileFacts::Release(text) => Some(text),
            _ => None,
        }
    }

    /// What the databases of the operating system's packages say: each file of them once, however many
    /// usual paths lead to it.
    fn databases(&self) -> Vec<&'a FileFacts> {
        let whole = databases().filter_map(|path| self.links.file(&path));
        let whole: BTreeSet<String> = whole.collect();
        let folders = DPKG_PARTS.iter().filter_map(|path| self.links.file(path));
        let parts: BTreeSet<String> = folders.flat_map(|path| below(&self.files, &path)).collect();
        let paths = whole.union(&parts);
        paths.filter_map(|path| self.files.get(path).copied()).collect()
    }

    /// The packages of the operating system.
    pub(super) fn system_packages(
        &self,
    ) -> impl Iterator<Item = (SystemManager, &'a SystemPackage)> {
        let databases = self.databases().into_iter().filter_map(database);
        databases.flat_map(|(manager, packages)| packages.iter().map(move |it| (manager, it)))
    }

    /// The files that tell of packages of languages, and what they tell.
    pub(super) fn language_files(&self) -> impl Iterator<Item = (&str, &'a [LanguagePackage])> {
        self.files.iter().filter_map(|(path, facts)| match facts {
            FileFacts::Packages(packages) => Some((path.as_str(), packages.as_slice())),
            _ => None,
        })
    }

    /// The files that ought to tell of packages of languages, and why they do not.
    pub(super) fn unread_files(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.files.iter().filter_map(|(path, facts)| match facts {
            FileFacts::Unread(why) => Some((path.as_str(), why.as_str())),
            _ => None,
        })
    }

    /// The packages of languages.
    pub(super) fn language_packages(&self) -> impl Iterator<Item = &'a LanguagePackage> {
        self.language_files().flat_map(|(_, packages)| packages)
    }

    /// The files that packages of the distribution brought. What others brought by the same package
    /// manager is nobody's to rate but its language's.
    pub(super) fn owned_paths(&self) -> Owned {
        let mut paths: Vec<&str> = Vec::new();
        let mut foreign: BTreeSet<&str> = BTreeSet::new();
        for facts in self.databases() {
            if let FileFacts::System { packages, foreign: by_others, .. } = facts {
                foreign.extend(by_others.iter().map(String::as_str));
                paths.extend(packages.owned_paths.iter().map(String::as_str));
            }
        }
        for facts in self.files.values() {
            if let FileFacts::Owned { package, paths: of_package } = facts
                && !foreign.contains(package.as_str())
            {
                paths.extend(of_package.iter().map(String::as_str));
            }
        }
        paths.into_iter().filter_map(|path| self.links.entry(path)).collect()
    }
}

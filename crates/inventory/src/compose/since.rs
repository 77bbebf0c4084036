//! From which layer on a package is there.

use std::collections::BTreeMap;

use crate::facts::SystemManager;
use crate::found::{LanguagePackage, SystemPackage};

/// What makes two packages of two layers the same one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Key<'a> {
    /// Name, version, architecture.
    System(&'a str, &'a str, &'a str),
    /// All of it, its path too.
    Language(&'a LanguagePackage),
}

impl<'a> Key<'a> {
    pub(super) fn system(package: &'a SystemPackage) -> Self {
        Self::System(&package.name, &package.version, &package.architecture)
    }

    pub(super) fn language(package: &'a LanguagePackage) -> Self {
        Self::Language(package)
    }
}

/// The packages that are there, and the lowest layer from which on each was there without a gap.
#[derive(Default)]
pub(super) struct Since<'a>(BTreeMap<Key<'a>, usize>);

impl<'a> Since<'a> {
    /// Takes in what is there after a layer; says nothing of layers that changed nothing.
    pub(super) fn update(
        &mut self,
        layer: usize,
        system: impl Iterator<Item = (SystemManager, &'a SystemPackage)>,
        language: impl Iterator<Item = &'a LanguagePackage>,
    ) {
        let system = system.map(|(_, package)| Key::system(package));
        let now = system.chain(language.map(Key::language));
        let before = &self.0;
        let now = now.map(|key| (key, before.get(&key).copied().unwrap_or(layer))).collect();
        self.0 = now;
    }

    /// The layer of a package that is there.
    pub(super) fn of(&self, key: &Key<'a>) -> usize {
        self.0.get(key).copied().unwrap_or_default()
    }
}

//! The facts of all layers of an image, put together to what the image is made of.

mod links;
mod merged;
mod since;

use std::collections::BTreeSet;

use merged::Merged;
use since::{Key, Since};
use wharfinger_core::Digest;
use wharfinger_package::{Ecosystem, Family, PackageIdentity};

use crate::facts::{FileFacts, SystemManager};
use crate::found::{LanguagePackage, SystemPackage};
use crate::layer::RELEASES;
use crate::tar::printable;
use crate::{
    Distribution, Inventory, LayerFacts, Package, PackageManager, UnreadFile, distribution,
    language,
};

/// Puts the layers of an image together, the lowest first: whiteouts, links, and package databases of
/// which the topmost counts.
///
/// Packages of an operating system that nobody here knows have the ecosystem of their package manager
/// (`debian`, `alpine`, `redhat`) without a release: bills of materials list them; the distribution has
/// no ecosystem, so that nothing is said of their vulnerabilities.
pub fn compose(layers: &[(Digest, LayerFacts)]) -> Inventory {
    let mut merged = Merged::default();
    let mut since = Since::default();
    for (index, (_, facts)) in layers.iter().enumerate() {
        if merged.apply(facts) {
            since.update(index, merged.system_packages(), merged.language_packages());
        }
    }
    let releases = RELEASES.map(|path| merged.release(path));
    let distribution = distribution::detect(&releases);
    let owned = merged.owned_paths();
    let mut packages: Vec<Found> = Vec::new();
    for (manager, package) in merged.system_packages() {
        let ecosystem = ecosystem_of(manager, distribution.as_ref());
        let layer = since.of(&Key::system(package));
        packages.push(system(package, ecosystem, layer));
    }
    for (path, language) in merged.language_files() {
        if !owned.contains(path) {
            packages.extend(language.iter().map(|package| {
                let layer = since.of(&Key::language(package));
                of_language(package, layer)
            }));
        }
    }
    let mut packages = sorted(packages, layers);
    language::settle(&mut packages);
    let unread = merged.unread_files().filter(|(path, _)| !owned.contains(*path));
    let unread =
        unread.map(|(path, why)| UnreadFile { path: printable(path), why: why.to_owned() });
    Inventory { distribution, packages, unread: unread.collect() }
}

/// A package, and the index of its layer.
struct Found {
    identity: PackageIdentity,
    manager: PackageManager,
    path: Option<String>,
    layer: usize,
    licenses: Vec<String>,
}

fn ecosystem_of(manager: SystemManager, distribution: Option<&Distribution>) -> Ecosystem {
    let known = distribution.and_then(|distribution| distribution.ecosystem.clone());
    known.unwrap_or_else(|| {
        Ecosystem::rolling(match manager {
            SystemManager::Apk => Family::Alpine,
            SystemManager::Dpkg => Family::Debian,
            SystemManager::Rpm => Family::RedHat,
        })
    })
}

fn system(package: &SystemPackage, ecosystem: Ecosystem, layer: usize) -> Found {
    let differs = package
        .source
        .as_ref()
        .filter(|source| source.name != package.name || source.version != package.version);
    let architecture = Some(package.architecture.clone()).filter(|it| !it.is_empty());
    let identity = PackageIdentity {
        ecosystem,
        name: package.name.clone(),
        version: package.version.clone(),
        architecture,
        source: differs.cloned(),
        module: package.module.clone(),
        vendor: package.vendor.clone(),
    };
    let licenses = package.licenses.clone();
    Found { identity, manager: PackageManager::Os, path: None, layer, licenses }
}

fn of_language(package: &LanguagePackage, layer: usize) -> Found {
    Found {
        identity: package.identity.clone(),
        manager: package.manager,
        path: Some(printable(&package.path)),
        layer,
        licenses: package.licenses.clone(),
    }
}

/// By identity and path, each once; of two, that of the lower layer.
fn sorted(mut found: Vec<Found>, layers: &[(Digest, LayerFacts)]) -> Vec<Package> {
    found.sort_by(|a, b| {
        (&a.identity, &a.path, a.layer, a.manager).cmp(&(&b.identity, &b.path, b.layer, b.manager))
    });
    found.dedup_by(|later, first| later.identity == first.identity && later.path == first.path);
    let package = |found: Found| {
        let (layer, _) = layers.get(found.layer)?;
        Some(Package {
            identity: found.identity,
            manager: found.manager,
            path: found.path,
            layer: *layer,
            licenses: found.licenses,
        })
    };
    found.into_iter().filter_map(package).collect()
}

/// The files of packages of the operating system, as their databases list them.
type Owned = BTreeSet<String>;

/// What the database in a file says, if it is one.
fn database(facts: &FileFacts) -> Option<(SystemManager, &[SystemPackage])> {
    match facts {
        FileFacts::System { manager, packages, .. } => Some((*manager, &packages.packages)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

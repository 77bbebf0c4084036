//! Lock files of Python: `Pipfile.lock`, `poetry.lock`, `uv.lock`, and `pylock.toml` (PEP 751).
//!
//! What is only for development is left out: `develop` of pipenv, the category `dev` or the groups
//! beside `main` of poetry, and what only `dev-dependencies` of a uv project lead to.

use std::collections::HashMap;

use serde::Deserialize;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::text::{self, Members};

#[derive(Deserialize)]
struct Pipfile {
    #[serde(default)]
    default: Members<PipfilePackage>,
}

#[derive(Deserialize)]
struct PipfilePackage {
    #[serde(default)]
    version: String,
}

/// Reads a `Pipfile.lock`, whose versions are `==1.0`.
pub(in crate::language) fn pipfile(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Pipfile = text::json(file)?;
    lock.default.0.iter().try_for_each(|(name, package)| {
        let version = package.version.trim_start_matches('=');
        into.add((Family::PyPi, PackageManager::Pipenv), name, version)
    })
}

#[derive(Deserialize)]
struct Poetry {
    #[serde(default)]
    package: Vec<PoetryPackage>,
}

#[derive(Deserialize)]
struct PoetryPackage {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    category: Option<String>,
    groups: Option<Vec<String>>,
}

/// Reads a `poetry.lock`.
pub(in crate::language) fn poetry(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Poetry = text::toml(file)?;
    for package in &lock.package {
        let grouped = package.groups.as_ref().is_none_or(|it| it.iter().any(|it| it == "main"));
        if grouped && package.category.as_deref() != Some("dev") {
            let poetry = (Family::PyPi, PackageManager::Poetry);
            into.add(poetry, &package.name, &package.version)?;
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Pylock {
    #[serde(default)]
    packages: Vec<PylockPackage>,
}

#[derive(Deserialize)]
struct PylockPackage {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// Reads a `pylock.toml`; a package may be without a version there (of a folder), and is left out.
pub(in crate::language) fn pylock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Pylock = text::toml(file)?;
    lock.packages.iter().try_for_each(|package| {
        into.add((Family::PyPi, PackageManager::Pip), &package.name, &package.version)
    })
}

#[derive(Deserialize)]
struct Uv {
    #[serde(default)]
    package: Vec<UvPackage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct UvPackage {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    source: UvSource,
    #[serde(default)]
    dependencies: Vec<UvDependency>,
    #[serde(default)]
    optional_dependencies: HashMap<String, Vec<UvDependency>>,
}

/// Where a package comes from; a project of one's own has one of these.
#[derive(Default, Deserialize)]
struct UvSource {
    editable: Option<String>,
    r#virtual: Option<String>,
}

#[derive(Deserialize)]
struct UvDependency {
    #[serde(default)]
    name: String,
    version: Option<String>,
}

/// Reads a `uv.lock`: what the projects in it need, and these themselves.
pub(in crate::language) fn uv(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Uv = text::toml(file)?;
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
    let mut by_version: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    for (index, package) in lock.package.iter().enumerate() {
        by_name.entry(&package.name).or_default().push(index);
        by_version.entry((&package.name, &package.version)).or_default().push(index);
    }
    let is_project = |it: &UvPackage| it.source.editable.is_some() || it.source.r#virtual.is_some();
    let has_projects = lock.package.iter().any(is_project);
    let mut needed: Vec<bool> =
        lock.package.iter().map(|it| !has_projects || is_project(it)).collect();
    let mut open: Vec<usize> =
        (0..needed.len()).filter(|at| needed.get(*at) == Some(&true)).collect();
    while let Some(package) = open.pop().and_then(|at| lock.package.get(at)) {
        let optional = package.optional_dependencies.values().flatten();
        for wanted in package.dependencies.iter().chain(optional) {
            // Whatever was wanted once is marked, and need not be found again.
            let found = match &wanted.version {
                Some(version) => by_version.remove(&(wanted.name.as_str(), version.as_str())),
                None => by_name.remove(wanted.name.as_str()),
            };
            for at in found.unwrap_or_default() {
                if let Some(mark) = needed.get_mut(at).filter(|mark| !**mark) {
                    *mark = true;
                    open.push(at);
                }
            }
        }
    }
    lock.package.iter().zip(&needed).filter(|(_, needed)| **needed).try_for_each(|(it, _)| {
        into.add((Family::PyPi, PackageManager::Pip), &it.name, &it.version)
    })
}

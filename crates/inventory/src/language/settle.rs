//! Lock files beside what they promised.
//!
//! An image that was built from a lock file has both the file and what was installed. What is installed
//! counts; the lock file would only say the same again, at another path, or name what an installer left
//! out or replaced. So a package of a lock file is dropped where a package of the same ecosystem and
//! name is installed: for Node below the folder of the lock file (each folder has its own
//! `node_modules`), for the others anywhere in the image (their installers have one place).
//! A package that nobody installed stays: source that is built or run elsewhere.

use std::collections::HashMap;

use wharfinger_package::Family;

use crate::{Package, PackageManager};

/// Drops from the packages of an image those of lock files that are installed as well.
pub fn settle(packages: &mut Vec<Package>) {
    let mut installed: HashMap<(Family, String), Vec<String>> = HashMap::new();
    for package in packages.iter().filter(|it| is_installed(it)) {
        let key = (package.identity.ecosystem.family, package.identity.name.clone());
        installed.entry(key).or_default().extend(package.path.clone());
    }
    packages.retain(|package| {
        let key = (package.identity.ecosystem.family, package.identity.name.clone());
        is_installed(package) || !installed.get(&key).is_some_and(|at| stands_for(at, package))
    });
}

/// Whether one of the installed packages at `paths` is what `locked` promised.
fn stands_for(paths: &[String], locked: &Package) -> bool {
    if locked.identity.ecosystem.family != Family::Npm {
        return true;
    }
    let path = locked.path.as_deref().unwrap_or_default();
    let folder = path.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
    paths.iter().any(|path| {
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    })
}

/// Whether a package is there, and not only written down.
fn is_installed(package: &Package) -> bool {
    let path = package.path.as_deref().unwrap_or_default();
    match package.manager {
        PackageManager::DotnetCore
        | PackageManager::Gemspec
        | PackageManager::Gobinary
        | PackageManager::Jar
        | PackageManager::Nodepkg
        | PackageManager::Os
        | PackageManager::Pythonpkg => true,
        PackageManager::Cargo => !path.ends_with("Cargo.lock"),
        PackageManager::Composer => !path.ends_with("composer.lock"),
        PackageManager::Bundler
        | PackageManager::Gomod
        | PackageManager::Npm
        | PackageManager::Nuget
        | PackageManager::Pip
        | PackageManager::Pipenv
        | PackageManager::Poetry
        | PackageManager::Pom
        | PackageManager::Yarn => false,
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::Digest;
    use wharfinger_package::{Ecosystem, PackageIdentity};

    use super::*;

    fn package(family: Family, manager: PackageManager, at: &str, is: &str) -> Package {
        let (name, version) = is.split_once(' ').unwrap();
        let identity = PackageIdentity {
            ecosystem: Ecosystem::rolling(family),
            name: name.to_owned(),
            version: version.to_owned(),
            architecture: None,
            source: None,
            module: None,
            vendor: None,
        };
        let layer = Digest::Sha256([7; 32]);
        Package { identity, manager, path: Some(at.to_owned()), layer, licenses: Vec::new() }
    }

    #[test]
    fn what_is_installed_silences_its_lock_file() {
        let npm = |path, is| package(Family::Npm, PackageManager::Npm, path, is);
        let node = |path, is| package(Family::Npm, PackageManager::Nodepkg, path, is);
        let pip = |path, is| package(Family::PyPi, PackageManager::Pip, path, is);
        let python = |path, is| package(Family::PyPi, PackageManager::Pythonpkg, path, is);
        let kept = [
            node("app/node_modules/a/package.json", "a 1"),
            npm("app/package-lock.json", "never-installed 1"),
            npm("apple/package-lock.json", "a 2"),
            pip("src/requirements.txt", "click 8"),
            python("usr/lib/python3/flask.dist-info/METADATA", "flask 2"),
            package(Family::PyPi, PackageManager::Cargo, "usr/bin/tool", "a 1"),
        ];
        let dropped = [
            npm("app/package-lock.json", "a 1"),
            npm("package-lock.json", "a 1"),
            pip("src/requirements.txt", "flask 1"),
        ];
        let mut packages: Vec<_> = kept.iter().chain(&dropped).cloned().collect();
        settle(&mut packages);
        assert_eq!(packages, kept);
    }
}

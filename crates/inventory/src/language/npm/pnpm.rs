//! `pnpm-lock.yaml`, versions 5 to 9: <https://github.com/pnpm/spec/tree/master/lockfile>.
//!
//! What is only for development is marked (`dev: true`) up to version 6. Version 9 says it by what the
//! `importers` need, and what that needs (`snapshots`).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::{text, yaml};

use super::{is_name, is_version, split_at};

/// What a lock file says.
#[derive(Default)]
struct Lock {
    packages: Vec<Package>,
    /// What a snapshot needs: keys of others.
    needs: HashMap<String, Vec<String>>,
    /// What the importers need.
    roots: Vec<String>,
    has_snapshots: bool,
}

/// A member of `packages`.
#[derive(Default)]
struct Package {
    key: String,
    name: String,
    version: String,
    dev: bool,
}

/// Reads a lock file.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let mut lock = Lock::default();
    yaml::each(text::utf8(file)?, |path, value| lock.take(path, value))?;
    let needed = lock.has_snapshots.then(|| lock.needed());
    for package in lock.packages.iter().filter(|it| !it.dev) {
        if needed.as_ref().is_some_and(|needed| !needed.contains(package.key.as_str())) {
            continue;
        }
        let (name, version) = match package.name.as_str() {
            "" => parts(&package.key).unwrap_or_default(),
            name => (name, package.version.as_str()),
        };
        if is_name(name) && is_version(version) {
            into.add((Family::Npm, PackageManager::Npm), name, version)?;
        }
    }
    Ok(())
}

impl Lock {
    fn take(&mut self, path: &[Cow<'_, str>], value: &str) -> Result<(), FileError> {
        let names: Vec<&str> = path.iter().take(6).map(AsRef::as_ref).collect();
        match names.as_slice() {
            ["packages" | "importers" | "snapshots"] if value.len() > 2 => {
                return Err(FileError::Malformed("its packages are not in a block".to_owned()));
            }
            ["packages", key] => {
                self.packages.push(Package { key: (*key).to_owned(), ..Package::default() });
            }
            ["packages", _, member] => {
                let Some(package) = self.packages.last_mut() else { return Ok(()) };
                match *member {
                    "name" => value.clone_into(&mut package.name),
                    "version" => value.clone_into(&mut package.version),
                    "dev" => package.dev = value == "true",
                    _ => {}
                }
            }
            ["importers", _, "dependencies" | "optionalDependencies", name, "version"] => {
                self.roots.push(reference(name, value));
            }
            ["snapshots"] => self.has_snapshots = true,
            ["snapshots", key, "dependencies" | "optionalDependencies", name] => {
                let needs = self.needs.entry((*key).to_owned()).or_default();
                needs.push(reference(name, value));
            }
            _ => {}
        }
        Ok(())
    }

    /// The keys of `packages` that importers lead to.
    fn needed(&self) -> HashSet<&str> {
        let mut seen = HashSet::new();
        let mut open: Vec<&str> = self.roots.iter().map(String::as_str).collect();
        while let Some(key) = open.pop() {
            if seen.insert(key) {
                open.extend(self.needs.get(key).into_iter().flatten().map(String::as_str));
            }
        }
        seen.into_iter().map(without_peers).collect()
    }
}

/// The key of what is needed: `a: 1.0.0(b@2)` is `a@1.0.0(b@2)`; under another name the version is a
/// key itself, `a: c@1.0.0`.
fn reference(name: &str, version: &str) -> String {
    match split_at(without_peers(version)) {
        Some(_) => version.to_owned(),
        None => format!("{name}@{version}"),
    }
}

/// A key without the peers it was resolved with.
fn without_peers(key: &str) -> &str {
    key.split_once('(').map_or(key, |(key, _)| key)
}

/// Name and version of a key: `/a/1.0.0_peer@2` (5), `/a@1.0.0(peer@2)` (6), `a@1.0.0` (9); before the
/// first slash may be a registry.
fn parts(key: &str) -> Option<(&str, &str)> {
    let key = without_peers(key);
    let path = match key.split_once('/') {
        Some((registry, path)) if registry.is_empty() || registry.contains('.') => path,
        _ => key,
    };
    if let Some((name, version)) = split_at(path)
        && is_name(name)
        && is_version(version)
    {
        return Some((name, version));
    }
    let scope = if path.starts_with('@') { path.find('/')? + 1 } else { 0 };
    let slash = scope + path.get(scope..)?.find('/')?;
    let (name, version) = (path.get(..slash)?, path.get(slash + 1..)?);
    Some((name, version.split_once('_').map_or(version, |(version, _)| version)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn packages(file: &str) -> Vec<String> {
        let mut listing = Listing::new("pnpm-lock.yaml", &Limits::default());
        read(file.as_bytes(), &mut listing).unwrap();
        let packages = listing.into_packages().into_iter();
        packages.map(|it| format!("{} {}", it.identity.name, it.identity.version)).collect()
    }

    #[test]
    fn keys_of_every_version_are_read() {
        for (key, parts_of_it) in [
            ("/lodash/4.17.10", ("lodash", "4.17.10")),
            ("/@babel/generator/7.21.9", ("@babel/generator", "7.21.9")),
            ("/@babel/a/7.0.0_@babel+core@7.21.8", ("@babel/a", "7.0.0")),
            ("registry.npmjs.org/lodash/4.17.10", ("lodash", "4.17.10")),
            ("/@babel/b@7.18.6(@babel/core@7.20.7)", ("@babel/b", "7.18.6")),
            ("@babel/b@7.18.6", ("@babel/b", "7.18.6")),
            ("lodash@4.17.4", ("lodash", "4.17.4")),
        ] {
            assert_eq!(parts(key), Some(parts_of_it), "{key}");
        }
        assert_eq!(parts("lodash"), None);
        assert_eq!(parts("@lodash"), None);
    }

    #[test]
    fn version_9_lists_what_its_importers_need() {
        let file = "lockfileVersion: '9.0'\n\nimporters:\n\n  .:\n    dependencies:\n      a:\n        \
                    specifier: ^1\n        version: 1.0.0(p@3.0.0)\n      z:\n        specifier: npm:b\n        \
                    version: b@2.0.0\n    devDependencies:\n      d:\n        specifier: ^4\n        version: \
                    4.0.0\n\npackages:\n\n  a@1.0.0:\n    resolution: {integrity: sha512-x}\n    deprecated: \
                    |-\n      version: this is text\n\n  b@2.0.0:\n    resolution: {integrity: sha512-x}\n\n  \
                    d@4.0.0:\n    resolution: {integrity: sha512-x}\n\n  '@s/p@3.0.0':\n    resolution: \
                    {integrity: sha512-x}\n\nsnapshots:\n\n  a@1.0.0(p@3.0.0):\n    dependencies:\n      \
                    '@s/p': 3.0.0\n\n  b@2.0.0: {}\n\n  d@4.0.0: {}\n\n  '@s/p@3.0.0': {}\n";
        assert_eq!(packages(file), ["@s/p 3.0.0", "a 1.0.0", "b 2.0.0"]);
    }
}

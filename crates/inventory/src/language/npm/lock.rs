//! `package-lock.json`, versions 1 to 3: <https://docs.npmjs.com/cli/configuring-npm/package-lock-json>.
//!
//! What npm marks as `dev` is left out, and so is what is no package of a registry: links, and the
//! folders of the project itself.

use serde::Deserialize;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::text::{self, Members};

use super::{is_name, is_version, split_at};

const NPM: (Family, PackageManager) = (Family::Npm, PackageManager::Npm);

#[derive(Deserialize)]
struct Lock {
    /// By name; of version 1, and in version 2 for old clients.
    #[serde(default)]
    dependencies: Members<Dependency>,
    /// By path, from version 2 on.
    packages: Option<Members<Package>>,
}

#[derive(Deserialize)]
struct Dependency {
    #[serde(default)]
    version: String,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    dependencies: Members<Dependency>,
}

#[derive(Deserialize)]
struct Package {
    name: Option<String>,
    #[serde(default)]
    version: String,
    #[serde(default)]
    dev: bool,
    #[serde(default)]
    link: bool,
}

/// Reads a lock file.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Lock = text::json(file)?;
    match &lock.packages {
        Some(packages) => packages.0.iter().try_for_each(|(path, it)| add(path, it, into)),
        None => add_tree(&lock.dependencies, into),
    }
}

fn add(path: &str, package: &Package, into: &mut Listing<'_>) -> Result<(), FileError> {
    let Some((_, folder)) = path.rsplit_once("node_modules/") else { return Ok(()) };
    let name = package.name.as_deref().unwrap_or(folder);
    let listed = !package.dev && !package.link && is_name(name) && is_version(&package.version);
    if listed { into.add(NPM, name, &package.version) } else { Ok(()) }
}

/// The tree of version 1, without recursion.
fn add_tree(root: &Members<Dependency>, into: &mut Listing<'_>) -> Result<(), FileError> {
    let mut open = vec![root];
    while let Some(level) = open.pop() {
        for (name, dependency) in &level.0 {
            open.push(&dependency.dependencies);
            // An alias: `"a": {"version": "npm:b@1.0.0"}`.
            let alias = dependency.version.strip_prefix("npm:").and_then(split_at);
            let (name, version) = alias.unwrap_or((name, &dependency.version));
            if !dependency.dev && is_name(name) && is_version(version) {
                into.add(NPM, name, version)?;
            }
        }
    }
    Ok(())
}

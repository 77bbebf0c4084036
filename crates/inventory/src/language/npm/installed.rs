//! `package.json` of a package in `node_modules`: <https://docs.npmjs.com/cli/configuring-npm/package-json>.

use serde::Deserialize;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::license::Declared;
use crate::language::listing::Listing;
use crate::language::text;

use super::is_name;

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: Declared,
    #[serde(default)]
    licenses: Declared,
}

/// Reads a `package.json`. Packages have many files of that name that only tell a bundler something
/// about a folder, and some that are broken on purpose: what is not the JSON of a package with a name
/// and a version, which Node could not load as one either, holds nothing.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let Ok(package) = text::json::<Package>(file) else { return Ok(()) };
    if !is_name(&package.name) {
        return Ok(());
    }
    into.add_licensed(
        (Family::Npm, PackageManager::Nodepkg),
        &package.name,
        &package.version,
        package.license.iter().chain(package.licenses.iter()),
    )
}

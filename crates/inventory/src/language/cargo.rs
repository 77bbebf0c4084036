//! `Cargo.lock`: <https://doc.rust-lang.org/cargo/guide/cargo-toml-vs-cargo-lock.html>, formats 1 to 4.
//!
//! Cargo does not mark what is only for development. Packages of the workspace itself have no `source`
//! and are listed as well, as cargo-audit does: a workspace of a published crate is that crate.

use serde::Deserialize;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::listing::Listing;
use super::text;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    package: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
}

/// Reads a lock file.
pub(super) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Lock = text::toml(file)?;
    let mut packages = lock.package.iter();
    packages.try_for_each(|package| {
        into.add((Family::CratesIo, PackageManager::Cargo), &package.name, &package.version)
    })
}

//! Composer, of PHP: `composer/installed.json` of the vendor folder, which says what is installed, and
//! `composer.lock`: <https://getcomposer.org/doc/01-basic-usage.md>.
//!
//! `packages-dev` of a lock file are left out; what was installed of them counts.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::license::Declared;
use super::listing::Listing;
use super::text::{self, Items};

#[derive(Default, Deserialize)]
struct Lock {
    #[serde(default)]
    packages: Items<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    license: Declared,
}

/// Reads what is installed: of Composer 2 an object with `packages`, of Composer 1 the list itself.
pub(super) fn installed(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let installed: Installed = text::json(file)?;
    list(&installed.0.0, into)
}

/// Reads a lock file.
pub(super) fn lock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Lock = text::json(file)?;
    list(&lock.packages.0, into)
}

fn list(packages: &[Package], into: &mut Listing<'_>) -> Result<(), FileError> {
    let composer = (Family::Packagist, PackageManager::Composer);
    packages.iter().try_for_each(|package| {
        into.add_licensed(composer, &package.name, &package.version, package.license.iter())
    })
}

struct Installed(Items<Package>);

impl<'de> Deserialize<'de> for Installed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InstalledVisitor;
        impl<'de> Visitor<'de> for InstalledVisitor {
            type Value = Installed;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of packages, or an object with one")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Installed, A::Error> {
                Ok(Installed(Lock::deserialize(MapAccessDeserializer::new(map))?.packages))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Installed, A::Error> {
                Items::deserialize(SeqAccessDeserializer::new(seq)).map(Installed)
            }
        }
        deserializer.deserialize_any(InstalledVisitor)
    }
}

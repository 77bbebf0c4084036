//! What builds of Java write down: `pom.xml` of Maven (<https://maven.apache.org/pom.html>),
//! `gradle.lockfile`, `build.sbt.lock`. Archives are read by `java`.
//!
//! Of a `pom.xml` only what the file itself says counts: versions, properties, and its own
//! `dependencyManagement`. What a parent would decide is not known here, and left out. A `pom.xml` in
//! `META-INF/maven` came with an unpacked archive: it says what that archive is, and not what is there
//! beside it.

mod pom;

use serde::Deserialize;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::listing::Listing;
use super::text::{self, Items};

pub(super) use pom::pom;

/// Artifacts of Maven repositories, as build files name them.
const POM: (Family, PackageManager) = (Family::Maven, PackageManager::Pom);

#[derive(Deserialize)]
struct SbtLock {
    #[serde(default)]
    dependencies: Items<SbtDependency>,
}

#[derive(Deserialize)]
struct SbtDependency {
    #[serde(default)]
    org: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    configurations: Vec<String>,
}

/// Reads a `gradle.lockfile`: `group:artifact:version=configurations`. What is only in configurations
/// of tests is left out.
pub(super) fn gradle(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    for line in text::utf8(file)?.lines().filter(|line| !line.starts_with('#')) {
        let Some((artifact, configurations)) = line.split_once('=') else { continue };
        let Some((name, version)) = artifact.rsplit_once(':') else { continue };
        let mut configurations = configurations.split(',').map(str::trim);
        if name.contains(':') && !configurations.all(|it| it.starts_with("test")) {
            into.add(POM, name, version)?;
        }
    }
    Ok(())
}

/// Reads a `build.sbt.lock`: what is needed to compile or to run.
pub(super) fn sbt(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: SbtLock = text::json(file)?;
    let needed = |it: &String| matches!(it.as_str(), "compile" | "runtime");
    lock.dependencies
        .0
        .iter()
        .filter(|it| it.configurations.iter().any(needed))
        .try_for_each(|it| into.add(POM, &format!("{}:{}", it.org, it.name), &it.version))
}

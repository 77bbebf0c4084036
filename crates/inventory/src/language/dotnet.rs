//! .NET: `*.deps.json`, which is beside every program and says what it loads
//! (<https://github.com/dotnet/sdk/blob/main/documentation/specs/runtime-configuration-file.md>), and
//! NuGet's `packages.lock.json`, `packages.config` and `Directory.Packages.props`.

mod xml;

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::IgnoredAny;
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::listing::Listing;
use super::text::{self, Members};

pub(super) use xml::{config, props};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Deps {
    #[serde(default)]
    libraries: Members<Library>,
    #[serde(default)]
    runtime_target: RuntimeTarget,
    #[serde(default)]
    targets: Members<Members<IsLoaded>>,
}

#[derive(Deserialize)]
struct Library {
    #[serde(default, rename = "type")]
    kind: String,
}

#[derive(Default, Deserialize)]
struct RuntimeTarget {
    #[serde(default)]
    name: String,
}

/// Whether anything of a library is loaded. Only that is kept: there are many of these.
#[derive(Deserialize)]
#[serde(from = "Assets")]
struct IsLoaded(bool);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Assets {
    #[serde(default)]
    native: Members<IgnoredAny>,
    #[serde(default)]
    runtime: Members<IgnoredAny>,
    #[serde(default)]
    runtime_targets: Members<IgnoredAny>,
}

impl From<Assets> for IsLoaded {
    fn from(assets: Assets) -> Self {
        let kinds = [&assets.native, &assets.runtime, &assets.runtime_targets];
        Self(kinds.iter().any(|it| !it.0.is_empty()))
    }
}

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    dependencies: Members<Members<Locked>>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    resolved: String,
}

/// Reads `*.deps.json`. Libraries that only helped to compile have nothing that is loaded, and are left
/// out; those of which the runtime target says nothing are kept. The runtime that a self-contained
/// program carries is called `runtimepack.…` there, and `…` by advisories.
pub(super) fn deps(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let deps: Deps = text::json(file)?;
    let target = deps.targets.0.iter().find(|(name, _)| *name == deps.runtime_target.name);
    let loaded: HashMap<&str, bool> = target
        .iter()
        .flat_map(|(_, libraries)| &libraries.0)
        .map(|(id, library)| (id.as_str(), library.0))
        .collect();
    for (id, library) in &deps.libraries.0 {
        let listed = ["package", "project", "runtimepack"]
            .iter()
            .any(|kind| library.kind.eq_ignore_ascii_case(kind));
        if !listed || loaded.get(id.as_str()) == Some(&false) {
            continue;
        }
        if let Some((name, version)) = id.split_once('/') {
            let name = name.strip_prefix("runtimepack.").unwrap_or(name);
            into.add((Family::NuGet, PackageManager::DotnetCore), name, version)?;
        }
    }
    Ok(())
}

/// Reads `packages.lock.json`; the projects of the solution itself are left out.
pub(super) fn lock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Lock = text::json(file)?;
    let frameworks = lock.dependencies.0.iter().flat_map(|(_, packages)| &packages.0);
    frameworks.filter(|(_, package)| !package.kind.eq_ignore_ascii_case("project")).try_for_each(
        |(name, package)| into.add((Family::NuGet, PackageManager::Nuget), name, &package.resolved),
    )
}

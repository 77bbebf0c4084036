//! Puts together an inventory out of what a bill of materials says.

use std::collections::BTreeMap;

use wharfinger_core::Digest;
use wharfinger_package::{Ecosystem, Family, PackageUrl, SourcePackage};

use crate::{Distribution, Limits, Package, PackageManager};

use super::{Imported, SbomError};

/// A package as a bill of materials describes it; all but the package URL may be missing.
#[derive(Default)]
pub(super) struct Described {
    pub(super) package_url: String,
    pub(super) layer: Option<String>,
    pub(super) path: Option<String>,
    pub(super) manager: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) licenses: Vec<String>,
    pub(super) source: Option<SourcePackage>,
}

/// The distribution as a bill of materials describes it.
#[derive(Default)]
pub(super) struct DescribedDistribution {
    pub(super) id: String,
    pub(super) version: String,
    pub(super) pretty_name: String,
    pub(super) ecosystem: Option<String>,
}

/// What has been read so far.
pub(super) struct Builder {
    layer: Digest,
    packages_max: usize,
    distribution: Option<DescribedDistribution>,
    imported: Imported,
}

impl Builder {
    pub(super) fn new(layer: Digest, limits: &Limits) -> Self {
        let packages_max = limits.packages;
        Self { layer, packages_max, distribution: None, imported: Imported::default() }
    }

    /// The first that is described counts.
    pub(super) fn distribution(&mut self, described: DescribedDistribution) {
        self.distribution.get_or_insert(described);
    }

    /// Adds a package, or counts it as unknown.
    pub(super) fn package(&mut self, described: Described) -> Result<(), SbomError> {
        let url = described.package_url.parse::<PackageUrl>();
        let Some(mut identity) = url.ok().and_then(|url| url.identity().ok()) else {
            self.imported.unknown = self.imported.unknown.saturating_add(1);
            return Ok(());
        };
        let packages = &mut self.imported.inventory.packages;
        if packages.len() >= self.packages_max {
            return Err(SbomError::TooMany(self.packages_max));
        }
        if identity.ecosystem.family.is_distribution() {
            identity.vendor = described.vendor;
            let source = described.source.filter(|source| {
                source.name != identity.name || source.version != identity.version
            });
            identity.source = identity.source.or(source);
        }
        let named = described.manager.and_then(|name| manager(&name));
        packages.push(Package {
            manager: named.unwrap_or_else(|| usual_manager(identity.ecosystem.family)),
            path: described.path,
            layer: described.layer.and_then(|it| it.parse().ok()).unwrap_or(self.layer),
            licenses: described.licenses,
            identity,
        });
        Ok(())
    }

    /// The inventory: in order, nothing twice. The distribution is what the bill says it is; whose
    /// advisories hold for it, what its packages say.
    pub(super) fn finish(self) -> Imported {
        let mut imported = self.imported;
        let packages = &mut imported.inventory.packages;
        packages.sort_by(|a, b| (&a.identity, &a.path, a).cmp(&(&b.identity, &b.path, b)));
        packages.dedup_by(|a, b| a.identity == b.identity && a.path == b.path);
        let of_packages = packages
            .iter()
            .map(|it| &it.identity.ecosystem)
            .find(|it| it.family.is_distribution())
            .cloned();
        let described = self.distribution.or_else(|| of_packages.as_ref().map(by_ecosystem));
        imported.inventory.distribution = described.map(|it| Distribution {
            ecosystem: it
                .ecosystem
                .as_deref()
                .and_then(|text| text.parse().ok())
                .or(of_packages)
                .or_else(|| by_release(&it.id, &it.version)),
            id: it.id,
            version: it.version,
            pretty_name: it.pretty_name,
        });
        imported
    }
}

/// What a distribution may be called of which only the packages are known.
fn by_ecosystem(ecosystem: &Ecosystem) -> DescribedDistribution {
    DescribedDistribution {
        id: ecosystem.family.as_str().to_owned(),
        version: ecosystem.release.clone().unwrap_or_default(),
        ..DescribedDistribution::default()
    }
}

/// The ecosystem that package URLs would have, had it packages: `distro=debian-12`.
fn by_release(id: &str, version: &str) -> Option<Ecosystem> {
    let distro = if version.is_empty() { id.to_owned() } else { format!("{id}-{version}") };
    ["apk", "deb", "rpm"].iter().find_map(|kind| {
        let url = PackageUrl {
            kind: (*kind).to_owned(),
            name: id.to_owned(),
            version: Some("0".to_owned()),
            qualifiers: BTreeMap::from([("distro".to_owned(), distro.clone())]),
            ..PackageUrl::default()
        };
        url.identity().ok().map(|it| it.ecosystem)
    })
}

fn manager(name: &str) -> Option<PackageManager> {
    serde_json::from_value(serde_json::Value::String(name.to_owned())).ok()
}

/// What manages a package in an image, where nobody says.
fn usual_manager(family: Family) -> PackageManager {
    match family {
        Family::CratesIo => PackageManager::Cargo,
        Family::Go => PackageManager::Gobinary,
        Family::Maven => PackageManager::Jar,
        Family::Npm => PackageManager::Nodepkg,
        Family::NuGet => PackageManager::DotnetCore,
        Family::Packagist => PackageManager::Composer,
        Family::PyPi => PackageManager::Pythonpkg,
        Family::RubyGems => PackageManager::Gemspec,
        _ => PackageManager::Os,
    }
}

//! Package URLs of identities, and back.

use std::collections::BTreeMap;

use wharfinger_core::ParseError;

use super::{PackageUrl, distribution};
use crate::{Ecosystem, Family, PackageIdentity, SourcePackage};

impl PackageIdentity {
    /// Its package URL. All of it can be read back but the vendor of an rpm, for which bills of
    /// materials have a place of their own.
    pub fn package_url(&self) -> PackageUrl {
        match distribution::written(&self.ecosystem) {
            Some((kind, namespace, distro)) => self.system_url(kind, namespace, distro),
            None => self.language_url(),
        }
    }

    fn system_url(&self, kind: &str, namespace: &str, distro: String) -> PackageUrl {
        let mut qualifiers = BTreeMap::from([("distro".to_owned(), distro)]);
        let mut qualify = |key: &str, value: Option<String>| {
            if let Some(value) = value.filter(|it| !it.is_empty()) {
                qualifiers.insert(key.to_owned(), value);
            }
        };
        qualify("arch", self.architecture.clone());
        qualify("rpmmod", self.module.clone());
        qualify("upstream", self.source.as_ref().map(|source| upstream(source, &self.version)));
        // The specification keeps the epoch of an rpm, but not of a deb, out of the version.
        let version = match self.version.split_once(':') {
            Some((epoch, version)) if kind == "rpm" => {
                qualify("epoch", Some(epoch.to_owned()));
                version
            }
            _ => &self.version,
        };
        PackageUrl {
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: self.name.clone(),
            version: Some(version.to_owned()),
            qualifiers,
            subpath: None,
        }
    }

    fn language_url(&self) -> PackageUrl {
        let (kind, separator) = match self.ecosystem.family {
            Family::Go => ("golang", Some('/')),
            Family::Maven => ("maven", Some(':')),
            Family::Npm => ("npm", Some('/')),
            Family::NuGet => ("nuget", None),
            Family::Packagist => ("composer", Some('/')),
            Family::PyPi => ("pypi", None),
            Family::RubyGems => ("gem", None),
            // The families that are left are written as distributions.
            _ => ("cargo", None),
        };
        let split = separator.and_then(|separator| self.name.rsplit_once(separator));
        let (namespace, name) = match split {
            Some((namespace, name)) => (Some(namespace.to_owned()), name),
            None => (None, self.name.as_str()),
        };
        PackageUrl {
            kind: kind.to_owned(),
            namespace,
            name: name.to_owned(),
            version: Some(self.version.clone()),
            ..PackageUrl::default()
        }
    }
}

impl PackageUrl {
    /// The package it names, with the name normalised as its ecosystem does. A distribution that is
    /// named without a release is one without (`debian`): the caller may know it otherwise.
    ///
    /// # Errors
    /// [`ParseError`] if it has no version, or is of no ecosystem that is known here.
    pub fn identity(&self) -> Result<PackageIdentity, ParseError> {
        let version = self.version.as_deref();
        let version = version.ok_or(ParseError::new("a package URL with a version"))?;
        match self.kind.as_str() {
            "apk" | "deb" | "rpm" => self.system_identity(version),
            _ => self.language_identity(version),
        }
        .ok_or(ParseError::new("a package URL of an ecosystem that has advisories"))
    }

    fn system_identity(&self, version: &str) -> Option<PackageIdentity> {
        let distro = self.qualifier("distro");
        let ecosystem = distribution::read(&self.kind, self.namespace.as_deref(), distro)?;
        let version = match self.qualifier("epoch") {
            Some(epoch) if epoch != "0" && !version.contains(':') => format!("{epoch}:{version}"),
            _ => version.to_owned(),
        };
        let source = self.qualifier("upstream").and_then(|it| source(it, &version));
        let module = self.qualifier("rpmmod").or_else(|| self.qualifier("modularitylabel"));
        Some(PackageIdentity {
            ecosystem,
            name: self.name.clone(),
            architecture: self.qualifier("arch").map(str::to_owned),
            source: source.filter(|it| it.name != self.name || it.version != version),
            module: module.map(stream),
            vendor: None,
            version,
        })
    }

    fn language_identity(&self, version: &str) -> Option<PackageIdentity> {
        let joined = |separator: &str| match &self.namespace {
            Some(namespace) => format!("{namespace}{separator}{}", self.name),
            None => self.name.clone(),
        };
        let (family, name) = match self.kind.as_str() {
            "cargo" => (Family::CratesIo, self.name.clone()),
            "composer" => (Family::Packagist, joined("/")),
            "gem" => (Family::RubyGems, self.name.clone()),
            "golang" => (Family::Go, self.module_path(joined("/"))),
            "maven" => (Family::Maven, joined(":")),
            "npm" => (Family::Npm, joined("/")),
            "nuget" => (Family::NuGet, self.name.clone()),
            "pypi" => (Family::PyPi, self.name.clone()),
            _ => return None,
        };
        Some(PackageIdentity {
            ecosystem: Ecosystem::rolling(family),
            name: family.package_name(&name),
            version: version.to_owned(),
            architecture: None,
            source: None,
            module: None,
            vendor: None,
        })
    }

    /// Some write what follows the repository in a module's path as subpath (`#v2`); but that of a
    /// package within a module is no part of the module.
    fn module_path(&self, path: String) -> String {
        match &self.subpath {
            Some(subpath) if self.qualifier("type") != Some("package") => {
                format!("{path}/{subpath}")
            }
            _ => path,
        }
    }
}

/// The first two parts of a module's label: name and stream.
fn stream(label: &str) -> String {
    match label.match_indices(':').nth(1) {
        Some((end, _)) => label.get(..end).unwrap_or(label).to_owned(),
        None => label.to_owned(),
    }
}

fn upstream(source: &SourcePackage, version: &str) -> String {
    match source.version == version {
        true => source.name.clone(),
        false => format!("{}@{}", source.name, source.version),
    }
}

/// Reads `name`, `name@version`, or the file name of a source rpm, which knows no epoch.
fn source(text: &str, version: &str) -> Option<SourcePackage> {
    if let Some(file) = text.strip_suffix(".src.rpm") {
        let (rest, release) = file.rsplit_once('-')?;
        let (name, upstream) = rest.rsplit_once('-')?;
        let epoch = version.split_once(':').map(|(epoch, _)| format!("{epoch}:"));
        let version = format!("{}{upstream}-{release}", epoch.unwrap_or_default());
        return Some(SourcePackage { name: name.to_owned(), version });
    }
    let (name, version) = text.rsplit_once('@').unwrap_or((text, version));
    Some(SourcePackage { name: name.to_owned(), version: version.to_owned() })
}

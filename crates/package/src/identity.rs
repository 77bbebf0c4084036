//! What makes two packages of two images the same one for a matcher.

use serde::{Deserialize, Serialize};

use crate::Ecosystem;

/// A package, wherever it is: all that decides which advisories hold for it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PackageIdentity {
    /// Where it comes from.
    pub ecosystem: Ecosystem,
    /// Its name as the ecosystem writes it, normalised (PEP 503, lower case where case is nothing);
    /// of an operating system the binary package's, of Maven `group:artifact`.
    pub name: String,
    /// Its version, whole: of deb and rpm with `epoch:` (if there is one) and revision.
    pub version: String,
    /// The architecture as the package database writes it (`amd64`, `x86_64`, `noarch`), of the
    /// operating system's packages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// What it was built from, where that has another name or version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<SourcePackage>,
    /// The module of an rpm: the first two parts of its label, `nodejs:12`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<String>,
    /// Who built an rpm, as its header says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
}

/// A source package.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourcePackage {
    /// Its name.
    pub name: String,
    /// Its version, whole.
    pub version: String,
}

impl PackageIdentity {
    /// The name by which advisories of its ecosystem speak of it.
    pub fn advisory_name(&self) -> &str {
        match &self.source {
            Some(source) if self.ecosystem.family.names_sources() => &source.name,
            _ => &self.name,
        }
    }

    /// The version that advisories of its ecosystem are compared with.
    pub fn advisory_version(&self) -> &str {
        match &self.source {
            Some(source) if self.ecosystem.family.names_sources() => &source.version,
            _ => &self.version,
        }
    }
}

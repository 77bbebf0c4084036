//! Ecosystems: where packages come from, which decides whose advisories speak of them and how their
//! versions are ordered.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use wharfinger_core::ParseError;

use crate::VersionScheme;

/// A distribution, or the registry of a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// AlmaLinux.
    Alma,
    /// Alpine Linux.
    Alpine,
    /// Amazon Linux 1, 2 and 2023.
    Amazon,
    /// Azure Linux, from 3.0.
    AzureLinux,
    /// CBL-Mariner: Azure Linux before 3.0.
    CblMariner,
    /// CentOS and CentOS Stream. It has no advisories of its own.
    CentOs,
    /// Chainguard OS.
    Chainguard,
    /// crates.io.
    CratesIo,
    /// Debian.
    Debian,
    /// Fedora.
    Fedora,
    /// Modules of Go, and its standard library as `stdlib`.
    Go,
    /// Maven repositories.
    Maven,
    /// npm.
    Npm,
    /// NuGet.
    NuGet,
    /// openSUSE Leap.
    OpenSuseLeap,
    /// openSUSE Tumbleweed.
    OpenSuseTumbleweed,
    /// Oracle Linux.
    Oracle,
    /// Packagist, of PHP's composer.
    Packagist,
    /// VMware Photon OS.
    Photon,
    /// The Python Package Index.
    PyPi,
    /// Red Hat Enterprise Linux, and the universal base images.
    RedHat,
    /// Rocky Linux.
    Rocky,
    /// RubyGems.
    RubyGems,
    /// SUSE Linux Enterprise.
    Suse,
    /// Ubuntu.
    Ubuntu,
    /// Wolfi.
    Wolfi,
}

/// A family and, for distributions with releases, the release its advisories are kept by: `debian:12`,
/// `ubuntu:22.04`, `alpine:3.18`, `redhat:8`, `amazon:2023`, `wolfi`, `npm`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Ecosystem {
    /// The distribution or registry.
    pub family: Family,
    /// The release; none for languages and rolling distributions.
    pub release: Option<String>,
}

impl Family {
    /// All of them, in the order of their names.
    pub const ALL: [Self; 26] = [
        Self::Alma,
        Self::Alpine,
        Self::Amazon,
        Self::AzureLinux,
        Self::CblMariner,
        Self::CentOs,
        Self::Chainguard,
        Self::CratesIo,
        Self::Debian,
        Self::Fedora,
        Self::Go,
        Self::Maven,
        Self::Npm,
        Self::NuGet,
        Self::OpenSuseLeap,
        Self::OpenSuseTumbleweed,
        Self::Oracle,
        Self::Packagist,
        Self::Photon,
        Self::PyPi,
        Self::RedHat,
        Self::Rocky,
        Self::RubyGems,
        Self::Suse,
        Self::Ubuntu,
        Self::Wolfi,
    ];

    /// The name in keys of the advisory database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alma => "alma",
            Self::Alpine => "alpine",
            Self::Amazon => "amazon",
            Self::AzureLinux => "azurelinux",
            Self::CblMariner => "cbl-mariner",
            Self::CentOs => "centos",
            Self::Chainguard => "chainguard",
            Self::CratesIo => "crates.io",
            Self::Debian => "debian",
            Self::Fedora => "fedora",
            Self::Go => "go",
            Self::Maven => "maven",
            Self::Npm => "npm",
            Self::NuGet => "nuget",
            Self::OpenSuseLeap => "opensuse-leap",
            Self::OpenSuseTumbleweed => "opensuse-tumbleweed",
            Self::Oracle => "oracle",
            Self::Packagist => "packagist",
            Self::Photon => "photon",
            Self::PyPi => "pypi",
            Self::RedHat => "redhat",
            Self::Rocky => "rocky",
            Self::RubyGems => "rubygems",
            Self::Suse => "suse",
            Self::Ubuntu => "ubuntu",
            Self::Wolfi => "wolfi",
        }
    }

    /// Whether it is a distribution: its packages are those of the operating system.
    pub const fn is_distribution(self) -> bool {
        !matches!(
            self,
            Self::CratesIo
                | Self::Go
                | Self::Maven
                | Self::Npm
                | Self::NuGet
                | Self::Packagist
                | Self::PyPi
                | Self::RubyGems
        )
    }

    /// Whether advisories name source packages (and compare their versions) instead of binary ones.
    pub const fn names_sources(self) -> bool {
        matches!(
            self,
            Self::Alpine
                | Self::AzureLinux
                | Self::CblMariner
                | Self::Chainguard
                | Self::Debian
                | Self::Photon
                | Self::Ubuntu
                | Self::Wolfi
        )
    }

    /// How its versions are ordered.
    pub const fn scheme(self) -> VersionScheme {
        match self {
            Self::Alpine | Self::Chainguard | Self::Wolfi => VersionScheme::Apk,
            Self::CratesIo => VersionScheme::SemVer,
            Self::Debian | Self::Ubuntu => VersionScheme::Deb,
            Self::Go => VersionScheme::Go,
            Self::Maven => VersionScheme::Maven,
            Self::Npm => VersionScheme::Npm,
            Self::NuGet => VersionScheme::NuGet,
            Self::Packagist => VersionScheme::Composer,
            Self::PyPi => VersionScheme::Pep440,
            Self::RubyGems => VersionScheme::RubyGems,
            Self::Alma
            | Self::Amazon
            | Self::AzureLinux
            | Self::CblMariner
            | Self::CentOs
            | Self::Fedora
            | Self::OpenSuseLeap
            | Self::OpenSuseTumbleweed
            | Self::Oracle
            | Self::Photon
            | Self::RedHat
            | Self::Rocky
            | Self::Suse => VersionScheme::Rpm,
        }
    }
}

impl Ecosystem {
    /// An ecosystem without releases.
    pub const fn rolling(family: Family) -> Self {
        Self { family, release: None }
    }

    /// A release of a distribution.
    pub fn released(family: Family, release: impl Into<String>) -> Self {
        Self { family, release: Some(release.into()) }
    }
}

impl fmt::Display for Ecosystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.family.as_str())?;
        self.release.iter().try_for_each(|release| write!(f, ":{release}"))
    }
}

impl FromStr for Ecosystem {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, release) = match text.split_once(':') {
            Some((name, release)) => (name, Some(release.to_owned())),
            None => (text, None),
        };
        let family = Family::ALL.into_iter().find(|family| family.as_str() == name);
        match family {
            Some(family) if release.as_deref() != Some("") => Ok(Self { family, release }),
            _ => Err(ParseError::new("an ecosystem, such as debian:12 or npm")),
        }
    }
}

impl TryFrom<String> for Ecosystem {
    type Error = ParseError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Ecosystem> for String {
    fn from(ecosystem: Ecosystem) -> Self {
        ecosystem.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ecosystems_are_read_back() {
        for family in Family::ALL {
            let rolling = Ecosystem::rolling(family);
            assert_eq!(rolling.to_string().parse::<Ecosystem>().unwrap(), rolling);
            let released = Ecosystem::released(family, "15.3");
            assert_eq!(released.to_string().parse::<Ecosystem>().unwrap(), released);
        }
        for wrong in ["", "debian:", "Debian:12", "plan9:4"] {
            assert!(wrong.parse::<Ecosystem>().is_err(), "{wrong}");
        }
    }
}

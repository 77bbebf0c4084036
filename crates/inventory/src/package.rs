//! An inventory, and the packages in it.

use std::fmt;

use serde::{Deserialize, Serialize};
use wharfinger_core::Digest;
use wharfinger_package::PackageIdentity;

use crate::Distribution;

/// What an image is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The distribution, if the image has one.
    pub distribution: Option<Distribution>,
    /// Its packages, ordered by identity and then path; none is there twice.
    pub packages: Vec<Package>,
    /// Files that by their names tell of packages of a language, and could not be understood: what they
    /// hold is not known. Ordered by path.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadFile>,
}

/// A file that could not be understood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnreadFile {
    /// The file, without a leading slash.
    pub path: String,
    /// What is wrong with it.
    pub why: String,
}

impl Inventory {
    /// A sentence about files that could not be understood; none without such.
    pub fn unread_note(&self) -> Option<String> {
        let UnreadFile { path, why } = self.unread.first()?;
        Some(match self.unread.len() {
            1 => format!("One file could not be understood, and may hold packages: {path}: {why}."),
            count => format!(
                "{count} files could not be understood, and may hold packages; the first is {path}: \
                 {why}."
            ),
        })
    }
}

/// A package in an image.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Package {
    /// Which package it is.
    pub identity: PackageIdentity,
    /// How it got there.
    pub manager: PackageManager,
    /// The file that says so, without a leading slash; a part of an archive follows `!`. None for the
    /// packages of the operating system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The lowest layer from which on it is there in this version.
    pub layer: Digest,
    /// Its licences as it declares them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
}

/// What manages a package: Amazon Inspector's `PackageManager`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PackageManager {
    /// `Gemfile.lock`.
    Bundler,
    /// `Cargo.lock`, and what cargo-auditable left in a program.
    Cargo,
    /// `composer.lock` and `installed.json`.
    Composer,
    /// `*.deps.json`.
    DotnetCore,
    /// A `.gemspec` of an installed gem.
    Gemspec,
    /// The build information of a program.
    Gobinary,
    /// `go.mod`.
    Gomod,
    /// A Java archive.
    Jar,
    /// A `package.json` in `node_modules`.
    Nodepkg,
    /// `package-lock.json`.
    Npm,
    /// `packages.lock.json` and `packages.config`.
    Nuget,
    /// dpkg, apk, rpm.
    Os,
    /// `requirements.txt`.
    Pip,
    /// `Pipfile.lock`.
    Pipenv,
    /// `pom.xml`.
    Pom,
    /// `poetry.lock`.
    Poetry,
    /// The metadata of an installed distribution of Python.
    Pythonpkg,
    /// `yarn.lock`.
    Yarn,
}

impl PackageManager {
    /// Inspector's name of it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bundler => "BUNDLER",
            Self::Cargo => "CARGO",
            Self::Composer => "COMPOSER",
            Self::DotnetCore => "DOTNET_CORE",
            Self::Gemspec => "GEMSPEC",
            Self::Gobinary => "GOBINARY",
            Self::Gomod => "GOMOD",
            Self::Jar => "JAR",
            Self::Nodepkg => "NODEPKG",
            Self::Npm => "NPM",
            Self::Nuget => "NUGET",
            Self::Os => "OS",
            Self::Pip => "PIP",
            Self::Pipenv => "PIPENV",
            Self::Pom => "POM",
            Self::Poetry => "POETRY",
            Self::Pythonpkg => "PYTHONPKG",
            Self::Yarn => "YARN",
        }
    }
}

impl fmt::Display for PackageManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

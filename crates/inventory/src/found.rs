//! What single files of a layer say, before anybody knows what the rest of the image is.

use serde::{Deserialize, Serialize};
use wharfinger_package::{PackageIdentity, SourcePackage};

use crate::PackageManager;

/// A package of the operating system. Which distribution it is of is known when all layers are.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SystemPackage {
    /// The binary package.
    pub name: String,
    /// Its version, whole: of deb and rpm with `epoch:` if there is one above 0, and revision.
    pub version: String,
    /// Its architecture; empty if there is none.
    pub architecture: String,
    /// What it was built from, if that is said: for deb `Source:` (its version that of the binary where
    /// none is given), for apk the origin, for rpm the source rpm.
    pub source: Option<SourcePackage>,
    /// The first two parts of an rpm's module label.
    pub module: Option<String>,
    /// Who built an rpm.
    pub vendor: Option<String>,
    /// Its licences as it declares them.
    pub licenses: Vec<String>,
}

/// What a database of the operating system's packages holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemPackages {
    /// The packages that are installed.
    pub packages: Vec<SystemPackage>,
    /// Those files of theirs that a reader of languages would look at: what the distribution installed
    /// is the distribution's to rate. Paths without a leading slash.
    pub owned_paths: Vec<String>,
}

/// A package of a language.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LanguagePackage {
    /// Which package it is.
    pub identity: PackageIdentity,
    /// What manages it.
    pub manager: PackageManager,
    /// The file that says so, without a leading slash; a part of an archive follows `!`.
    pub path: String,
    /// Its licences as it declares them.
    pub licenses: Vec<String>,
}

/// Why a file could not be read. `Display` says what is wrong with it, without its path.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// Its bytes could not be had.
    #[error("it could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// It is larger than is read.
    #[error("it is larger than {0} bytes")]
    TooLarge(u64),
    /// It holds more than is read.
    #[error("it holds more than {count} {what}")]
    TooMany {
        /// How many are read at the most.
        count: u64,
        /// Of what.
        what: &'static str,
    },
    /// It is not what its name promises, or damaged.
    #[error("{0}")]
    Malformed(String),
}

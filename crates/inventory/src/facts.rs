//! Facts of a layer: what it says of packages, and what it does to the layers below it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::found::{LanguagePackage, SystemPackages};

/// What one layer says, without those above and below it. Kept by the digest of the layer and
/// [`crate::READER_VERSION`]: the layers of base images are read once.
///
/// All paths are cleaned: without a slash at either end, `.` or `..`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LayerFacts {
    /// What files say, by their paths.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) files: BTreeMap<String, FileFacts>,
    /// Files and links that say nothing, where a layer below may have something that does.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) replaced: BTreeSet<String>,
    /// Directories that take the place of what a layer below has; of those only that links may lead to.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) directories: BTreeSet<String>,
    /// Symbolic links that package databases may be reached by, and what they say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) links: BTreeMap<String, String>,
    /// What of the layers below is deleted (OCI image-spec, layer.md, "Whiteouts").
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) removed: BTreeSet<String>,
    /// Directories of which nothing of the layers below is left ("Opaque Whiteout").
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) emptied: BTreeSet<String>,
}

/// What a file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FileFacts {
    /// Text that tells the distribution.
    Release(String),
    /// A database of packages of the operating system, or a part of one.
    System {
        /// Whose.
        manager: SystemManager,
        /// What it says.
        packages: SystemPackages,
        /// Packages in it that the distribution did not make: it does not rate their files.
        #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
        foreign: BTreeSet<String>,
    },
    /// Files of a package of the operating system.
    Owned {
        /// The package.
        package: String,
        /// Those of its files that a reader of languages looks at.
        paths: Vec<String>,
    },
    /// Packages of a language; never none.
    Packages(Vec<LanguagePackage>),
    /// A file that by its name tells of packages of a language, and why it could not be understood.
    Unread(String),
}

/// Who manages packages of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SystemManager {
    /// Alpine's.
    Apk,
    /// Debian's.
    Dpkg,
    /// Red Hat's and SUSE's.
    Rpm,
}

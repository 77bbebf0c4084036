//! What a file tells, gathered within bounds and with names as their ecosystem writes them.

use wharfinger_package::{Ecosystem, Family, PackageIdentity};

use crate::found::{FileError, LanguagePackage};
use crate::{Limits, PackageManager};

/// Bytes of a name or a version; no registry takes longer ones.
const WORD_BYTES_MAX: usize = 512;
/// Bytes of one licence; what is longer is its text, not its name.
const LICENSE_BYTES_MAX: usize = 256;
/// Licences of one package.
const LICENSES_MAX: usize = 16;
/// Bytes of all names, versions, licences and paths that one file may come to.
const TEXT_BYTES_MAX: usize = 64 << 20;

/// The packages of one file.
pub(super) struct Listing<'a> {
    path: &'a str,
    packages_max: usize,
    text_bytes: usize,
    packages: Vec<LanguagePackage>,
}

impl<'a> Listing<'a> {
    /// None yet, of the file at `path`.
    pub(super) fn new(path: &'a str, limits: &Limits) -> Self {
        Self { path, packages_max: limits.packages, text_bytes: 0, packages: Vec::new() }
    }

    /// The file that is read.
    pub(super) const fn path(&self) -> &'a str {
        self.path
    }

    /// Adds a package. One whose name or version cannot be one (it is empty, or has white space in it)
    /// is left out: no advisory speaks of it.
    pub(super) fn add(
        &mut self,
        (family, manager): (Family, PackageManager),
        name: &str,
        version: &str,
    ) -> Result<(), FileError> {
        self.add_licensed((family, manager), name, version, std::iter::empty())
    }

    /// Adds a package that a part of the file tells of; `inner` follows the path of the file.
    pub(super) fn add_inside(
        &mut self,
        kind: (Family, PackageManager),
        inner: &str,
        name: &str,
        version: &str,
    ) -> Result<(), FileError> {
        let next = self.packages.len();
        self.add(kind, name, version)?;
        if let Some(package) = self.packages.get_mut(next) {
            package.path.push_str(inner);
            self.text_bytes += inner.len();
        }
        Ok(())
    }

    /// Adds a package with the licences that it declares.
    pub(super) fn add_licensed<'l>(
        &mut self,
        (family, manager): (Family, PackageManager),
        name: &str,
        version: &str,
        licenses: impl Iterator<Item = &'l str>,
    ) -> Result<(), FileError> {
        let (name, version) = (name.trim(), version.trim());
        if !is_word(name) || !is_word(version) {
            return Ok(());
        }
        let licenses: Vec<String> = licenses
            .map(str::trim)
            .filter(|it| !it.is_empty() && it.len() <= LICENSE_BYTES_MAX)
            .filter(|it| !it.chars().any(char::is_control))
            .take(LICENSES_MAX)
            .map(str::to_owned)
            .collect();
        let identity = PackageIdentity {
            ecosystem: Ecosystem::rolling(family),
            name: family.package_name(name),
            version: version.to_owned(),
            architecture: None,
            source: None,
            module: None,
            vendor: None,
        };
        self.push(LanguagePackage { identity, manager, path: self.path.to_owned(), licenses })
    }

    fn push(&mut self, package: LanguagePackage) -> Result<(), FileError> {
        if self.packages.len() >= self.packages_max {
            let count = self.packages_max as u64;
            return Err(FileError::TooMany { count, what: "packages" });
        }
        self.text_bytes += package.path.len() + package.identity.name.len();
        self.text_bytes += package.identity.version.len();
        self.text_bytes += package.licenses.iter().map(String::len).sum::<usize>();
        if self.text_bytes > TEXT_BYTES_MAX {
            let count = TEXT_BYTES_MAX as u64;
            return Err(FileError::TooMany { count, what: "bytes of names and paths" });
        }
        self.packages.push(package);
        Ok(())
    }

    /// What was added, in order, nothing twice.
    pub(super) fn into_packages(mut self) -> Vec<LanguagePackage> {
        self.packages.sort_unstable();
        self.packages.dedup();
        self.packages
    }
}

/// Whether something can be a name or a version.
fn is_word(text: &str) -> bool {
    let plain = |character: char| !character.is_control() && !character.is_whitespace();
    !text.is_empty() && text.len() <= WORD_BYTES_MAX && text.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIP: (Family, PackageManager) = (Family::PyPi, PackageManager::Pip);

    #[test]
    fn what_cannot_be_a_package_is_left_out() {
        let mut listing = Listing::new("requirements.txt", &Limits::default());
        for (name, version) in [("", "1"), ("a", ""), ("a b", "1"), ("a", "1\u{0}"), ("a", "1 2")] {
            listing.add(PIP, name, version).unwrap();
        }
        listing.add(PIP, &"a".repeat(513), "1").unwrap();
        listing.add(PIP, " flask ", " 2.0 ").unwrap();
        listing.add(PIP, "Flask", "2.0").unwrap();
        let packages = listing.into_packages();
        assert_eq!(packages.len(), 1);
        assert_eq!(packages[0].identity.name, "flask");
        assert_eq!(packages[0].identity.version, "2.0");
    }

    #[test]
    fn a_file_has_only_so_many_packages() {
        let limits = Limits { packages: 2, ..Limits::default() };
        let mut listing = Listing::new("requirements.txt", &limits);
        listing.add(PIP, "a", "1").unwrap();
        listing.add(PIP, "b", "1").unwrap();
        let error = listing.add(PIP, "c", "1").unwrap_err();
        assert_eq!(error.to_string(), "it holds more than 2 packages");
    }

    #[test]
    fn a_long_path_is_not_kept_without_end() {
        let path = "a/".repeat(2048);
        let mut listing = Listing::new(&path, &Limits::default());
        let error = (0..100_000).find_map(|n| listing.add(PIP, "a", &n.to_string()).err());
        assert!(matches!(error, Some(FileError::TooMany { .. })));
    }
}

//! Files of the corpus, and what is read out of them.

use wharfinger_inventory::language::{LanguageFile, kind, read};
use wharfinger_inventory::{FileError, LanguagePackage, Limits};

/// A file below `corpus/`.
pub fn file(path: &str) -> Vec<u8> {
    let path = format!("{}/../../corpus/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a file holds, read as `kind`.
pub fn packages(
    kind: LanguageFile,
    path: &str,
    file: &[u8],
) -> Result<Vec<LanguagePackage>, FileError> {
    read(kind, path, file.len() as u64, &mut &*file, &Limits::default())
}

/// `name version` of what a file holds that is known by its path.
pub fn names(path: &str, file: &[u8]) -> Vec<String> {
    let kind = kind(path, false).unwrap_or_else(|| panic!("{path} is not known"));
    named(&packages(kind, path, file).unwrap())
}

/// `name version` of packages.
pub fn named(packages: &[LanguagePackage]) -> Vec<String> {
    packages.iter().map(|it| format!("{} {}", it.identity.name, it.identity.version)).collect()
}

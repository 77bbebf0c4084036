//! The metadata of an installed distribution: headers, then a description.
//! <https://packaging.python.org/en/latest/specifications/core-metadata/>

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;

/// Reads `METADATA`, `PKG-INFO` or `*.egg-info`. Old ones are in any encoding; only what is ASCII of
/// them matters.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let (mut name, mut version, mut declared) = (None, None, Licenses::default());
    let text = String::from_utf8_lossy(file);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        // What begins with white space goes on with the header before.
        let Some((header, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match header.to_ascii_lowercase().as_str() {
            "name" => name = name.or(Some(value)),
            "version" => version = version.or(Some(value)),
            "license" => declared.license = Some(value).filter(|it| *it != "UNKNOWN"),
            "license-expression" => declared.expression = Some(value),
            "classifier" => declared.classifiers.extend(classified(value)),
            _ => {}
        }
    }
    let (Some(name), Some(version)) = (name, version) else { return Ok(()) };
    into.add_licensed((Family::PyPi, PackageManager::Pythonpkg), name, version, declared.chosen())
}

/// The licence that a classifier names: `License :: OSI Approved :: MIT License`.
fn classified(value: &str) -> Option<&str> {
    let (_, license) = value.strip_prefix("License ::")?.rsplit_once("::").or(Some(("", "")))?;
    Some(license.trim()).filter(|it| !it.is_empty())
}

#[derive(Default)]
struct Licenses<'a> {
    expression: Option<&'a str>,
    license: Option<&'a str>,
    classifiers: Vec<&'a str>,
}

impl<'a> Licenses<'a> {
    /// The expression, else what was written freely, else the classifiers.
    fn chosen(self) -> impl Iterator<Item = &'a str> {
        let first = self.expression.or(self.license).filter(|it| !it.is_empty());
        let rest = if first.is_some() { Vec::new() } else { self.classifiers };
        first.into_iter().chain(rest)
    }
}

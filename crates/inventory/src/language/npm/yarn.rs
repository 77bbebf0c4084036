//! `yarn.lock`: <https://classic.yarnpkg.com/en/docs/yarn-lock/>, and of yarn 2 and later
//! <https://yarnpkg.com/advanced/lexicon#lockfile>, which is YAML.
//!
//! Neither marks what is only for development, so that is listed as well.

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::{text, yaml};

use super::{is_name, is_version, split_at};

const YARN: (Family, PackageManager) = (Family::Npm, PackageManager::Yarn);

/// Reads a lock file, of whichever yarn it is.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let text = text::utf8(file)?;
    let is_yaml = text.lines().any(|line| line.starts_with("__metadata:"));
    if is_yaml { modern(text, into) } else { classic(text, into) }
}

/// Of yarn 1: a line of the patterns that led to a package, and then, deeper, its members.
fn classic(text: &str, into: &mut Listing<'_>) -> Result<(), FileError> {
    let mut name: Option<&str> = None;
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        if let Some(version) = line.strip_prefix("  version ") {
            let version = version.trim().trim_matches('"');
            if let Some(name) = name.take().filter(|it| is_name(it) && is_version(version)) {
                into.add(YARN, name, version)?;
            }
        } else if !line.starts_with(' ') && !line.trim().is_empty() {
            let patterns = line
                .trim_end()
                .strip_suffix(':')
                .ok_or_else(|| FileError::Malformed("a line of it is no package".to_owned()))?;
            name = patterns.split(", ").next().and_then(|it| package_of(it.trim_matches('"')));
        }
    }
    Ok(())
}

/// The package that a pattern leads to: `a@^1.0`, or `b@npm:a@^1.0` under another name.
fn package_of(pattern: &str) -> Option<&str> {
    let (name, range) = split_at(pattern)?;
    let alias = range.strip_prefix("npm:").and_then(split_at);
    Some(alias.map_or(name, |(real, _)| real))
}

/// Of later ones: `resolution` says what a package is, `version` which. What is linked (`linkType:
/// soft`) is the project's own.
fn modern(text: &str, into: &mut Listing<'_>) -> Result<(), FileError> {
    let mut entry = Entry::default();
    yaml::each(text, |path, value| {
        match path {
            [_] => std::mem::take(&mut entry).add(into)?,
            [_, member] => match member.as_ref() {
                "version" => value.clone_into(&mut entry.version),
                "resolution" => value.clone_into(&mut entry.resolution),
                "linkType" => entry.is_linked = value == "soft",
                _ => {}
            },
            _ => {}
        }
        Ok(())
    })?;
    entry.add(into)
}

/// A package of a modern lock file.
#[derive(Default)]
struct Entry {
    version: String,
    resolution: String,
    is_linked: bool,
}

impl Entry {
    fn add(self, into: &mut Listing<'_>) -> Result<(), FileError> {
        let Some((name, _)) = split_at(&self.resolution) else { return Ok(()) };
        let listed = !self.is_linked && is_name(name) && is_version(&self.version);
        if listed { into.add(YARN, name, &self.version) } else { Ok(()) }
    }
}

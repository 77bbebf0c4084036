//! RubyGems: the specification that is beside an installed gem, and `Gemfile.lock`.
//!
//! A specification is Ruby, but what `gem install` writes has one form: an assignment a line, to the
//! variable that `Gem::Specification.new do |s|` names. Bundler does not mark the groups of gems in its
//! lock file, so those for development are listed as well.

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::listing::Listing;
use super::text;

/// Reads a `.gemspec`. One that does not say a name and a version as text (it is of a gem's own
/// sources) holds nothing.
pub(super) fn gemspec(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let text = String::from_utf8_lossy(file);
    let Some((_, rest)) = text.split_once("Gem::Specification.new do |") else { return Ok(()) };
    let Some((variable, body)) = rest.split_once('|') else { return Ok(()) };
    let variable = variable.trim();
    let (mut name, mut version, mut licenses) = (None, None, Vec::new());
    for line in body.lines() {
        let Some((attribute, value)) = assignment(line, variable) else { continue };
        match attribute {
            "name" => name = name.or_else(|| quoted(value).next()),
            "version" => version = version.or_else(|| quoted(value).next()),
            "license" => licenses = quoted(value).take(1).collect(),
            "licenses" if value.starts_with('[') => licenses = quoted(value).take(16).collect(),
            _ => {}
        }
    }
    match (name, version) {
        (Some(name), Some(version)) => into.add_licensed(
            (Family::RubyGems, PackageManager::Gemspec),
            name,
            version,
            licenses.into_iter(),
        ),
        _ => Ok(()),
    }
}

/// `s.attribute = value`, of the variable `s`.
fn assignment<'a>(line: &'a str, variable: &str) -> Option<(&'a str, &'a str)> {
    let line = line.trim_start().strip_prefix(variable)?.strip_prefix('.')?;
    let (attribute, value) = line.split_once('=')?;
    Some((attribute.trim(), value.trim()))
}

/// The texts in quotes in a line.
fn quoted(line: &str) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let start = rest.find(['"', '\''])?;
        let quote = if rest.as_bytes().get(start) == Some(&b'"') { '"' } else { '\'' };
        let after = rest.get(start + 1..)?;
        let (text, tail) = after.split_once(quote)?;
        rest = tail;
        Some(text)
    })
}

/// Reads a `Gemfile.lock`: under `specs:`, four spaces and `name (version)`; what is deeper is what
/// that gem asks for. A platform follows the version after `-`.
pub(super) fn gemfile_lock(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let mut specs = false;
    for line in text::utf8(file)?.lines() {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = line.trim();
        match indent {
            0 => specs = false,
            2 => specs = line == "specs:",
            4 if specs => {
                let Some((name, version)) = line.split_once(" (") else { continue };
                let Some(version) = version.strip_suffix(')') else { continue };
                let version = version.split_once('-').map_or(version, |(version, _)| version);
                into.add((Family::RubyGems, PackageManager::Bundler), name, version)?;
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    #[test]
    fn a_lock_file_lists_gems_without_what_they_ask_for() {
        let file = "GIT\n  remote: https://git.example/a.git\n  specs:\n    a (1.0)\n\nGEM\n  remote: \
                    https://gems.example/\n  specs:\n    nokogiri (1.13.0-x86_64-linux)\n      \
                    racc (~> 1.4)\n    racc (1.6.0)\n\nPLATFORMS\n  x86_64-linux\n\nDEPENDENCIES\n  \
                    nokogiri\n\nBUNDLED WITH\n   2.3.7\n";
        let mut listing = Listing::new("Gemfile.lock", &Limits::default());
        gemfile_lock(file.as_bytes(), &mut listing).unwrap();
        let packages = listing.into_packages();
        let names =
            packages.iter().map(|it| format!("{} {}", it.identity.name, it.identity.version));
        assert_eq!(names.collect::<Vec<_>>(), ["a 1.0", "nokogiri 1.13.0", "racc 1.6.0"]);
    }
}

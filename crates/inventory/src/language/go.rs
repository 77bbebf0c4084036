//! `go.mod`: <https://go.dev/ref/mod#go-mod-file>.
//!
//! From Go 1.17 on the file lists every module that the build needs. Before, it lists the direct ones
//! only; `go.sum` would name the rest, together with every version that was ever considered, so it is
//! not read. Modules keep the `v` of their versions. What is replaced by a folder is part of the
//! project, and left out; so is the main module, which has no version here.

use std::collections::HashMap;

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;

use super::listing::Listing;
use super::text;

/// Replacements of one file.
const REPLACEMENTS_MAX: usize = 100_000;

/// Reads a `go.mod`.
pub(super) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let text = text::utf8(file)?;
    let mut replaced = HashMap::new();
    each_directive(text, |verb, words| {
        if let Some((old, new)) = replacement(words).filter(|_| verb == "replace") {
            replaced.insert(old, new);
        }
        let count = REPLACEMENTS_MAX as u64;
        let few = replaced.len() <= REPLACEMENTS_MAX;
        few.then_some(()).ok_or(FileError::TooMany { count, what: "replacements" })
    })?;
    each_directive(text, |verb, words| {
        let &[module, version, ..] = words else { return Ok(()) };
        if verb != "require" {
            return Ok(());
        }
        let stands_in =
            replaced.get(&(module, Some(version))).or_else(|| replaced.get(&(module, None)));
        match stands_in.copied().unwrap_or(Some((module, version))) {
            Some((module, version)) => {
                into.add((Family::Go, PackageManager::Gomod), module, version)
            }
            None => Ok(()),
        }
    })
}

/// Calls `act` for each directive: its verb, and the words that follow up to a comment.
fn each_directive<'a>(
    text: &'a str,
    mut act: impl FnMut(&'a str, &[&'a str]) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let mut block = None;
    let mut words: Vec<&str> = Vec::new();
    for line in text.lines() {
        let line = line.split_once("//").map_or(line, |(before, _)| before);
        words.clear();
        words.extend(line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).take(8));
        match (block, words.as_slice()) {
            (_, []) => {}
            (Some(_), [")", ..]) => block = None,
            (Some(verb), words) => act(verb, words)?,
            (None, [verb, "("]) => block = Some(*verb),
            (None, [verb]) => block = verb.strip_suffix('('),
            (None, [verb, arguments @ ..]) => act(verb, arguments)?,
        }
    }
    Ok(())
}

/// A module and its version.
type Module<'a> = (&'a str, &'a str);
/// A module, and its version if only that one is meant.
type Replaced<'a> = (&'a str, Option<&'a str>);

/// What a `replace` replaces, and by what; none for a folder.
fn replacement<'a>(words: &[&'a str]) -> Option<(Replaced<'a>, Option<Module<'a>>)> {
    let arrow = words.iter().position(|word| *word == "=>")?;
    let (old, new) = (words.get(..arrow)?, words.get(arrow + 1..)?);
    let old = (*old.first()?, old.get(1).copied());
    Some((old, new.first().copied().zip(new.get(1).copied())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;

    fn modules(file: &str) -> Vec<String> {
        let mut listing = Listing::new("go.mod", &Limits::default());
        read(file.as_bytes(), &mut listing).unwrap();
        let packages = listing.into_packages().into_iter();
        packages.map(|it| format!("{} {}", it.identity.name, it.identity.version)).collect()
    }

    #[test]
    fn replacements_are_what_is_built() {
        let file = "module m\nrequire a v1.0.0 // indirect\nrequire(\n\tb v1.1.0\n\"c\" v1.2.0\n\
                    d v1.3.0\n\te v1.4.0\n)\nreplace (\n\tb => bb v2.0.0\n\tc v1.2.0 => ./c\n\
                    d v0.9.0 => dd v3.0.0\n)\nreplace e => ../e\nexclude a v1.0.0\n";
        assert_eq!(modules(file), ["a v1.0.0", "bb v2.0.0", "d v1.3.0"]);
    }

    #[test]
    fn what_is_no_directive_is_nothing() {
        for file in ["", "require", "require (", "require a", ")\n)", "replace =>", "replace a =>"]
        {
            assert_eq!(modules(file), [""; 0], "{file}");
        }
    }
}

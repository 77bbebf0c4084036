//! `bun.lock`: <https://bun.sh/docs/install/lockfile>, JSON with comments and trailing commas.
//!
//! A member of `packages` is `"path": ["name@version", …, {"dependencies": …}, …]`. What only
//! `devDependencies` of the workspaces lead to is left out.

use std::collections::{HashMap, HashSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;
use crate::language::text::{self, Members};

use super::{is_name, is_version, split_at};

/// Packages below packages.
const NESTED_MAX: usize = 16;
/// Bytes of the path of a package.
const PATH_BYTES_MAX: usize = 4096;

#[derive(Deserialize)]
struct Lock {
    #[serde(default)]
    workspaces: Members<Needs>,
    #[serde(default)]
    packages: Members<Package>,
}

/// What a workspace or a package needs to run.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Needs {
    #[serde(default)]
    dependencies: Members<IgnoredAny>,
    #[serde(default)]
    optional_dependencies: Members<IgnoredAny>,
    #[serde(default)]
    peer_dependencies: Members<IgnoredAny>,
}

/// Reads a lock file.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let lock: Lock = text::json(plain(text::utf8(file)?).as_bytes())?;
    let packages: HashMap<&str, &Package> =
        lock.packages.0.iter().map(|(path, it)| (path.as_str(), it)).collect();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (_, workspace) in &lock.workspaces.0 {
        let peers = workspace.peer_dependencies.0.iter().map(|(name, _)| name.as_str());
        open.extend(workspace.names().chain(peers).filter_map(|it| resolve(&packages, "", it)));
    }
    while let Some(path) = open.pop() {
        let Some(package) = packages.get(path).filter(|_| seen.insert(path)) else { continue };
        open.extend(package.needs.names().filter_map(|name| resolve(&packages, path, name)));
        let Some((name, version)) = split_at(&package.id) else { continue };
        if is_name(name) && is_version(version) {
            into.add((Family::Npm, PackageManager::Npm), name, version)?;
        }
    }
    Ok(())
}

impl Needs {
    fn names(&self) -> impl Iterator<Item = &str> {
        self.dependencies
            .0
            .iter()
            .chain(&self.optional_dependencies.0)
            .map(|(name, _)| name.as_str())
    }
}

/// The path of what the package at `from` calls `name`: below it, or below what it is below of.
fn resolve<'a>(
    packages: &HashMap<&'a str, &'a Package>,
    from: &str,
    name: &str,
) -> Option<&'a str> {
    let mut folder = from;
    for _ in 0..NESTED_MAX {
        if folder.is_empty() || folder.len() > PATH_BYTES_MAX {
            break;
        }
        if let Some((path, _)) = packages.get_key_value(format!("{folder}/{name}").as_str()) {
            return Some(path);
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
    packages.get_key_value(name).map(|(path, _)| *path)
}

/// A package: the text that its list begins with, and the object in it.
#[derive(Default)]
struct Package {
    id: String,
    needs: Needs,
}

impl<'de> Deserialize<'de> for Package {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PackageVisitor;
        impl<'de> Visitor<'de> for PackageVisitor {
            type Value = Package;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list that begins with name@version")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Package, A::Error> {
                let mut package =
                    Package { id: seq.next_element()?.unwrap_or_default(), ..Package::default() };
                while let Some(part) = seq.next_element()? {
                    if let Part::Needs(needs) = part {
                        package.needs = needs;
                    }
                }
                Ok(package)
            }
        }
        deserializer.deserialize_seq(PackageVisitor)
    }
}

/// What follows the first text of a package.
enum Part {
    Needs(Needs),
    Text,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PartVisitor;
        impl<'de> Visitor<'de> for PartVisitor {
            type Value = Part;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text or an object")
            }

            fn visit_str<E>(self, _: &str) -> Result<Part, E> {
                Ok(Part::Text)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Part, A::Error> {
                let map = serde::de::value::MapAccessDeserializer::new(map);
                Needs::deserialize(map).map(Part::Needs)
            }
        }
        deserializer.deserialize_any(PartVisitor)
    }
}

/// The text without comments and without commas before a closing bracket.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut comma = None;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '"' => string_len(rest),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            other => other.len_utf8(),
        };
        let (token, after) = rest.split_at(taken);
        rest = after;
        match first {
            '/' if taken > 1 => continue,
            ',' => comma = Some(plain.len()),
            ']' | '}' => {
                if let Some(at) = comma.take() {
                    plain.replace_range(at..at + 1, " ");
                }
            }
            other if !other.is_whitespace() => comma = None,
            _ => {}
        }
        plain.push_str(token);
    }
    plain
}

/// How long the text in quotes is that `text` begins with.
fn string_len(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_last_commas_are_taken_out() {
        let text = "{ // a\n\"a,]\\\"\": [1, /* , ] */ ],\n \"//\": \"/*\", }";
        let json: serde_json::Value = serde_json::from_str(&plain(text)).unwrap();
        assert_eq!(json, serde_json::json!({"a,]\"": [1], "//": "/*"}));
        for text in ["", ",", "/", "/*", "//", "\"", "\"\\", ",}", "é,]"] {
            plain(text);
        }
    }
}

//! Packages: what is said of each, and a hash of it and of what is told of its vulnerabilities.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::BuildError;
use super::output::Output;
use super::vulnerabilities::{Contents, Told};
use crate::Affected;
use crate::encoding::Malformed;
use crate::format::{Section, short_hash};
use crate::keys::KeysBuilder;
use crate::limits::{STATEMENTS_BYTES_MAX, STATEMENTS_BYTES_UNCOMPRESSED_MAX};
use crate::sorting::Merged;
use crate::statements::{self, Cost, Layout};

/// How hard the statements of a package are compressed where they are: zstd's level.
const LEVEL: i32 = 6;

/// Writes the sections of packages.
pub(crate) fn write(output: &mut Output, mut pairs: Merged, told: &Told) -> Result<(), BuildError> {
    let mut keys = KeysBuilder::default();
    let mut index = Vec::new();
    output.begin(Section::Packages)?;
    while let Some((key, first)) = pairs.next().transpose()? {
        let mut said = vec![first];
        let mut bytes = 0;
        while let Some(next) = pairs.next_of(&key)? {
            // Equal statements lie beside each other: a document can be in several exports.
            if said.last() == Some(&next) {
                continue;
            }
            bytes += next.len();
            if bytes > 4 * STATEMENTS_BYTES_MAX {
                return Err(too_large(&key));
            }
            said.push(next);
        }
        let (stored, raw_bytes, hash) = package(&said, told)?;
        if raw_bytes > STATEMENTS_BYTES_MAX {
            return Err(too_large(&key));
        }
        keys.push(&key)?;
        index.extend_from_slice(&output.written().to_le_bytes());
        index.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        index.extend_from_slice(&(raw_bytes as u32).to_le_bytes());
        let [a, b, c, d, e, f, g, h, ..] = short_hash(&stored);
        index.extend_from_slice(&[a, b, c, d, e, f, g, h]);
        index.extend_from_slice(&hash);
        output.write(&stored)?;
    }
    output.section(Section::PackageIndex, &index)?;
    Ok(output.section(Section::PackageKeys, &keys.finish())?)
}

fn too_large(key: &[u8]) -> BuildError {
    let name = String::from_utf8_lossy(key).replace('\0', " ");
    BuildError::TooLarge(format!("too much is said of {name}"))
}

/// The bytes of a package as they are stored, how many they are uncompressed, and the hash of what
/// they say.
fn package(said: &[Vec<u8>], told: &Told) -> Result<(Vec<u8>, usize, [u8; 16]), BuildError> {
    let mut all = Vec::with_capacity(said.len());
    let mut cost = Cost::default();
    for bytes in said {
        for statement in statements::parse(bytes, Layout::Plain)? {
            let statement = statement?;
            let copied = cost.add_statement(&statement).and_then(|()| statement.to_affected());
            all.push(copied.map_err(|_| Malformed("too much is said of a package"))?);
        }
    }
    all.sort_by(|a, b| order(a).cmp(&order(b)));
    all.dedup();
    // What is judged of them is not said, and follows from what is told: it does not count.
    let hash = hash(&statements::encode(&all), &all, &told.contents);
    let judged = all.iter().map(|it| Ok((it, told.tellings.judge(it)?)));
    let raw = statements::encode_judged(&judged.collect::<Result<Vec<_>, Malformed>>()?);
    let length = raw.len();
    if length > STATEMENTS_BYTES_UNCOMPRESSED_MAX {
        let stored = zstd::bulk::compress(&raw, LEVEL)?;
        // Equal lengths say that it is not compressed.
        if stored.len() < length {
            return Ok((stored, length, hash));
        }
    }
    Ok((raw, length, hash))
}

fn order(it: &Affected) -> (&str, &str, Option<&str>) {
    (&it.vulnerability, &it.source, it.advisory.as_deref())
}

fn hash(raw: &[u8], all: &[Affected], contents: &Contents) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(raw);
    let mut seen: HashMap<&str, ()> = HashMap::new();
    for statement in all {
        if seen.insert(&statement.vulnerability, ()).is_none() {
            for told in contents.of(&statement.vulnerability) {
                hash.update(told.to_le_bytes());
            }
        }
    }
    let whole: [u8; 32] = hash.finalize().into();
    let (half, _) = whole.split_at(16);
    half.try_into().unwrap_or([0; 16])
}

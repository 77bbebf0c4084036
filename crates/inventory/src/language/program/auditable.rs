//! What cargo-auditable left in a program: the crates it was built from, as JSON in zlib in the section
//! `.dep-v0`. <https://github.com/rust-secure-code/cargo-auditable/blob/master/PARSING.md>

use std::io::Read;

use auditable_info::Error;
use flate2::read::ZlibDecoder;
use serde::Deserialize;
use wharfinger_package::Family;

use super::super::listing::Listing;
use super::Window;
use crate::PackageManager;
use crate::found::FileError;

/// Bytes of the JSON at the most: it has about 100 for each crate.
const JSON_BYTES_MAX: usize = 8 << 20;
/// Places that begin as packed JSON does and are looked at: programs have a few of them by chance.
const PLACES_MAX: usize = 10_000;

/// The content of the section, as far as it is read.
#[derive(Deserialize)]
struct Audit {
    packages: Vec<Crate>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    root: bool,
}

/// Adds the crates of a program: those of crates.io, which is whose advisories there are, and the
/// program itself. What only ran while it was built is not in it.
pub(super) fn read(window: &Window<'_>, into: &mut Listing<'_>) -> Result<(), FileError> {
    let Some(json) = (if window.last { section(window.bytes)? } else { search(window.bytes) })
    else {
        return Ok(());
    };
    let audit: Audit = serde_json::from_str(&json).map_err(|error| damaged(&error))?;
    for package in audit.packages {
        if package.kind != "build" && (package.root || package.source == "crates.io") {
            let manager = (Family::CratesIo, PackageManager::Cargo);
            into.add(manager, &package.name, &package.version)?;
        }
    }
    Ok(())
}

/// The JSON in the section of a whole program; none if it has no such section.
fn section(program: &[u8]) -> Result<Option<String>, FileError> {
    match auditable_info::json_from_slice(program, JSON_BYTES_MAX) {
        Ok(json) => Ok(Some(json)),
        Err(Error::NoAuditData | Error::BinaryParsing(_)) => Ok(None),
        Err(Error::OutputLimitExceeded) => Err(FileError::TooLarge(JSON_BYTES_MAX as u64)),
        Err(error) => Err(damaged(&error)),
    }
}

/// The JSON in the beginning of a program whose sections are not known: they are listed at its end.
/// Linkers put this one before the code, with all that is only read.
fn search(program: &[u8]) -> Option<String> {
    // A stream of zlib, whose first block has its own code: only the shortest texts have not.
    let begins = |bytes: &[u8]| matches!(bytes, [0x78, 0x01 | 0x5e | 0x9c | 0xda, block] if matches!(block & 7, 4 | 5));
    let places = program.windows(3).enumerate().filter(|(_, bytes)| begins(bytes));
    places.take(PLACES_MAX).find_map(|(at, _)| json_at(program.get(at..)?))
}

/// The JSON that is packed here, if there is any.
fn json_at(packed: &[u8]) -> Option<String> {
    const BEGINNING: &[u8; 13] = br#"{"packages":["#;
    let mut unpacked = ZlibDecoder::new(packed).take(JSON_BYTES_MAX as u64);
    let mut json = [0; BEGINNING.len()];
    unpacked.read_exact(&mut json).ok().filter(|()| json == *BEGINNING)?;
    let mut json = json.to_vec();
    unpacked.read_to_end(&mut json).ok()?;
    String::from_utf8(json).ok()
}

fn damaged(error: &dyn std::fmt::Display) -> FileError {
    FileError::Malformed(format!("what cargo-auditable left in it is damaged: {error}"))
}

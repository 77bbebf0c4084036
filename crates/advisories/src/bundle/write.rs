//! Writing bundles.

use std::fmt::Write as _;
use std::io::{self, Write};

use sha2::{Digest as _, Sha256};
use wharfinger_core::Timestamp;

use super::{BundleError, BundleInformation, MAGIC, VERSION};
use crate::document::bytes;
use crate::{SourceInformation, Store, known_source};

/// How hard bundles are compressed: zstd's level. They are written once and carried often.
const LEVEL: i32 = 12;

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// What the bundle says of itself.
    pub information: BundleInformation,
    /// The sources that were left out, because their terms do not allow to pass them on.
    pub left_out: Vec<String>,
    /// How many documents.
    pub document_count: u64,
}

/// Writes the documents of the sources named, or of all if none is, to `out`. Sources whose terms do
/// not allow it are left out of all, and refused when they are named, unless `whatever_the_terms` says
/// that the bundle stays within one organisation.
///
/// # Errors
/// [`BundleError::Refused`] if nothing is left, or a source that is named is not there.
pub fn export(
    store: &Store,
    names: &[String],
    whatever_the_terms: bool,
    created_at: Timestamp,
    out: impl Write,
) -> Result<Exported, BundleError> {
    let (sources, left_out) = chosen(store.sources()?, names, whatever_the_terms)?;
    let notice = notice(&sources);
    let information = BundleInformation { created_at, sources, notice };
    let mut encoder = zstd::Encoder::new(out, LEVEL)?;
    encoder.include_checksum(true)?;
    let mut out = Hashed { out: encoder, hash: Sha256::new() };
    let json = serde_json::to_vec(&information).map_err(io::Error::from)?;
    out.put(&MAGIC)?;
    out.put(&VERSION.to_le_bytes())?;
    // Ends zstd's block, so that a bundle can be told by its first bytes.
    out.out.flush()?;
    out.put_long(&json)?;
    let mut document_count = 0;
    for source in &information.sources {
        for document in store.documents(&source.name)? {
            let document = document?;
            out.put(&[1])?;
            out.put_long(document.source.as_bytes())?;
            out.put_long(document.id.as_bytes())?;
            out.put_long(&bytes::encode(&document))?;
            document_count += 1;
        }
    }
    out.put(&[0])?;
    let hash: [u8; 32] = out.hash.finalize().into();
    out.out.write_all(&hash)?;
    out.out.finish()?.flush()?;
    Ok(Exported { information, left_out, document_count })
}

fn chosen(
    all: Vec<SourceInformation>,
    names: &[String],
    whatever_the_terms: bool,
) -> Result<(Vec<SourceInformation>, Vec<String>), BundleError> {
    let refused = |what: String| Err(BundleError::Refused(what));
    if let Some(absent) = names.iter().find(|name| all.iter().all(|it| it.name != **name)) {
        return refused(format!("there are no advisories of {absent}"));
    }
    let named = |it: &SourceInformation| names.is_empty() || names.contains(&it.name);
    let free = |it: &SourceInformation| {
        whatever_the_terms || known_source(&it.name).is_some_and(|known| known.may_be_passed_on)
    };
    let (kept, left): (Vec<_>, Vec<_>) = all.into_iter().filter(named).partition(free);
    let left: Vec<String> = left.into_iter().map(|it| it.name).collect();
    if !names.is_empty() && !left.is_empty() {
        let left = left.join(", ");
        return refused(format!("the terms of {left} do not allow to pass on what they say"));
    }
    if kept.is_empty() {
        return refused("there are no advisories that may be passed on".to_owned());
    }
    Ok((kept, left))
}

fn notice(sources: &[SourceInformation]) -> String {
    sources.iter().fold(String::new(), |mut notice, source| {
        let whom = known_source(&source.name).map_or(source.name.as_str(), |known| known.notice);
        let license = match source.license.as_str() {
            "" => "its terms name no licence",
            license => license,
        };
        let _ = writeln!(notice, "{}: {whom} ({license})", source.name);
        notice
    })
}

/// Bytes that are hashed as they are written.
struct Hashed<W: Write> {
    out: zstd::Encoder<'static, W>,
    hash: Sha256,
}

impl<W: Write> Hashed<W> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash.update(bytes);
        self.out.write_all(bytes)
    }

    /// The length, as 32 bits, and the bytes; documents and what a bundle says of itself are smaller.
    fn put_long(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        self.put(&length.to_le_bytes())?;
        self.put(bytes)
    }
}

//! What is said of a package, by its number.

use std::cell::RefCell;

use zstd::bulk::Decompressor;

use super::file::DatabaseFile;
use crate::encoding::Cursor;
use crate::format::{Section, short_hash};
use crate::limits::STATEMENTS_BYTES_MAX;
use crate::{DatabaseError, Statements};

/// Bytes of the index for a package.
pub(super) const ENTRY_BYTES: usize = 40;

/// Bytes of them that say where what is said lies; the others are the hash of it.
const PLACE_BYTES: usize = 24;

/// Where what is said of each package lies. It stays in memory, so that a package is one read.
#[derive(Debug)]
pub(super) struct PackageIndex {
    places: Vec<u8>,
}

impl PackageIndex {
    /// Of the section of the index.
    pub(super) fn new(index: &[u8]) -> Self {
        let mut places = Vec::with_capacity(index.len() / ENTRY_BYTES * PLACE_BYTES);
        let entries = index.chunks_exact(ENTRY_BYTES).filter_map(|it| it.get(..PLACE_BYTES));
        entries.for_each(|it| places.extend_from_slice(it));
        Self { places }
    }

    fn entry(&self, number: u32) -> Result<Entry, DatabaseError> {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_mul(PLACE_BYTES));
        let bytes = at.and_then(|at| self.places.get(at..at.checked_add(PLACE_BYTES)?));
        entry(bytes.ok_or(DatabaseError::Damaged("its index is too short"))?)
    }
}

/// Where a package's statements lie.
#[derive(Clone, Copy, Debug)]
struct Entry {
    offset: u64,
    stored_bytes: usize,
    raw_bytes: usize,
    check: [u8; 8],
}

fn entry(bytes: &[u8]) -> Result<Entry, DatabaseError> {
    let mut cursor = Cursor::new(bytes);
    let offset = u64::from_le_bytes(cursor.array()?);
    let mut length = || -> Result<usize, DatabaseError> {
        let length = usize::try_from(u32::from_le_bytes(cursor.array()?)).ok();
        let length = length.filter(|length| *length <= STATEMENTS_BYTES_MAX);
        length.ok_or(DatabaseError::Damaged("too much is said of a package"))
    };
    let (stored_bytes, raw_bytes) = (length()?, length()?);
    Ok(Entry { offset, stored_bytes, raw_bytes, check: cursor.array()? })
}

/// The hash of what is said, in an element of the index.
pub(super) fn content(bytes: &[u8; ENTRY_BYTES]) -> &[u8] {
    bytes.last_chunk::<16>().map_or(&[], <[u8; 16]>::as_slice)
}

/// Reads what is said of the package `number`.
pub(super) fn read(
    file: &DatabaseFile,
    index: &PackageIndex,
    number: u32,
) -> Result<Statements, DatabaseError> {
    let entry = index.entry(number)?;
    let stored = file.read(Section::Packages, entry.offset, entry.stored_bytes)?;
    if short_hash(&stored).first_chunk() != Some(&entry.check) {
        return Err(DatabaseError::Damaged("what is said of a package has another checksum"));
    }
    if entry.raw_bytes == entry.stored_bytes {
        return Ok(Statements::new(stored, file.layout()));
    }
    Ok(Statements::new(decompress(&stored, entry.raw_bytes)?, file.layout()))
}

thread_local! {
    /// Making one costs more than most of what is decompressed.
    static DECOMPRESSOR: RefCell<Option<Decompressor<'static>>> = const { RefCell::new(None) };
}

/// Decompresses to exactly `raw_bytes`, which the caller has limited.
pub(super) fn decompress(stored: &[u8], raw_bytes: usize) -> Result<Vec<u8>, DatabaseError> {
    let raw = DECOMPRESSOR.with_borrow_mut(|kept| {
        let decompressor = match kept {
            Some(decompressor) => decompressor,
            None => kept.insert(Decompressor::new()?),
        };
        decompressor.decompress(stored, raw_bytes)
    });
    match raw {
        Ok(raw) if raw.len() == raw_bytes => Ok(raw),
        _ => Err(DatabaseError::Damaged("something cannot be decompressed")),
    }
}

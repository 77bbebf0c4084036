//! Checking all of a file.

use sha2::{Digest as _, Sha256};

use super::DatabaseError;
use super::file::DatabaseFile;
use crate::format::Section;

/// Bytes that are read at once.
const READ_AT_ONCE: usize = 1 << 20;

/// Compares every section with its checksum.
pub(super) fn verify(file: &DatabaseFile) -> Result<(), DatabaseError> {
    Section::ALL.into_iter().try_for_each(|section| verify_section(file, section))
}

fn verify_section(file: &DatabaseFile, section: Section) -> Result<(), DatabaseError> {
    let place = file.place(section);
    let mut hash = Sha256::new();
    let mut offset = 0;
    while offset < place.length {
        let left = usize::try_from(place.length - offset).unwrap_or(usize::MAX);
        let bytes = file.read(section, offset, left.min(READ_AT_ONCE))?;
        hash.update(&bytes);
        offset += bytes.len() as u64;
    }
    let found: [u8; 32] = hash.finalize().into();
    if found == place.sha256 {
        Ok(())
    } else {
        Err(DatabaseError::Damaged("a section has another checksum"))
    }
}

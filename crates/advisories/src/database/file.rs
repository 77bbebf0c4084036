//! The file of a database and where its sections lie.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::DatabaseError;
use crate::format::{HEADER_BYTES, Header, Place, Section, sha256};
use crate::statements::Layout;

/// An open file.
#[derive(Debug)]
pub(super) struct DatabaseFile {
    file: File,
    header: Header,
}

impl DatabaseFile {
    /// Opens a file and checks its header; also the id of the database.
    pub(super) fn open(path: &Path) -> Result<(Self, [u8; 32]), DatabaseError> {
        let file = File::open(path)?;
        let file_bytes = file.metadata()?.len();
        if file_bytes < HEADER_BYTES as u64 {
            return Err(DatabaseError::Damaged("it is no advisory database"));
        }
        let mut bytes = [0; HEADER_BYTES];
        file.read_exact_at(&mut bytes, 0)?;
        let (header, id) = Header::decode(&bytes, file_bytes)?;
        Ok((Self { file, header }, id))
    }

    /// How what is said of packages lies in it.
    pub(super) const fn layout(&self) -> Layout {
        if self.header.is_judged() { Layout::Judged } else { Layout::Plain }
    }

    pub(super) fn place(&self, section: Section) -> Place {
        self.header.place(section)
    }

    /// A whole section of no more than `bytes_max`, checked.
    pub(super) fn section(
        &self,
        section: Section,
        bytes_max: u64,
    ) -> Result<Vec<u8>, DatabaseError> {
        let place = self.place(section);
        if place.length > bytes_max {
            return Err(DatabaseError::Damaged("a table is too large"));
        }
        let bytes = self.read(section, 0, usize::try_from(place.length).unwrap_or(usize::MAX))?;
        if sha256(&bytes) == place.sha256 {
            Ok(bytes)
        } else {
            Err(DatabaseError::Damaged("a table has another checksum"))
        }
    }

    /// Bytes of a section, which must lie in it.
    pub(super) fn read(
        &self,
        section: Section,
        offset: u64,
        length: usize,
    ) -> Result<Vec<u8>, DatabaseError> {
        let at = self.position(section, offset, length)?;
        let mut bytes = vec![0; length];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    /// The same, of a size that is known.
    pub(super) fn read_array<const N: usize>(
        &self,
        section: Section,
        offset: u64,
    ) -> Result<[u8; N], DatabaseError> {
        let at = self.position(section, offset, N)?;
        let mut bytes = [0; N];
        self.file.read_exact_at(&mut bytes, at)?;
        Ok(bytes)
    }

    fn position(&self, section: Section, offset: u64, length: usize) -> Result<u64, DatabaseError> {
        let place = self.place(section);
        let end = offset.checked_add(length as u64);
        if end.is_none_or(|end| end > place.length) {
            return Err(DatabaseError::Damaged("something lies outside of its section"));
        }
        // The header was checked: a section ends within the file.
        Ok(place.offset + offset)
    }
}

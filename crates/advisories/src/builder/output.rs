//! The file that is written: sections one after the other, the header last.

use std::fs::File;
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::format::{HEADER_BYTES, Header, Place, Section};

/// A database that is being written.
pub(crate) struct Output {
    file: BufWriter<File>,
    offset: u64,
    places: [Place; Section::ALL.len()],
    open: Option<(Section, u64, Sha256)>,
}

impl Output {
    /// An empty file, which must not exist.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let mut file = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
        file.write_all(&[0; HEADER_BYTES])?;
        let places = [Place::default(); Section::ALL.len()];
        Ok(Self { file, offset: HEADER_BYTES as u64, places, open: None })
    }

    /// Begins a section.
    pub(crate) fn begin(&mut self, section: Section) -> io::Result<()> {
        self.end()?;
        self.open = Some((section, self.offset, Sha256::new()));
        Ok(())
    }

    /// Writes to the open section.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        if let Some((_, _, hash)) = &mut self.open {
            hash.update(bytes);
        }
        self.offset += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    /// Bytes of the open section so far.
    pub(crate) fn written(&self) -> u64 {
        self.open.as_ref().map_or(0, |(_, start, _)| self.offset - start)
    }

    /// Ends the open section, if there is one.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if let Some((section, offset, hash)) = self.open.take() {
            let place =
                Place { offset, length: self.offset - offset, sha256: hash.finalize().into() };
            let all = Section::ALL.iter().zip(&mut self.places);
            all.filter(|(it, _)| **it == section).for_each(|(_, it)| *it = place);
        }
        Ok(())
    }

    /// A section of bytes that are there already.
    pub(crate) fn section(&mut self, section: Section, bytes: &[u8]) -> io::Result<()> {
        self.begin(section)?;
        self.write(bytes)?;
        self.end()
    }

    /// Writes the header and makes all durable; the id of the database.
    pub(crate) fn finish(mut self) -> io::Result<[u8; 32]> {
        self.end()?;
        let header = Header::new(self.places).encode();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&header)?;
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        let id = header.last_chunk::<32>().copied();
        id.ok_or_else(|| io::Error::other("a header has no checksum"))
    }
}

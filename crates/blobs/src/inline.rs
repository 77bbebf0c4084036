//! Objects that are bytes in the hands of the caller instead of files of a store.
//!
//! The bytes are those the file would have: a header and one segment, sealed as the last. So what is
//! proven about an object when it is opened does not depend on where it lies.

use std::io;

use bytes::Bytes;

use crate::object_file::ObjectFile;

/// The sealed bytes of an object, to be read as its file is.
pub(crate) struct InlineFile {
    sealed: Bytes,
}

impl InlineFile {
    pub(crate) fn new(sealed: Bytes) -> Self {
        Self { sealed }
    }
}

impl ObjectFile for InlineFile {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.sealed.len() as u64)
    }

    fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        let end = start.saturating_add(buffer.len());
        let bytes = self.sealed.get(start..end).ok_or(io::ErrorKind::UnexpectedEof)?;
        buffer.copy_from_slice(bytes);
        Ok(())
    }

    fn write_all_at(&self, _: &[u8], _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn begin_write_back(&self, _: u64, _: u64) {}

    fn truncate(&self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn sync_folder(&self) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_linked(&self) -> io::Result<bool> {
        Ok(true)
    }
}

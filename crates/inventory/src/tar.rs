//! A strict reader of tar archives: ustar, GNU's long names, and pax.
//!
//! It accepts what Go's `archive/tar` accepts (with which docker and containerd unpack), less whatever
//! another program could read differently: a scanner that sees other files than the runtime hides
//! packages. Such an archive ends in a [`Defect`]. Formats:
//! <https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html> and
//! <https://www.gnu.org/software/tar/manual/html_node/Standard.html>.

mod extension;
mod header;
mod path;
mod place;

use std::io::{self, Read};

use extension::Extension;
use header::{BLOCK_BYTES, Block, Header};

pub(crate) use path::printable;
pub use place::{TarPlace, tar_places};

use crate::failure::{Defect, ShownByte};
use crate::unpacked::Unpacked;
use crate::{LayerError, Limits};

/// Bytes of an extended header or a long name: what Go and libarchive read.
const EXTENSION_BYTES_MAX: u64 = 1 << 20;

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its path, cleaned: no slash at either end, no `.`, no `..`; empty for the root.
    pub(crate) path: String,
    /// What it is.
    pub(crate) kind: EntryKind,
    /// Bytes of its content; 0 unless it is a file.
    pub(crate) size: u64,
    /// Whether anybody may execute it.
    pub(crate) executable: bool,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link, to what it says.
    Symlink(String),
    /// Another name of a file before it; its path, cleaned.
    Hardlink(String),
    /// A device or pipe.
    Special,
}

/// The bytes of an archive.
pub(crate) trait Source {
    /// Fills `into`, or as much of it as there is; says how much.
    fn read_full(&mut self, into: &mut [u8]) -> Result<usize, LayerError>;

    /// Goes on by `count` bytes, or by as many as there are; says how many.
    fn skip(&mut self, count: u64) -> Result<u64, LayerError>;
}

/// A layer, read entry by entry. As a [`Read`] it gives the content of the current entry.
pub(crate) type Archive<'a, R> = Entries<'a, Unpacked<'a, R>>;

/// An archive, read entry by entry.
pub(crate) struct Entries<'a, S> {
    bytes: S,
    limits: &'a Limits,
    /// Of the current entry.
    content_left: u64,
    padding: u64,
    entries: u64,
}

impl<'a, S: Source> Entries<'a, S> {
    /// An archive in these bytes.
    pub(crate) fn new(bytes: S, limits: &'a Limits) -> Self {
        Self { bytes, limits, content_left: 0, padding: 0, entries: 0 }
    }

    /// The next entry; what is left of the one before is passed over. None at the end of the archive.
    ///
    /// # Errors
    /// [`LayerError`]; nothing can be read after one.
    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, LayerError> {
        self.pass_over()?;
        let mut extension = Extension::default();
        loop {
            let Some(block) = self.block()? else {
                return if extension.is_empty() {
                    Ok(None)
                } else {
                    Err(self.err(Defect::Dangling))
                };
            };
            self.entries += 1;
            if self.entries > self.limits.entries {
                let limit = self.limits.entries;
                return Err(LayerError::TooMuch { limit, what: "entries" });
            }
            let header = Header::parse(&block).map_err(|defect| self.err(defect))?;
            match header.typeflag {
                b'x' => {
                    let records = self.extension(&header)?;
                    extension.read_pax(&records).map_err(|defect| self.err(defect))?;
                }
                b'g' if extension.is_empty() => {
                    let records = self.extension(&header)?;
                    extension::check_global(&records).map_err(|defect| self.err(defect))?;
                }
                b'g' => return Err(self.err(Defect::Dangling)),
                b'L' | b'K' => {
                    let name = self.extension(&header)?;
                    let long = if header.typeflag == b'L' {
                        extension.set_long_name(&name)
                    } else {
                        extension.set_long_link(&name)
                    };
                    long.map_err(|defect| self.err(defect))?;
                }
                _ => {
                    let entry = self.entry(header, extension).map_err(|defect| self.err(defect))?;
                    self.begin(entry.size);
                    return Ok(Some(entry));
                }
            }
        }
    }

    /// Reads what follows the end of the archive, so that what the decompressor has to say of it is
    /// heard. What it is does not matter: nobody reads it.
    ///
    /// # Errors
    /// As of the bytes.
    pub(crate) fn finish(&mut self) -> Result<(), LayerError> {
        self.bytes.skip(u64::MAX).map(drop)
    }

    /// An error about the current entry.
    pub(crate) fn err(&self, defect: Defect) -> LayerError {
        LayerError::Archive { entry: self.entries, defect }
    }

    fn entry(&self, header: Header, extension: Extension) -> Result<Entry, Defect> {
        let whole = extension.apply(header)?;
        let kind = match whole.typeflag {
            0 if whole.path.ends_with(b"/") => EntryKind::Directory,
            0 | b'0' if whole.path.ends_with(b"/") || whole.path.ends_with(b"/.") => {
                return Err(Defect::SlashedFile);
            }
            0 | b'0' => EntryKind::File,
            b'1' => EntryKind::Hardlink(path::clean(&whole.link, self.limits.path_bytes)?),
            b'2' => EntryKind::Symlink(path::target(&whole.link, self.limits.path_bytes)?),
            b'3' | b'4' | b'6' => EntryKind::Special,
            b'5' => EntryKind::Directory,
            b'S' => return Err(Defect::Sparse),
            other => return Err(Defect::Type(ShownByte(other))),
        };
        if kind != EntryKind::File && whole.size != 0 {
            return Err(Defect::SizeOfNoFile);
        }
        let path = path::clean(&whole.path, self.limits.path_bytes)?;
        if path.is_empty() && kind != EntryKind::Directory {
            return Err(Defect::NoPath);
        }
        Ok(Entry { path, kind, size: whole.size, executable: whole.executable })
    }

    /// The next header; none at the end: two blocks of zeros, or one and nothing more, or nothing at all.
    fn block(&mut self) -> Result<Option<Block>, LayerError> {
        let mut block = [0; BLOCK_BYTES];
        match self.bytes.read_full(&mut block)? {
            0 => return Ok(None),
            BLOCK_BYTES => {}
            _ => return Err(self.next_err(Defect::Truncated)),
        }
        if block.iter().any(|byte| *byte != 0) {
            return Ok(Some(block));
        }
        match self.bytes.read_full(&mut block)? {
            0 => Ok(None),
            BLOCK_BYTES if block.iter().all(|byte| *byte == 0) => Ok(None),
            BLOCK_BYTES => Err(self.next_err(Defect::LoneZeroBlock)),
            _ => Err(self.next_err(Defect::Truncated)),
        }
    }

    fn next_err(&self, defect: Defect) -> LayerError {
        LayerError::Archive { entry: self.entries + 1, defect }
    }

    /// The content of an extended header.
    fn extension(&mut self, header: &Header) -> Result<Vec<u8>, LayerError> {
        if header.size > EXTENSION_BYTES_MAX {
            return Err(self.err(Defect::ExtensionTooLarge(EXTENSION_BYTES_MAX)));
        }
        let mut content = vec![0; header.size as usize];
        if self.bytes.read_full(&mut content)? != content.len() {
            return Err(self.err(Defect::Truncated));
        }
        self.begin(header.size);
        self.content_left = 0;
        self.pass_over()?;
        Ok(content)
    }

    fn begin(&mut self, size: u64) {
        self.content_left = size;
        self.padding = size.wrapping_neg() % BLOCK_BYTES as u64;
    }

    /// Passes over the rest of the entry. The padding of the last one may be missing, as in Go.
    fn pass_over(&mut self) -> Result<(), LayerError> {
        if self.bytes.skip(self.content_left)? < self.content_left {
            return Err(self.err(Defect::Truncated));
        }
        self.bytes.skip(self.padding)?;
        (self.content_left, self.padding) = (0, 0);
        Ok(())
    }
}

impl<R: Read> Archive<'_, R> {
    /// The error that a reader of the current content met, if it was the layer's.
    pub(crate) fn failure(&mut self) -> Option<LayerError> {
        self.bytes.failure()
    }
}

impl<R: Read> Read for Archive<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = into.len().min(usize::try_from(self.content_left).unwrap_or(usize::MAX));
        let Some(into) = into.get_mut(..count).filter(|into| !into.is_empty()) else {
            return Ok(0);
        };
        match self.bytes.take(into) {
            Ok(0) => {
                let failure = self.err(Defect::Truncated);
                Err(self.bytes.fail(failure))
            }
            Ok(count) => {
                self.content_left = self.content_left.saturating_sub(count as u64);
                Ok(count)
            }
            Err(failure) => Err(self.bytes.fail(failure)),
        }
    }
}

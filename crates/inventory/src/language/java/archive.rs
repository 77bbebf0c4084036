//! Zip archives, as Java reads them: by the directory at their end.
//!
//! Entries that cannot be read in one way only (the directory is not where it should be, an entry has
//! another name where it lies) are errors, as is what Java would not read: encryption, other
//! compressions than deflate. <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>

mod directory;

use std::borrow::Cow;
use std::io::Read;

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::Limits;
use crate::found::FileError;
use directory::{Directory, Fields, u16_at, u32_at};

const LOCAL_HEADER_BYTES: usize = 30;
const FLAG_ENCRYPTED: u16 = 1;
const METHOD_STORED: u16 = 0;
const METHOD_DEFLATED: u16 = 8;

/// An archive: those of its entries that were asked for.
pub(super) struct Archive<'a> {
    pub(super) entries: Vec<Entry<'a>>,
}

/// An entry.
pub(super) struct Entry<'a> {
    /// Its path.
    pub(super) name: String,
    fields: Fields,
    /// The archive from the beginning of the entry on.
    bytes: &'a [u8],
}

impl<'a> Archive<'a> {
    /// Finds the entries whose names are `wanted`. None if the file is no archive.
    pub(super) fn open(
        bytes: &'a [u8],
        limits: &Limits,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>, FileError> {
        let begins = bytes.starts_with(b"PK\x03\x04");
        let directory = match Directory::find(bytes) {
            Some(directory) => directory,
            None if begins => return Err(damaged("the archive is damaged or cut short")),
            None => return Ok(None),
        };
        let mut entries = Vec::new();
        let mut name_bytes = 0_u64;
        for (count, entry) in directory.entries().enumerate() {
            if count as u64 >= limits.entries {
                return Err(FileError::TooMany { count: limits.entries, what: "entries" });
            }
            let (name, fields) = entry.ok_or_else(|| damaged("the archive is damaged"))?;
            let name = String::from_utf8_lossy(name);
            if !wanted(&name) {
                continue;
            }
            if name.len() > limits.path_bytes {
                return Err(damaged("an entry of the archive has an overlong name"));
            }
            name_bytes = name_bytes.saturating_add(name.len() as u64);
            if entries.len() >= limits.packages || name_bytes > limits.manifest_bytes {
                let count = limits.packages as u64;
                return Err(FileError::TooMany { count, what: "entries that tell of packages" });
            }
            let at = directory.base.checked_add(fields.at).and_then(|at| bytes.get(at..));
            let bytes = at.ok_or_else(|| damaged("the archive is cut short"))?;
            entries.push(Entry { name: name.into_owned(), fields, bytes });
        }
        Ok(Some(Self { entries }))
    }
}

impl<'a> Entry<'a> {
    /// Whether its content has to be unpacked, and so takes memory of its own.
    pub(super) const fn is_packed(&self) -> bool {
        self.fields.method != METHOD_STORED
    }

    /// How long its content is, as the archive says; [`Self::content`] is no longer.
    pub(super) const fn unpacked_bytes(&self) -> u64 {
        self.fields.unpacked_bytes
    }

    /// Its content, of which nothing is kept but what the archive says there is.
    pub(super) fn content(&self) -> Result<Cow<'a, [u8]>, FileError> {
        if self.fields.flags & FLAG_ENCRYPTED != 0 {
            return Err(self.error("is encrypted"));
        }
        let packed = self.packed().ok_or_else(|| self.error("is not where the archive says"))?;
        let content = match self.fields.method {
            METHOD_STORED => Cow::Borrowed(packed),
            METHOD_DEFLATED => Cow::Owned(self.inflate(packed)?),
            _ => return Err(self.error("is packed in a way that Java does not read")),
        };
        let mut crc = Crc::new();
        crc.update(&content);
        if content.len() as u64 != self.fields.unpacked_bytes || crc.sum() != self.fields.crc {
            return Err(self.error("is damaged"));
        }
        Ok(content)
    }

    /// The bytes of the entry as they lie in the archive.
    fn packed(&self) -> Option<&'a [u8]> {
        let header = self.bytes.get(..LOCAL_HEADER_BYTES)?;
        let rest = self.bytes.get(LOCAL_HEADER_BYTES..)?;
        let (name, rest) = rest.split_at_checked(usize::from(u16_at(header, 26)?))?;
        let rest = rest.get(usize::from(u16_at(header, 28)?)..)?;
        let same = u32_at(header, 0)? == 0x0403_4b50
            && u16_at(header, 8)? == self.fields.method
            && String::from_utf8_lossy(name) == self.name;
        rest.get(..self.fields.packed_bytes).filter(|_| same)
    }

    fn inflate(&self, packed: &[u8]) -> Result<Vec<u8>, FileError> {
        let mut content = Vec::new();
        DeflateDecoder::new(packed)
            .take(self.fields.unpacked_bytes.saturating_add(1))
            .read_to_end(&mut content)
            .map_err(|_| self.error("is damaged"))?;
        Ok(content)
    }

    fn error(&self, is: &str) -> FileError {
        FileError::Malformed(format!("{} in it {is}", self.name.escape_default()))
    }
}

fn damaged(what: &str) -> FileError {
    FileError::Malformed(what.to_owned())
}

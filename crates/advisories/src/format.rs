//! The frame of a database file: what it begins with, and where its parts lie.
//! `docs/advisory-database.md` describes all of it.

use sha2::{Digest as _, Sha256};

use crate::DatabaseError;
use crate::encoding::Cursor;

/// How a file begins. The line end shows when something took it for text.
pub(crate) const MAGIC: [u8; 8] = *b"WHRFADV\n";
/// The version of the format that is written. All versions from the first on are read.
pub(crate) const VERSION: u32 = 2;
/// The version since which what a statement is called and how bad it is lies beside it.
pub(crate) const VERSION_JUDGED: u32 = 2;
/// Bytes of the header.
pub(crate) const HEADER_BYTES: usize = 16 + Section::ALL.len() * PLACE_BYTES + 32;

const PLACE_BYTES: usize = 4 + 4 + 8 + 8 + 32;

/// A part of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// What the database says of itself, as JSON.
    Information,
    /// Packages: `ecosystem\0name`.
    PackageKeys,
    /// Where what is said of each lies.
    PackageIndex,
    /// What is said of them.
    Packages,
    /// Ids of vulnerabilities.
    IdKeys,
    /// Where the places of each end in the next section.
    IdIndex,
    /// Where in which block what is told of an id lies.
    Postings,
    /// Where the blocks lie.
    BlockIndex,
    /// What is told of vulnerabilities.
    Blocks,
    /// CVEs with EPSS.
    EpssKeys,
    /// Their scores.
    EpssValues,
    /// CVEs that are known to be exploited.
    ExploitedKeys,
    /// Since when.
    ExploitedValues,
}

impl Section {
    /// All of them, as they lie in the file.
    pub(crate) const ALL: [Self; 13] = [
        Self::Packages,
        Self::PackageKeys,
        Self::PackageIndex,
        Self::Blocks,
        Self::BlockIndex,
        Self::IdKeys,
        Self::IdIndex,
        Self::Postings,
        Self::EpssKeys,
        Self::EpssValues,
        Self::ExploitedKeys,
        Self::ExploitedValues,
        Self::Information,
    ];

    const fn number(self) -> u32 {
        match self {
            Self::Information => 1,
            Self::PackageKeys => 2,
            Self::PackageIndex => 3,
            Self::Packages => 4,
            Self::IdKeys => 5,
            Self::IdIndex => 6,
            Self::Postings => 7,
            Self::BlockIndex => 8,
            Self::Blocks => 9,
            Self::EpssKeys => 10,
            Self::EpssValues => 11,
            Self::ExploitedKeys => 12,
            Self::ExploitedValues => 13,
        }
    }
}

/// Where a section lies, and what it must hash to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) sha256: [u8; 32],
}

/// Where everything lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    version: u32,
    places: [Place; Section::ALL.len()],
}

impl Header {
    /// A header of sections in the order of [`Section::ALL`].
    pub(crate) const fn new(places: [Place; Section::ALL.len()]) -> Self {
        Self { version: VERSION, places }
    }

    /// Whether judgements lie beside statements.
    pub(crate) const fn is_judged(&self) -> bool {
        self.version >= VERSION_JUDGED
    }

    /// Where a section lies.
    pub(crate) fn place(&self, section: Section) -> Place {
        let all = Section::ALL.iter().zip(&self.places);
        all.filter(|(it, _)| **it == section).map(|(_, place)| *place).next().unwrap_or_default()
    }

    /// The header as bytes, the last 32 of which are the SHA-256 of the others.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES);
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&self.version.to_le_bytes());
        out.extend_from_slice(&(Section::ALL.len() as u32).to_le_bytes());
        for (section, place) in Section::ALL.iter().zip(&self.places) {
            out.extend_from_slice(&section.number().to_le_bytes());
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&place.offset.to_le_bytes());
            out.extend_from_slice(&place.length.to_le_bytes());
            out.extend_from_slice(&place.sha256);
        }
        let hash = sha256(&out);
        out.extend_from_slice(&hash);
        out
    }

    /// Reads the header of a file of `file_bytes`, and the id of the database.
    pub(crate) fn decode(bytes: &[u8], file_bytes: u64) -> Result<(Self, [u8; 32]), DatabaseError> {
        let mut cursor = Cursor::new(bytes);
        if cursor.array()? != MAGIC {
            return Err(DatabaseError::Damaged("it is no advisory database"));
        }
        let version = u32::from_le_bytes(cursor.array()?);
        if version > VERSION {
            let what = "it has a later version of the format, which this program does not read yet";
            return Err(DatabaseError::Damaged(what));
        }
        if version == 0 {
            return Err(DatabaseError::Damaged("it has another version of the format"));
        }
        if u32::from_le_bytes(cursor.array()?) != Section::ALL.len() as u32 {
            return Err(DatabaseError::Damaged("it has other sections"));
        }
        let mut places = [Place::default(); Section::ALL.len()];
        for (section, place) in Section::ALL.iter().zip(&mut places) {
            *place = decode_place(&mut cursor, *section, file_bytes)?;
        }
        let id: [u8; 32] = cursor.array()?;
        let hashed = bytes.len().checked_sub(cursor.rest().len() + id.len());
        if hashed.and_then(|length| bytes.get(..length)).map(sha256) != Some(id) {
            return Err(DatabaseError::Damaged("its header has another checksum"));
        }
        Ok((Self { version, places }, id))
    }
}

fn decode_place(
    cursor: &mut Cursor<'_>,
    section: Section,
    file_bytes: u64,
) -> Result<Place, DatabaseError> {
    let number = u32::from_le_bytes(cursor.array()?);
    let _flags: [u8; 4] = cursor.array()?;
    let place = Place {
        offset: u64::from_le_bytes(cursor.array()?),
        length: u64::from_le_bytes(cursor.array()?),
        sha256: cursor.array()?,
    };
    let end = place.offset.checked_add(place.length);
    if number != section.number() || end.is_none_or(|end| end > file_bytes) {
        return Err(DatabaseError::Damaged("a section lies outside of the file"));
    }
    Ok(place)
}

/// The SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// The first half of the SHA-256 of bytes, where it only has to tell contents apart.
pub(crate) fn short_hash(bytes: &[u8]) -> [u8; 16] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] = sha256(bytes);
    [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p]
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_back_and_checked() {
        let mut places = [Place::default(); Section::ALL.len()];
        places[3] = Place { offset: 900, length: 50, sha256: [7; 32] };
        let header = Header::new(places);
        let bytes = header.encode();
        assert_eq!(bytes.len(), HEADER_BYTES);
        let (read, id) = Header::decode(&bytes, 1_000).unwrap();
        assert_eq!(read, header);
        assert_eq!(id, bytes[HEADER_BYTES - 32..]);
        assert_eq!(read.place(Section::ALL[3]).length, 50);
        assert!(Header::decode(&bytes, 949).is_err(), "a section ends outside");
        for at in 0..HEADER_BYTES {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(Header::decode(&damaged, 1_000).is_err(), "byte {at}");
            assert!(Header::decode(&bytes[..at], 1_000).is_err(), "cut at {at}");
        }
        let first = Header { version: 1, ..header }.encode();
        let (read, other) = Header::decode(&first, 1_000).unwrap();
        assert!(!read.is_judged() && Header::new(places).is_judged());
        assert_ne!(other, id);
        for version in [0, VERSION + 1, u32::MAX] {
            let other = Header { version, places }.encode();
            assert!(Header::decode(&other, 1_000).is_err(), "{version}");
        }
        assert_eq!(hex(&[0, 255]), "00ff");
    }
}

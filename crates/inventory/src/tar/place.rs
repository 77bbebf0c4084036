//! Where the files of an archive are in it, for archives of images: who has those can read any of them
//! without unpacking. As strict as with layers.

use std::collections::BTreeMap;
use std::io::{self, Read, Seek, SeekFrom};

use super::{Entries, EntryKind, Source};
use crate::{LayerError, Limits};

/// What an archive has under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TarPlace {
    /// A file.
    File {
        /// The offset of its first byte in the archive.
        at: u64,
        /// How many it has.
        bytes: u64,
    },
    /// Another name of a file, from the root of the archive; cleaned.
    Hardlink(String),
    /// A symbolic link, to what it says.
    Symlink(String),
}

/// The files and links of a tar archive, by their cleaned paths; of several with one path the last.
/// The contents are passed over. Of the limits, those of entries and paths hold.
///
/// # Errors
/// [`LayerError`], whatever the file is.
pub fn tar_places(
    mut archive: impl Read + Seek,
    limits: &Limits,
) -> Result<BTreeMap<String, TarPlace>, LayerError> {
    let length = archive.seek(SeekFrom::End(0))?;
    archive.rewind()?;
    let mut entries = Entries::new(Positioned { archive, at: 0, length }, limits);
    let mut places = BTreeMap::new();
    while let Some(entry) = entries.next_entry()? {
        let place = match entry.kind {
            EntryKind::File => TarPlace::File { at: entries.bytes.at, bytes: entry.size },
            EntryKind::Hardlink(target) => TarPlace::Hardlink(target),
            EntryKind::Symlink(target) => TarPlace::Symlink(target),
            EntryKind::Directory | EntryKind::Special => continue,
        };
        places.insert(entry.path, place);
    }
    Ok(places)
}

/// A file of known length, in which contents are passed over without being read.
struct Positioned<F> {
    archive: F,
    at: u64,
    length: u64,
}

impl<F: Read + Seek> Source for Positioned<F> {
    fn read_full(&mut self, into: &mut [u8]) -> Result<usize, LayerError> {
        let mut done = 0;
        while let Some(rest) = into.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.archive.read(rest) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.at = self.at.saturating_add(done as u64);
        Ok(done)
    }

    fn skip(&mut self, count: u64) -> Result<u64, LayerError> {
        let count = count.min(self.length.saturating_sub(self.at));
        if count > 0 {
            self.at = self.archive.seek(SeekFrom::Start(self.at.saturating_add(count)))?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::failure::Defect;

    /// A header with its content.
    fn entry(path: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
        let mut header = [0_u8; 512];
        header[..path.len()].copy_from_slice(path.as_bytes());
        header[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        header[148..156].copy_from_slice(b"        ");
        header[156] = kind;
        header[157..157 + link.len()].copy_from_slice(link.as_bytes());
        header[257..265].copy_from_slice(b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        let mut entry = [&header[..], content].concat();
        entry.resize(entry.len().next_multiple_of(512), 0);
        entry
    }

    fn places(archive: &[u8]) -> Result<BTreeMap<String, TarPlace>, LayerError> {
        tar_places(Cursor::new(archive), &Limits::default())
    }

    #[test]
    fn files_are_where_they_are_said_to_be() {
        let long = "x".repeat(150);
        let pax = format!("160 path={long}\n");
        let archive = [
            entry("./a", b'0', "", b"first"),
            entry("l", b'1', "./a", b""),
            entry("d/s", b'2', "../a", b""),
            entry("PaxHeaders/b", b'x', "", pax.as_bytes()),
            entry("b", b'0', "", &[7; 600]),
            vec![0; 1024],
        ];
        let archive = archive.concat();
        let found = places(&archive).unwrap();
        let content = |name: &str| match &found[name] {
            TarPlace::File { at, bytes } => &archive[*at as usize..(at + bytes) as usize],
            place => panic!("{place:?}"),
        };
        assert_eq!((content("a"), content(&long)), (&b"first"[..], &[7; 600][..]));
        assert_eq!(found["l"], TarPlace::Hardlink("a".into()));
        assert_eq!(found["d/s"], TarPlace::Symlink("../a".into()));
        assert_eq!(found.len(), 4);
    }

    #[test]
    fn what_is_cut_off_or_lies_is_refused() {
        let whole = [entry("a", b'0', "", &[1; 700]), vec![0; 1024]].concat();
        assert_eq!(places(&whole).unwrap().len(), 1);
        let defect = |archive: &[u8]| match places(archive) {
            Err(LayerError::Archive { defect, .. }) => defect,
            other => panic!("{other:?}"),
        };
        assert_eq!(defect(&whole[..1000]), Defect::Truncated);
        assert_eq!(defect(&whole[..100]), Defect::Truncated);
        assert_eq!(defect(&[7; 4096]), Defect::Checksum);
        assert_eq!(defect(&entry("../a", b'0', "", b"")), Defect::ParentPath);
        let few = Limits { entries: 1, ..Limits::default() };
        let two = [entry("a", b'0', "", b""), entry("b", b'0', "", b"")].concat();
        let found = tar_places(Cursor::new(two), &few);
        assert!(matches!(found, Err(LayerError::TooMuch { limit: 1, .. })));
    }
}

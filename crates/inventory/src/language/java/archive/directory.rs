//! The directory of a zip archive, and how it is found.

use std::iter;

const END_BYTES: usize = 22;
const END_64_BYTES: usize = 56;
const LOCATOR_BYTES: usize = 20;
const ENTRY_BYTES: usize = 46;
/// Bytes of the comment at the end of an archive.
const COMMENT_BYTES_MAX: usize = 65_535;
/// Places that look like the end of an archive and are tried: a comment may have such bytes.
const ENDS_MAX: usize = 8;
/// Stands for a number in the extra field of zip64.
const IN_EXTRA: u32 = u32::MAX;
const EXTRA_ZIP_64: u16 = 1;

/// The directory of an archive.
pub(super) struct Directory<'a> {
    bytes: &'a [u8],
    /// Where the archive begins: programs that unpack themselves have something before it.
    pub(super) base: usize,
}

/// What the directory says of an entry.
pub(super) struct Fields {
    pub(super) flags: u16,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed_bytes: usize,
    pub(super) unpacked_bytes: u64,
    /// Where it begins, from the beginning of the archive.
    pub(super) at: usize,
}

impl<'a> Directory<'a> {
    /// Finds the directory; none if there is none in its place.
    pub(super) fn find(file: &'a [u8]) -> Option<Self> {
        let last = file.len().checked_sub(END_BYTES)?;
        let first = last.saturating_sub(COMMENT_BYTES_MAX);
        let ends = (first..=last)
            .rev()
            .filter(|at| file.get(*at..).is_some_and(|end| end.starts_with(b"PK\x05\x06")));
        ends.take(ENDS_MAX).find_map(|at| Self::ending_at(file, at))
    }

    /// The directory whose end is said at `at`.
    fn ending_at(file: &'a [u8], at: usize) -> Option<Self> {
        let end = file.get(at..)?;
        let comment = usize::from(u16_at(end, 20)?);
        let disks = u32_at(end, 4)?;
        if end.len() < END_BYTES.checked_add(comment)? || disks != 0 {
            return None;
        }
        let count = u64::from(u16_at(end, 10)?);
        let (bytes, offset) = (u32_at(end, 12)?, u32_at(end, 16)?);
        let large = count == u64::from(u16::MAX) || bytes == IN_EXTRA || offset == IN_EXTRA;
        let large = large.then(|| End64::before(file, at)).flatten();
        let said = large.unwrap_or(End64 {
            at,
            count,
            bytes: usize::try_from(bytes).ok()?,
            offset: usize::try_from(offset).ok()?,
        });
        let start = said.at.checked_sub(said.bytes)?;
        let base = start.checked_sub(said.offset)?;
        let directory = Self { bytes: file.get(start..said.at)?, base };
        // Archives of before zip64 count no further than 65,535, and begin anew.
        let entries = directory
            .entries()
            .try_fold(0_u64, |count, entry| entry.map(|_| count.wrapping_add(1)))?;
        (entries & 0xffff == said.count & 0xffff).then_some(directory)
    }

    /// The entries: their names and what is said of them. Ends after the first that is damaged, which is
    /// none.
    pub(super) fn entries(&self) -> impl Iterator<Item = Option<(&'a [u8], Fields)>> + use<'a> {
        let mut rest = self.bytes;
        iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            match entry(rest) {
                Some((name, fields, behind)) => {
                    rest = behind;
                    Some(Some((name, fields)))
                }
                None => {
                    rest = &[];
                    Some(None)
                }
            }
        })
    }
}

/// What the end of a large archive says.
struct End64 {
    at: usize,
    count: u64,
    bytes: usize,
    offset: usize,
}

impl End64 {
    /// What stands before the end at `at`.
    fn before(file: &[u8], at: usize) -> Option<Self> {
        let locator = at.checked_sub(LOCATOR_BYTES)?;
        let at = locator.checked_sub(END_64_BYTES)?;
        let end = file.get(at..locator).filter(|end| end.starts_with(b"PK\x06\x06"))?;
        file.get(locator..).filter(|locator| locator.starts_with(b"PK\x06\x07"))?;
        Some(Self {
            at,
            count: u64_at(end, 32)?,
            bytes: usize::try_from(u64_at(end, 40)?).ok()?,
            offset: usize::try_from(u64_at(end, 48)?).ok()?,
        })
    }
}

/// The entry at the beginning of a directory, and what is behind it.
fn entry(bytes: &[u8]) -> Option<(&[u8], Fields, &[u8])> {
    let (header, rest) = bytes.split_at_checked(ENTRY_BYTES)?;
    let (name, rest) = rest.split_at_checked(usize::from(u16_at(header, 28)?))?;
    let (extra, rest) = rest.split_at_checked(usize::from(u16_at(header, 30)?))?;
    let behind = rest.get(usize::from(u16_at(header, 32)?)..)?;
    if !header.starts_with(b"PK\x01\x02") {
        return None;
    }
    let mut large = extra_of(extra, EXTRA_ZIP_64).unwrap_or_default();
    let mut number = |at| {
        let number = u32_at(header, at)?;
        if number != IN_EXTRA {
            return Some(u64::from(number));
        }
        let (first, others) = large.split_at_checked(8)?;
        large = others;
        u64_at(first, 0)
    };
    let unpacked_bytes = number(24)?;
    let packed_bytes = usize::try_from(number(20)?).ok()?;
    let at = usize::try_from(number(42)?).ok()?;
    let fields = Fields {
        flags: u16_at(header, 8)?,
        method: u16_at(header, 10)?,
        crc: u32_at(header, 16)?,
        packed_bytes,
        unpacked_bytes,
        at,
    };
    Some((name, fields, behind))
}

/// The extra field of a kind.
fn extra_of(mut extra: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (header, rest) = extra.split_at_checked(4)?;
        let (content, others) = rest.split_at_checked(usize::from(u16_at(header, 2)?))?;
        if u16_at(header, 0)? == wanted {
            return Some(content);
        }
        extra = others;
    }
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|number| u16::from_le_bytes(*number))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|number| u32::from_le_bytes(*number))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|number| u64::from_le_bytes(*number))
}

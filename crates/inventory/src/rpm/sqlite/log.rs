//! The write-ahead log of a SQLite file (4: "The Write-Ahead Log"): pages that were changed since the
//! file was, each in a frame. rpm leaves one beside its database when it was ended before it could
//! write the changes back.

use std::collections::HashMap;

use super::super::bytes::{Order, slice};
use super::super::damaged;
use crate::found::FileError;

const HEADER_BYTES: usize = 32;
const FRAME_HEADER_BYTES: usize = 24;
/// The first number of a log whose checksums take the lowest byte first; 1 more stands for the highest.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

/// The pages of a log, up to the last change that was finished.
pub(in crate::rpm) struct Log<'a> {
    page_bytes: usize,
    /// Pages of the file after the last change.
    pages: usize,
    changed: HashMap<usize, &'a [u8]>,
}

impl<'a> Log<'a> {
    /// Reads a log. None if it holds no finished change: then the file alone counts.
    pub(in crate::rpm) fn parse(bytes: &'a [u8]) -> Result<Option<Self>, FileError> {
        let Some(header) = slice(bytes, 0, HEADER_BYTES) else { return Ok(None) };
        let word = |at| Order::Big.u32(header, at);
        let order = match word(0) {
            Some(MAGIC) => Order::Little,
            Some(magic) if magic == MAGIC + 1 => Order::Big,
            // A log that was used up begins with zeros.
            Some(0) => return Ok(None),
            _ => return Err(damaged("the write-ahead log is damaged")),
        };
        let page_bytes = Order::Big.size(header, 8).unwrap_or_default();
        if word(4) != Some(VERSION) || !(512..=65_536).contains(&page_bytes) {
            return Err(damaged("the write-ahead log is damaged"));
        }
        let mut sum = Checksum { order, first: 0, second: 0 };
        sum.add(header.get(..24).unwrap_or_default());
        if !sum.is_at(header, 24) {
            return Err(damaged("the write-ahead log is damaged"));
        }
        Ok(Self::frames(bytes, header, page_bytes, sum))
    }

    /// The frames that belong to the log: the first that does not fit ends it, as it is left over from an
    /// earlier one.
    fn frames(
        bytes: &'a [u8],
        header: &[u8],
        page_bytes: usize,
        mut sum: Checksum,
    ) -> Option<Self> {
        let frames = bytes.get(HEADER_BYTES..)?;
        let mut finished = None;
        let mut changed = HashMap::new();
        let mut unfinished = Vec::new();
        for frame in frames.chunks_exact(page_bytes.checked_add(FRAME_HEADER_BYTES)?) {
            let (head, page) = frame.split_at_checked(FRAME_HEADER_BYTES)?;
            sum.add(head.get(..8)?);
            sum.add(page);
            if head.get(8..16) != header.get(16..24) || !sum.is_at(head, 16) {
                break;
            }
            unfinished.push((Order::Big.size(head, 0)?, page));
            let pages = Order::Big.size(head, 4)?;
            if pages > 0 {
                changed.extend(unfinished.drain(..));
                finished = Some(pages);
            }
        }
        finished.map(|pages| Self { page_bytes, pages, changed })
    }

    pub(super) fn page(&self, number: usize) -> Option<&'a [u8]> {
        self.changed.get(&number).copied()
    }

    pub(super) fn pages(&self) -> usize {
        self.pages
    }

    /// How many pages it holds.
    pub(super) fn changed(&self) -> usize {
        self.changed.len()
    }

    pub(super) fn page_bytes(&self) -> usize {
        self.page_bytes
    }
}

/// The checksum of a log: 4.2 "Checksum Algorithm".
struct Checksum {
    order: Order,
    first: u32,
    second: u32,
}

impl Checksum {
    fn add(&mut self, bytes: &[u8]) {
        for pair in bytes.chunks_exact(8) {
            let word = |at| self.order.u32(pair, at).unwrap_or_default();
            self.first = self.first.wrapping_add(word(0)).wrapping_add(self.second);
            self.second = self.second.wrapping_add(word(4)).wrapping_add(self.first);
        }
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let sums = (Order::Big.u32(bytes, at), Order::Big.u32(bytes, at.saturating_add(4)));
        sums == (Some(self.first), Some(self.second))
    }
}

//! SQLite files (`rpmdb.sqlite`), of which one table is read: `Packages`, a row for each package.
//!
//! Format: <https://www.sqlite.org/fileformat2.html>; the sections named below are of it.

mod log;
mod row;

use std::borrow::Cow;

use super::bytes::{Order, slice};
use super::{Records, damaged};
use crate::found::FileError;
use row::{Value, column, varint};

pub(super) use log::Log;

/// The first bytes of the file (1.3.1).
pub(super) const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes before the first page's own.
const FILE_HEADER_BYTES: usize = 100;
const PAGE_TABLE_INTERIOR: u8 = 5;
const PAGE_TABLE_LEAF: u8 = 13;
const TEXT_UTF_8: u32 = 1;

/// Gives `record` the header in each row of the table of packages.
pub(super) fn records(
    file: &[u8],
    log: Option<&Log<'_>>,
    record: &mut Records<'_>,
) -> Result<(), FileError> {
    let mut database = Database::open(file, log)?;
    let mut root = None;
    database.rows(1, &mut |row| {
        root = root.or_else(|| packages_root(row));
        Ok(())
    })?;
    let root = root.ok_or_else(|| damaged("the SQLite file has no table of packages"))?;
    database.rows(root, &mut |row| match column(row, 1) {
        Some(Value::Blob(header)) => record(header),
        _ => Err(damaged("a row of the table of packages holds no header")),
    })
}

/// The root of the table of packages, if a row of the schema (2.6) is of it.
fn packages_root(row: &[u8]) -> Option<usize> {
    let is = |at, text: &[u8]| match column(row, at) {
        Some(Value::Text(found)) => found.eq_ignore_ascii_case(text),
        _ => false,
    };
    if !is(0, b"table") || !is(1, b"Packages") {
        return None;
    }
    match column(row, 3)? {
        Value::Integer(root) => usize::try_from(root).ok(),
        _ => None,
    }
}

struct Database<'a> {
    file: &'a [u8],
    log: Option<&'a Log<'a>>,
    page_bytes: usize,
    /// Bytes of a page without those reserved at its end.
    usable_bytes: usize,
    pages: usize,
    /// Pages that were taken: each belongs to one tree or one chain.
    taken: Vec<bool>,
}

impl<'a> Database<'a> {
    fn open(file: &'a [u8], log: Option<&'a Log<'a>>) -> Result<Self, FileError> {
        let first = log.and_then(|log| log.page(1)).unwrap_or(file);
        let header: &[u8; FILE_HEADER_BYTES] = first
            .first_chunk()
            .filter(|header| header.starts_with(MAGIC))
            .ok_or_else(|| damaged("the SQLite file has no header"))?;
        let page_bytes = match Order::Big.u16(header, 16) {
            Some(1) => 65_536,
            size => size.map(usize::from).unwrap_or_default(),
        };
        let usable_bytes = page_bytes.saturating_sub(usize::from(header[20]));
        if !page_bytes.is_power_of_two() || page_bytes < 512 || usable_bytes < 480 {
            return Err(damaged("the SQLite file has an impossible size of pages"));
        }
        if !(1..=2).contains(&header[19]) || Order::Big.u32(header, 56) != Some(TEXT_UTF_8) {
            return Err(damaged("it is a SQLite file of a kind that rpm does not write"));
        }
        if log.is_some_and(|log| log.page_bytes() != page_bytes) {
            return Err(damaged("the write-ahead log is not that of the SQLite file"));
        }
        // The count of pages holds if the version that wrote it knew of it (1.3.7).
        let counted = Order::Big
            .size(header, 28)
            .filter(|count| *count > 0 && Order::Big.u32(header, 24) == Order::Big.u32(header, 92));
        let there = file.len() / page_bytes;
        let pages = log.map(Log::pages).or(counted).unwrap_or(there);
        if pages > there.saturating_add(log.map_or(0, Log::changed)) {
            return Err(damaged("the SQLite file is shorter than it says"));
        }
        let taken = vec![false; pages.saturating_add(1)];
        Ok(Self { file, log, page_bytes, usable_bytes, pages, taken })
    }

    /// Says that a page is part of what is being read.
    fn take(&mut self, number: usize) -> Result<usize, FileError> {
        match self.taken.get_mut(number).filter(|_| number > 0) {
            None => Err(damaged(format!("the SQLite file has no page {number}"))),
            Some(true) => Err(damaged(format!("page {number} of the SQLite file is used twice"))),
            Some(taken) => {
                *taken = true;
                Ok(number)
            }
        }
    }

    /// The bytes of a page, without those reserved.
    fn page(&self, number: usize) -> Result<&'a [u8], FileError> {
        let in_file = || {
            let at = number.checked_sub(1)?.checked_mul(self.page_bytes)?;
            slice(self.file, at, self.page_bytes)
        };
        self.log
            .and_then(|log| log.page(number))
            .or_else(in_file)
            .and_then(|page| page.get(..self.usable_bytes))
            .ok_or_else(|| page_damaged(number))
    }

    /// Gives `row` each row of the table whose tree begins at `root`, in the order of their numbers.
    fn rows(
        &mut self,
        root: usize,
        row: &mut dyn FnMut(&[u8]) -> Result<(), FileError>,
    ) -> Result<(), FileError> {
        let mut pending = vec![self.take(root)?];
        let mut last = None;
        while let Some(number) = pending.pop() {
            let page = self.page(number)?;
            let tree = TreePage::parse(page, number).ok_or_else(|| page_damaged(number))?;
            if let Some(right) = tree.right {
                pending.push(self.take(right)?);
            }
            let start = pending.len();
            for cell in &tree.cells {
                if tree.right.is_some() {
                    let child = Order::Big.size(cell, 0).unwrap_or_default();
                    pending.push(self.take(child)?);
                    continue;
                }
                let (key, payload) = self.payload(cell, number)?;
                if last.is_some_and(|last| last >= key) {
                    return Err(page_damaged(number));
                }
                last = Some(key);
                row(&payload)?;
            }
            pending.get_mut(start..).unwrap_or_default().reverse();
        }
        Ok(())
    }

    /// The number and the content of a row (1.6: "B-tree Cell Format").
    fn payload(
        &mut self,
        cell: &'a [u8],
        number: usize,
    ) -> Result<(i64, Cow<'a, [u8]>), FileError> {
        let parts = || {
            let (length, rest) = varint(cell)?;
            let (key, rest) = varint(rest)?;
            let length = usize::try_from(length).ok()?;
            let longest = self.pages.checked_mul(self.usable_bytes)?;
            let local_bytes = local_bytes(length, self.usable_bytes);
            let local = rest.get(..local_bytes).filter(|_| length <= longest)?;
            Some((length, key, local, rest.get(local_bytes..)?))
        };
        let (length, key, local, rest) = parts().ok_or_else(|| page_damaged(number))?;
        if local.len() == length {
            return Ok((key, Cow::Borrowed(local)));
        }
        let mut payload = Vec::with_capacity(length);
        payload.extend_from_slice(local);
        let mut next = Order::Big.size(rest, 0).ok_or_else(|| page_damaged(number))?;
        while payload.len() < length {
            let page = self.take(next).and_then(|number| self.page(number))?;
            let (head, content) = page.split_at_checked(4).ok_or_else(|| page_damaged(next))?;
            let wanted = length.saturating_sub(payload.len()).min(content.len());
            payload.extend_from_slice(content.get(..wanted).unwrap_or_default());
            next = Order::Big.size(head, 0).unwrap_or_default();
        }
        match next {
            0 => Ok((key, Cow::Owned(payload))),
            _ => Err(damaged("a row of the SQLite file goes on after its end")),
        }
    }
}

/// How many bytes of a row's content lie in its cell; the rest lies in overflow pages.
fn local_bytes(length: usize, usable: usize) -> usize {
    let most = usable.saturating_sub(35);
    if length <= most {
        return length;
    }
    // `usable` is between 480 and 65,536, and `length` above it: nothing here passes its bounds.
    let least = (usable.saturating_sub(12) * 32 / 255).saturating_sub(23);
    let filling = least + (length - least) % (usable - 4);
    if filling <= most { filling } else { least }
}

/// A page of a table's tree.
struct TreePage<'a> {
    /// The last child, of an inner page.
    right: Option<usize>,
    /// From the beginning of each cell to the end of the page.
    cells: Vec<&'a [u8]>,
}

impl<'a> TreePage<'a> {
    fn parse(page: &'a [u8], number: usize) -> Option<Self> {
        let at = if number == 1 { FILE_HEADER_BYTES } else { 0 };
        let head = page.get(at..)?;
        let (head_bytes, right) = match *head.first()? {
            PAGE_TABLE_INTERIOR => (12, Some(Order::Big.size(head, 8)?)),
            PAGE_TABLE_LEAF => (8, None),
            _ => return None,
        };
        let count = usize::from(Order::Big.u16(head, 3)?);
        let cells = slice(head, head_bytes, count.checked_mul(2)?)?
            .chunks_exact(2)
            .map(|pointer| page.get(usize::from(Order::Big.u16(pointer, 0)?)..))
            .collect::<Option<_>>()?;
        Some(Self { right, cells })
    }
}

fn page_damaged(number: usize) -> FileError {
    damaged(format!("page {number} of the SQLite file is damaged"))
}

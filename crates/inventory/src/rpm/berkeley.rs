//! Hash files of Berkeley DB (`Packages`), as rpm wrote them until 4.16: pages of pairs of keys and
//! values, values that are longer than a page in chains of overflow pages.
//! <https://github.com/berkeleydb/libdb/blob/master/src/dbinc/db_page.h>

use super::bytes::{Order, slice};
use super::{Records, damaged};
use crate::found::FileError;

const MAGIC_HASH: u32 = 0x0006_1561;
/// Hash files of Berkeley DB 4.0 to 5.3: the versions whose pages are alike.
const VERSIONS: std::ops::RangeInclusive<u32> = 7..=9;
const PAGE_HEADER_BYTES: usize = 26;
const PAGE_INVALID: u8 = 0;
const PAGE_HASH_UNSORTED: u8 = 2;
const PAGE_OVERFLOW: u8 = 7;
const PAGE_HASH_META: u8 = 8;
const PAGE_HASH: u8 = 13;
const ITEM_DATA: u8 = 1;
const ITEM_OFF_PAGE: u8 = 3;
const META_FLAG_CHECKSUM: u8 = 1;

/// The order of bytes of a hash file: that of the machine that wrote it. None if the file is none.
pub(super) fn order(file: &[u8]) -> Option<Order> {
    [Order::Little, Order::Big].into_iter().find(|order| order.u32(file, 12) == Some(MAGIC_HASH))
}

/// Gives `record` each record of the file.
pub(super) fn records(
    file: &[u8],
    order: Order,
    record: &mut Records<'_>,
) -> Result<(), FileError> {
    let mut database = Database::open(file, order)?;
    for number in 1..database.pages {
        let page = database.page(number)?;
        match page.get(25) {
            // Free pages, those that no bucket has yet, and those that are read with their first.
            Some(&(PAGE_INVALID | PAGE_OVERFLOW)) => {}
            Some(&(PAGE_HASH | PAGE_HASH_UNSORTED)) => database.pairs(number, page, record)?,
            _ => return Err(page_damaged(number)),
        }
    }
    Ok(())
}

struct Database<'a> {
    file: &'a [u8],
    order: Order,
    page_bytes: usize,
    pages: usize,
    /// Overflow pages that were read: each belongs to one value.
    read: Vec<bool>,
}

impl<'a> Database<'a> {
    fn open(file: &'a [u8], order: Order) -> Result<Self, FileError> {
        let version = order.u32(file, 16).unwrap_or_default();
        if !VERSIONS.contains(&version) {
            return Err(damaged(format!("it is a Berkeley DB hash file of version {version}")));
        }
        let byte = |at: usize| file.get(at).copied().unwrap_or_default();
        if byte(24) != 0 || byte(25) != PAGE_HASH_META || byte(26) & META_FLAG_CHECKSUM != 0 {
            return Err(damaged("it is a Berkeley DB file of a kind that rpm does not write"));
        }
        let page_bytes = order
            .size(file, 20)
            .filter(|size| size.is_power_of_two() && (512..=65_536).contains(size))
            .ok_or_else(|| damaged("the Berkeley DB file has an impossible size of pages"))?;
        let pages = order.size(file, 32).and_then(|last| last.checked_add(1)).unwrap_or_default();
        if pages.checked_mul(page_bytes).is_none_or(|bytes| bytes > file.len()) || pages == 0 {
            return Err(damaged("the Berkeley DB file is shorter than it says"));
        }
        Ok(Self { file, order, page_bytes, pages, read: vec![false; pages] })
    }

    fn page(&self, number: usize) -> Result<&'a [u8], FileError> {
        number
            .checked_mul(self.page_bytes)
            .filter(|_| number < self.pages)
            .and_then(|at| slice(self.file, at, self.page_bytes))
            .ok_or_else(|| page_damaged(number))
    }

    /// The values of a page. Keys are numbers of four bytes; number 0 keeps the last number given.
    fn pairs(
        &mut self,
        number: usize,
        page: &'a [u8],
        record: &mut Records<'_>,
    ) -> Result<(), FileError> {
        let entries = usize::from(self.order.u16(page, 20).unwrap_or_default());
        let items = self.items(page, entries).ok_or_else(|| page_damaged(number))?;
        for pair in items.chunks(2) {
            let [key, value] = pair else { return Err(page_damaged(number)) };
            let (Some((&ITEM_DATA, key)), Some((kind, value))) =
                (key.split_first(), value.split_first())
            else {
                return Err(page_damaged(number));
            };
            if self.order.u32(key, 0) == Some(0) {
                continue;
            }
            match *kind {
                ITEM_DATA => record(value)?,
                ITEM_OFF_PAGE => record(&self.off_page(value)?)?,
                _ => return Err(page_damaged(number)),
            }
        }
        Ok(())
    }

    /// The items of a page, of which the first lies at its end; none if they do not lie one before the
    /// other.
    fn items(&self, page: &'a [u8], entries: usize) -> Option<Vec<&'a [u8]>> {
        let first = PAGE_HEADER_BYTES.checked_add(entries.checked_mul(2)?)?;
        let mut end = page.len();
        let mut items = Vec::with_capacity(entries);
        for index in slice(page, PAGE_HEADER_BYTES, entries.checked_mul(2)?)?.chunks_exact(2) {
            let at = usize::from(self.order.u16(index, 0)?);
            items.push(page.get(at..end).filter(|_| at >= first)?);
            end = at;
        }
        Some(items)
    }

    /// A value in overflow pages: three bytes of nothing, the first page, the length.
    fn off_page(&mut self, item: &[u8]) -> Result<Vec<u8>, FileError> {
        let place = || Some((self.order.size(item, 3)?, self.order.size(item, 7)?));
        let (mut number, length) = place()
            .filter(|(_, length)| *length <= self.file.len())
            .ok_or_else(|| damaged("a package of the Berkeley DB file is longer than the file"))?;
        let mut value = Vec::with_capacity(length);
        while number != 0 {
            let page = self.page(number)?;
            let part = self.overflow(page).ok_or_else(|| page_damaged(number))?;
            if self.read.get_mut(number).is_none_or(|read| std::mem::replace(read, true)) {
                return Err(damaged(format!(
                    "page {number} of the Berkeley DB file is used twice"
                )));
            }
            value.extend_from_slice(part);
            number = self.order.size(page, 16).unwrap_or_default();
        }
        if value.len() != length {
            return Err(damaged("a package of the Berkeley DB file is not as long as it says"));
        }
        Ok(value)
    }

    fn overflow(&self, page: &'a [u8]) -> Option<&'a [u8]> {
        let length = usize::from(self.order.u16(page, 22)?);
        slice(page, PAGE_HEADER_BYTES, length).filter(|_| page.get(25) == Some(&PAGE_OVERFLOW))
    }
}

fn page_damaged(number: usize) -> FileError {
    damaged(format!("page {number} of the Berkeley DB file is damaged"))
}

//! bbolt files, read only: <https://github.com/etcd-io/bbolt>. A B+ tree of pages, whose values may be
//! buckets: trees of their own. Nothing that a file says is believed unseen: each page is read at most
//! as often as there are pages, and each position is checked.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::super::fault::Fault;

const MAGIC: u32 = 0xed0c_daed;
const VERSION: u32 = 2;
const HEADER: usize = 16;
const ELEMENT: usize = 16;
/// Bytes of the checked part of a meta page.
const META: usize = 56;
const BRANCH: u16 = 1;
const LEAF: u16 = 2;
/// In the flags of an element: its value is a bucket.
const IS_BUCKET: u32 = 1;
/// Bytes of a page with those that continue it.
const PAGE_BYTES_MAX: u64 = 256 << 20;

/// An open file.
pub(super) struct Bolt {
    file: File,
    page_bytes: u64,
    page_count: u64,
    root: u64,
    /// Pages that may still be read. A tree that is one reads each page once.
    budget: Cell<u64>,
}

/// A tree: by its first page, or in a page that is part of the value.
pub(super) struct Bucket {
    root: u64,
    inline: Vec<u8>,
}

/// What a key has.
pub(super) enum Entry<'a> {
    Value(&'a [u8]),
    Bucket(Bucket),
}

/// What is done with each key and what it has.
type Each<'a> = &'a mut dyn FnMut(&[u8], Entry<'_>) -> Result<(), Fault>;

fn damaged(what: &str) -> Fault {
    Fault::malformed("", format!("the file is damaged: {what}"))
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at.checked_add(2)?)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at.checked_add(4)?)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at.checked_add(8)?)?.try_into().ok()?))
}

impl Bolt {
    /// Opens a file, of which one of the two meta pages must be whole.
    pub(super) fn open(file: File) -> Result<Self, Fault> {
        let bytes = file.metadata()?.len();
        let mut metas: Vec<(u64, u64, u64)> = Vec::new();
        // The second meta page is behind the first, whose size is that of the system that wrote it.
        for page_bytes in [1024, 2048, 4096, 8192, 16384, 32768, 65536] {
            for at in [0, page_bytes] {
                let mut page = [0; HEADER + META + 8];
                if file.read_exact_at(&mut page, at).is_ok()
                    && let Some((root, transaction)) = meta(page.get(HEADER..), page_bytes)
                {
                    metas.push((transaction, root, page_bytes));
                }
            }
        }
        let newest = metas.into_iter().max_by_key(|(transaction, ..)| *transaction);
        let (_, root, page_bytes) = newest.ok_or_else(|| damaged("it has no valid meta page"))?;
        let page_count = bytes.div_ceil(page_bytes);
        // The buckets of packages are passed twice at the most: by name, and for what is in them.
        let budget = Cell::new(page_count.saturating_mul(2).saturating_add(16));
        Ok(Self { file, page_bytes, page_count, root, budget })
    }

    /// The bucket of all buckets.
    pub(super) fn root(&self) -> Bucket {
        Bucket { root: self.root, inline: Vec::new() }
    }

    /// Calls `each` with the entries of a bucket in the order of their keys.
    pub(super) fn each(&self, bucket: &Bucket, each: Each<'_>) -> Result<(), Fault> {
        if bucket.root == 0 {
            let children = self.visit(&bucket.inline, each)?;
            return match children.is_empty() {
                true => Ok(()),
                false => Err(damaged("a bucket within a page has pages of its own")),
            };
        }
        let mut open = vec![bucket.root];
        while let Some(id) = open.pop() {
            let page = self.page(id)?;
            open.extend(self.visit(&page, each)?.into_iter().rev());
        }
        Ok(())
    }

    /// Calls `each` with the entries of a leaf, or gives the children of a branch.
    fn visit(&self, page: &[u8], each: Each<'_>) -> Result<Vec<u64>, Fault> {
        let cut = || damaged("a page is cut");
        let (flags, count) = (u16_at(page, 8).ok_or_else(cut)?, u16_at(page, 10).ok_or_else(cut)?);
        let mut children = Vec::new();
        for index in 0..usize::from(count) {
            let at = HEADER + index * ELEMENT;
            match flags {
                BRANCH => children.push(u64_at(page, at + 8).ok_or_else(cut)?),
                LEAF => {
                    let (key, entry) = leaf_element(page, at).ok_or_else(cut)?;
                    each(key, entry)?;
                }
                _ => return Err(damaged("a page of a tree is neither a branch nor a leaf")),
            }
        }
        Ok(children)
    }

    fn page(&self, id: u64) -> Result<Vec<u8>, Fault> {
        let budget = self.budget.get().checked_sub(1);
        self.budget.set(budget.ok_or_else(|| damaged("its pages form a circle"))?);
        if id < 2 || id >= self.page_count {
            return Err(damaged("a page is not in the file"));
        }
        let at = id.saturating_mul(self.page_bytes);
        let mut header = [0; HEADER];
        self.read(&mut header, at)?;
        let more = u64::from(u32_at(&header, 12).unwrap_or_default());
        let bytes = more.saturating_add(1).saturating_mul(self.page_bytes);
        if bytes > PAGE_BYTES_MAX || id.saturating_add(more) >= self.page_count {
            return Err(damaged("a page is longer than the file"));
        }
        let mut page = vec![0; usize::try_from(bytes).map_err(|_| damaged("a page is too long"))?];
        self.read(&mut page, at)?;
        Ok(page)
    }

    fn read(&self, buffer: &mut [u8], at: u64) -> Result<(), Fault> {
        self.file.read_exact_at(buffer, at).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => damaged("it is cut"),
            _ => Fault::Io(error),
        })
    }
}

/// The root and the number of the transaction, if a meta page is whole and of this size of pages.
fn meta(meta: Option<&[u8]>, page_bytes: u64) -> Option<(u64, u64)> {
    let meta = meta?;
    let is_it = u32_at(meta, 0)? == MAGIC
        && u32_at(meta, 4)? == VERSION
        && u64::from(u32_at(meta, 8)?) == page_bytes
        && u64_at(meta, META)? == checksum(meta.get(..META)?);
    is_it.then_some(())?;
    Some((u64_at(meta, 16)?, u64_at(meta, 48)?))
}

/// FNV-1a of 64 bits.
pub(super) fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn leaf_element(page: &[u8], at: usize) -> Option<(&[u8], Entry<'_>)> {
    let flags = u32_at(page, at)?;
    let position = at.checked_add(u32_at(page, at + 4)? as usize)?;
    let key_end = position.checked_add(u32_at(page, at + 8)? as usize)?;
    let value_end = key_end.checked_add(u32_at(page, at + 12)? as usize)?;
    let (key, value) = (page.get(position..key_end)?, page.get(key_end..value_end)?);
    if flags & IS_BUCKET == 0 {
        return Some((key, Entry::Value(value)));
    }
    let (root, inline) = (u64_at(value, 0)?, value.get(16..)?.to_vec());
    Some((key, Entry::Bucket(Bucket { root, inline })))
}

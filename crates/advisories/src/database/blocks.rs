//! Blocks of vulnerabilities, a few of which are kept uncompressed.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::file::DatabaseFile;
use super::packages::decompress;
use crate::encoding::Cursor;
use crate::format::{Section, short_hash};
use crate::limits::{BLOCK_BYTES, BLOCKS_CACHED_MAX, VULNERABILITY_BYTES_MAX};
use crate::{DatabaseError, Vulnerability, vulnerability};

/// Bytes of the index for a block.
const ENTRY_BYTES: usize = 32;
/// Bytes of a block: it was not full when its last record came, which has a length before it.
const BYTES_MAX: usize = BLOCK_BYTES + VULNERABILITY_BYTES_MAX + 10;

/// The index of blocks, and those used last.
#[derive(Debug)]
pub(super) struct Blocks {
    index: Vec<u8>,
    used: Mutex<VecDeque<(u32, Arc<Vec<u8>>)>>,
}

impl Blocks {
    pub(super) const fn new(index: Vec<u8>) -> Self {
        Self { index, used: Mutex::new(VecDeque::new()) }
    }

    /// The record at a position: the number of the block, and the offset in it.
    pub(super) fn read(
        &self,
        file: &DatabaseFile,
        position: u64,
    ) -> Result<Vulnerability, DatabaseError> {
        let [a, b, c, d, e, f, g, h] = position.to_le_bytes();
        let block = self.block(file, u32::from_le_bytes([e, f, g, h]))?;
        let offset = usize::try_from(u32::from_le_bytes([a, b, c, d])).ok();
        let rest = offset.and_then(|offset| block.get(offset..));
        let mut cursor =
            Cursor::new(rest.ok_or(DatabaseError::Damaged("a record lies outside of its block"))?);
        Ok(vulnerability::decode(cursor.bytes()?)?)
    }

    fn block(&self, file: &DatabaseFile, number: u32) -> Result<Arc<Vec<u8>>, DatabaseError> {
        if let Some(block) = self.used(number) {
            return Ok(block);
        }
        // Two threads may read the same block: better than one that waits with the lock.
        let block = Arc::new(self.load(file, number)?);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        // A huge block would make the bound on the number of blocks no bound on memory.
        if block.len() <= 2 * BLOCK_BYTES && !used.iter().any(|(it, _)| *it == number) {
            used.truncate(BLOCKS_CACHED_MAX - 1);
            used.push_front((number, Arc::clone(&block)));
        }
        Ok(block)
    }

    fn used(&self, number: u32) -> Option<Arc<Vec<u8>>> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        let place = used.iter().position(|(it, _)| *it == number)?;
        let (_, block) = used.remove(place)?;
        used.push_front((number, Arc::clone(&block)));
        Some(block)
    }

    fn load(&self, file: &DatabaseFile, number: u32) -> Result<Vec<u8>, DatabaseError> {
        let at = usize::try_from(number).ok().and_then(|number| number.checked_mul(ENTRY_BYTES));
        let entry = at.and_then(|at| self.index.get(at..at.checked_add(ENTRY_BYTES)?));
        let mut cursor = Cursor::new(entry.ok_or(DatabaseError::Damaged("a block is not there"))?);
        let offset = u64::from_le_bytes(cursor.array()?);
        let stored_bytes = u32::from_le_bytes(cursor.array()?);
        let raw_bytes = u32::from_le_bytes(cursor.array()?);
        let check: [u8; 16] = cursor.array()?;
        let size = |bytes: u32| usize::try_from(bytes).ok().filter(|bytes| *bytes <= BYTES_MAX * 2);
        let (Some(stored_bytes), Some(raw_bytes)) = (size(stored_bytes), size(raw_bytes)) else {
            return Err(DatabaseError::Damaged("a block is too large"));
        };
        let stored = file.read(Section::Blocks, offset, stored_bytes)?;
        if short_hash(&stored) != check {
            return Err(DatabaseError::Damaged("a block has another checksum"));
        }
        decompress(&stored, raw_bytes)
    }
}

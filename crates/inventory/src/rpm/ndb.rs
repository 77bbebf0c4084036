//! ndb, the database of SUSE (`Packages.db`): slots at the beginning of the file say where the records
//! are, in blocks of 16 bytes. All numbers the lowest byte first.
//! <https://github.com/rpm-software-management/rpm/blob/master/lib/backend/ndb/rpmpkg.c>

use super::bytes::{Order, slice};
use super::{Records, damaged};
use crate::found::FileError;

/// The first bytes of the file.
pub(super) const MAGIC: &[u8] = b"RpmP";

const PAGE_BYTES: usize = 4096;
const SLOT_BYTES: usize = 16;
const BLOCK_BYTES: usize = 16;
/// Slots whose place the header of the file takes.
const HEADER_SLOTS: usize = 2;
const HEAD_BYTES: usize = 16;
const TAIL_BYTES: usize = 12;

/// Gives `record` each record of the file.
pub(super) fn records(file: &[u8], record: &mut Records<'_>) -> Result<(), FileError> {
    let version = Order::Little.u32(file, 4);
    if version != Some(0) {
        return Err(damaged("it is an ndb database of an unknown version"));
    }
    let slots = Order::Little
        .size(file, 12)
        .and_then(|pages| slice(file, 0, pages.checked_mul(PAGE_BYTES)?))
        .filter(|slots| !slots.is_empty())
        .ok_or_else(|| damaged("the slots of the ndb database are not all there"))?;
    let mut read = 0_usize;
    for slot in slots.chunks_exact(SLOT_BYTES).skip(HEADER_SLOTS) {
        if slot.get(..4) != Some(b"Slot") {
            return Err(damaged("a slot of the ndb database is damaged"));
        }
        let number = Order::Little.u32(slot, 4).unwrap_or_default();
        if number == 0 {
            continue;
        }
        let blob = blob(file, slot).filter(|blob| blob.number == number).ok_or_else(|| {
            damaged(format!("package {number} of the ndb database is not all there"))
        })?;
        // No two packages share a block, so together they are no longer than the file.
        read = read.saturating_add(blob.stored.len());
        if read > file.len() {
            return Err(damaged("packages of the ndb database overlap"));
        }
        if adler32(blob.stored) != blob.checksum {
            return Err(damaged(format!("package {number} of the ndb database is damaged")));
        }
        record(blob.header)?;
    }
    Ok(())
}

/// A record with what stands around it.
struct Blob<'a> {
    number: u32,
    header: &'a [u8],
    /// All that the checksum is of: the head, the header, and zeros up to the tail.
    stored: &'a [u8],
    checksum: u32,
}

/// The record that a slot speaks of; none if it is not as its head and tail say.
fn blob<'a>(file: &'a [u8], slot: &[u8]) -> Option<Blob<'a>> {
    let at = Order::Little.size(slot, 8)?.checked_mul(BLOCK_BYTES)?;
    let length = Order::Little.size(slot, 12)?.checked_mul(BLOCK_BYTES)?;
    let whole = slice(file, at, length)?;
    let (stored, tail) = whole.split_at_checked(whole.len().checked_sub(TAIL_BYTES)?)?;
    let header_bytes = Order::Little.size(stored, 12)?;
    let header = slice(stored, HEAD_BYTES, header_bytes)?;
    let padding = stored.len().checked_sub(HEAD_BYTES)?.checked_sub(header_bytes)?;
    let sound = stored.starts_with(b"BlbS")
        && padding < BLOCK_BYTES
        && tail.ends_with(b"BlbE")
        && Order::Little.size(tail, 4)? == header_bytes;
    let number = Order::Little.u32(stored, 4)?;
    let checksum = Order::Little.u32(tail, 0)?;
    sound.then_some(Blob { number, header, stored, checksum })
}

/// Adler-32 (RFC 1950, section 8.2).
fn adler32(bytes: &[u8]) -> u32 {
    const MODULUS: u32 = 65_521;
    // So many bytes can be added up before the sums pass 32 bits.
    const RUN: usize = 5552;
    let (mut low, mut high) = (1_u32, 0_u32);
    for run in bytes.chunks(RUN) {
        for byte in run {
            low = low.wrapping_add(u32::from(*byte));
            high = high.wrapping_add(low);
        }
        low %= MODULUS;
        high %= MODULUS;
    }
    (high << 16) | low
}

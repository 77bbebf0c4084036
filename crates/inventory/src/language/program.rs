//! Programs: what compilers leave in them about what they were built from.
//!
//! A program is read in windows: up to [`Windows::REAL`] bytes are in memory at once. Most programs fit
//! the first; of one that does not, what lies further behind is still searched for the build information
//! of Go, which can be found without knowing the sections.

mod auditable;
mod build_info;
#[cfg(test)]
mod tests;

use std::io::Read;

use super::listing::Listing;
use crate::found::FileError;

/// How much of a program is in memory.
#[derive(Clone, Copy)]
struct Windows {
    /// Bytes of a window; like `overlap` a multiple of the alignment of what is searched for.
    bytes: usize,
    /// Bytes at its end that are searched with the next one, so that nothing is cut in two.
    overlap: usize,
}

impl Windows {
    const REAL: Self = Self { bytes: 64 << 20, overlap: build_info::BYTES_MAX };
}

/// What is in memory of a program.
struct Window<'a> {
    bytes: &'a [u8],
    /// How many of the bytes are searched: the others are part of the next window.
    searched: usize,
    /// Whether it is the first.
    first: bool,
    /// Whether it is the last.
    last: bool,
}

/// Reads a program of about `size` bytes; what is none (a script) holds nothing.
pub(super) fn read(
    size: u64,
    content: &mut dyn Read,
    into: &mut Listing<'_>,
) -> Result<(), FileError> {
    read_in(Windows::REAL, size, content, into)
}

fn read_in(
    windows: Windows,
    size: u64,
    content: &mut dyn Read,
    into: &mut Listing<'_>,
) -> Result<(), FileError> {
    let mut bytes = Vec::new();
    fill(&mut bytes, 4, content)?;
    if !is_program(&bytes) {
        return Ok(());
    }
    bytes.reserve_exact(usize::try_from(size).unwrap_or(windows.bytes).min(windows.bytes));
    let mut first = true;
    loop {
        fill(&mut bytes, windows.bytes, content)?;
        let last = bytes.len() < windows.bytes;
        let whole = bytes.len();
        let searched = if last { whole } else { whole.saturating_sub(windows.overlap) };
        let window = Window { bytes: &bytes, searched, first, last };
        build_info::read(&window, into)?;
        if first {
            auditable::read(&window, into)?;
        }
        if last {
            return Ok(());
        }
        bytes.drain(..searched);
        first = false;
    }
}

/// Reads until there are `length` bytes, or no more.
fn fill(bytes: &mut Vec<u8>, length: usize, content: &mut dyn Read) -> Result<(), FileError> {
    let wanted = length.saturating_sub(bytes.len());
    content.take(wanted as u64).read_to_end(bytes)?;
    Ok(())
}

/// Whether a file begins as programs do: ELF, PE, Mach-O of one machine or of several.
fn is_program(bytes: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 8] = [
        b"\x7fELF",
        b"MZ",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\xca\xfe\xba\xbf",
    ];
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}

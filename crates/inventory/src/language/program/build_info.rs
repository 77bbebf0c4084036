//! The build information of Go: version of Go, main module, modules it was built with.
//!
//! It begins with 14 bytes that are found at a multiple of 16 bytes. From Go 1.18 on the two texts follow
//! 32 bytes later, each after its length; before, there are pointers to them, which only the segments of
//! the program explain. <https://pkg.go.dev/debug/buildinfo>, `debug/buildinfo/buildinfo.go` of Go.

mod modules;

use object::{Object, ObjectSegment};

use super::super::listing::Listing;
use super::Window;
use crate::found::FileError;

/// Bytes of the build information at the most: it has a line for each module, and programs of a
/// thousand modules have 100 KiB.
pub(super) const BYTES_MAX: usize = 4 << 20;

const MAGIC: &[u8; 14] = b"\xff Go buildinf:";
const ALIGNMENT: usize = 16;
const HEADER_BYTES: usize = 32;
/// Places in a window that begin as build information does: one for each machine, and what a program that
/// reads such information has of it by chance.
const PLACES_MAX: usize = 64;
const FLAG_BIG_ENDIAN: u8 = 1;
const FLAG_INLINE: u8 = 2;
/// Bytes of the version of Go.
const VERSION_BYTES_MAX: usize = 256;
/// Bytes that the toolchain puts before and after the text of modules.
const FRAME_BYTES: usize = 16;

/// Adds what the build information in a window says. A program for several machines has one of each.
pub(super) fn read(window: &Window<'_>, into: &mut Listing<'_>) -> Result<(), FileError> {
    let searched = window.bytes.get(..window.searched).unwrap_or_default();
    let places = searched.chunks(ALIGNMENT).enumerate().filter(|(_, it)| it.starts_with(MAGIC));
    for (found, (index, _)) in places.enumerate() {
        if found == PLACES_MAX {
            let count = PLACES_MAX as u64;
            return Err(FileError::TooMany { count, what: "pieces of build information" });
        }
        let info = window.bytes.get(index.saturating_mul(ALIGNMENT)..).unwrap_or_default();
        if let Some(texts) = texts(window, info)? {
            modules::add(texts.version, texts.modules, into)?;
        }
    }
    Ok(())
}

/// What the build information says.
struct Texts<'a> {
    /// The version of Go: `go1.22.3`.
    version: &'a [u8],
    /// The modules, framed; empty if the program was built without them.
    modules: &'a [u8],
}

/// The texts of the build information that begins here; none if it only looks as if it did.
fn texts<'a>(window: &Window<'a>, info: &'a [u8]) -> Result<Option<Texts<'a>>, FileError> {
    let Some(&flags) = info.get(MAGIC.len() + 1) else { return Ok(None) };
    if flags & FLAG_INLINE == 0 {
        return pointed(window, info, flags);
    }
    let Some((version, rest)) = info.get(HEADER_BYTES..).and_then(text) else { return Ok(None) };
    if !is_version(version) {
        return Ok(None);
    }
    let damaged = || FileError::Malformed("its build information of Go is cut short".to_owned());
    let (modules, _) = text(rest).ok_or_else(damaged)?;
    Ok(Some(Texts { version, modules: unframed(modules) }))
}

/// A text after its length, a number of variable length, and what follows it.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut length = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(4) {
        length |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return bytes.get(index + 1..)?.split_at_checked(length);
        }
    }
    None
}

/// The texts that pointers lead to.
fn pointed<'a>(
    window: &Window<'a>,
    info: &'a [u8],
    flags: u8,
) -> Result<Option<Texts<'a>>, FileError> {
    let width = info.get(MAGIC.len()).copied().unwrap_or_default();
    if !matches!(width, 4 | 8) || flags > FLAG_BIG_ENDIAN {
        return Ok(None);
    }
    if !(window.first && window.last) {
        return Err(FileError::TooLarge(super::Windows::REAL.bytes as u64));
    }
    let Ok(program) = object::File::parse(window.bytes) else { return Ok(None) };
    let memory = Memory { program, width: usize::from(width), flags };
    let texts = || {
        let version = memory.string(memory.pointer(info.get(16..)?)?)?;
        let modules = memory.string(memory.pointer(info.get(16 + memory.width..)?)?);
        is_version(version)
            .then(|| Texts { version, modules: unframed(modules.unwrap_or_default()) })
    };
    Ok(texts())
}

/// A program as it will be in memory.
struct Memory<'a> {
    program: object::File<'a>,
    /// Bytes of a pointer.
    width: usize,
    flags: u8,
}

impl<'a> Memory<'a> {
    /// The pointer at the beginning of bytes.
    fn pointer(&self, bytes: &[u8]) -> Option<u64> {
        let bytes = bytes.get(..self.width)?.iter();
        let add = |number: u64, byte: &u8| (number << 8) | u64::from(*byte);
        Some(match self.flags & FLAG_BIG_ENDIAN {
            0 => bytes.rev().fold(0, add),
            _ => bytes.fold(0, add),
        })
    }

    /// The string of Go at an address: a pointer to its bytes, and their count.
    fn string(&self, address: u64) -> Option<&'a [u8]> {
        let header = self.bytes(address, 2 * self.width)?;
        let length = self.pointer(header.get(self.width..)?)?;
        let length = usize::try_from(length).ok().filter(|length| *length <= BYTES_MAX)?;
        self.bytes(self.pointer(header)?, length)
    }

    fn bytes(&self, address: u64, length: usize) -> Option<&'a [u8]> {
        let length = u64::try_from(length).ok()?;
        self.program
            .segments()
            .find_map(|segment| segment.data_range(address, length).ok().flatten())
    }
}

/// Whether a text can be the version of Go: releases begin with `go`, others with `devel`.
fn is_version(text: &[u8]) -> bool {
    text.len() <= VERSION_BYTES_MAX && (text.starts_with(b"go") || text.starts_with(b"devel"))
}

/// The text of modules without its frame; empty if it has none.
fn unframed(text: &[u8]) -> &[u8] {
    let inner = text
        .len()
        .checked_sub(FRAME_BYTES)
        .and_then(|end| text.get(FRAME_BYTES..end))
        .unwrap_or_default();
    if inner.ends_with(b"\n") { inner } else { &[] }
}

//! The files of a tar, one after the other, for archives of publishers: regular files by their names,
//! of ustar, GNU and pax headers. Everything else is passed over.

use std::io::{self, Read};

use super::fault::Fault;

const BLOCK: usize = 512;
/// Bytes of a long name, or of the records of a pax header.
const NAME_BYTES_MAX: u64 = 64 << 10;

/// Calls `each` with the name and the content of each file. What it does not read is passed over.
pub(super) fn each_file(
    mut archive: impl Read,
    each: &mut dyn FnMut(&str, &mut dyn Read) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut long_name: Option<String> = None;
    loop {
        let mut header = [0; BLOCK];
        if !read_block(&mut archive, &mut header)? || header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let (name, size) = parse(&header)
            .ok_or_else(|| Fault::malformed("", "an entry of the archive has no valid header"))?;
        let padding = size.next_multiple_of(BLOCK as u64) - size;
        let mut content = (&mut archive).take(size);
        match header[156] {
            b'L' | b'x' if size <= NAME_BYTES_MAX => {
                let mut text = Vec::new();
                content.read_to_end(&mut text)?;
                long_name = name_of(header[156], &text).or(long_name);
            }
            b'L' | b'x' => return Err(Fault::malformed(name, "its name is too long")),
            b'0' | 0 => {
                let name = long_name.take().unwrap_or(name);
                each(&name, &mut content).map_err(|fault| fault.within(&name))?;
            }
            _ => long_name = None,
        }
        io::copy(&mut content, &mut io::sink())?;
        if content.limit() > 0 {
            return Err(Fault::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        io::copy(&mut (&mut archive).take(padding), &mut io::sink())?;
    }
}

/// Whether there was another block.
fn read_block(archive: &mut impl Read, block: &mut [u8; BLOCK]) -> io::Result<bool> {
    let mut first = [0];
    if archive.read(&mut first)? == 0 {
        return Ok(false);
    }
    block[0] = first[0];
    archive.read_exact(&mut block[1..])?;
    Ok(true)
}

/// Name and size of an entry, if the sum of the header is right.
fn parse(header: &[u8; BLOCK]) -> Option<(String, u64)> {
    let sum: u64 = header
        .iter()
        .enumerate()
        .map(|(at, byte)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) })
        .sum();
    if number(&header[148..156])? != sum {
        return None;
    }
    let name = text(&header[..100]);
    let name = match &header[257..262] {
        b"ustar" if header[345] != 0 && header[263] == b'0' => {
            format!("{}/{name}", text(&header[345..500]))
        }
        _ => name,
    };
    // No archive of a publisher has entries of 2^62 bytes; sums with them stay in range.
    number(&header[124..136]).filter(|size| *size < 1 << 62).map(|size| (name, size))
}

fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).into_owned()
}

/// An octal number, or one in base 256 as GNU writes large ones.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first().map(|(first, rest)| (*first, rest)) {
        return rest
            .iter()
            .try_fold(0_u64, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let text = text(field);
    u64::from_str_radix(text.trim(), 8).ok()
}

/// The name that a long name of GNU, or the records of a pax header, give to the next entry.
fn name_of(kind: u8, content: &[u8]) -> Option<String> {
    if kind == b'L' {
        return Some(text(content));
    }
    // `27 path=a/long/name\n`: the length counts itself.
    let mut rest = content;
    while !rest.is_empty() {
        let space = rest.iter().position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(rest.get(..space)?).ok()?.parse().ok()?;
        let record = rest.get(space + 1..length.checked_sub(1)?)?;
        if let Some(name) = record.strip_prefix(b"path=") {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
        rest = rest.get(length..)?;
    }
    None
}

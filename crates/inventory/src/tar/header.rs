//! The header of an entry: one block, in the forms of old Unix, ustar and GNU.

use crate::failure::Defect;

/// Bytes of a block.
pub(super) const BLOCK_BYTES: usize = 512;

pub(super) type Block = [u8; BLOCK_BYTES];

/// A header, before what extended headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Header {
    /// The path as it stands there, its prefix included.
    pub(super) path: Vec<u8>,
    /// The target of a link as it stands there.
    pub(super) link: Vec<u8>,
    /// Bytes of content.
    pub(super) size: u64,
    /// What kind of entry it is.
    pub(super) typeflag: u8,
    /// Whether anybody may execute it.
    pub(super) executable: bool,
}

impl Header {
    pub(super) fn parse(block: &Block) -> Result<Self, Defect> {
        check_sum(block)?;
        let name = text(field(block, 0, 100));
        let mut path = prefix(block)?.to_vec();
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Ok(Self {
            path,
            link: text(field(block, 157, 100)).to_vec(),
            size: number(field(block, 124, 12))?,
            typeflag: block[156],
            executable: number(field(block, 100, 8))? & 0o111 != 0,
        })
    }
}

fn field(block: &Block, start: usize, length: usize) -> &[u8] {
    block.get(start..start + length).unwrap_or_default()
}

/// Up to the first zero.
fn text(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The sum of all bytes, those of the sum itself as spaces. Old programs added signed bytes.
fn check_sum(block: &Block) -> Result<(), Defect> {
    let (mut unsigned, mut signed) = (0_i64, 0_i64);
    for (index, byte) in block.iter().enumerate() {
        let byte = if (148..156).contains(&index) { b' ' } else { *byte };
        unsigned += i64::from(byte);
        signed += i64::from(byte.cast_signed());
    }
    let said = octal(field(block, 148, 8)).and_then(|sum| i64::try_from(sum).ok());
    let right = said.is_some_and(|sum| sum == unsigned || sum == signed);
    if right { Ok(()) } else { Err(Defect::Checksum) }
}

/// The part of the path that ustar keeps apart. Three forms use the same bytes for other things; where
/// one program would read a prefix and another not, nobody can say which file it is.
fn prefix(block: &Block) -> Result<&[u8], Defect> {
    match field(block, 257, 8) {
        b"ustar  \0" => {
            let (accessed, changed) = (field(block, 345, 12), field(block, 357, 12));
            let times = [accessed, changed].into_iter().all(|time| {
                time.first().is_some_and(|first| *first == 0 || *first & 0x80 != 0)
                    || octal(time).is_some()
            });
            if times { Ok(&[]) } else { Err(Defect::Prefix) }
        }
        magic if magic.starts_with(b"ustar\0") => {
            let prefix = text(field(block, 345, 155));
            let star = field(block, 508, 4) == b"tar\0";
            if star && prefix.len() > 130 { Err(Defect::Prefix) } else { Ok(prefix) }
        }
        magic if magic.starts_with(b"ustar") => Err(Defect::Magic),
        _ => Ok(&[]),
    }
}

/// A number: octal, or with its first bit set in base 256, as GNU writes what does not fit.
fn number(field: &[u8]) -> Result<u64, Defect> {
    match field.split_first() {
        Some((0x80, rest)) => {
            let value = rest.iter().try_fold(0_u64, |value, byte| {
                (value >> 55 == 0).then_some(value << 8 | u64::from(*byte))
            });
            value.ok_or(Defect::Number)
        }
        Some((first, _)) if *first >= 0x80 => Err(Defect::Number),
        _ => octal(field).ok_or(Defect::Number),
    }
}

/// Octal digits, spaces before them, spaces and zeros after; 0 if there is nothing.
fn octal(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| *byte == b' ' || *byte == 0;
    if field.iter().all(blank) {
        return Some(0);
    }
    let start = field.iter().position(|byte| *byte != b' ')?;
    let digits = field.get(start..)?;
    let end = digits.iter().position(blank).unwrap_or(digits.len());
    let (digits, rest) = digits.split_at_checked(end)?;
    if digits.is_empty() || !rest.iter().all(blank) {
        return None;
    }
    digits.iter().try_fold(0_u64, |value, digit| {
        let digit = char::from(*digit).to_digit(8)?;
        value.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_everybody_reads_them() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"    644 ", Some(0o644)),
            (b"00000000000\0", Some(0)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"777777777777", Some(0o777_777_777_777)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(1 << 33)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX as u64)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x81\0\0\0\0\0\0\0\0\0\0\0", None),
            (b"0000008\0", None),
            (b"-000001\0", None),
            (b"\x000000644", None),
            (b"12\x0034\0\0\0", None),
            (b"7777777777777777777777777", None),
        ] {
            assert_eq!(number(field).ok(), value, "{}", field.escape_ascii());
        }
    }
}

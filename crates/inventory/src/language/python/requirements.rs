//! `requirements.txt`: <https://pip.pypa.io/en/stable/reference/requirements-file-format/>.
//!
//! Only what is pinned with `==` or `===` is known to be one version.

use std::borrow::Cow;

use wharfinger_package::Family;

use crate::PackageManager;
use crate::found::FileError;
use crate::language::listing::Listing;

/// Reads a `requirements.txt`, which on Windows may be UTF-16, and of which only what is ASCII matters.
pub(in crate::language) fn read(file: &[u8], into: &mut Listing<'_>) -> Result<(), FileError> {
    let text = decoded(file);
    for line in text.lines() {
        if let Some((name, version)) = pinned(line) {
            into.add((Family::PyPi, PackageManager::Pip), name, version)?;
        }
    }
    Ok(())
}

/// `name[extras] == version ; marker --hash=… # comment`.
fn pinned(line: &str) -> Option<(&str, &str)> {
    let line = line.split('#').next()?;
    let line = line.split(';').next()?;
    let line = line.split(" --").next()?.trim_end_matches(['\\', ' ', '\t', '\r']);
    let (name, version) = line.split_once("==")?;
    let name = name.split_once('[').map_or(name, |(name, _)| name).trim();
    let version = version.strip_prefix('=').unwrap_or(version);
    let version = version.split(',').next()?.trim();
    let named = name.chars().all(|it| it.is_ascii_alphanumeric() || "-_.".contains(it));
    let plain = version.starts_with(|it: char| it.is_ascii_digit() || it == 'v')
        && !version.contains(['*', '=', '<', '>', '!', '~', '$', '{']);
    (named && plain).then_some((name, version))
}

fn decoded(file: &[u8]) -> Cow<'_, str> {
    let decode = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let (pairs, _) = bytes.as_chunks::<2>();
        let units = pairs.iter().map(|pair| unit(*pair));
        char::decode_utf16(units).map(|it| it.unwrap_or('\u{fffd}')).collect::<String>()
    };
    match file {
        [0xff, 0xfe, rest @ ..] => Cow::Owned(decode(rest, u16::from_le_bytes)),
        [0xfe, 0xff, rest @ ..] => Cow::Owned(decode(rest, u16::from_be_bytes)),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_versions() {
        for (line, expected) in [
            ("Flask==2.0.0", Some(("Flask", "2.0.0"))),
            ("a == 1.0 ; python_version < '3'", Some(("a", "1.0"))),
            ("a[x,y]===1.0 --hash=sha256:00 \\", Some(("a", "1.0"))),
            ("a==1.0,<2 # why", Some(("a", "1.0"))),
            ("a==1.0\\", Some(("a", "1.0"))),
            ("a>=1.0", None),
            ("a==1.*", None),
            ("a==$VERSION", None),
            ("a @ https://example.org/a.whl#b==1", None),
            ("-r other.txt", None),
            ("# a==1.0", None),
            ("", None),
        ] {
            assert_eq!(pinned(line), expected, "{line}");
        }
    }

    #[test]
    fn files_of_windows_are_read() {
        let little: Vec<u8> =
            "\u{feff}a==1.0\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "\u{feff}a==1.0\r\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for file in [little, big, "\u{feff}a==1.0\r\n".into()] {
            assert_eq!(decoded(&file).lines().find_map(pinned), Some(("a", "1.0")));
        }
    }
}

//! Paths of entries: cleaned, so that one file has one path.

use std::fmt::Write;

use crate::failure::Defect;

/// A path without slashes at its ends, without empty parts and `.`; an absolute one is taken from the
/// root of the image, as everybody does. Bytes that are no UTF-8 stand there as a zero and two hex
/// digits (no path has a zero), so that different paths stay different; [`printable`] shows them.
pub(super) fn clean(path: &[u8], bytes_max: usize) -> Result<String, Defect> {
    if path.len() > bytes_max {
        return Err(Defect::PathTooLong(bytes_max));
    }
    let mut clean = String::with_capacity(path.len());
    for part in path.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => continue,
            b".." => return Err(Defect::ParentPath),
            part => {
                if !clean.is_empty() {
                    clean.push('/');
                }
                push(&mut clean, part);
            }
        }
    }
    Ok(clean)
}

/// The target of a symbolic link: as it stands there, since it is resolved when it is followed.
pub(super) fn target(link: &[u8], bytes_max: usize) -> Result<String, Defect> {
    if link.len() > bytes_max {
        return Err(Defect::PathTooLong(bytes_max));
    }
    let mut target = String::with_capacity(link.len());
    push(&mut target, link);
    Ok(target)
}

fn push(into: &mut String, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        into.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a string cannot fail.
            let _ = write!(into, "\0{byte:02x}");
        }
    }
}

/// A path with `\x` where [`clean`] put a zero.
pub(crate) fn printable(path: &str) -> String {
    path.replace('\0', "\\x")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_file_has_one_path() {
        for (path, cleaned) in [
            (&b"etc/passwd"[..], Ok("etc/passwd")),
            (b"./etc//passwd", Ok("etc/passwd")),
            (b"/etc/./passwd/", Ok("etc/passwd")),
            (b"./", Ok("")),
            (b"etc/..passwd", Ok("etc/..passwd")),
            (b"../etc", Err(Defect::ParentPath)),
            (b"etc/../x", Err(Defect::ParentPath)),
            (b"a\xffb", Ok("a\0ffb")),
            (b"aaaaaaaaaaaaaaaaaaaaa", Err(Defect::PathTooLong(20))),
        ] {
            let read = clean(path, 20);
            assert_eq!(read, cleaned.map(str::to_owned), "{}", path.escape_ascii());
        }
        assert_eq!(printable("a\0ffb"), "a\\xffb");
    }
}

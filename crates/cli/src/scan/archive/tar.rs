//! Where the files of a tar archive are in it: POSIX ustar, with GNU's long names and links. An archive
//! of images has no more than a few hundred files of short names.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use anyhow::bail;

/// Bytes of a header, and what contents are padded to.
const BLOCK: u64 = 512;
/// Entries that are looked at.
const ENTRIES_MAX: usize = 100_000;
/// Bytes of a name that follows its header.
const NAME_BYTES_MAX: u64 = 4096;

/// An archive, of which the place of each file is known.
#[derive(Debug)]
pub(in crate::scan) struct Tar {
    file: Arc<File>,
    places: BTreeMap<String, Place>,
}

#[derive(Clone, Debug)]
enum Place {
    File { at: u64, bytes: u64 },
    Link(String),
}

/// A part of a file, read by position.
pub(in crate::scan) struct Section {
    file: Arc<File>,
    at: u64,
    end: u64,
}

impl Tar {
    pub(super) fn open(file: File) -> anyhow::Result<Self> {
        let bytes = file.metadata()?.len();
        let (mut at, mut places, mut long_name, mut entries) = (0, BTreeMap::new(), None, 0);
        while at + BLOCK <= bytes {
            let mut header = [0; BLOCK as usize];
            file.read_exact_at(&mut header, at)?;
            if header.iter().all(|byte| *byte == 0) {
                break;
            }
            check(&header)?;
            entries += 1;
            let size = octal(&header[124..136])?;
            let content = at + BLOCK;
            let Some(next) =
                size.checked_next_multiple_of(BLOCK).and_then(|it| content.checked_add(it))
            else {
                bail!("it is damaged: an entry is larger than can be");
            };
            if content.saturating_add(size) > bytes || entries > ENTRIES_MAX {
                bail!("it is cut off, or holds more than {ENTRIES_MAX} files");
            }
            let name = long_name.take().unwrap_or_else(|| name_of(&header));
            let name = name.trim_start_matches("./").trim_end_matches('/').to_owned();
            match header[156] {
                b'L' if size <= NAME_BYTES_MAX => {
                    let mut name = Vec::new();
                    Section { file: Arc::new(file.try_clone()?), at: content, end: content + size }
                        .read_to_end(&mut name)?;
                    long_name = Some(text(&name));
                }
                b'0' | 0 => drop(places.insert(name, Place::File { at: content, bytes: size })),
                b'1' => drop(places.insert(name, Place::Link(text(&header[157..257])))),
                // docker save once wrote equal layers as links from folder to folder.
                b'2' => {
                    let target = beside(&name, &text(&header[157..257]));
                    places.insert(name, Place::Link(target));
                }
                _ => {}
            }
            at = next;
        }
        if places.is_empty() {
            bail!("it is no tar archive with files in it");
        }
        Ok(Self { file: Arc::new(file), places })
    }

    /// The file of a name, through one link.
    pub(super) fn file(&self, name: &str) -> Option<Section> {
        let place = match self.places.get(name)? {
            Place::Link(target) => self.places.get(target)?,
            place => place,
        };
        match place {
            Place::File { at, bytes } => {
                Some(Section { file: Arc::clone(&self.file), at: *at, end: at + bytes })
            }
            Place::Link(_) => None,
        }
    }
}

impl Read for Section {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
        let room = buffer.len().min(left);
        let count = self.file.read_at(buffer.get_mut(..room).unwrap_or_default(), self.at)?;
        if count == 0 && room > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.at += count as u64;
        Ok(count)
    }
}

/// The sum of all bytes of the header, its own field counted as spaces.
fn check(header: &[u8; BLOCK as usize]) -> anyhow::Result<()> {
    let field = 148..156;
    let sum = header.iter().enumerate().map(|(at, byte)| match field.contains(&at) {
        true => u64::from(b' '),
        false => u64::from(*byte),
    });
    if octal(&header[field.clone()])? != sum.sum::<u64>() {
        bail!("it is no tar archive, or damaged");
    }
    Ok(())
}

fn octal(field: &[u8]) -> anyhow::Result<u64> {
    // GNU writes what does not fit in base 256: the first bit says so.
    if let [first, rest @ ..] = field
        && *first >= 0x80
    {
        let begin = u64::from(first & 0x7f);
        let number = rest
            .iter()
            .try_fold(begin, |sum, byte| sum.checked_mul(256)?.checked_add(u64::from(*byte)));
        return number.ok_or_else(|| anyhow::anyhow!("it is damaged: a number is too large"));
    }
    let digits = text(field);
    Ok(u64::from_str_radix(digits.trim(), 8)?)
}

fn name_of(header: &[u8; BLOCK as usize]) -> String {
    let name = text(&header[..100]);
    let prefix =
        if header[257..].starts_with(b"ustar\0") { text(&header[345..500]) } else { String::new() };
    if prefix.is_empty() { name } else { format!("{prefix}/{name}") }
}

/// Up to the first zero byte.
fn text(field: &[u8]) -> String {
    let end = field.iter().position(|byte| *byte == 0).unwrap_or(field.len());
    String::from_utf8_lossy(&field[..end]).into_owned()
}

/// Where a link leads from the folder of `name`.
fn beside(name: &str, target: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

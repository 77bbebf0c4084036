//! Headers of rpm: what a database keeps of each package that is installed.
//!
//! Format: two counts (entries, bytes of data), the entries (tag, type, offset, count; 16 bytes each),
//! the data; all numbers the highest byte first.
//! <https://github.com/rpm-software-management/rpm/blob/master/docs/manual/format_header.md>

mod files;

use wharfinger_package::SourcePackage;

use super::bytes::{Order, slice};
use super::damaged;
use crate::Limits;
use crate::found::{FileError, SystemPackage, SystemPackages};
use files::OwnedFiles;

/// Bytes of a name, a version, an architecture: rpm makes file names of them, which end at 255.
const TEXT_BYTES_MAX: usize = 1024;
/// Bytes of what a package says of its licence: a list of everything in it, of the largest 10,000.
const LICENSE_BYTES_MAX: usize = 64 << 10;
/// Bytes of an entry.
const ENTRY_BYTES: usize = 16;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const ARCHITECTURE: u32 = 1022;
const SOURCE_RPM: u32 = 1044;
const MODULARITY_LABEL: u32 = 5096;

/// Collects what headers say.
pub(super) struct Collected<'a> {
    limits: &'a Limits,
    records: usize,
    packages: Vec<SystemPackage>,
    files: OwnedFiles<'a>,
}

impl<'a> Collected<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, records: 0, packages: Vec::new(), files: OwnedFiles::new(limits) }
    }

    /// Adds the package of a header. Keys that packages were signed with are kept as packages without
    /// files: they are none.
    pub(super) fn add(&mut self, header: &[u8]) -> Result<(), FileError> {
        self.records = self.records.saturating_add(1);
        if self.records > self.limits.packages {
            return Err(FileError::TooMany {
                count: self.limits.packages as u64,
                what: "packages",
            });
        }
        let header = Header::parse(header)?;
        let package = header.package()?;
        if package.name != "gpg-pubkey" {
            self.files.add(&header)?;
            self.packages.push(package);
        }
        Ok(())
    }

    /// All packages, in the order of their names.
    pub(super) fn finish(mut self) -> SystemPackages {
        self.packages.sort_unstable();
        SystemPackages { packages: self.packages, owned_paths: self.files.finish() }
    }
}

/// A header whose counts fit its bytes.
struct Header<'a> {
    entries: &'a [u8],
    data: &'a [u8],
}

/// The type and the place of the values of a tag.
struct Entry<'a> {
    kind: u32,
    count: usize,
    /// The data from the first value on, to the end of the header.
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FileError> {
        let counted = || {
            let entries_bytes = Order::Big.size(bytes, 0)?.checked_mul(ENTRY_BYTES)?;
            let entries = slice(bytes, 8, entries_bytes)?;
            let data = bytes.get(entries_bytes.checked_add(8)?..)?;
            (Order::Big.size(bytes, 4)? == data.len()).then_some(Self { entries, data })
        };
        counted().ok_or_else(|| damaged("the header of a package is not as long as it says"))
    }

    /// The entry of a tag. Entries that were added after the package was built come last, and hide
    /// those of the package: rpm reads them so.
    fn entry(&self, tag: u32) -> Result<Option<Entry<'a>>, FileError> {
        let found = self
            .entries
            .chunks_exact(ENTRY_BYTES)
            .rfind(|entry| Order::Big.u32(entry, 0) == Some(tag));
        let Some(entry) = found else { return Ok(None) };
        let placed = || {
            let data = self.data.get(Order::Big.size(entry, 8)?..)?;
            Some(Entry {
                kind: Order::Big.u32(entry, 4)?,
                count: Order::Big.size(entry, 12)?,
                data,
            })
        };
        placed().map(Some).ok_or_else(|| wrong(tag))
    }

    /// The first string of a tag; none if it is not there, empty, or `(none)`.
    fn text(&self, tag: u32, bytes_max: usize) -> Result<Option<String>, FileError> {
        let Some(entry) = self.entry(tag)? else { return Ok(None) };
        let text = entry.strings().and_then(|mut strings| strings.next()).ok_or(wrong(tag))?;
        if text.len() > bytes_max {
            return Err(wrong(tag));
        }
        let text = String::from_utf8_lossy(text).into_owned();
        Ok(Some(text).filter(|text| !text.is_empty() && text != "(none)"))
    }

    fn package(&self) -> Result<SystemPackage, FileError> {
        let text = |tag| self.text(tag, TEXT_BYTES_MAX);
        let name = text(NAME)?.ok_or_else(|| wrong(NAME))?;
        let version = text(VERSION)?.ok_or_else(|| wrong(VERSION))?;
        let release = text(RELEASE)?.ok_or_else(|| wrong(RELEASE))?;
        let epoch = match self.entry(EPOCH)? {
            Some(entry) => {
                entry.numbers().and_then(|mut numbers| numbers.next()).ok_or(wrong(EPOCH))?
            }
            None => 0,
        };
        Ok(SystemPackage {
            version: full_version(epoch, &version, &release),
            architecture: text(ARCHITECTURE)?.unwrap_or_default(),
            source: text(SOURCE_RPM)?.and_then(|file| source_package(&file, epoch)),
            module: text(MODULARITY_LABEL)?.map(|label| module(&label)),
            vendor: text(VENDOR)?,
            licenses: self.text(LICENSE, LICENSE_BYTES_MAX)?.into_iter().collect(),
            name,
        })
    }
}

impl<'a> Entry<'a> {
    /// The values of a tag of strings (types 6, 8, 9), each without its end; as many as it says, or
    /// fewer where the data ends first. None if it is another type, or the first has no end.
    fn strings(&self) -> Option<impl Iterator<Item = &'a [u8]> + use<'a>> {
        let count = if self.kind == 6 { 1 } else { self.count };
        let known = matches!(self.kind, 6 | 8 | 9) && self.data.contains(&0);
        let mut data = self.data;
        let strings = std::iter::from_fn(move || {
            let end = data.iter().position(|byte| *byte == 0)?;
            let (text, rest) = data.split_at_checked(end)?;
            data = rest.get(1..)?;
            Some(text)
        });
        known.then(|| strings.take(count))
    }

    /// The values of a tag of numbers of four bytes (type 4); none if it is another type, or longer than
    /// the header.
    fn numbers(&self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        let values = slice(self.data, 0, self.count.checked_mul(4)?)?;
        let numbers = values.chunks_exact(4).filter_map(|value| Order::Big.u32(value, 0));
        (self.kind == 4).then_some(numbers)
    }

    /// The values of a tag of numbers of two bytes (type 3).
    fn short_numbers(&self) -> Option<impl Iterator<Item = u16> + use<'a>> {
        let values = slice(self.data, 0, self.count.checked_mul(2)?)?;
        let numbers = values.chunks_exact(2).filter_map(|value| Order::Big.u16(value, 0));
        (self.kind == 3).then_some(numbers)
    }

    /// The values of a tag of bytes (types 1 and 2).
    fn octets(&self) -> Option<&'a [u8]> {
        slice(self.data, 0, self.count).filter(|_| matches!(self.kind, 1 | 2))
    }
}

/// `version-release`, after `epoch:` if it is above 0.
pub(super) fn full_version(epoch: u32, version: &str, release: &str) -> String {
    match epoch {
        0 => format!("{version}-{release}"),
        _ => format!("{epoch}:{version}-{release}"),
    }
}

/// What the name of a source rpm (`bash-5.1.8-1.cm2.src.rpm`) says. It has no epoch: that of the binary
/// is taken, as the distributions build both from one description.
pub(super) fn source_package(file: &str, epoch: u32) -> Option<SourcePackage> {
    let (rest, _architecture) = file.strip_suffix(".rpm")?.rsplit_once('.')?;
    let (rest, release) = rest.rsplit_once('-')?;
    let (name, version) = rest.rsplit_once('-')?;
    let all = [name, version, release].iter().all(|part| !part.is_empty());
    all.then(|| SourcePackage {
        name: name.to_owned(),
        version: full_version(epoch, version, release),
    })
}

/// The first two parts of a module label: `nodejs:12` of `nodejs:12:8030020201124152102:229f0a1c`.
fn module(label: &str) -> String {
    label.splitn(3, ':').take(2).collect::<Vec<_>>().join(":")
}

fn wrong(tag: u32) -> FileError {
    damaged(format!("the header of a package has no proper value of tag {tag}"))
}

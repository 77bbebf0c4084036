//! The files of packages, of which those are kept that a reader of languages would look at.

use super::{Header, wrong};
use crate::Limits;
use crate::found::FileError;
use crate::language;

const FILE_STATES: u32 = 1029;
const FILE_MODES: u32 = 1030;
const OLD_FILE_NAMES: u32 = 1027;
const DIRECTORY_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIRECTORY_NAMES: u32 = 1118;

/// The state of a file that was installed and is still the package's. Others were left out
/// (`--nodocs`), or belong to another package since.
const STATE_NORMAL: u8 = 0;

/// Collects the paths of files.
pub(super) struct OwnedFiles<'a> {
    limits: &'a Limits,
    files: u64,
    path_bytes: u64,
    paths: Vec<String>,
}

impl<'a> OwnedFiles<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { limits, files: 0, path_bytes: 0, paths: Vec::new() }
    }

    /// Their paths, in order, each once.
    pub(super) fn finish(mut self) -> Vec<String> {
        self.paths.sort_unstable();
        self.paths.dedup();
        self.paths
    }

    /// Adds the files of a package.
    pub(super) fn add(&mut self, header: &Header<'_>) -> Result<(), FileError> {
        let facts = FileFacts::of(header)?;
        for (index, path) in strings(header, OLD_FILE_NAMES)?.enumerate() {
            self.consider(&[path], &facts, index)?;
        }
        let directories = self.few(strings(header, DIRECTORY_NAMES)?)?;
        let indexes = match header.entry(DIRECTORY_INDEXES)? {
            Some(entry) => entry.numbers().ok_or_else(|| wrong(DIRECTORY_INDEXES))?.collect(),
            None => Vec::new(),
        };
        for (index, name) in strings(header, BASE_NAMES)?.enumerate() {
            let directory = indexes
                .get(index)
                .and_then(|at| directories.get(usize::try_from(*at).ok()?))
                .ok_or_else(|| wrong(DIRECTORY_INDEXES))?;
            self.consider(&[directory, name], &facts, index)?;
        }
        Ok(())
    }

    /// The directories of a package: no more than it could have files.
    fn few<'h>(
        &self,
        directories: impl Iterator<Item = &'h [u8]>,
    ) -> Result<Vec<&'h [u8]>, FileError> {
        let count = self.limits.entries;
        let bounded = directories.zip(0..=count).map(|(directory, _)| directory);
        let directories: Vec<_> = bounded.collect();
        if directories.len() as u64 > count {
            return Err(FileError::TooMany { count, what: "directories" });
        }
        Ok(directories)
    }

    /// Keeps a path if a reader of languages would look at it. Short names may have long directories: the
    /// paths of all files, written out, may be as long as a database may be.
    fn consider(
        &mut self,
        parts: &[&[u8]],
        facts: &FileFacts<'_>,
        index: usize,
    ) -> Result<(), FileError> {
        let length = parts.iter().map(|part| part.len()).sum::<usize>();
        self.files = self.files.saturating_add(1);
        self.path_bytes = self.path_bytes.saturating_add(length as u64);
        if self.files > self.limits.entries {
            return Err(FileError::TooMany { count: self.limits.entries, what: "files" });
        }
        if self.path_bytes > self.limits.database_bytes {
            return Err(FileError::TooMany {
                count: self.limits.database_bytes,
                what: "bytes of paths",
            });
        }
        let Some(executable) = facts.executable(index) else { return Ok(()) };
        if length > self.limits.path_bytes {
            return Ok(());
        }
        let path = parts.concat();
        let path = String::from_utf8_lossy(path.strip_prefix(b"/").unwrap_or(&path));
        if language::kind(&path, executable).is_some() {
            self.paths.push(path.into_owned());
        }
        Ok(())
    }
}

/// The strings of a tag, which may be missing.
fn strings<'a>(
    header: &Header<'a>,
    tag: u32,
) -> Result<impl Iterator<Item = &'a [u8]> + use<'a>, FileError> {
    let strings = match header.entry(tag)? {
        Some(entry) => Some(entry.strings().ok_or_else(|| wrong(tag))?),
        None => None,
    };
    Ok(strings.into_iter().flatten())
}

/// What a header says of each file beside its name.
struct FileFacts<'a> {
    states: Option<&'a [u8]>,
    modes: Option<Vec<u16>>,
}

impl<'a> FileFacts<'a> {
    fn of(header: &Header<'a>) -> Result<Self, FileError> {
        let states = match header.entry(FILE_STATES)? {
            Some(entry) => Some(entry.octets().ok_or_else(|| wrong(FILE_STATES))?),
            None => None,
        };
        let modes = match header.entry(FILE_MODES)? {
            Some(entry) => Some(entry.short_numbers().ok_or_else(|| wrong(FILE_MODES))?.collect()),
            None => None,
        };
        Ok(Self { states, modes })
    }

    /// Whether the file of an index can be executed; none if it is no plain file of the package.
    fn executable(&self, index: usize) -> Option<bool> {
        if self.states.and_then(|states| states.get(index)).is_some_and(|at| *at != STATE_NORMAL) {
            return None;
        }
        match self.modes.as_ref().and_then(|modes| modes.get(index)) {
            Some(mode) => (mode & 0o170_000 == 0o100_000).then_some(mode & 0o111 != 0),
            None => Some(true),
        }
    }
}

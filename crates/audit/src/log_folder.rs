//! The folder of the files, and their names: when each was begun, so that their order is that of
//! time.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use wharfinger_core::Timestamp;

/// What every file ends with.
const SUFFIX: &str = ".jsonl";
/// `2026-03-01T123000Z`
const TIME_LENGTH: usize = 18;

/// The name of a file: `2026-03-01T123000Z-0000.jsonl`. The number tells apart those that were
/// begun in one second.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct LogName {
    pub(crate) begun_at: Timestamp,
    number: u32,
}

impl LogName {
    /// The name of a file that is begun now and comes after `last`, whatever the clock says.
    pub(crate) fn after(last: Option<Self>, now: Timestamp) -> Self {
        let now = Timestamp::from_seconds(now.seconds());
        match last {
            Some(last) if last.begun_at >= now => {
                Self { begun_at: last.begun_at, number: last.number.saturating_add(1) }
            }
            _ => Self { begun_at: now, number: 0 },
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let stem = name.strip_suffix(SUFFIX)?;
        let (time, number) = stem.split_at_checked(TIME_LENGTH)?;
        let begun_at = Timestamp::parse_amz_date(&time.replace('-', ""))?;
        let number = number.strip_prefix('-').filter(|digits| digits.len() >= 4)?;
        let parsed = Self { begun_at, number: number.parse().ok()? };
        (parsed.file_name() == name).then_some(parsed)
    }

    pub(crate) fn file_name(self) -> String {
        let compact = self.begun_at.amz_date();
        let (year, rest) = compact.split_at(4);
        let (month, rest) = rest.split_at(2);
        let (day, time) = rest.split_at(2);
        format!("{year}-{month}-{day}{time}-{:04}{SUFFIX}", self.number)
    }
}

/// The files in a folder, oldest first, with their lengths. A folder that is not there has none.
pub(crate) fn files(folder: &Path) -> io::Result<Vec<(LogName, PathBuf, u64)>> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(found),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let Some(name) = entry.file_name().to_str().and_then(LogName::parse) else { continue };
        match entry.metadata() {
            Ok(metadata) => found.push((name, entry.path(), metadata.len())),
            // It was the oldest, and has gone meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    found.sort_by_key(|(name, _, _)| *name);
    Ok(found)
}

/// Makes the folder, for its owner alone, unless it is there.
pub(crate) fn create(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_on_whatever_the_clock_says() {
        let at = |seconds: i64| Timestamp::from_seconds(1_772_368_200 + seconds);
        let first = LogName::after(None, at(0));
        assert_eq!(first.file_name(), "2026-03-01T123000Z-0000.jsonl");
        let second = LogName::after(Some(first), at(0));
        assert_eq!(second.file_name(), "2026-03-01T123000Z-0001.jsonl");
        let back = LogName::after(Some(second), at(-9));
        assert_eq!(back.file_name(), "2026-03-01T123000Z-0002.jsonl");
        let later = LogName::after(Some(back), at(1));
        assert_eq!(later.file_name(), "2026-03-01T123001Z-0000.jsonl");
        for name in [first, second, back, later] {
            assert_eq!(LogName::parse(&name.file_name()), Some(name));
        }
        let many = LogName { begun_at: at(0), number: 12_345 };
        assert_eq!(LogName::parse(&many.file_name()), Some(many));
    }

    #[test]
    fn other_files_are_left_alone() {
        for name in [
            "",
            "x.jsonl",
            "2026-03-01T123000Z-0000.json",
            "2026-03-01T123000Z-0.jsonl",
            "20260301T123000Z-0000.jsonl",
            "2026-03-01T123000Z-+000.jsonl",
            "ü026-03-01T12300Z-0000.jsonl",
        ] {
            assert_eq!(LogName::parse(name), None, "{name}");
        }
    }
}

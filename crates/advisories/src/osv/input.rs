//! Where records come from: one after the other out of files, lines, archives and folders.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use serde::de::IgnoredAny;
use zip::ZipArchive;

use super::OsvError;
use crate::limits::{OSV_ARCHIVE_FILES_MAX, OSV_FOLDER_DEPTH_MAX, OSV_RECORD_BYTES_MAX};

/// A record's bytes, and where they are from.
type Found = (String, Vec<u8>);

/// Records of a file or folder.
pub(super) struct Input {
    /// The files and folders that are still to be read, the next one last; and how deep each lies.
    paths: Vec<(PathBuf, usize)>,
    open: Option<Open>,
    set: bool,
}

enum Open {
    Lines { place: String, reader: Box<dyn BufRead + Send>, line: u64, whole: bool },
    Archive { path: PathBuf, archive: Box<ZipArchive<BufReader<File>>>, next: usize },
}

impl Input {
    pub(super) fn open(path: &Path) -> Result<Self, OsvError> {
        let folder = fs::metadata(path).map_err(io_error(path))?.is_dir();
        let mut input = Self { paths: vec![(path.to_owned(), 0)], open: None, set: folder };
        if !folder {
            input.open_next()?;
            let whole = matches!(&input.open, Some(Open::Lines { whole: true, .. }));
            let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
            let single = [".json", ".json.gz", ".json.zst"].iter().any(|it| name.ends_with(it));
            input.set = !whole && !single;
        }
        Ok(input)
    }

    pub(super) fn of_bytes(bytes: Vec<u8>) -> Self {
        let whole = is_whole(&bytes);
        let reader = Box::new(Cursor::new(bytes));
        let open = Open::Lines { place: "the input".to_owned(), reader, line: 0, whole };
        Self { paths: Vec::new(), open: Some(open), set: !whole }
    }

    /// Whether there are several records, or may be.
    pub(super) const fn is_set(&self) -> bool {
        self.set
    }

    pub(super) fn next(&mut self) -> Result<Option<Found>, OsvError> {
        loop {
            match &mut self.open {
                Some(open) => match open.next()? {
                    Some(found) => return Ok(Some(found)),
                    None => self.open = None,
                },
                None if self.paths.is_empty() => return Ok(None),
                None => self.open_next()?,
            }
        }
    }

    fn open_next(&mut self) -> Result<(), OsvError> {
        let Some((path, depth)) = self.paths.pop() else { return Ok(()) };
        if fs::symlink_metadata(&path).map_err(io_error(&path))?.is_dir() {
            return self.list(&path, depth);
        }
        self.open = Some(Open::file(&path)?);
        Ok(())
    }

    fn list(&mut self, folder: &Path, depth: usize) -> Result<(), OsvError> {
        if depth >= OSV_FOLDER_DEPTH_MAX {
            return Err(malformed(folder, "folders are nested too deeply"));
        }
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).map_err(io_error(folder))? {
            let entry = entry.map_err(io_error(folder))?;
            let kind = entry.file_type().map_err(io_error(folder))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let endings = [".json", ".jsonl", ".json.zst", ".jsonl.zst", ".json.gz", ".zip"];
            let ours = endings.iter().any(|ending| name.ends_with(ending));
            // A repository of advisories has other things too, and links may lead anywhere.
            if kind.is_dir() && !name.starts_with('.') || kind.is_file() && ours {
                found.push((entry.path(), depth + 1));
            }
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        self.paths.append(&mut found);
        Ok(())
    }
}

impl Open {
    fn file(path: &Path) -> Result<Self, OsvError> {
        let mut file = BufReader::new(File::open(path).map_err(io_error(path))?);
        let start = file.fill_buf().map_err(io_error(path))?;
        let [a, b, c, d] = *start.first_chunk().unwrap_or(&[0; 4]);
        let mut reader: Box<dyn BufRead + Send> = match [a, b, c, d] {
            [b'P', b'K', ..] => return Self::archive(path, file),
            [0x28, 0xb5, 0x2f, 0xfd] => {
                let mut decoder = zstd::Decoder::with_buffer(file).map_err(io_error(path))?;
                decoder.window_log_max(27).map_err(io_error(path))?;
                Box::new(BufReader::new(decoder))
            }
            [0x1f, 0x8b, ..] => Box::new(BufReader::new(MultiGzDecoder::new(file))),
            _ => Box::new(file),
        };
        let start = reader.fill_buf().map_err(io_error(path))?;
        let whole = is_whole(start);
        Ok(Self::Lines { place: path.display().to_string(), reader, line: 0, whole })
    }

    fn archive(path: &Path, mut file: BufReader<File>) -> Result<Self, OsvError> {
        file.seek(SeekFrom::Start(0)).map_err(io_error(path))?;
        let archive = ZipArchive::new(file)
            .map_err(|error| malformed(path, &format!("the archive cannot be read: {error}")))?;
        if archive.len() > OSV_ARCHIVE_FILES_MAX {
            return Err(malformed(path, "the archive has too many files"));
        }
        Ok(Self::Archive { path: path.to_owned(), archive: Box::new(archive), next: 0 })
    }

    fn next(&mut self) -> Result<Option<Found>, OsvError> {
        match self {
            Self::Lines { place, reader, line, whole } => {
                let malformed = |what: String| OsvError::Malformed { place: place.clone(), what };
                loop {
                    *line += 1;
                    let read = read_record(reader, (!*whole).then_some(b'\n'));
                    let bytes = read.map_err(|error| malformed(error.to_string()))?;
                    let Some(bytes) = bytes else { return Ok(None) };
                    if !bytes.trim_ascii().is_empty() {
                        let place =
                            if *whole { place.clone() } else { format!("{place}, line {line}") };
                        return Ok(Some((place, bytes)));
                    }
                }
            }
            Self::Archive { path, archive, next } => archived(path, archive, next),
        }
    }
}

fn archived(
    path: &Path,
    archive: &mut ZipArchive<BufReader<File>>,
    next: &mut usize,
) -> Result<Option<Found>, OsvError> {
    while *next < archive.len() {
        let entry = archive.by_index(*next);
        *next += 1;
        let mut entry = entry.map_err(|error| malformed(path, &error.to_string()))?;
        let name = entry.name().map_err(|error| malformed(path, &error.to_string()))?.into_owned();
        if !entry.is_file() || !name.ends_with(".json") {
            continue;
        }
        let place = format!("{}, {name}", path.display());
        let read = read_record(&mut BufReader::new(&mut entry), None);
        return match read {
            Ok(bytes) => Ok(Some((place, bytes.unwrap_or_default()))),
            Err(error) => Err(OsvError::Malformed { place, what: error.to_string() }),
        };
    }
    Ok(None)
}

/// Bytes up to `end`, or to the end of all; `None` if nothing is left.
fn read_record(reader: &mut impl BufRead, end: Option<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut limited = reader.take(OSV_RECORD_BYTES_MAX + 1);
    match end {
        Some(end) => limited.read_until(end, &mut bytes)?,
        None => limited.read_to_end(&mut bytes)?,
    };
    if bytes.len() as u64 > OSV_RECORD_BYTES_MAX {
        let what = format!("a record is larger than {OSV_RECORD_BYTES_MAX} bytes");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    Ok(Some(bytes).filter(|bytes| !bytes.is_empty()))
}

/// Whether what begins like this is one record: it is written over several lines, or there is no
/// second one. Of lines each is a record.
fn is_whole(start: &[u8]) -> bool {
    let is_json = |bytes| serde_json::from_slice::<IgnoredAny>(bytes).is_ok();
    match start.iter().position(|byte| *byte == b'\n') {
        Some(end) => !is_json(start.get(..end).unwrap_or_default()),
        None => is_json(start),
    }
}

fn io_error(path: &Path) -> impl FnOnce(io::Error) -> OsvError {
    let path = path.to_owned();
    |source| OsvError::Io { path, source }
}

fn malformed(path: &Path, what: &str) -> OsvError {
    OsvError::Malformed { place: path.display().to_string(), what: what.to_owned() }
}

//! The files of the log: the one that is written, the next one when it is full, and the oldest,
//! which go when all of them are too large together.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wharfinger_core::Clock;

use crate::log_folder::{self, LogName};
use crate::writer::Sink;

/// Bytes that are read at a time to find the end of the last whole line.
const LOOK_BACK_BYTES: u64 = 64 * 1024;

/// How large files may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    pub(crate) file_bytes_max: u64,
    pub(crate) bytes_max: u64,
}

pub(crate) struct LogFile {
    folder: PathBuf,
    clock: Arc<dyn Clock>,
    sizes: Sizes,
    file: File,
    name: LogName,
    /// Bytes of whole lines in it.
    length: u64,
    /// Those of them that are known to be on disk.
    synced: u64,
    /// Whether the others may be lost, though the system does not say so again.
    sync_failed: bool,
}

impl LogFile {
    /// Goes on with the last file of the folder, which ends with a whole line then, or begins one.
    pub(crate) fn open(folder: &Path, clock: Arc<dyn Clock>, sizes: Sizes) -> io::Result<Self> {
        log_folder::create(folder)?;
        let last = log_folder::files(folder)?.pop();
        let (name, file, length) = match last {
            Some((name, path, length)) if length < sizes.file_bytes_max => {
                let (file, length) = reopen(&path)?;
                (name, file, length)
            }
            last => {
                let name = LogName::after(last.map(|(name, _, _)| name), clock.now());
                (name, create(folder, name)?, 0)
            }
        };
        let folder = folder.to_owned();
        let (synced, sync_failed) = (length, false);
        let opened = Self { folder, clock, sizes, file, name, length, synced, sync_failed };
        opened.remove_oldest()?;
        Ok(opened)
    }

    fn begin_next(&mut self) -> io::Result<()> {
        let name = LogName::after(Some(self.name), self.clock.now());
        self.file = create(&self.folder, name)?;
        (self.name, self.length, self.synced) = (name, 0, 0);
        self.remove_oldest()
    }

    /// Whole lines that may not be on disk; none if they cannot be read either.
    fn unsynced(&mut self) -> Vec<u8> {
        let mut lines = Vec::new();
        let read = self.file.seek(SeekFrom::Start(self.synced)).and_then(|_| {
            Read::take(&mut self.file, self.length - self.synced).read_to_end(&mut lines)
        });
        if let Err(error) = read {
            let bytes = self.length - self.synced;
            tracing::error!(%error, bytes, "records of the audit log are lost");
            lines.clear();
        }
        lines
    }

    /// Removes the oldest files, so that there is room for the one that is written.
    fn remove_oldest(&self) -> io::Result<()> {
        let files = log_folder::files(&self.folder)?;
        let others = || files.iter().filter(|(name, _, _)| *name != self.name);
        let mut total: u64 = others().map(|(_, _, length)| length).sum();
        for (_, path, length) in others() {
            if total.saturating_add(self.sizes.file_bytes_max) <= self.sizes.bytes_max {
                break;
            }
            fs::remove_file(path)?;
            total -= length;
        }
        Ok(())
    }
}

impl Sink for LogFile {
    fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let bytes = lines.len() as u64;
        if self.length > 0 && self.length.saturating_add(bytes) > self.sizes.file_bytes_max {
            self.sync()?;
            self.begin_next()?;
        }
        self.file.write_all(lines)?;
        self.length += bytes;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_failed = true;
        self.file.sync_data()?;
        (self.synced, self.sync_failed) = (self.length, false);
        Ok(())
    }

    /// A file whose last write was cut off ends with a whole line again. One that could not be
    /// synced is never written again: what of it may not be on disk goes into the next one.
    fn recover(&mut self) -> io::Result<()> {
        if !self.sync_failed {
            return self.file.set_len(self.length);
        }
        let name = LogName::after(Some(self.name), self.clock.now());
        let mut file = create(&self.folder, name)?;
        let unsynced = self.unsynced();
        if let Err(error) = file.write_all(&unsynced).and_then(|()| file.sync_data()) {
            let _ = fs::remove_file(self.folder.join(name.file_name()));
            return Err(error);
        }
        // So that no line is there twice. If it cannot be cut off, some are.
        let _ = self.file.set_len(self.synced);
        let length = unsynced.len() as u64;
        (self.file, self.name, self.length, self.synced) = (file, name, length, length);
        self.sync_failed = false;
        self.remove_oldest()
    }
}

fn create(folder: &Path, name: LogName) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let options = options.read(true).append(true).create_new(true).mode(0o600);
    let file = options.open(folder.join(name.file_name()))?;
    log_folder::sync(folder)?;
    Ok(file)
}

/// Opens a file that was written before, without what is behind its last whole line: that is of a
/// write that was cut off, which nobody was told of.
fn reopen(path: &Path) -> io::Result<(File, u64)> {
    let mut file = OpenOptions::new().read(true).append(true).open(path)?;
    let length = file.metadata()?.len();
    let whole = whole_lines(&mut file, length)?;
    if whole < length {
        tracing::warn!(?path, bytes = length - whole, "a cut-off end of the audit log is removed");
        file.set_len(whole)?;
        file.sync_data()?;
    }
    Ok((file, whole))
}

/// How many of the first `length` bytes of a file are whole lines.
fn whole_lines(file: &mut File, length: u64) -> io::Result<u64> {
    let mut end = length;
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(LOOK_BACK_BYTES);
        file.seek(SeekFrom::Start(start))?;
        piece.clear();
        Read::take(&mut *file, end - start).read_to_end(&mut piece)?;
        if let Some(position) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + position as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

#[cfg(test)]
mod tests;

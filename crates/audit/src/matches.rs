//! Going through the files, line by line, in either direction.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use wharfinger_core::limits::AUDIT_RECORD_BYTES_MAX;

use crate::log_folder::{self, LogName};
use crate::query::{Order, Query};
use crate::record::{Found, Record};

/// Bytes that are read at a time, backwards.
const PIECE_BYTES: usize = 64 * 1024;

/// The records that pass a query, one after the other.
pub struct Matches {
    query: Query,
    order: Order,
    /// Those that are still to be read, in order.
    files: VecDeque<PathBuf>,
    lines: Option<Lines>,
}

impl Matches {
    pub(crate) fn new(folder: &Path, query: Query, order: Order) -> io::Result<Self> {
        let found = log_folder::files(folder)?;
        let ends = found.iter().skip(1).map(|(name, _, _)| Some(name.begun_at));
        let ends: Vec<_> = ends.chain([None]).collect();
        let with_ends = found.into_iter().zip(ends);
        let mut files: VecDeque<PathBuf> = with_ends
            .filter(|((name, _, _), end)| query.may_be_in(name.begun_at, *end))
            .map(|((_, path, _), _)| path)
            .collect();
        if order == Order::NewestFirst {
            files.make_contiguous().reverse();
        }
        Ok(Self { query, order, files, lines: None })
    }

    /// The next line of the log; none when there are no more.
    fn next_line(&mut self) -> io::Result<Option<String>> {
        loop {
            if let Some(lines) = &mut self.lines {
                match lines.next()? {
                    Some(line) => return Ok(Some(line)),
                    None => self.lines = None,
                }
            }
            let Some(path) = self.files.pop_front() else { return Ok(None) };
            match File::open(&path) {
                Ok(file) => self.lines = Some(Lines::new(file, self.order)?),
                // It was the oldest, and has gone meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Iterator for Matches {
    type Item = io::Result<Found>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.next_line() {
                Err(error) => return Some(Err(error)),
                Ok(None) => return None,
                Ok(Some(line)) => {
                    if let Some(found) = matching(&self.query, line) {
                        return Some(Ok(found));
                    }
                }
            }
        }
    }
}

/// The record of a line, if it is one and passes.
fn matching(query: &Query, line: String) -> Option<Found> {
    if !query.may_be_line(&line) {
        return None;
    }
    let record: Record = serde_json::from_str(&line).ok()?;
    query.lets_pass(&record).then_some(Found { line, record })
}

/// Records as they are written, from now on.
pub struct Tail {
    folder: PathBuf,
    query: Query,
    /// The file that is read, and where in it the next line begins.
    at: Option<(LogName, u64)>,
}

impl Tail {
    /// Begins behind the last record there is.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn new(folder: &Path, query: Query) -> io::Result<Self> {
        let mut at = None;
        if let Some((name, path, _)) = log_folder::files(folder)?.pop() {
            let mut lines = Backward::new(File::open(path)?)?;
            at = Some((name, lines.end_of_whole_lines()?));
        }
        Ok(Self { folder: folder.to_owned(), query, at })
    }

    /// Hands what has been written since the last call to `each`.
    ///
    /// # Errors
    /// If a file cannot be read, and those of `each`.
    pub fn advance(&mut self, mut each: impl FnMut(Found) -> io::Result<()>) -> io::Result<()> {
        for (name, path, _) in log_folder::files(&self.folder)? {
            let start = match self.at {
                Some((at, _)) if name < at => continue,
                Some((at, position)) if name == at => position,
                _ => 0,
            };
            let mut file = match File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                file => file?,
            };
            file.seek(SeekFrom::Start(start))?;
            let mut lines = Forward { reader: BufReader::new(file), read_bytes: 0 };
            while let Some(line) = lines.next()? {
                if let Some(found) = matching(&self.query, line) {
                    each(found)?;
                }
            }
            self.at = Some((name, start + lines.read_bytes));
        }
        Ok(())
    }
}

/// The whole lines of a file, in either direction.
enum Lines {
    Forward(Forward),
    Backward(Backward),
}

impl Lines {
    fn new(file: File, order: Order) -> io::Result<Self> {
        Ok(match order {
            Order::OldestFirst => {
                Self::Forward(Forward { reader: BufReader::new(file), read_bytes: 0 })
            }
            Order::NewestFirst => Self::Backward(Backward::new(file)?),
        })
    }

    fn next(&mut self) -> io::Result<Option<String>> {
        match self {
            Self::Forward(lines) => lines.next(),
            Self::Backward(lines) => lines.next(),
        }
    }
}

struct Forward {
    reader: BufReader<File>,
    /// Bytes of whole lines read so far.
    read_bytes: u64,
}

impl Forward {
    fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let mut line = Vec::new();
            let longest = AUDIT_RECORD_BYTES_MAX as u64 + 1;
            let read = self.reader.by_ref().take(longest).read_until(b'\n', &mut line)? as u64;
            if line.pop_if(|last| *last == b'\n').is_some() {
                self.read_bytes += read;
                return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
            }
            // The end, or a line that is only half there yet.
            if read < longest {
                return Ok(None);
            }
            self.read_bytes += read + skip_line(&mut self.reader)?;
        }
    }
}

/// Reads on behind the end of a line.
fn skip_line(reader: &mut BufReader<File>) -> io::Result<u64> {
    let mut skipped = 0;
    loop {
        let piece = reader.fill_buf()?;
        let end = piece.iter().position(|byte| *byte == b'\n').map(|position| position + 1);
        let length = end.unwrap_or(piece.len());
        reader.consume(length);
        skipped += length as u64;
        if end.is_some() || length == 0 {
            return Ok(skipped);
        }
    }
}

struct Backward {
    file: File,
    /// Where in the file what was read begins.
    start: u64,
    /// What was read and not handed out.
    read: Vec<u8>,
    /// Whether `read` ends where a line ends.
    whole: bool,
}

impl Backward {
    fn new(mut file: File) -> io::Result<Self> {
        let start = file.seek(SeekFrom::End(0))?;
        Ok(Self { file, start, read: Vec::new(), whole: false })
    }

    /// Where the last whole line ends.
    fn end_of_whole_lines(&mut self) -> io::Result<u64> {
        loop {
            if let Some(end) = self.read.iter().rposition(|byte| *byte == b'\n') {
                return Ok(self.start + end as u64 + 1);
            }
            if !self.read_before()? {
                return Ok(0);
            }
            self.bound();
        }
    }

    fn next(&mut self) -> io::Result<Option<String>> {
        loop {
            let line_end = self.read.iter().rposition(|byte| *byte == b'\n');
            if let Some(end) = line_end {
                let line = self.read.split_off(end + 1);
                self.read.truncate(end);
                // What is behind the last end of a line is only half there yet.
                if std::mem::replace(&mut self.whole, true) {
                    return Ok(Some(String::from_utf8_lossy(&line).into_owned()));
                }
                continue;
            }
            if !self.read_before()? {
                let first = std::mem::take(&mut self.read);
                let whole = std::mem::replace(&mut self.whole, false);
                return Ok((whole).then(|| String::from_utf8_lossy(&first).into_owned()));
            }
            if self.bound() {
                self.whole = false;
            }
        }
    }

    /// Puts the piece before what was read in front of it. False at the beginning of the file.
    fn read_before(&mut self) -> io::Result<bool> {
        let length = self.start.min(PIECE_BYTES as u64);
        if length == 0 {
            return Ok(false);
        }
        self.start -= length;
        self.file.seek(SeekFrom::Start(self.start))?;
        let mut piece = Vec::with_capacity(length as usize + self.read.len());
        self.file.by_ref().take(length).read_to_end(&mut piece)?;
        piece.append(&mut self.read);
        self.read = piece;
        Ok(true)
    }

    /// Forgets a line that is too long for a record.
    fn bound(&mut self) -> bool {
        let too_long = self.read.len() > AUDIT_RECORD_BYTES_MAX + PIECE_BYTES
            && !self.read[..self.read.len() - 1].contains(&b'\n');
        if too_long {
            self.read.clear();
        }
        too_long
    }
}

#[cfg(test)]
mod tests;

//! Lines of a text, read as a stream: what databases of packages are made of.

use std::io::{self, Read};

use crate::found::FileError;

/// Bytes that are read at once.
const BUFFER_BYTES: usize = 32 << 10;

/// Reads lines of any length; of a longer one than `line_bytes_max` the rest is left out.
pub(crate) struct Lines<'a> {
    content: &'a mut dyn Read,
    buffer: Vec<u8>,
    position: usize,
    line: Vec<u8>,
    line_bytes_max: usize,
    number: u64,
}

/// A line without its end.
pub(crate) struct Line<'a> {
    /// Its bytes.
    pub(crate) text: &'a [u8],
    /// Which line it is, from 1.
    pub(crate) number: u64,
    /// Whether something of it was left out.
    pub(crate) cut: bool,
}

impl<'a> Lines<'a> {
    /// Lines of `content`.
    pub(crate) fn new(content: &'a mut dyn Read, line_bytes_max: usize) -> Self {
        let (buffer, line) = (Vec::new(), Vec::new());
        Self { content, buffer, position: 0, line, line_bytes_max, number: 0 }
    }

    /// The next line; none at the end.
    pub(crate) fn next_line(&mut self) -> Result<Option<Line<'_>>, FileError> {
        self.line.clear();
        let (mut cut, mut any) = (false, false);
        loop {
            if self.position == self.buffer.len() && !self.fill()? {
                break;
            }
            any = true;
            let here = self.buffer.get(self.position..).unwrap_or_default();
            let end = here.iter().position(|byte| *byte == b'\n');
            let part = here.get(..end.unwrap_or(here.len())).unwrap_or_default();
            let room = self.line_bytes_max.saturating_sub(self.line.len()).min(part.len());
            cut |= room < part.len();
            self.line.extend_from_slice(part.get(..room).unwrap_or_default());
            self.position += part.len() + usize::from(end.is_some());
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        let text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        Ok(Some(Line { text, number: self.number, cut }))
    }

    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.resize(BUFFER_BYTES, 0);
        self.position = 0;
        loop {
            match self.content.read(&mut self.buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
                Ok(count) => {
                    self.buffer.truncate(count);
                    return Ok(count > 0);
                }
            }
        }
    }
}

/// Text of a field, trimmed; what is no UTF-8 in it is shown as such.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.trim_ascii()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_cut_where_they_are_too_long() {
        let mut content = &b"one\r\n\nlonger than that\nlast"[..];
        let mut lines = Lines::new(&mut content, 6);
        let mut read = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            read.push((line.text.to_vec(), line.number, line.cut));
        }
        assert_eq!(
            read,
            [
                (b"one".to_vec(), 1, false),
                (Vec::new(), 2, false),
                (b"longer".to_vec(), 3, true),
                (b"last".to_vec(), 4, false),
            ]
        );
    }
}

//! Sorting more pairs of key and value than memory should hold: sorted runs in files, merged.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek as _, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::limits::{DOCUMENT_BYTES_MAX, SORTED_BYTES_IN_MEMORY_MAX, SORTED_FILES_MAX};

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);

/// Bytes that a pair costs in memory beside its own.
const PAIR_OVERHEAD: usize = 64;

/// Takes pairs in any order. Holds [`SORTED_BYTES_IN_MEMORY_MAX`] bytes of them at the most (and one
/// pair more); the rest waits in nameless files of `folder`.
#[derive(Debug)]
pub(crate) struct Sorter {
    folder: PathBuf,
    bytes_max: usize,
    bytes: usize,
    pairs: Vec<Pair>,
    runs: Vec<File>,
}

impl Sorter {
    pub(crate) fn new(folder: &Path) -> Self {
        Self::with_memory(folder, SORTED_BYTES_IN_MEMORY_MAX)
    }

    pub(crate) fn with_memory(folder: &Path, bytes_max: usize) -> Self {
        Self { folder: folder.to_owned(), bytes_max, bytes: 0, pairs: Vec::new(), runs: Vec::new() }
    }

    pub(crate) fn push(&mut self, key: Vec<u8>, value: Vec<u8>) -> io::Result<()> {
        self.bytes += key.len() + value.len() + PAIR_OVERHEAD;
        self.pairs.push((key, value));
        if self.bytes >= self.bytes_max { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> io::Result<()> {
        self.pairs.sort_unstable();
        let pairs = std::mem::take(&mut self.pairs).into_iter().map(Ok);
        self.bytes = 0;
        let run = write_run(&self.folder, pairs)?;
        self.runs.push(run);
        if self.runs.len() >= SORTED_FILES_MAX {
            let merged = Merged::new(std::mem::take(&mut self.runs), Vec::new())?;
            self.runs.push(write_run(&self.folder, merged)?);
        }
        Ok(())
    }

    /// The pairs by their keys, and those of one key by their values.
    pub(crate) fn finish(mut self) -> io::Result<Merged> {
        self.pairs.sort_unstable();
        Merged::new(self.runs, self.pairs)
    }
}

fn write_run(folder: &Path, pairs: impl Iterator<Item = io::Result<Pair>>) -> io::Result<File> {
    let file = nameless_file(folder)?;
    let mut out = BufWriter::new(zstd::Encoder::new(file, 1)?);
    for pair in pairs {
        let (key, value) = pair?;
        out.write_all(&(key.len() as u64).to_le_bytes())?;
        out.write_all(&(value.len() as u64).to_le_bytes())?;
        out.write_all(&key)?;
        out.write_all(&value)?;
    }
    let encoder = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    let mut file = encoder.finish()?;
    file.seek(SeekFrom::Start(0))?;
    Ok(file)
}

/// A file that is gone when it is closed, whatever happens. The name is free: whoever sorts in a
/// folder has it for itself.
fn nameless_file(folder: &Path) -> io::Result<File> {
    let path = folder.join("sorted");
    let mut options = File::options();
    let file = options.read(true).write(true).create(true).truncate(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Sorted runs as one.
pub(crate) struct Merged {
    runs: Vec<Run>,
    heads: BinaryHeap<Reverse<(Pair, usize)>>,
}

enum Run {
    Memory(std::vec::IntoIter<Pair>),
    File(BufReader<zstd::Decoder<'static, BufReader<File>>>),
}

impl Run {
    fn next(&mut self) -> io::Result<Option<Pair>> {
        let reader = match self {
            Self::Memory(pairs) => return Ok(pairs.next()),
            Self::File(reader) => reader,
        };
        let mut lengths = [0; 16];
        match reader.read_exact(&mut lengths[..1]) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        reader.read_exact(&mut lengths[1..])?;
        let [key, value] = [&lengths[..8], &lengths[8..]].map(|bytes| {
            let length = u64::from_le_bytes(bytes.try_into().unwrap_or([0xff; 8]));
            usize::try_from(length).ok().filter(|length| *length <= DOCUMENT_BYTES_MAX)
        });
        let (Some(key), Some(value)) = (key, value) else {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a sorted file is damaged"));
        };
        let (mut key, mut value) = (vec![0; key], vec![0; value]);
        reader.read_exact(&mut key)?;
        reader.read_exact(&mut value)?;
        Ok(Some((key, value)))
    }
}

impl Merged {
    fn new(files: Vec<File>, pairs: Vec<Pair>) -> io::Result<Self> {
        let mut runs = vec![Run::Memory(pairs.into_iter())];
        for file in files {
            runs.push(Run::File(BufReader::new(zstd::Decoder::new(file)?)));
        }
        let mut merged = Self { runs, heads: BinaryHeap::new() };
        for index in 0..merged.runs.len() {
            merged.fill(index)?;
        }
        Ok(merged)
    }

    fn fill(&mut self, index: usize) -> io::Result<()> {
        if let Some(pair) = self.runs.get_mut(index).map(Run::next).transpose()?.flatten() {
            self.heads.push(Reverse((pair, index)));
        }
        Ok(())
    }

    /// The next pair if it has the key `key`.
    pub(crate) fn next_of(&mut self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match self.heads.peek() {
            Some(Reverse(((next, _), _))) if next == key => {
                Ok(self.next().transpose()?.map(|(_, value)| value))
            }
            _ => Ok(None),
        }
    }
}

impl Iterator for Merged {
    type Item = io::Result<Pair>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((pair, index)) = self.heads.pop()?;
        Some(self.fill(index).map(|()| pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_come_back_in_order_from_memory_and_files() {
        let folder = tempfile::tempdir().unwrap();
        for bytes_max in [100, 1_000, 1_000_000] {
            let mut sorter = Sorter::with_memory(folder.path(), bytes_max);
            let pairs = (0_u32..500).map(|n| {
                let n = n.wrapping_mul(2_654_435_761) % 300;
                (n.to_be_bytes().to_vec(), vec![b'x'; (n % 7) as usize])
            });
            let mut expected: Vec<Pair> = pairs.collect();
            for (key, value) in expected.clone() {
                sorter.push(key, value).unwrap();
            }
            expected.sort();
            let sorted: Vec<Pair> = sorter.finish().unwrap().map(Result::unwrap).collect();
            assert_eq!(sorted, expected);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn values_of_one_key_are_taken_together() {
        let folder = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(folder.path());
        for (key, value) in [("b", "1"), ("a", "2"), ("a", "1")] {
            sorter.push(key.into(), value.into()).unwrap();
        }
        let mut merged = sorter.finish().unwrap();
        let (key, value) = merged.next().unwrap().unwrap();
        assert_eq!((key.as_slice(), value.as_slice()), (&b"a"[..], &b"1"[..]));
        assert_eq!(merged.next_of(&key).unwrap(), Some(b"2".to_vec()));
        assert_eq!(merged.next_of(&key).unwrap(), None);
    }
}

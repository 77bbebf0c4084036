//! Writes past the page cache (`O_DIRECT`), where the file system can do that.
//!
//! What goes through the page cache is copied once more, and pushes out of it what is being pulled.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

/// What place, length and address of a direct write are multiples of: the block of every disk, and
/// more than most ask for.
pub(crate) const DIRECT_BLOCK_BYTES: usize = 4096;

/// Whether a file system refused direct writes, shared by all files on it.
pub(super) type Refused = Arc<AtomicBool>;

/// A second way into a file that is written.
pub(super) struct DirectFile {
    path: PathBuf,
    refused: Refused,
    /// Opened by the first write; `None` if that failed.
    handle: OnceLock<Option<File>>,
}

impl DirectFile {
    pub(super) fn new(path: PathBuf, refused: Refused) -> Self {
        Self { path, refused, handle: OnceLock::new() }
    }

    /// Writes `bytes` to `ordinary`, past the page cache if that can be done.
    ///
    /// # Errors
    /// As an ordinary write; that direct ones are refused is none.
    pub(super) fn write_all_at(
        &self,
        ordinary: &File,
        mut bytes: &[u8],
        mut offset: u64,
    ) -> io::Result<()> {
        while is_aligned(bytes, offset)
            && let Some(direct) = self.handle(ordinary)
        {
            match direct.write_at(bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => (bytes, offset) = (&bytes[count..], offset + count as u64),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if is_refusal(&error) => self.refused.store(true, Ordering::Relaxed),
                Err(error) => return Err(error),
            }
        }
        ordinary.write_all_at(bytes, offset)
    }

    fn handle(&self, ordinary: &File) -> Option<&File> {
        if self.refused.load(Ordering::Relaxed) {
            return None;
        }
        self.handle.get_or_init(|| self.open(ordinary)).as_ref()
    }

    /// The same file by its path, unless somebody has removed or exchanged it.
    fn open(&self, ordinary: &File) -> Option<File> {
        let mut options = OpenOptions::new();
        let direct = match options.write(true).custom_flags(libc::O_DIRECT).open(&self.path) {
            Ok(direct) => direct,
            Err(error) => {
                if is_refusal(&error) {
                    self.refused.store(true, Ordering::Relaxed);
                }
                return None;
            }
        };
        let (ours, theirs) = (ordinary.metadata().ok()?, direct.metadata().ok()?);
        ((ours.dev(), ours.ino()) == (theirs.dev(), theirs.ino())).then_some(direct)
    }
}

/// Whether nothing is wrong but that the write is direct (`open(2)`, `O_DIRECT`).
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported)
}

/// Whether there is something to write, and it may be written directly. What is left of a write
/// that was cut short need not be.
fn is_aligned(bytes: &[u8], offset: u64) -> bool {
    !bytes.is_empty()
        && bytes.len().is_multiple_of(DIRECT_BLOCK_BYTES)
        && offset.is_multiple_of(DIRECT_BLOCK_BYTES as u64)
        && bytes.as_ptr().align_offset(DIRECT_BLOCK_BYTES) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aligned(memory: &[u8]) -> &[u8] {
        let start = memory.as_ptr().align_offset(DIRECT_BLOCK_BYTES);
        &memory[start..start + 2 * DIRECT_BLOCK_BYTES]
    }

    /// Whatever is asked for, the same bytes are in the file; tmpfs and the like included.
    #[test]
    fn the_bytes_arrive_whether_they_can_be_written_directly_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let memory: Vec<u8> = (0..3 * DIRECT_BLOCK_BYTES).map(|at| at as u8 ^ 5).collect();
        let bytes = aligned(&memory);
        for refused in [false, true] {
            let ordinary = File::create(&path).unwrap();
            let direct = DirectFile::new(path.clone(), Arc::new(AtomicBool::new(refused)));
            direct.write_all_at(&ordinary, bytes, 0).unwrap();
            direct.write_all_at(&ordinary, &bytes[1..], 2 * DIRECT_BLOCK_BYTES as u64).unwrap();
            direct.write_all_at(&ordinary, &bytes[..DIRECT_BLOCK_BYTES], 12_287).unwrap();
            assert_eq!(direct.handle.get().is_some(), !refused);
            let mut expected = [bytes, &bytes[1..]].concat();
            expected.truncate(12_287);
            expected.extend_from_slice(&bytes[..DIRECT_BLOCK_BYTES]);
            assert!(std::fs::read(&path).unwrap() == expected);
        }
    }

    #[test]
    fn a_file_that_was_removed_or_exchanged_is_written_by_its_own_handle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let memory = vec![7; 3 * DIRECT_BLOCK_BYTES];
        for exchanged in [false, true] {
            let ordinary =
                OpenOptions::new().create(true).truncate(true).read(true).write(true).open(&path);
            let ordinary = ordinary.unwrap();
            std::fs::remove_file(&path).unwrap();
            if exchanged {
                std::fs::write(&path, b"other").unwrap();
            }
            let direct = DirectFile::new(path.clone(), Refused::default());
            direct.write_all_at(&ordinary, aligned(&memory), 0).unwrap();
            assert_eq!(ordinary.metadata().unwrap().len(), 2 * DIRECT_BLOCK_BYTES as u64);
            assert_eq!(std::fs::read(&path).ok(), exchanged.then(|| b"other".to_vec()));
        }
    }
}

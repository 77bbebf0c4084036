//! The lock that keeps a second server out of a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use super::{DataDir, DataDirError};

/// How often, and how far apart, the lock is tried: whoever only asks whether it is held holds it
/// for an instant.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The right to use a data directory, until it is dropped or the process ends in any way.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

impl DataDir {
    /// Takes the directory for this process. Blocks for 100 ms at the most.
    ///
    /// # Errors
    /// [`DataDirError::InUse`] with the process that has it.
    pub fn lock(&self) -> Result<DataDirLock, DataDirError> {
        let path = self.lock_file();
        let failed = || DataDirError::io(&path, "locked");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed())?;
        for _ in 0..ATTEMPTS {
            match file.try_lock() {
                Ok(()) => {
                    write_pid(&mut file).map_err(failed())?;
                    return Ok(DataDirLock { _file: file });
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
                Err(TryLockError::Error(error)) => return Err(failed()(error)),
            }
        }
        Err(DataDirError::InUse { path: self.path.clone(), pid: read_pid(&mut file) })
    }

    /// Whether a server uses the directory now, and which process it is as far as it said.
    ///
    /// # Errors
    /// Only if the lock file exists and cannot be read.
    pub fn in_use(&self) -> Result<Option<Option<u32>>, DataDirError> {
        let path = self.lock_file();
        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(DataDirError::io(&path, "read")(error)),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(Some(read_pid(&mut file))),
            Err(TryLockError::Error(error)) => Err(DataDirError::io(&path, "locked")(error)),
        }
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().ok()?;
    // A pid has ten digits at the most; what is longer is none.
    file.take(16).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let directory = DataDir::new(folder.path());
        assert_eq!(directory.in_use().unwrap(), None);
        let held = directory.lock().unwrap();
        assert_eq!(directory.in_use().unwrap(), Some(Some(std::process::id())));
        let error = directory.lock().unwrap_err();
        let expected = format!("in use by another server (pid {})", std::process::id());
        assert!(error.to_string().contains(&expected), "{error}");
        drop(held);
        assert_eq!(directory.in_use().unwrap(), None);
        directory.lock().unwrap();
    }
}

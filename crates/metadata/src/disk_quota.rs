//! Tells a disk quota that is exceeded from a disk that fails.
//!
//! SQLite reports both as a failed write, and only a full disk as what it is. But nothing is uncertain
//! after a write that was refused for want of room: the transaction is undone, and the next one
//! may find room again. So after a failed write the file system is asked by a write of our own.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;

use rusqlite::ffi::{SQLITE_IOERR_SHMSIZE, SQLITE_IOERR_WRITE};

use crate::MetadataError;

/// More than what is left of a quota that a page of the log does not fit into.
const PROBE_BYTES: usize = 256 * 1024;

/// The error as what it is: [`MetadataError::StorageFull`] if `probe` says that no room is left.
pub(crate) fn classify(
    error: MetadataError,
    probe: impl FnOnce() -> io::Result<()>,
) -> MetadataError {
    match error {
        MetadataError::Engine(cause) if is_failed_write(&cause) => match probe() {
            Err(refused) if is_want_of_room(&refused) => MetadataError::StorageFull(cause),
            _ => MetadataError::Engine(cause),
        },
        other => other,
    }
}

/// Writes something beside the database, and removes it again.
pub(crate) fn probe(database: Option<&str>) -> io::Result<()> {
    let Some(database) = database.filter(|path| !path.is_empty()) else { return Ok(()) };
    let path = Path::new(database).with_extension("probe");
    let written = File::create(&path).and_then(|mut file| {
        file.write_all(&[0; PROBE_BYTES])?;
        file.sync_all()
    });
    // Whatever came of it; the next probe writes over what could not be removed.
    let _ = fs::remove_file(&path);
    written
}

fn is_failed_write(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error().map(|error| error.extended_code);
    matches!(code, Some(SQLITE_IOERR_WRITE | SQLITE_IOERR_SHMSIZE))
}

fn is_want_of_room(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::QuotaExceeded | ErrorKind::StorageFull)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi::{self, SQLITE_IOERR_FSYNC};

    use super::*;

    fn engine(code: i32) -> MetadataError {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into()
    }

    fn full(error: &MetadataError) -> bool {
        matches!(error, MetadataError::StorageFull(_))
    }

    #[test]
    fn an_exceeded_quota_is_a_full_disk_and_poisons_nothing() {
        for kind in [ErrorKind::QuotaExceeded, ErrorKind::StorageFull] {
            let error = classify(engine(SQLITE_IOERR_WRITE), || Err(kind.into()));
            assert!(full(&error) && !error.is_io_failure(), "{error:?}");
        }
        let error =
            classify(engine(SQLITE_IOERR_SHMSIZE), || Err(io::Error::from_raw_os_error(122)));
        assert!(full(&error), "EDQUOT as Linux gives it");
    }

    #[test]
    fn what_may_be_a_broken_disk_stays_one() {
        for outcome in [Ok(()), Err(ErrorKind::Other.into()), Err(ErrorKind::NotFound.into())] {
            let error = classify(engine(SQLITE_IOERR_WRITE), || outcome);
            assert!(error.is_io_failure(), "{error:?}");
        }
        // After a failed sync nobody knows what is on the disk, whatever the reason.
        let error = classify(engine(SQLITE_IOERR_FSYNC), || Err(ErrorKind::QuotaExceeded.into()));
        assert!(error.is_io_failure());
    }

    #[test]
    fn a_probe_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("metadata.db");
        probe(database.to_str()).unwrap();
        assert_eq!(folder.path().read_dir().unwrap().count(), 0);
        probe(None).unwrap();
        let absent = folder.path().join("absent").join("metadata.db");
        assert!(probe(absent.to_str()).is_err());
    }
}

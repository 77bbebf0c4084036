//! The database of rpm, in its three formats: Berkeley DB (hash), ndb, SQLite; and the list that
//! images without a database have in its place.
//!
//! All three hold the same records, the headers of the packages (`header`), and differ in how a record
//! is found. Every reader looks at each page of the file once: what refers to a page twice is damaged,
//! so reading takes time in proportion to the file, whatever it is.
//!
//! A file is read as it lies there. rpm lets SQLite keep its last changes in a file beside it, the
//! write-ahead log (`rpmdb.sqlite-wal`): where it is not empty, the file alone may be too old, and
//! [`read_with_log`] reads both. What a rollback journal (`rpmdb.sqlite-journal`) stands for, a change
//! that was never finished, cannot be seen in the file: rpm writes none.

mod berkeley;
mod bytes;
mod header;
mod manifest;
mod ndb;
mod sqlite;

#[cfg(test)]
mod tests;

pub use manifest::read_manifest;

use crate::Limits;
use crate::found::{FileError, SystemPackages};

/// What takes the records of a database, one after the other.
type Records<'a> = dyn FnMut(&[u8]) -> Result<(), FileError> + 'a;

/// Reads a database of rpm, whichever of the formats its first bytes say it is.
///
/// # Errors
/// [`FileError`], whatever the file is; it ends, whatever the file is.
pub fn read(file: &[u8], limits: &Limits) -> Result<SystemPackages, FileError> {
    read_with_log(file, &[], limits)
}

/// Reads a database beside which SQLite left its write-ahead log (`rpmdb.sqlite-wal`; empty if there is
/// none), as SQLite would: changes that were finished count. The other formats have none.
///
/// # Errors
/// [`FileError`], as [`read`]; and if the log is damaged.
pub fn read_with_log(
    file: &[u8],
    log: &[u8],
    limits: &Limits,
) -> Result<SystemPackages, FileError> {
    if file.len().max(log.len()) as u64 > limits.database_bytes {
        return Err(FileError::TooLarge(limits.database_bytes));
    }
    let mut collected = header::Collected::new(limits);
    let mut record = |header: &[u8]| collected.add(header);
    let log = sqlite::Log::parse(log)?;
    if file.starts_with(sqlite::MAGIC) || log.is_some() {
        sqlite::records(file, log.as_ref(), &mut record)?;
    } else if file.starts_with(ndb::MAGIC) {
        ndb::records(file, &mut record)?;
    } else if let Some(order) = berkeley::order(file) {
        berkeley::records(file, order, &mut record)?;
    } else {
        return Err(damaged("it is no database of rpm: not Berkeley DB, ndb or SQLite"));
    }
    Ok(collected.finish())
}

/// The error for a file that is not what it should be.
fn damaged(what: impl Into<String>) -> FileError {
    FileError::Malformed(what.into())
}

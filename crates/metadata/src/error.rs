//! What can go wrong in the store of metadata.

/// An error of the metadata store. `Display` says what happened; the cause is in `source()`.
#[derive(Debug, thiserror::Error)]
pub enum MetadataError {
    /// No space is left for the database. Nothing of the transaction was kept.
    #[error("no space is left on the device that holds the metadata")]
    StorageFull(#[source] rusqlite::Error),
    /// The database cannot be written: a read-only file system or missing permission.
    #[error("the metadata cannot be written: the file system is read-only or access is denied")]
    ReadOnly(#[source] rusqlite::Error),
    /// An earlier commit failed on I/O, so what is on disk is no longer certain. The store
    /// refuses writes until it is opened again.
    #[error("the metadata store stopped writing after a failed commit; restart the server")]
    Poisoned,
    /// The database was written by a newer version.
    #[error(
        "the data directory has format {found}, this version knows formats up to {known}; \
         use the version that wrote it, or a newer one"
    )]
    NewerFormat {
        /// The schema version found.
        found: i64,
        /// The newest schema version this program knows.
        known: i64,
    },
    /// The database was written by an older version and was not opened to be migrated.
    #[error(
        "the data directory has format {found} and needs {known}; start `wharfinger serve` once \
         to migrate it"
    )]
    OlderFormat {
        /// The schema version found.
        found: i64,
        /// The schema version needed.
        known: i64,
    },
    /// The file system cannot hold SQLite's write-ahead log, without which commits are not durable.
    #[error(
        "the metadata cannot be kept on this file system: it lacks what SQLite's write-ahead log \
         needs (a network file system, as a rule); use a local one"
    )]
    NoWriteAheadLog,
    /// A row that breaks a uniqueness rule was to be written.
    #[error("a row with this key exists")]
    Duplicate(#[source] rusqlite::Error),
    /// A stored value is not what its column holds.
    #[error("column {column} of a stored row cannot be read: {what}")]
    BadValue {
        /// The index of the column in its query.
        column: usize,
        /// What was wrong.
        what: String,
    },
    /// A transaction body panicked; its changes were rolled back.
    #[error("a transaction was abandoned by a defect in its body")]
    Panicked,
    /// The writer is gone: the store is being closed.
    #[error("the metadata store is closed")]
    Closed,
    /// Anything else the engine reports.
    #[error("the metadata store failed")]
    Engine(#[source] rusqlite::Error),
}

impl From<rusqlite::Error> for MetadataError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::StorageFull(error),
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(error)
            }
            Some(ErrorCode::ConstraintViolation) if is_duplicate(&error) => Self::Duplicate(error),
            _ => Self::Engine(error),
        }
    }
}

impl MetadataError {
    /// The code of the engine's error, if it is one.
    pub(crate) fn engine_code(&self) -> Option<rusqlite::ffi::Error> {
        match self {
            Self::StorageFull(error)
            | Self::ReadOnly(error)
            | Self::Duplicate(error)
            | Self::Engine(error) => error.sqlite_error().copied(),
            _ => None,
        }
    }

    /// Whether the disk may no longer hold what was written: after such an error nothing may be
    /// acknowledged any more.
    pub(crate) fn is_io_failure(&self) -> bool {
        let Self::Engine(error) = self else { return false };
        matches!(
            error.sqlite_error_code(),
            Some(
                rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::DatabaseCorrupt
                    | rusqlite::ErrorCode::NotADatabase
            )
        )
    }
}

/// Whether the constraint is one of uniqueness, and not, say, a reference to a row that is gone.
fn is_duplicate(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    error.sqlite_error().is_some_and(|error| {
        matches!(error.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE)
    })
}

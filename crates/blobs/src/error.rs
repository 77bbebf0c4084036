//! What can go wrong with an object.

use std::io;

use wharfinger_core::ObjectId;

use crate::KeyError;

/// An error of the store. `Display` never prints its source.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// There is no such object.
    #[error("object {object_id} is missing")]
    Missing {
        /// The object asked for.
        object_id: ObjectId,
    },
    /// The stored bytes are not the ones that were sealed for what was asked.
    #[error("object {object_id} is corrupt: {what}")]
    Corrupt {
        /// The damaged object.
        object_id: ObjectId,
        /// What does not fit.
        what: &'static str,
    },
    /// Another writer holds the object.
    #[error("object {object_id} is being written elsewhere")]
    InUse {
        /// The object asked for.
        object_id: ObjectId,
    },
    /// The key of the domain cannot be had; if it was refused, this is ECR's `KmsException`.
    #[error("the encryption key is not available")]
    KeyUnavailable(#[source] KeyError),
    /// The disk or the quota is full.
    #[error("the storage is full")]
    StorageFull(#[source] io::Error),
    /// The file system is mounted read-only.
    #[error("the storage is read-only")]
    StorageReadOnly(#[source] io::Error),
    /// Any other failure of the storage.
    #[error("the storage failed to {doing}")]
    Io {
        /// What was being done, as a verb and its object.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A checkpoint that this version cannot resume from.
    #[error("the upload checkpoint is unusable: {what}")]
    UnusableCheckpoint {
        /// What does not fit.
        what: &'static str,
    },
    /// A range that is empty or does not lie in the object.
    #[error("the range does not lie in an object of {size_bytes} bytes")]
    OutOfRange {
        /// The size of the object.
        size_bytes: u64,
    },
    /// An earlier failure, or a call that was dropped half-way, ended this writer. Everything up to
    /// the last checkpoint is safe; resume from there.
    #[error("the writer has failed before")]
    Poisoned,
    /// The work was cut off, as a rule because the process is shutting down.
    #[error("the work was interrupted")]
    Interrupted,
}

impl BlobError {
    /// Sorts an I/O error by what the operator must do about it.
    pub(crate) fn io(doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::StorageFull(source),
            io::ErrorKind::ReadOnlyFilesystem => Self::StorageReadOnly(source),
            _ => Self::Io { doing, source },
        }
    }

    /// As [`Self::io`], where the file itself may be absent or too short.
    pub(crate) fn object_io(object_id: ObjectId, doing: &'static str, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Missing { object_id },
            io::ErrorKind::WouldBlock => Self::InUse { object_id },
            io::ErrorKind::UnexpectedEof => {
                Self::Corrupt { object_id, what: "the file ends too early" }
            }
            _ => Self::io(doing, source),
        }
    }

    /// A key that cannot be had is the key's fault; one that does not open is the object's.
    pub(crate) fn unwrapping(object_id: ObjectId, error: KeyError) -> Self {
        match error {
            KeyError::Refused { .. } | KeyError::Unavailable { .. } => Self::KeyUnavailable(error),
            KeyError::Rejected { .. } => Self::Corrupt {
                object_id,
                what: "its data key does not open under the key of its domain",
            },
        }
    }
}

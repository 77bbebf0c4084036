//! Durable, encrypted bytes under object ids.
//!
//! The crate knows no repository, no HTTP and no SQL: whoever calls it keeps the map from a digest
//! to an object id elsewhere. Bytes enter through an [`ObjectWriter`] and leave through an
//! [`ObjectReader`]; both come from a [`BlobStore`], whose first adapter is [`LocalBlobStore`].
//! Data keys are wrapped by a [`KeyProvider`], whose first adapter is [`LocalKeyRing`].
//!
//! The bytes on disk are described in `docs/on-disk-format.md`; why a reader needs no second hash
//! is ADR 0003.

pub mod checkpoint;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod error;
pub mod finished;
mod header;
mod inline;
mod inner_cipher;
pub mod key;
pub mod key_ring;
mod listing;
pub mod local;
pub mod mark;
pub mod master_key;
mod object_file;
mod outgoing;
mod quarantine;
mod read_room;
pub mod reader;
mod received;
mod sealer;
mod segment;
#[cfg(any(test, feature = "simulation"))]
pub mod simulated;
pub mod store;
#[cfg(test)]
mod tests;
mod write_room;
pub mod writer;

pub use checkpoint::{CHECKPOINT_BYTES_MAX, UploadCheckpoint};
pub use error::BlobError;
pub use finished::{Finished, StoredObject};
pub use key::{DataKey, KeyDomain, KeyError, KeyProvider};
pub use key_ring::{LocalKeyRing, SealError};
pub use local::LocalBlobStore;
pub use mark::Mark;
pub use master_key::{MasterKey, MasterKeyError};
pub use read_room::WIDE_READS_MAX;
pub use reader::{CHUNK_BYTES, ObjectReader};
pub use segment::SEGMENT_BYTES;
pub use store::{BlobStore, FOREIGN_FILES_NAMED_MAX, ObjectPage, QUARANTINED_LISTED_MAX};
pub use writer::{ObjectWriter, UNWRITTEN_BYTES, WRITER_MEMORY_BYTES_MAX};

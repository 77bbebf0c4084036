//! The port: what every adapter that keeps objects offers.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use wharfinger_core::ObjectId;

use crate::checkpoint::UploadCheckpoint;
use crate::key::KeyDomain;
use crate::reader::ObjectReader;
use crate::writer::ObjectWriter;
use crate::{BlobError, StoredObject};

/// The files of a store that one look finds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectPage {
    /// The objects and the bytes of their files, in order of id.
    pub objects: Vec<(ObjectId, u64)>,
    /// What lies among the objects and is none, by its name below the store's folder; of each folder
    /// the first [`FOREIGN_FILES_NAMED_MAX`].
    pub foreign_files: Vec<String>,
    /// How many there are.
    pub foreign_file_count: u64,
    /// Where the next page begins; none behind the last object.
    pub next_after: Option<ObjectId>,
}

/// Foreign files of one folder that are named.
pub const FOREIGN_FILES_NAMED_MAX: usize = 16;

/// Keeps objects: encrypted, durable once published, never changed afterwards.
///
/// Every adapter passes the suite in `conformance` (feature `conformance`). Calls for different objects do not
/// wait for each other.
pub trait BlobStore: Send + Sync + 'static {
    /// Begins a new object under a fresh id and a fresh data key of `domain`. The store holds nothing
    /// of it before its first whole segment is sealed.
    fn begin<'a>(&'a self, domain: &'a KeyDomain)
    -> BoxFuture<'a, Result<ObjectWriter, BlobError>>;

    /// Goes on where `checkpoint` was taken; what was written later is forgotten. A checkpoint of one
    /// segment at the most holds all there is: the upload goes on as another object, so that no two
    /// writers that go on from it ever meet.
    ///
    /// The caller must know that the upload was not published since. [`BlobError::InUse`] while
    /// another writer holds the object, after waiting about two seconds for one that was just dropped;
    /// [`BlobError::Missing`] or [`BlobError::Corrupt`] if the file is not what the checkpoint saw.
    fn resume<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<ObjectWriter, BlobError>>;

    /// Opens a published object: proves that its end was sealed for this digest and this size before
    /// the first byte is served.
    fn open<'a>(
        &'a self,
        object: &'a StoredObject,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>>;

    /// As [`Self::open`], for an object whose bytes [`Finished::seal_inline`] gave to the caller.
    ///
    /// [`Finished::seal_inline`]: crate::Finished::seal_inline
    fn open_inline<'a>(
        &'a self,
        object: &'a StoredObject,
        sealed: Bytes,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>>;

    /// Removes an object, published or not; `Ok` if there is none. Readers that have it open go on.
    fn delete(&self, object_id: ObjectId) -> BoxFuture<'_, Result<(), BlobError>>;

    /// Whether there is a file of this id, whatever it holds.
    fn contains(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>>;

    /// The objects whose ids come after `after`, published or not, `limit` of them at the most, in
    /// order of id. One that is there before the call and after it is listed. All pages together name
    /// each foreign file once.
    fn list(
        &self,
        after: Option<ObjectId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<ObjectPage, BlobError>>;

    /// Whether the store holds all that a checkpoint was taken of.
    fn holds<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<bool, BlobError>>;

    /// Puts the file of an object aside, durably, where nothing looks for it and nothing deletes it;
    /// answers whether there was one. Readers that have it open go on.
    fn quarantine(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>>;

    /// Puts bytes aside that were kept elsewhere, as [`Self::quarantine`] does with a file.
    fn quarantine_bytes(
        &self,
        object_id: ObjectId,
        bytes: Bytes,
    ) -> BoxFuture<'_, Result<(), BlobError>>;

    /// The names of what was put aside, in order, [`QUARANTINED_LISTED_MAX`] at the most.
    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<String>, BlobError>>;
}

/// Names that [`BlobStore::quarantined`] answers with at the most.
pub const QUARANTINED_LISTED_MAX: usize = 10_000;

//! What a collection has to say.

use serde_json::json;
use wharfinger_core::Timestamp;

/// What a collection freed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GarbageReport {
    /// Uploads that were abandoned.
    pub uploads: u64,
    /// Links of repositories to blobs that no image of theirs uses.
    pub links: u64,
    /// Blobs that nothing linked any more.
    pub blobs: u64,
    /// Their bytes.
    pub blob_bytes: u64,
    /// Objects whose files (or rows, of small ones) were removed, with those no row knew.
    pub objects: u64,
    /// Of these, those no row knew.
    pub unknown_objects: u64,
    /// The bytes of their files.
    pub unknown_object_bytes: u64,
    /// Files among the objects that are none, and were left alone.
    pub foreign_files: u64,
    /// Objects whose files could not be deleted; they are tried again.
    pub undeleted_objects: u64,
    /// When the first lease ends of what nothing else keeps: there is nothing more to free before.
    pub next_lease_end: Option<Timestamp>,
}

impl GarbageReport {
    /// Whether it neither freed anything nor has anything to complain of.
    pub fn is_nothing(&self) -> bool {
        *self == Self { next_lease_end: self.next_lease_end, ..Self::default() }
    }

    /// As a JSON object; times are of the form `2026-03-01T12:30:00Z`.
    pub fn to_json(&self) -> String {
        json!({
            "uploads": self.uploads,
            "links": self.links,
            "blobs": self.blobs,
            "blobBytes": self.blob_bytes,
            "objects": self.objects,
            "unknownObjects": self.unknown_objects,
            "unknownObjectBytes": self.unknown_object_bytes,
            "foreignFiles": self.foreign_files,
            "undeletedObjects": self.undeleted_objects,
            "nextLeaseEnd": self.next_lease_end.map(Timestamp::iso8601),
        })
        .to_string()
    }
}

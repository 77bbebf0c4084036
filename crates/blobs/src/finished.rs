//! A whole upload, between the digest and the promise.

use sha2::{Digest as _, Sha512};
use wharfinger_core::{Digest, ObjectId};

use crate::BlobError;
use crate::key::KeyDomain;
use crate::object_file::blocking;
use crate::writer::ObjectWriter;

/// An upload whose digest is known and whose last segment is not sealed: the caller compares the
/// digest with the one announced, then publishes, goes on, or discards.
///
/// Dropping it leaves the file for a resume, as dropping a writer does.
#[derive(Debug)]
pub struct Finished {
    writer: ObjectWriter,
    digest: Digest,
}

/// An object that is durable: what the metadata keeps, and all it takes to open the object again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredObject {
    /// Where the bytes are.
    pub object_id: ObjectId,
    /// Under whose key.
    pub domain: KeyDomain,
    /// Bytes of plaintext.
    pub size_bytes: u64,
    /// The digest of the plaintext, computed here.
    pub digest: Digest,
}

impl Finished {
    pub(crate) fn new(writer: ObjectWriter, digest: Digest) -> Self {
        Self { writer, digest }
    }

    /// The digest of everything written: SHA-256, or what [`Self::into_sha512`] made of it.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Bytes of everything written.
    pub fn size_bytes(&self) -> u64 {
        self.writer.size_bytes()
    }

    /// The id the object has.
    pub fn object_id(&self) -> ObjectId {
        self.writer.object_id()
    }

    /// The whole object sealed, as the bytes that its file would have, for the caller to keep in the
    /// transaction that makes it known; [`crate::BlobStore::open_inline`] opens it. `None` if it is
    /// longer than one segment: only the store can keep it.
    pub fn seal_inline(&self) -> Result<Option<Vec<u8>>, BlobError> {
        let Some(whole) = self.writer.whole() else { return Ok(None) };
        self.writer.idle()?.seal_inline(whole, &self.digest).map(Some)
    }

    /// Seals the last segment, which binds length and digest, and makes the object durable. Only
    /// `Ok` promises anything; a failure may be followed by a resume from the last checkpoint.
    ///
    /// The caller must drop the upload's checkpoint in the transaction that makes the object known:
    /// resuming from it later would cut the published file.
    pub async fn publish(mut self) -> Result<StoredObject, BlobError> {
        let (size_bytes, digest) = (self.writer.size_bytes(), self.digest);
        self.writer.begin_segments();
        self.writer.run(move |sealer, rest| sealer.publish(rest, size_bytes, &digest)).await?;
        let (object_id, domain) = (self.writer.object_id(), self.writer.domain().clone());
        Ok(StoredObject { object_id, domain, size_bytes, digest })
    }

    /// The writer again, as if it had not been finished: a client whose digest did not match may
    /// go on or try again (ECR keeps the session after a failed `CompleteLayerUpload`).
    pub fn into_writer(self) -> ObjectWriter {
        self.writer
    }

    /// The same upload with a SHA-512 digest, for the rare client that announces one (OCI
    /// image-spec, descriptor.md, "SHA-512"). Reads the object back, at about one CPU-second per
    /// GB.
    pub async fn into_sha512(mut self) -> Result<Self, BlobError> {
        let digest = match self.writer.whole() {
            Some(whole) => Digest::Sha512(Sha512::digest(whole).into()),
            None => self.writer.run(|sealer, rest| sealer.sha512(&rest.parts())).await?,
        };
        Ok(Self { writer: self.writer, digest })
    }

    /// Removes the object.
    pub async fn discard(self) -> Result<(), BlobError> {
        let (folder, begun) = (self.writer.folder(), self.writer.begun_object());
        drop(self);
        let Some(object_id) = begun else { return Ok(()) };
        blocking(move || {
            folder.remove(object_id).map_err(|error| BlobError::io("remove an object", error))
        })
        .await
    }
}

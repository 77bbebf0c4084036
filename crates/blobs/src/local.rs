//! Objects as files of the local file system.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use wharfinger_core::{Entropy, EntropyExt, ObjectId};

use crate::checkpoint::UploadCheckpoint;
use crate::header::{Header, wrapped_key_bytes_max};
use crate::inline::InlineFile;
use crate::key::{DataKey, KeyDomain, KeyProvider, WRAPPED_INNER_KEY_BYTES_MAX};
use crate::object_file::{LocalFolder, ObjectFile, ObjectFolder, blocking};
use crate::read_room::ReadRoom;
use crate::reader::{ObjectReader, Opening};
use crate::sealer::Sealer;
use crate::segment::SegmentKey;
use crate::store::{BlobStore, ObjectPage, QUARANTINED_LISTED_MAX};
use crate::write_room::WriteRoom;
use crate::writer::ObjectWriter;
use crate::{BlobError, KeyError, StoredObject};

/// How often, and how far apart, a resume tries to get a file that another writer holds. A writer
/// that was dropped may still be at its last batches.
const HOLD_ATTEMPTS: u32 = 100;
const HOLD_PAUSE: Duration = Duration::from_millis(20);
const PUT_ASIDE: &str = "put an object aside";

/// Objects at `<root>/objects/<first two hex digits>/<32 hex digits>`.
pub struct LocalBlobStore {
    folder: Arc<dyn ObjectFolder>,
    keys: Arc<dyn KeyProvider>,
    entropy: Arc<dyn Entropy>,
    room: ReadRoom,
    write_room: WriteRoom,
}

impl LocalBlobStore {
    /// The store in the folder `root`, which is made if it does not exist. Blocks, for it is called
    /// once at the start.
    pub fn open(
        root: &Path,
        keys: Arc<dyn KeyProvider>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, BlobError> {
        let folder = LocalFolder::open(root)
            .map_err(|error| BlobError::io("open the object folder", error))?;
        Ok(Self::with_folder(Arc::new(folder), keys, entropy))
    }

    pub(crate) fn with_folder(
        folder: Arc<dyn ObjectFolder>,
        keys: Arc<dyn KeyProvider>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { folder, keys, entropy, room: ReadRoom::new(), write_room: WriteRoom::default() }
    }

    /// The same store with fewer streams that read ahead.
    #[cfg(test)]
    pub(crate) fn with_read_room(self, room: ReadRoom) -> Self {
        Self { room, ..self }
    }

    async fn begin_object(&self, domain: &KeyDomain) -> Result<ObjectWriter, BlobError> {
        let object_id = ObjectId::random(&*self.entropy);
        let (header, key) = self.new_keys(object_id, domain).await?;
        let (folder, entropy) = (Arc::clone(&self.folder), Arc::clone(&self.entropy));
        let sealer = Sealer::begin(Arc::clone(&folder), header, key, entropy);
        Ok(ObjectWriter::new(sealer, folder, self.write_room.clone()))
    }

    /// Fresh data keys for an object, one for each cipher of its domain, and the header with both
    /// of them wrapped.
    async fn new_keys(
        &self,
        object_id: ObjectId,
        domain: &KeyDomain,
    ) -> Result<(Header, SegmentKey), BlobError> {
        let context = Header::context(object_id, domain);
        let room = wrapped_key_bytes_max(domain);
        let (data_key, wrapped_key) = self.new_data_key(domain, &context, room).await?;
        let mut key = SegmentKey::new(&data_key, object_id);
        let mut wrapped_inner_key = Vec::new();
        if let Some(inner) = domain.inner() {
            let room = WRAPPED_INNER_KEY_BYTES_MAX;
            let (data_key, wrapped) = self.new_data_key(&inner, &context, room).await?;
            key = key.with_inner(&data_key);
            wrapped_inner_key = wrapped;
        }
        let domain = domain.clone();
        Ok((Header { object_id, domain, wrapped_key, wrapped_inner_key }, key))
    }

    /// A fresh data key, and the same wrapped into at most `room` bytes.
    async fn new_data_key(
        &self,
        domain: &KeyDomain,
        context: &[u8],
        room: usize,
    ) -> Result<(DataKey, Vec<u8>), BlobError> {
        let data_key = DataKey::new(self.entropy.bytes());
        let wrapped = self
            .keys
            .wrap_key(domain, context, &data_key)
            .await
            .map_err(BlobError::KeyUnavailable)?;
        if wrapped.len() > room {
            let why = "its wrapped keys are longer than the format allows".to_owned();
            return Err(BlobError::KeyUnavailable(KeyError::Unavailable {
                domain: domain.clone(),
                why,
            }));
        }
        Ok((data_key, wrapped))
    }

    async fn resume_object(
        &self,
        checkpoint: &UploadCheckpoint,
    ) -> Result<ObjectWriter, BlobError> {
        let header = checkpoint.header();
        let key = self.segment_key(header).await?;
        if checkpoint.is_whole() {
            let whole = checkpoint.text(&key)?;
            return Ok(self.begin_object(&header.domain).await?.holding(whole));
        }
        let file = self.hold(header.object_id).await?;
        let (folder, entropy) = (Arc::clone(&self.folder), Arc::clone(&self.entropy));
        let (sealer, rest) = checkpoint.open(key, Arc::clone(&folder), file, entropy)?;
        let room = self.write_room.clone();
        blocking(move || Ok(ObjectWriter::resumed(sealer.take_over()?, rest, folder, room))).await
    }

    async fn open_object(&self, object: &StoredObject) -> Result<ObjectReader, BlobError> {
        let StoredObject { object_id, size_bytes, digest, .. } = *object;
        let (folder, domain) = (Arc::clone(&self.folder), object.domain.clone());
        let opening = blocking(move || {
            let file = folder
                .open(object_id)
                .map_err(|error| BlobError::object_io(object_id, "open an object", error))?;
            Opening::read(file, object_id, &domain, size_bytes)
        })
        .await?;
        let key = self.segment_key(&opening.header).await?;
        opening.prove(key, size_bytes, &digest, self.room.clone())
    }

    async fn open_sealed(
        &self,
        object: &StoredObject,
        sealed: Bytes,
    ) -> Result<ObjectReader, BlobError> {
        let StoredObject { object_id, ref domain, size_bytes, digest } = *object;
        let file = Arc::new(InlineFile::new(sealed));
        let opening = Opening::read(file, object_id, domain, size_bytes)?;
        let key = self.segment_key(&opening.header).await?;
        opening.prove(key, size_bytes, &digest, self.room.clone())
    }

    /// The keys of an object, all that its header holds.
    async fn segment_key(&self, header: &Header) -> Result<SegmentKey, BlobError> {
        let Header { object_id, domain, wrapped_key, wrapped_inner_key } = header;
        let context = Header::context(*object_id, domain);
        let failed = |error| BlobError::unwrapping(*object_id, error);
        let data_key = self.keys.unwrap_key(domain, &context, wrapped_key).await.map_err(failed)?;
        let key = SegmentKey::new(&data_key, *object_id);
        let Some(inner) = domain.inner() else { return Ok(key) };
        let data_key =
            self.keys.unwrap_key(&inner, &context, wrapped_inner_key).await.map_err(failed)?;
        Ok(key.with_inner(&data_key))
    }

    /// The file, once no other writer holds it.
    async fn hold(&self, object_id: ObjectId) -> Result<Arc<dyn ObjectFile>, BlobError> {
        for _ in 0..HOLD_ATTEMPTS {
            let folder = Arc::clone(&self.folder);
            let held = blocking(move || {
                folder.reopen(object_id).map_err(|error| {
                    BlobError::object_io(object_id, "open an unfinished object", error)
                })
            });
            match held.await {
                Err(BlobError::InUse { .. }) => tokio::time::sleep(HOLD_PAUSE).await,
                held => return held,
            }
        }
        Err(BlobError::InUse { object_id })
    }
}

impl BlobStore for LocalBlobStore {
    fn begin<'a>(
        &'a self,
        domain: &'a KeyDomain,
    ) -> BoxFuture<'a, Result<ObjectWriter, BlobError>> {
        Box::pin(self.begin_object(domain))
    }

    fn resume<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<ObjectWriter, BlobError>> {
        Box::pin(self.resume_object(checkpoint))
    }

    fn open<'a>(
        &'a self,
        object: &'a StoredObject,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>> {
        Box::pin(self.open_object(object))
    }

    fn open_inline<'a>(
        &'a self,
        object: &'a StoredObject,
        sealed: Bytes,
    ) -> BoxFuture<'a, Result<ObjectReader, BlobError>> {
        Box::pin(self.open_sealed(object, sealed))
    }

    fn delete(&self, object_id: ObjectId) -> BoxFuture<'_, Result<(), BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || {
            folder.remove(object_id).map_err(|error| BlobError::io("remove an object", error))
        }))
    }

    fn contains(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || match folder.open(object_id) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(BlobError::io("look for an object", error)),
        }))
    }

    fn list(
        &self,
        after: Option<ObjectId>,
        limit: usize,
    ) -> BoxFuture<'_, Result<ObjectPage, BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || {
            folder.list(after, limit).map_err(|error| BlobError::io("list objects", error))
        }))
    }

    fn holds<'a>(
        &'a self,
        checkpoint: &'a UploadCheckpoint,
    ) -> BoxFuture<'a, Result<bool, BlobError>> {
        let folder = Arc::clone(&self.folder);
        let (begun, size_bytes_min) = (checkpoint.begun_object(), checkpoint.file_bytes_min());
        Box::pin(blocking(move || {
            let Some(object_id) = begun else { return Ok(true) };
            match folder.open(object_id).and_then(|file| file.size_bytes()) {
                Ok(size_bytes) => Ok(size_bytes >= size_bytes_min),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(BlobError::io("look for an object", error)),
            }
        }))
    }

    fn quarantine(&self, object_id: ObjectId) -> BoxFuture<'_, Result<bool, BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || {
            folder.put_aside(object_id).map_err(|error| BlobError::io(PUT_ASIDE, error))
        }))
    }

    fn quarantine_bytes(
        &self,
        object_id: ObjectId,
        bytes: Bytes,
    ) -> BoxFuture<'_, Result<(), BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || {
            folder.write_aside(object_id, &bytes).map_err(|error| BlobError::io(PUT_ASIDE, error))
        }))
    }

    fn quarantined(&self) -> BoxFuture<'_, Result<Vec<String>, BlobError>> {
        let folder = Arc::clone(&self.folder);
        Box::pin(blocking(move || {
            folder
                .names_aside(QUARANTINED_LISTED_MAX)
                .map_err(|error| BlobError::io("list the quarantine", error))
        }))
    }
}

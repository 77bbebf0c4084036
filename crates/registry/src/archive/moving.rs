//! Moving one blob from one store into the other.
//!
//! The copy is an object of its own, sealed anew: a row names it before it has a file, its bytes are
//! verified while they are read, and one transaction gives the blob the copy and lets go of the
//! original, or lets go of the copy.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use wharfinger_blobs::{BlobError, BlobStore, ObjectReader, ObjectWriter, StoredObject};
use wharfinger_core::limits::{
    ARCHIVE_BYTES_PER_SECOND_MAX, INLINE_BLOB_BYTES_MAX, MOVE_SECONDS_MAX,
};
use wharfinger_core::{Digest, ObjectId};
use wharfinger_metadata::blob::{self, BlobRow, ObjectStore};
use wharfinger_metadata::moving_object::{self, MovingObjectRow};
use wharfinger_metadata::{MetadataError, Tx};

use super::STEP;
use super::pace::Pace;
use crate::layer::{is_damage, parse_domain};
use crate::{Error, Registry};

/// A blob that is to be moved.
#[derive(Clone)]
struct Move {
    domain: String,
    row: BlobRow,
    from: ObjectStore,
    to: ObjectStore,
}

impl Registry {
    /// Moves a blob to a store, if it is in the other and may be moved; answers its bytes if it was.
    pub(super) async fn move_blob(
        &self,
        domain: &str,
        digest: Digest,
        to: ObjectStore,
    ) -> Result<Option<u64>, Error> {
        let (name, now) = (domain.to_owned(), self.now());
        let found = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let Some(found) = movable(tx, name, &digest, to).await? else {
                        return Ok::<_, Error>(None);
                    };
                    // What an earlier run left, or one that holds no lease any more.
                    for copy in moving_object::of_blob(tx, &found.domain, &digest).await? {
                        moving_object::discard(tx, &copy.object_id, copy.store, now).await?;
                    }
                    Ok(Some(found))
                })
            })
            .await?;
        let Some(found) = found else { return Ok(None) };
        let Some(reader) = self.open_original(&found).await? else { return Ok(None) };
        let target = self.object_store(to)?;
        let writer = target.begin(&parse_domain(domain)?).await?;
        let copy = writer.object_id();
        self.name_copy(&found, copy).await?;
        let written = self.write_copy(&found, reader, writer).await;
        let moved = match written {
            Ok(true) => self.take_copy(&found, copy).await,
            Ok(false) => Ok(false),
            Err(error) => Err(error),
        };
        if !matches!(moved, Ok(true)) {
            self.discard_copy(copy, to).await?;
        }
        Ok(moved?.then_some(found.row.size_bytes))
    }

    /// The store of that name.
    pub(crate) fn object_store(
        &self,
        store: ObjectStore,
    ) -> Result<&Arc<dyn BlobStore>, BlobError> {
        match store {
            ObjectStore::Main => Ok(&self.blobs),
            ObjectStore::Archive => self.archive.as_ref().ok_or_else(|| BlobError::Io {
                doing: "find the archive, which no directory is configured for",
                source: std::io::ErrorKind::NotFound.into(),
            }),
        }
    }

    /// Lets go of copies that nobody can be writing any more.
    pub(super) async fn discard_old_copies(&self) -> Result<(), Error> {
        let now = self.now();
        let before = now.minus(Duration::from_secs(MOVE_SECONDS_MAX));
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    for copy in moving_object::begun_before(tx, before, STEP).await? {
                        moving_object::discard(tx, &copy.object_id, copy.store, now).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// `None` if the object is damaged: then the blob waits to be healed by a push.
    async fn open_original(&self, found: &Move) -> Result<Option<ObjectReader>, Error> {
        let BlobRow { object_id, size_bytes, digest, .. } = found.row;
        let domain = parse_domain(&found.domain)?;
        let object = StoredObject { object_id, domain, size_bytes, digest };
        match self.object_store(found.from)?.open(&object).await {
            Err(error) if is_damage(&error) => {
                self.note_damaged_original(found, &error).await?;
                Ok(None)
            }
            opened => Ok(Some(opened?)),
        }
    }

    async fn name_copy(&self, found: &Move, copy: ObjectId) -> Result<(), Error> {
        let row = MovingObjectRow {
            object_id: copy,
            store: found.to,
            key_domain: found.domain.clone(),
            digest: found.row.digest,
            begun_at: self.now(),
        };
        self.metadata
            .write(move |tx| Box::pin(async move { Ok(moving_object::insert(tx, &row).await?) }))
            .await
    }

    /// Writes the copy and makes it durable; answers whether there was a sound original.
    async fn write_copy(
        &self,
        found: &Move,
        reader: ObjectReader,
        mut writer: ObjectWriter,
    ) -> Result<bool, Error> {
        // Nobody waits for what goes into the archive; for what comes back somebody may.
        let mut pace =
            (found.to == ObjectStore::Archive).then(|| Pace::new(ARCHIVE_BYTES_PER_SECOND_MAX));
        let mut parts = pin!(reader.read_all());
        while let Some(part) = parts.next().await {
            match part {
                Ok(part) => {
                    let length = part.len() as u64;
                    writer.write(part).await?;
                    if let Some(pace) = &mut pace {
                        pace.moved(length).await;
                    }
                }
                Err(error) if is_damage(&error) => {
                    self.note_damaged_original(found, &error).await?;
                    return Ok(false);
                }
                Err(error) => return Err(error.into()),
            }
        }
        let mut finished = writer.finish().await?;
        if let Digest::Sha512(_) = found.row.digest {
            finished = finished.into_sha512().await?;
        }
        if finished.digest() != found.row.digest {
            let digest = found.row.digest;
            return Err(Error::Server(format!("a copy of {digest} is another blob").into()));
        }
        finished.publish().await?;
        Ok(true)
    }

    /// Gives the blob its copy, unless it may not be there any more, or has another object by now.
    async fn take_copy(&self, found: &Move, copy: ObjectId) -> Result<bool, Error> {
        let (found, now) = (found.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let Move { domain, row, from, to } = &found;
                    let BlobRow { digest, object_id, .. } = row;
                    if *to == ObjectStore::Archive
                        && blob::is_used_actively(tx, domain, digest).await?
                    {
                        return Ok(false);
                    }
                    let (copy, before) = ((&copy, *to), object_id);
                    // A copy that was discarded meanwhile has no file for long.
                    if !moving_object::contains(tx, copy.0).await?
                        || !blob::move_object(tx, domain, digest, before, copy, now).await?
                    {
                        return Ok(false);
                    }
                    moving_object::end(tx, copy.0).await?;
                    blob::discard_object_in(tx, *from, before, now).await?;
                    Ok(true)
                })
            })
            .await
    }

    async fn discard_copy(&self, copy: ObjectId, store: ObjectStore) -> Result<(), Error> {
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    // A failure may have come after the blob had it.
                    if blob::store_of(tx, &copy).await?.is_none() {
                        moving_object::end(tx, &copy).await?;
                        blob::discard_object_in(tx, store, &copy, now).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await?;
        self.delete_discarded_objects().await;
        Ok(())
    }

    async fn note_damaged_original(
        &self,
        found: &Move,
        error: &BlobError,
    ) -> Result<(), MetadataError> {
        let BlobRow { digest, object_id, .. } = found.row;
        tracing::error!(%digest, %object_id, %error, "a stored blob is damaged");
        let (domain, now) = (found.domain.clone(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(
                    async move { blob::mark_damaged(tx, &object_id, &domain, &digest, now).await },
                )
            })
            .await
    }
}

/// The blob, if it is sound, has a file in the other store, and nothing keeps it there.
async fn movable(
    tx: &mut Tx,
    domain: String,
    digest: &Digest,
    to: ObjectStore,
) -> Result<Option<Move>, Error> {
    let Some(row) = blob::find(tx, &domain, digest).await? else { return Ok(None) };
    let from = blob::store_of(tx, &row.object_id).await?.unwrap_or_default();
    if from == to || row.damaged_at.is_some() {
        return Ok(None);
    }
    if row.size_bytes <= INLINE_BLOB_BYTES_MAX
        && blob::find_inline(tx, &row.object_id).await?.is_some()
    {
        return Ok(None);
    }
    if to == ObjectStore::Archive && blob::is_used_actively(tx, &domain, digest).await? {
        return Ok(None);
    }
    Ok(Some(Move { domain, row, from, to }))
}

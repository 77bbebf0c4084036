//! Objects that rows have let go of: their files are deleted, then the rows that say so.

use std::sync::Arc;

use wharfinger_blobs::BlobStore;
use wharfinger_metadata::Metadata;
use wharfinger_metadata::blob::{self, ObjectStore};
use wharfinger_metadata::garbage::{self, DiscardedObject};

use super::{Collection, STEP};
use crate::{Error, Registry};

/// What the deletion of objects takes, apart from the service itself.
#[derive(Clone)]
pub(super) struct ObjectDeletion {
    metadata: Metadata,
    blobs: Arc<dyn BlobStore>,
    archive: Option<Arc<dyn BlobStore>>,
}

/// A page of them.
pub(super) struct DiscardedPage {
    pub(super) objects: Vec<DiscardedObject>,
    /// The last that was looked at; none if there are no more.
    pub(super) last: Option<String>,
}

impl Registry {
    pub(super) fn object_deletion(&self) -> ObjectDeletion {
        let (metadata, blobs) = (self.metadata.clone(), Arc::clone(&self.blobs));
        ObjectDeletion { metadata, blobs, archive: self.archive.clone() }
    }

    /// Deletes the objects that committed transactions have let go of. What fails is tried again
    /// the next time, and keeps no other back; nobody waits for it.
    pub(crate) async fn delete_discarded_objects(&self) {
        let deletion = self.object_deletion();
        tokio::spawn(async move {
            if let Err(error) = deletion.delete_all().await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "objects wait for deletion"
                );
            }
        });
    }

    /// Deletes all objects that rows have let go of.
    pub(super) async fn delete_all_discarded(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        let (deletion, mut after) = (self.object_deletion(), String::new());
        loop {
            let began = run.pace.begin();
            let page = deletion.page(after).await?;
            let all = page.objects.len() as u64;
            let deleted = self.delete_discarded(page.objects, run).await?;
            run.report.undeleted_objects += all - deleted;
            run.rest(began).await;
            match page.last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    /// Deletes the files of objects that rows have let go of, and counts them; answers how many are
    /// gone. The others wait to be tried again.
    pub(super) async fn delete_discarded(
        &self,
        objects: Vec<DiscardedObject>,
        run: &mut Collection<'_>,
    ) -> Result<u64, Error> {
        let deleted = self.object_deletion().delete(objects).await?;
        run.report.objects += deleted;
        self.counters.objects_freed.add(deleted);
        Ok(deleted)
    }
}

impl ObjectDeletion {
    /// The stores by the names that rows give them.
    pub(super) fn stores(&self) -> Vec<(&'static str, &Arc<dyn BlobStore>)> {
        let main = (ObjectStore::Main.as_str(), &self.blobs);
        let archive = self.archive.as_ref().map(|it| (ObjectStore::Archive.as_str(), it));
        [main].into_iter().chain(archive).collect()
    }

    async fn delete_all(&self) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let page = self.page(after).await?;
            self.delete(page.objects).await?;
            match page.last {
                Some(last) => after = last,
                None => return Ok(()),
            }
        }
    }

    /// Objects to be deleted whose ids come after `after`.
    pub(super) async fn page(&self, after: String) -> Result<DiscardedPage, Error> {
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let found = garbage::discarded_objects(tx, &after, STEP).await?;
                    let last = found.last().map(|object| object.object_id.to_string());
                    let mut objects = Vec::with_capacity(found.len());
                    for object in found {
                        // No step lets go of an object that has its blob. If one ever did, the bytes
                        // are worth more than the space.
                        match garbage::is_in_use(tx, &object).await? {
                            true => tracing::error!(
                                object_id = %object.object_id,
                                "an object that a blob has is not deleted"
                            ),
                            false => objects.push(object),
                        }
                    }
                    Ok(DiscardedPage { objects, last })
                })
            })
            .await
    }

    /// Deletes their files and then forgets them; answers how many are gone. A file that is not there
    /// is.
    pub(super) async fn delete(&self, objects: Vec<DiscardedObject>) -> Result<u64, Error> {
        let mut gone = Vec::with_capacity(objects.len());
        for object in objects {
            let stores = self.stores();
            let Some((_, store)) = stores.iter().find(|(name, _)| *name == object.store) else {
                tracing::warn!(store = object.store, "no such store of objects");
                continue;
            };
            match store.delete(object.object_id).await {
                Ok(()) => gone.push(object.object_id),
                Err(error) => tracing::warn!(
                    object_id = %object.object_id,
                    error = &error as &dyn std::error::Error,
                    "an object could not be deleted"
                ),
            }
        }
        let count = gone.len() as u64;
        if gone.is_empty() {
            return Ok(0);
        }
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    for object_id in &gone {
                        blob::forget_object(tx, object_id).await?;
                    }
                    Ok::<_, Error>(count)
                })
            })
            .await
    }
}

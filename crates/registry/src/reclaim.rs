//! Giving back space: uploads nobody goes on with, objects that rows have let go of, the rows of
//! deleted repositories, old replication backfills, and the results of previews that are over.

use std::time::Duration;

use wharfinger_core::limits::UPLOAD_IDLE_SECONDS_MAX;
use wharfinger_metadata::blob::ObjectStore;
use wharfinger_metadata::{Metadata, blob, repository, upload};

use crate::replication::purge_backfills;
use crate::{Error, Registry};

/// Rows looked at in one step, so that no step is long.
const STEP: u32 = 100;

impl Registry {
    /// Ends uploads that have lain idle for [`UPLOAD_IDLE_SECONDS_MAX`] (one that a request writes
    /// to, however slowly, does not) and previews that are over, and deletes the objects and rows
    /// that nothing uses any more. Called when the server starts and from time to time; safe to
    /// repeat and to break off anywhere. Answers how many uploads it ended.
    pub async fn reclaim(&self) -> Result<u64, Error> {
        let now = self.now();
        let before = now.minus(Duration::from_secs(UPLOAD_IDLE_SECONDS_MAX));
        let mut ended = 0;
        loop {
            let uploads = self.uploads.clone();
            let (seen, in_use) = self
                .metadata
                .write(move |tx| {
                    Box::pin(async move {
                        let (idle, mut in_use) = (upload::idle(tx, before, STEP).await?, 0);
                        for (upload_id, object_id) in &idle {
                            // A single request may take longer than a session may lie idle.
                            if uploads.is_held(*upload_id) {
                                upload::touch(tx, upload_id, now).await?;
                                in_use += 1;
                                continue;
                            }
                            if let Some(object_id) = object_id {
                                blob::discard_object(tx, object_id, now).await?;
                            }
                            upload::delete(tx, upload_id).await?;
                        }
                        Ok::<_, Error>((idle.len(), in_use))
                    })
                })
                .await?;
            ended += (seen - in_use) as u64;
            if seen < STEP as usize {
                break;
            }
        }
        self.delete_discarded_objects().await;
        self.end_previews().await?;
        purge_repositories(&self.metadata).await?;
        purge_backfills(&self.metadata, now).await?;
        Ok(ended)
    }

    /// Removes what deleted repositories have left. Nobody waits for it, and what is cut off is
    /// done the next time.
    pub(crate) fn purge_repositories_soon(&self) {
        let metadata = self.metadata.clone();
        tokio::spawn(async move {
            if let Err(error) = purge_repositories(&metadata).await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "a deleted repository waits for its rows to be removed"
                );
            }
        });
    }

    /// Deletes the objects that committed transactions have let go of. What fails is tried again
    /// the next time, and keeps no other back; nobody waits for it.
    pub(crate) async fn delete_discarded_objects(&self) {
        let (metadata, blobs) = (self.metadata.clone(), self.blobs.clone());
        let archive = self.archive.clone();
        let work = async move {
            let mut after = String::new();
            loop {
                let from = std::mem::take(&mut after);
                let objects = metadata
                    .read(move |tx| {
                        Box::pin(async move {
                            let mut found = Vec::new();
                            for object_id in blob::discarded_objects(tx, &from, STEP).await? {
                                let store = blob::store_of_discarded(tx, &object_id).await?;
                                found.push((object_id, store));
                            }
                            Ok::<_, Error>(found)
                        })
                    })
                    .await?;
                let Some(last) = objects.last() else { return Ok::<_, Error>(()) };
                after = last.0.to_string();
                let mut gone = Vec::with_capacity(objects.len());
                for (object_id, store) in objects {
                    let store = match (store, &archive) {
                        (ObjectStore::Main, _) => &blobs,
                        (ObjectStore::Archive, Some(archive)) => archive,
                        (ObjectStore::Archive, None) => continue,
                    };
                    match store.delete(object_id).await {
                        Ok(()) => gone.push(object_id),
                        Err(error) => tracing::warn!(
                            %object_id,
                            error = &error as &dyn std::error::Error,
                            "an object could not be deleted"
                        ),
                    }
                }
                metadata
                    .write(move |tx| {
                        Box::pin(async move {
                            for object_id in &gone {
                                blob::forget_object(tx, object_id).await?;
                            }
                            Ok::<_, Error>(())
                        })
                    })
                    .await?;
            }
        };
        tokio::spawn(async move {
            if let Err(error) = work.await {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "objects wait for deletion"
                );
            }
        });
    }
}

/// In steps, between which others write.
async fn purge_repositories(metadata: &Metadata) -> Result<(), Error> {
    let step = || {
        metadata
            .write(|tx| Box::pin(async move { Ok::<_, Error>(repository::purge(tx, STEP).await?) }))
    };
    while step().await? {}
    Ok(())
}

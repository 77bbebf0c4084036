//! Giving back space: objects that rows have let go of, and uploads nobody goes on with.

use std::time::Duration;

use wharfinger_core::limits::UPLOAD_IDLE_SECONDS_MAX;
use wharfinger_metadata::{blob, upload};

use crate::{Error, Registry};

/// Rows looked at in one step, so that no step is long.
const STEP: u32 = 100;

impl Registry {
    /// Ends uploads that have lain idle for [`UPLOAD_IDLE_SECONDS_MAX`], and deletes the objects
    /// that nothing uses any more. Called when the server starts and from time to time; safe to
    /// repeat and to break off anywhere. Answers how many uploads it ended.
    pub async fn reclaim(&self) -> Result<u64, Error> {
        let now = self.now();
        let before = now.minus(Duration::from_secs(UPLOAD_IDLE_SECONDS_MAX));
        let mut ended = 0;
        loop {
            let step = self
                .metadata
                .write(move |tx| {
                    Box::pin(async move {
                        let idle = upload::idle(tx, before, STEP).await?;
                        for (upload_id, object_id) in &idle {
                            if let Some(object_id) = object_id {
                                blob::discard_object(tx, object_id, now).await?;
                            }
                            upload::delete(tx, upload_id).await?;
                        }
                        Ok::<_, Error>(idle.len())
                    })
                })
                .await?;
            ended += step as u64;
            if step < STEP as usize {
                break;
            }
        }
        self.delete_discarded_objects().await;
        Ok(ended)
    }

    /// Deletes the objects that committed transactions have let go of. What fails is tried again
    /// the next time; nobody waits for it.
    pub(crate) async fn delete_discarded_objects(&self) {
        let (metadata, blobs) = (self.metadata.clone(), self.blobs.clone());
        let work = async move {
            loop {
                let objects = metadata
                    .read(|tx| {
                        Box::pin(
                            async move { Ok::<_, Error>(blob::discarded_objects(tx, STEP).await?) },
                        )
                    })
                    .await?;
                if objects.is_empty() {
                    return Ok::<_, Error>(());
                }
                for object in &objects {
                    blobs.delete(*object).await?;
                }
                metadata
                    .write(move |tx| {
                        Box::pin(async move {
                            for object in &objects {
                                blob::forget_object(tx, object).await?;
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

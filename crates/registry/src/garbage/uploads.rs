//! Uploads that nobody goes on with.

use std::time::Duration;

use wharfinger_core::Timestamp;
use wharfinger_core::limits::UPLOAD_IDLE_SECONDS_MAX;
use wharfinger_metadata::{blob, upload};

use super::{Collection, STEP};
use crate::{Error, Registry};

impl Registry {
    /// Ends uploads that have lain idle for [`UPLOAD_IDLE_SECONDS_MAX`]; one that a request writes
    /// to, however slowly, does not.
    pub(super) async fn end_idle_uploads(&self, run: &mut Collection<'_>) -> Result<(), Error> {
        let (now, idle) = (self.now(), Duration::from_secs(UPLOAD_IDLE_SECONDS_MAX));
        self.touch_held_uploads(now, now.minus(idle / 2)).await?;
        loop {
            let began = run.pace.begin();
            let (seen, ended) = self.end_some_idle_uploads(now, now.minus(idle)).await?;
            run.report.uploads += ended;
            self.counters.uploads_abandoned.add(ended);
            run.rest(began).await;
            if seen < STEP as usize {
                return Ok(());
            }
        }
    }

    /// A single request may take longer than a session may lie idle. Its row says so in good time, for
    /// other processes do not know what this one writes to.
    async fn touch_held_uploads(&self, now: Timestamp, before: Timestamp) -> Result<(), Error> {
        for held in self.uploads.held().chunks(STEP as usize) {
            let held = held.to_vec();
            self.metadata
                .write(move |tx| {
                    Box::pin(async move {
                        for upload_id in &held {
                            upload::touch_idle(tx, upload_id, before, now).await?;
                        }
                        Ok::<_, Error>(())
                    })
                })
                .await?;
        }
        Ok(())
    }

    /// Answers how many there were in this step, and how many of them were ended.
    async fn end_some_idle_uploads(
        &self,
        now: Timestamp,
        before: Timestamp,
    ) -> Result<(usize, u64), Error> {
        let uploads = self.uploads.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let (idle, mut ended) = (upload::idle(tx, before, STEP).await?, 0);
                    for (upload_id, object_id) in &idle {
                        if uploads.is_held(*upload_id) {
                            upload::touch(tx, upload_id, now).await?;
                            continue;
                        }
                        if let Some(object_id) = object_id {
                            blob::discard_object(tx, object_id, now).await?;
                        }
                        upload::delete(tx, upload_id).await?;
                        ended += 1;
                    }
                    Ok((idle.len(), ended))
                })
            })
            .await
    }
}

//! Of the check: uploads on their way. What was acknowledged of each must be in the store.

use wharfinger_blobs::UploadCheckpoint;
use wharfinger_metadata::check::{self, CheckedUpload};
use wharfinger_metadata::{blob, upload};

use super::{Check, Finding, FindingCode, STEP};
use crate::Error;

impl Check<'_> {
    pub(super) async fn uploads(&mut self) -> Result<(), Error> {
        let mut after = String::new();
        loop {
            let from = after;
            let page = self
                .registry
                .metadata
                .read(move |tx| {
                    Box::pin(async move { Ok::<_, Error>(check::uploads(tx, &from, STEP).await?) })
                })
                .await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.upload_id.clone();
            for upload in page {
                if let Some(why) = self.why_broken(&upload).await?
                    && self.is_unchanged(&upload).await?
                {
                    self.broken(upload, why).await?;
                }
            }
        }
    }

    async fn why_broken(&mut self, upload: &CheckedUpload) -> Result<Option<String>, Error> {
        let Some(bytes) = &upload.checkpoint else { return Ok(None) };
        match UploadCheckpoint::from_bytes(bytes.clone()) {
            Err(error) => Ok(Some(error.to_string())),
            Ok(checkpoint) => match self.registry.store_named("").holds(&checkpoint).await? {
                true => Ok(None),
                false => Ok(Some("its file holds less than was acknowledged".to_owned())),
            },
        }
    }

    /// Whether the session stands where it was found: one that ended has no file any more.
    async fn is_unchanged(&mut self, upload: &CheckedUpload) -> Result<bool, Error> {
        let id = upload.upload_id.clone();
        let now = self
            .registry
            .metadata
            .read(move |tx| {
                Box::pin(async move { Ok::<_, Error>(check::find_upload(tx, &id).await?) })
            })
            .await?;
        Ok(now.as_ref() == Some(upload))
    }

    async fn broken(&mut self, broken: CheckedUpload, why: String) -> Result<(), Error> {
        let what = format!("upload {} cannot go on: {why}", broken.upload_id);
        let remedy = "the client begins again; `--repair` ends the session";
        let mut finding = Finding::new(FindingCode::UploadBroken, what, remedy);
        if self.options.repair {
            self.end(broken).await?;
            finding = finding.repaired("the session was ended, and its client begins again");
        }
        self.found(finding);
        Ok(())
    }

    async fn end(&mut self, broken: CheckedUpload) -> Result<(), Error> {
        let now = self.registry.now();
        let Ok(upload_id) = broken.upload_id.parse() else { return Ok(()) };
        self.registry
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    if upload::delete(tx, &upload_id).await?
                        && let Some(object_id) = &broken.object_id
                    {
                        blob::discard_object(tx, object_id, now).await?;
                    }
                    Ok::<_, Error>(())
                })
            })
            .await
    }
}

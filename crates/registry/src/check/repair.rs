//! Of the check: what `--repair` does about damage. Nothing is deleted but what belongs to nothing, and
//! nothing is made up: damaged bytes are put aside, and the next push is asked for them.

use wharfinger_core::{Digest, EntropyExt, ObjectId};
use wharfinger_metadata::check::{self, CheckedBlob, CheckedRepository, recount};
use wharfinger_metadata::{BoxFuture, MetadataError, Tx, blob, scrub};

use super::{Check, Finding};
use crate::Error;
use crate::verification::Damage;

impl Check<'_> {
    /// Tells a finding, after its correction if one is asked for.
    pub(super) async fn corrected<F>(
        &mut self,
        mut finding: Finding,
        what_was_done: &str,
        correct: F,
    ) -> Result<(), Error>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<(), MetadataError>> + Send + 'static,
    {
        if self.options.repair {
            self.registry.metadata.write(correct).await?;
            finding = finding.repaired(what_was_done);
        }
        self.found(finding);
        Ok(())
    }

    /// Marks a blob, so that clients are asked to push it, and puts what there is of it aside. Answers
    /// whether it had the same object still.
    pub(super) async fn put_blob_aside(
        &mut self,
        blob: &CheckedBlob,
        damage: &Damage,
    ) -> Result<bool, Error> {
        let (domain, row, now) = (blob.key_domain.clone(), blob.row.clone(), self.registry.now());
        let object_id = row.object_id;
        let marked = self
            .registry
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = check::find_blob(tx, &domain, &row.digest).await?;
                    if found.is_none_or(|found| found.row.object_id != row.object_id) {
                        return Ok(false);
                    }
                    blob::mark_damaged(tx, &row.object_id, &domain, &row.digest, now).await?;
                    Ok::<_, Error>(true)
                })
            })
            .await?;
        if !marked || matches!(damage, Damage::Missing) {
            return Ok(marked);
        }
        // From here on nobody is told that the blob is there, and a push of it makes another object.
        let store = self.registry.store_named(&blob.store);
        if let Some(sealed) = self.inline_bytes(object_id).await? {
            store.quarantine_bytes(object_id, sealed.into()).await?;
            self.registry
                .metadata
                .write(move |tx| {
                    Box::pin(
                        async move { Ok::<_, Error>(recount::take_inline(tx, &object_id).await?) },
                    )
                })
                .await?;
        } else {
            store.quarantine(object_id).await?;
        }
        Ok(true)
    }

    /// Notes that a blob that was held to be damaged is sound.
    pub(super) async fn unmark(&mut self, blob: &CheckedBlob) -> Result<(), Error> {
        let (domain, row, now) = (blob.key_domain.clone(), blob.row.clone(), self.registry.now());
        self.registry
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let (object_id, digest) = (&row.object_id, &row.digest);
                    scrub::mark_verified(tx, object_id, &domain, digest, now).await?;
                    Ok::<_, Error>(())
                })
            })
            .await
    }

    /// Puts the sealed bytes of a damaged manifest aside, so that a push of its image brings it back.
    /// Answers what they are called there.
    pub(super) async fn put_manifest_aside(
        &mut self,
        repository: &CheckedRepository,
        digest: Digest,
        sealed: &[u8],
    ) -> Result<ObjectId, Error> {
        let object_id = ObjectId::from_bytes(self.registry.entropy.bytes());
        let bytes = sealed.to_vec();
        let store = self.registry.store_named("");
        store.quarantine_bytes(object_id, bytes.clone().into()).await?;
        let id = repository.id;
        self.registry
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    recount::take_manifest(tx, id, &digest, &bytes).await?;
                    Ok::<_, Error>(())
                })
            })
            .await?;
        Ok(object_id)
    }
}

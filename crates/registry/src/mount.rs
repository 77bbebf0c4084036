//! Mounting: a blob of one repository linked into another, without a byte being sent.

use wharfinger_auth::actions::{GetDownloadUrlForLayer, InitiateLayerUpload};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Digest;
use wharfinger_metadata::blob::{self, BlobUse};
use wharfinger_metadata::{RepositoryId, Tx, repository};

use crate::account_setting::blob_mounting;
use crate::kms_key::require_usable;
use crate::{Error, Registry};

impl Registry {
    /// `[end-11] POST …/blobs/uploads/?mount=<digest>&from=<source>`: links a blob of the source
    /// into the permit's repository, and answers whether it did.
    ///
    /// It does for a sound blob that an active image of the source uses, where both repositories
    /// are of one registry and one key and the registry's account setting `BLOB_MOUNTING` is not
    /// `DISABLED`. For whatever else there is one answer, so that the caller learns nothing of a
    /// repository, and uploads. The link is the repository's own: it outlives the source and the
    /// setting.
    pub async fn mount_blob(
        &self,
        permit: &Permit<InitiateLayerUpload>,
        source: &Permit<GetDownloadUrlForLayer>,
        digest: Digest,
    ) -> Result<bool, Error> {
        let (target, source) = (permit.resource().clone(), source.resource().clone());
        if target.registry != source.registry {
            return Ok(false);
        }
        // Most that is asked for cannot be had: that costs no write.
        let found = {
            let (target, source) = (target.clone(), source.clone());
            self.metadata.read(move |tx| {
                Box::pin(async move { mountable(tx, &target, &source, &digest).await })
            })
        };
        if found.await?.is_none() {
            return Ok(false);
        }
        let now = self.now();
        let leased_until = now.plus(self.upkeep.push_lease);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = mountable(tx, &target, &source, &digest).await?;
                    let Some(repository) = found else { return Ok(false) };
                    blob::link(tx, repository, &digest, now, leased_until).await?;
                    Ok(true)
                })
            })
            .await
    }
}

/// The repository that the blob may be linked into, if it may be.
async fn mountable(
    tx: &mut Tx,
    target: &RepositoryResource,
    source: &RepositoryResource,
    digest: &Digest,
) -> Result<Option<RepositoryId>, Error> {
    if !blob_mounting(tx, &target.registry).await? {
        return Ok(None);
    }
    let Some(target) = repository::find(tx, &target.registry, &target.name).await? else {
        return Ok(None);
    };
    require_usable(tx, &target.key_domain).await?;
    let Some(source) = repository::find(tx, &source.registry, &source.name).await? else {
        return Ok(None);
    };
    if source.key_domain != target.key_domain {
        return Ok(None);
    }
    let found = blob::find_linked(tx, source.id, &source.key_domain, digest).await?;
    let sound = found.is_some_and(|blob| blob.damaged_at.is_none());
    let used = sound && blob::find_use(tx, source.id, digest).await? == BlobUse::Active;
    Ok(used.then_some(target.id))
}

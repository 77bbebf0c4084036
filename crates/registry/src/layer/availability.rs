//! Telling that a layer is there, and keeping that promise: ECR's `BatchCheckLayerAvailability`, and
//! `HEAD`, which is the same.

use std::collections::HashSet;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::BatchCheckLayerAvailability;
use wharfinger_core::{Digest, Timestamp};
use wharfinger_metadata::blob::{self, BlobUse, LinkedBlobRow};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{MetadataError, RepositoryId, Tx};

use crate::repository::must_find;
use crate::{Error, Registry};

/// Whether a repository has a layer (ECR's `Layer`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerAvailability {
    /// It has.
    Available {
        /// The layer.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
    },
    /// It has, and only archived images use it: a push may refer to it, a pull gets it not.
    Archived {
        /// The layer.
        digest: Digest,
        /// Its size.
        size_bytes: u64,
    },
    /// It has not (or its bytes are damaged, which pushing it again heals).
    Unavailable {
        /// The layer.
        digest: Digest,
    },
    /// The text is no digest (`InvalidLayerDigest`).
    Invalid {
        /// The text.
        text: String,
    },
    /// The text is blank (`MissingLayerDigest`).
    Missing,
}

/// A link that is about to be told of and has too little left of its lease.
struct ShortLease {
    digest: Digest,
    /// Whether something keeps it now.
    is_claimed: bool,
}

impl Registry {
    /// ECR `BatchCheckLayerAvailability`: one answer for each digest, in their order.
    ///
    /// A client that is told of a layer does not send it, and refers to it later: so its link is
    /// leased before the answer is given, unless at least half of an earlier lease is left.
    pub async fn batch_check_layer_availability(
        &self,
        permit: &Permit<BatchCheckLayerAvailability>,
        digests: Vec<String>,
    ) -> Result<Vec<LayerAvailability>, Error> {
        let (resource, now) = (permit.resource().clone(), self.now());
        let enough = now.plus(self.upkeep.push_lease / 2);
        let look = self.metadata.read(move |tx| {
            Box::pin(async move {
                let repository = must_find(tx, &resource).await?;
                let (mut layers, mut short) = (Vec::with_capacity(digests.len()), Vec::new());
                for text in digests {
                    let (layer, link) = look(tx, &repository, text).await?;
                    if let Some(link) = link.filter(|link| link.leased_until < enough) {
                        let is_claimed = link.used != BlobUse::Unused || link.leased_until > now;
                        short.push(ShortLease { digest: link.blob.digest, is_claimed });
                    }
                    layers.push(layer);
                }
                Ok::<_, Error>((repository.id, layers, short))
            })
        });
        let (repository, mut layers, short) = look.await?;
        if short.is_empty() {
            return Ok(layers);
        }
        let lost = self.lease_links(repository, short, now).await?;
        for layer in &mut layers {
            if let LayerAvailability::Available { digest, .. }
            | LayerAvailability::Archived { digest, .. } = layer
                && lost.contains(digest)
            {
                *layer = LayerAvailability::Unavailable { digest: *digest };
            }
        }
        Ok(layers)
    }

    /// Keeps links for as long as a push may rely on them; answers those that cannot be kept, since
    /// they were collected after they were seen.
    async fn lease_links(
        &self,
        repository: RepositoryId,
        links: Vec<ShortLease>,
        now: Timestamp,
    ) -> Result<HashSet<Digest>, Error> {
        let until = now.plus(self.upkeep.push_lease);
        let digests: Vec<Digest> = links.iter().map(|link| link.digest).collect();
        let leased = self.metadata.write(move |tx| {
            Box::pin(async move {
                let mut lost = HashSet::new();
                for digest in digests {
                    if !blob::lease(tx, repository, &digest, until).await? {
                        lost.insert(digest);
                    }
                }
                Ok(lost)
            })
        });
        match leased.await {
            // Where nothing can be written nothing is collected either, and pulls ask as well. What
            // nothing keeps is not told of: it may go as soon as something can be written.
            Err(MetadataError::StorageFull(_) | MetadataError::ReadOnly(_)) => {
                let unclaimed = links.into_iter().filter(|link| !link.is_claimed);
                Ok(unclaimed.map(|link| link.digest).collect())
            }
            leased => Ok(leased?),
        }
    }
}

/// What there is to say of a digest, and the link, if the repository has a sound blob of it.
async fn look(
    tx: &mut Tx,
    repository: &RepositoryRow,
    text: String,
) -> Result<(LayerAvailability, Option<LinkedBlobRow>), Error> {
    let digest = match text.parse::<Digest>() {
        Ok(digest) => digest,
        Err(_) if text.trim().is_empty() => return Ok((LayerAvailability::Missing, None)),
        Err(_) => return Ok((LayerAvailability::Invalid { text }, None)),
    };
    let found = blob::find_link(tx, repository.id, &repository.key_domain, &digest).await?;
    let Some(link) = found.filter(|link| link.blob.damaged_at.is_none()) else {
        return Ok((LayerAvailability::Unavailable { digest }, None));
    };
    let size_bytes = link.blob.size_bytes;
    let layer = match link.used {
        BlobUse::Archived => LayerAvailability::Archived { digest, size_bytes },
        BlobUse::Active | BlobUse::Unused => LayerAvailability::Available { digest, size_bytes },
    };
    Ok((layer, Some(link)))
}

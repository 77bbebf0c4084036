//! Replication: its configuration, the status of images, backfills.
//!
//! Nothing here can copy to another registry yet. What is configured is stored and given back, and
//! no image has a status of replication.

mod backfill;
mod configuration;

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DescribeImageReplicationStatus, DescribeRegistry, PutReplicationConfiguration,
};
use wharfinger_metadata::registry_setting;

use crate::deletion::must_resolve;
use crate::repository::must_find;
use crate::{Error, ImageIdentifier, Registry, RequestedImage};

pub(crate) use backfill::purge_backfills;
pub use backfill::{ReplicationBackfill, ReplicationBackfillStatus};
pub use configuration::ReplicationRule;

impl Registry {
    /// ECR `DescribeRegistry`: the rules of replication. A registry without any has none, which is
    /// no error.
    pub async fn describe_registry(
        &self,
        permit: &Permit<DescribeRegistry>,
    ) -> Result<Vec<ReplicationRule>, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move { configuration::of_registry(tx, &registry).await })
            })
            .await
    }

    /// ECR `PutReplicationConfiguration`: replaces all rules.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] for more rules, destinations or filters than ECR takes, for a
    /// filter that is no beginning of a repository's name, and for this registry as a destination.
    pub async fn put_replication_configuration(
        &self,
        permit: &Permit<PutReplicationConfiguration>,
        rules: &[ReplicationRule],
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        configuration::check(rules, &registry)?;
        let document = configuration::document(rules)?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let name = configuration::SETTING;
                    Ok(registry_setting::put(tx, &registry, name, &document, now).await?)
                })
            })
            .await
    }

    /// ECR `DescribeImageReplicationStatus`: the image. No destination was tried for it.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`], [`Error::ImageNotFound`].
    pub async fn describe_image_replication_status(
        &self,
        permit: &Permit<DescribeImageReplicationStatus>,
        requested: RequestedImage,
    ) -> Result<ImageIdentifier, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    Ok(must_resolve(tx, repository, requested, &resource).await?.0)
                })
            })
            .await
    }
}

//! Lifecycle policies: put, read, deleted, previewed and carried out. What they mean is the business
//! of `wharfinger-lifecycle-policy`.

mod event;
mod execution;
mod preview;
mod reading;

use std::sync::Arc;

use wharfinger_auth::actions::{DeleteLifecyclePolicy, GetLifecyclePolicy, PutLifecyclePolicy};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::Timestamp;
use wharfinger_lifecycle_policy::LifecyclePolicy;
use wharfinger_metadata::lifecycle_policy::{self, LifecyclePolicyRow};
use wharfinger_metadata::{RepositoryId, Tx};

pub(crate) use self::execution::{evaluate_at, evaluate_soon};
pub(crate) use self::preview::PreviewRuns;
pub use self::preview::{LifecyclePolicyPreview, PreviewFilter, PreviewSummary, PreviewedImage};
use crate::repository::must_find;
use crate::{Error, Registry};

/// The lifecycle policy of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLifecyclePolicy {
    /// Its text, as it was put.
    pub text: String,
    /// When it was last evaluated; the epoch until it has been.
    pub last_evaluated_at: Timestamp,
}

impl Registry {
    /// ECR `PutLifecyclePolicy`: in place of an older policy. It is evaluated at once.
    ///
    /// # Errors
    /// [`Error::InvalidLifecyclePolicy`], before anything is looked up.
    pub async fn put_lifecycle_policy(
        &self,
        permit: &Permit<PutLifecyclePolicy>,
        text: String,
    ) -> Result<(), Error> {
        LifecyclePolicy::parse(&text)?;
        let (resource, now) = (permit.resource().clone(), self.now());
        let entropy = Arc::clone(&self.entropy);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    lifecycle_policy::put(tx, repository, &text, now).await?;
                    Ok(evaluate_at(tx, &*entropy, repository, now, now).await?)
                })
            })
            .await
    }

    /// ECR `GetLifecyclePolicy`.
    ///
    /// # Errors
    /// [`Error::LifecyclePolicyNotFound`].
    pub async fn get_lifecycle_policy(
        &self,
        permit: &Permit<GetLifecyclePolicy>,
    ) -> Result<StoredLifecyclePolicy, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    must_have_policy(tx, repository, &resource).await.map(Into::into)
                })
            })
            .await
    }

    /// ECR `DeleteLifecyclePolicy`: answers what it removed.
    ///
    /// # Errors
    /// [`Error::LifecyclePolicyNotFound`].
    pub async fn delete_lifecycle_policy(
        &self,
        permit: &Permit<DeleteLifecyclePolicy>,
    ) -> Result<StoredLifecyclePolicy, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let removed = must_have_policy(tx, repository, &resource).await?;
                    lifecycle_policy::delete(tx, repository).await?;
                    Ok(removed.into())
                })
            })
            .await
    }
}

impl From<LifecyclePolicyRow> for StoredLifecyclePolicy {
    fn from(row: LifecyclePolicyRow) -> Self {
        Self { text: row.policy_text, last_evaluated_at: row.last_evaluated_at }
    }
}

/// The policy of a repository.
///
/// # Errors
/// [`Error::LifecyclePolicyNotFound`].
async fn must_have_policy(
    tx: &mut Tx,
    repository: RepositoryId,
    resource: &RepositoryResource,
) -> Result<LifecyclePolicyRow, Error> {
    let found = lifecycle_policy::find(tx, repository).await?;
    found.ok_or_else(|| no_policy(resource))
}

fn no_policy(resource: &RepositoryResource) -> Error {
    Error::LifecyclePolicyNotFound {
        name: resource.name.clone(),
        registry: resource.registry.account,
    }
}

fn internal(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Server(Box::new(error))
}

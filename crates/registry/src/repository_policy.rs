//! Repository policies: who may do what to one repository.

use wharfinger_auth::actions::{DeleteRepositoryPolicy, GetRepositoryPolicy, SetRepositoryPolicy};
use wharfinger_auth::{Caller, Permit, RepositoryResource, ResourcePolicy};
use wharfinger_metadata::repository_policy;

use crate::repository::must_find;
use crate::{Error, Registry};

/// Whether a policy may keep whoever sets it from setting another (`force`).
#[derive(Clone, Copy, Debug)]
pub enum LockOut<'a> {
    /// It may.
    Accepted,
    /// Not this caller.
    RefusedFor(&'a Caller),
}

impl Registry {
    /// ECR `SetRepositoryPolicy`: replaces the policy, which holds from the next request on. It is
    /// kept as it was sent.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] at `PolicyText` for what is no policy or names a user who does
    /// not exist, and for one that locks its setter out unless that is accepted.
    pub async fn set_repository_policy(
        &self,
        permit: &Permit<SetRepositoryPolicy>,
        policy_text: &str,
        lock_out: LockOut<'_>,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        let policy =
            ResourcePolicy::repository(policy_text, &resource.registry).map_err(|error| {
                tracing::debug!(%error, "a repository policy was refused");
                invalid_policy()
            })?;
        let locks_out = match lock_out {
            LockOut::Accepted => false,
            LockOut::RefusedFor(caller) => {
                let could = caller.could_under::<SetRepositoryPolicy>(&resource, &policy).await;
                !could.map_err(|error| Error::Server(error.into()))?
            }
        };
        let (text, now) = (policy_text.to_owned(), self.now());
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    if !policy.principals_exist(tx).await? {
                        return Err(invalid_policy());
                    }
                    if locks_out {
                        let reason = "The policy would keep the caller from setting another one; \
                                      it needs the force flag";
                        return Err(Error::invalid("PolicyText", reason));
                    }
                    Ok(repository_policy::put(tx, repository, &text, now).await?)
                })
            })
            .await
    }

    /// ECR `GetRepositoryPolicy`: the text, as it was sent.
    ///
    /// # Errors
    /// [`Error::RepositoryPolicyNotFound`].
    pub async fn get_repository_policy(
        &self,
        permit: &Permit<GetRepositoryPolicy>,
    ) -> Result<String, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let found = repository_policy::get(tx, repository).await?;
                    found.ok_or_else(|| not_found(resource))
                })
            })
            .await
    }

    /// ECR `DeleteRepositoryPolicy`: answers the text that was removed.
    ///
    /// # Errors
    /// [`Error::RepositoryPolicyNotFound`].
    pub async fn delete_repository_policy(
        &self,
        permit: &Permit<DeleteRepositoryPolicy>,
    ) -> Result<String, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let removed = repository_policy::get(tx, repository).await?;
                    repository_policy::delete(tx, repository).await?;
                    removed.ok_or_else(|| not_found(resource))
                })
            })
            .await
    }
}

fn not_found(resource: RepositoryResource) -> Error {
    let RepositoryResource { registry, name } = resource;
    Error::RepositoryPolicyNotFound { name, registry: registry.account }
}

fn invalid_policy() -> Error {
    Error::invalid("PolicyText", "Invalid repository policy provided")
}

//! The registry policy: who may do what in a registry as a whole.

use wharfinger_auth::actions::{DeleteRegistryPolicy, GetRegistryPolicy, PutRegistryPolicy};
use wharfinger_auth::{Permit, ResourcePolicy};
use wharfinger_core::RegistryId;
use wharfinger_metadata::Tx;
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY};

use crate::{Error, Registry};

impl Registry {
    /// ECR `PutRegistryPolicy`: replaces the policy, which holds from the next request on. It is kept
    /// as it was sent.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`] at `PolicyText` for what is no policy, is about something else
    /// than this registry, or names a user who does not exist.
    pub async fn put_registry_policy(
        &self,
        permit: &Permit<PutRegistryPolicy>,
        policy_text: &str,
    ) -> Result<(), Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let policy = ResourcePolicy::registry(policy_text, &registry).map_err(|error| {
            tracing::debug!(%error, "a registry policy was refused");
            invalid_policy()
        })?;
        let text = policy_text.to_owned();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    if !policy.principals_exist(tx).await? {
                        return Err(invalid_policy());
                    }
                    Ok(registry_setting::put(tx, &registry, REGISTRY_POLICY, &text, now).await?)
                })
            })
            .await
    }

    /// ECR `GetRegistryPolicy`: the text, as it was sent.
    ///
    /// # Errors
    /// [`Error::RegistryPolicyNotFound`].
    pub async fn get_registry_policy(
        &self,
        permit: &Permit<GetRegistryPolicy>,
    ) -> Result<String, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .read(move |tx| Box::pin(async move { must_find_policy(tx, &registry).await }))
            .await
    }

    /// ECR `DeleteRegistryPolicy`: answers the text that was removed.
    ///
    /// # Errors
    /// [`Error::RegistryPolicyNotFound`].
    pub async fn delete_registry_policy(
        &self,
        permit: &Permit<DeleteRegistryPolicy>,
    ) -> Result<String, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let removed = must_find_policy(tx, &registry).await?;
                    registry_setting::delete(tx, &registry, REGISTRY_POLICY).await?;
                    Ok(removed)
                })
            })
            .await
    }
}

async fn must_find_policy(tx: &mut Tx, registry: &RegistryId) -> Result<String, Error> {
    let found = registry_setting::get(tx, registry, REGISTRY_POLICY).await?;
    found.ok_or(Error::RegistryPolicyNotFound { registry: registry.account })
}

fn invalid_policy() -> Error {
    Error::invalid("PolicyText", "Invalid registry policy provided")
}

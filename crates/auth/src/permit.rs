//! Permits: proof that someone may do one thing to one resource.

use std::sync::Arc;

use wharfinger_core::{AccountId, Arn, RegistryId, RepositoryName};
use wharfinger_metadata::Changes;

use crate::{Action, Principal};

/// What an action is about.
pub trait Resource: Clone + Send + Sync + 'static {
    /// The account it is in.
    fn account(&self) -> &AccountId;
    /// The registry it is in; none for what is of an account alone, such as its users.
    fn registry(&self) -> Option<&RegistryId>;
    /// The texts policies are matched against: ARNs, or `*`.
    fn arns(&self) -> Vec<String>;
    /// The repositories it names, in the order of [`arns`](Self::arns); none if it names none.
    fn repositories(&self) -> &[RepositoryName];
}

/// The registry as a whole; policies see `*`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryResource {
    /// Which registry.
    pub registry: RegistryId,
}

impl Resource for RegistryResource {
    fn account(&self) -> &AccountId {
        &self.registry.account
    }

    fn registry(&self) -> Option<&RegistryId> {
        Some(&self.registry)
    }

    fn arns(&self) -> Vec<String> {
        vec!["*".into()]
    }

    fn repositories(&self) -> &[RepositoryName] {
        &[]
    }
}

/// A public registry as a whole; policies see `arn:aws:ecr-public::A:registry/A`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicRegistryResource {
    registry: RegistryId,
}

impl PublicRegistryResource {
    /// The public registry of `account`.
    pub fn new(account: AccountId) -> Self {
        Self { registry: RegistryId::public(account) }
    }

    /// Which registry it is.
    pub fn registry(&self) -> &RegistryId {
        &self.registry
    }
}

impl Resource for PublicRegistryResource {
    fn account(&self) -> &AccountId {
        &self.registry.account
    }

    fn registry(&self) -> Option<&RegistryId> {
        Some(&self.registry)
    }

    fn arns(&self) -> Vec<String> {
        vec![Arn::public_registry(&self.registry.account).to_string()]
    }

    fn repositories(&self) -> &[RepositoryName] {
        &[]
    }
}

/// One repository, whether or not it exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryResource {
    /// The registry it is in.
    pub registry: RegistryId,
    /// Its name.
    pub name: RepositoryName,
}

impl Resource for RepositoryResource {
    fn account(&self) -> &AccountId {
        &self.registry.account
    }

    fn registry(&self) -> Option<&RegistryId> {
        Some(&self.registry)
    }

    fn arns(&self) -> Vec<String> {
        vec![Arn::repository(&self.registry, &self.name).to_string()]
    }

    fn repositories(&self) -> &[RepositoryName] {
        std::slice::from_ref(&self.name)
    }
}

/// Some repositories by name, or (with no names) all of them; policies see `repository/*` then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoriesResource {
    /// The registry they are in.
    pub registry: RegistryId,
    /// Their names; none means all.
    pub names: Vec<RepositoryName>,
}

impl Resource for RepositoriesResource {
    fn account(&self) -> &AccountId {
        &self.registry.account
    }

    fn registry(&self) -> Option<&RegistryId> {
        Some(&self.registry)
    }

    fn arns(&self) -> Vec<String> {
        if self.names.is_empty() {
            return vec![Arn::every_repository(&self.registry).to_string()];
        }
        self.names.iter().map(|name| Arn::repository(&self.registry, name).to_string()).collect()
    }

    fn repositories(&self) -> &[RepositoryName] {
        &self.names
    }
}

/// What IAM and STS have in an account: a user, a role, a policy, a provider, all of a kind, or the
/// account as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IamResource {
    account: AccountId,
    arn: String,
}

impl IamResource {
    /// What has this ARN in `account`, whether or not it exists.
    pub fn new(account: AccountId, arn: &Arn) -> Self {
        Self { account, arn: arn.to_string() }
    }

    /// The account as a whole; policies see `*`.
    pub fn account_wide(account: AccountId) -> Self {
        Self { account, arn: "*".into() }
    }

    /// Its ARN, or `*`.
    pub fn arn(&self) -> &str {
        &self.arn
    }
}

impl Resource for IamResource {
    fn account(&self) -> &AccountId {
        &self.account
    }

    fn registry(&self) -> Option<&RegistryId> {
        None
    }

    fn arns(&self) -> Vec<String> {
        vec![self.arn.clone()]
    }

    fn repositories(&self) -> &[RepositoryName] {
        &[]
    }
}

/// Proof that the action `A` on its resource was authorized.
///
/// Made by [`Caller::authorize`](crate::Caller::authorize), or by [`Permit::system`] in workers
/// that act for the registry itself.
#[derive(Clone, Debug)]
pub struct Permit<A: Action> {
    principal: Option<Arc<Principal>>,
    resource: A::Resource,
    as_of: Option<Changes>,
}

impl<A: Action> Permit<A> {
    pub(crate) fn granted(
        principal: Arc<Principal>,
        resource: A::Resource,
        as_of: Option<Changes>,
    ) -> Self {
        Self { principal: Some(principal), resource, as_of }
    }

    /// A permit for the registry's own workers, which act for no principal.
    pub fn system(resource: A::Resource) -> Self {
        Self { principal: None, resource, as_of: None }
    }

    /// What had changed when it was decided, if the store was asked: what is read at once may go by
    /// that too, and be of the same moment as the decision.
    pub fn as_of(&self) -> Option<Changes> {
        self.as_of
    }

    /// Who was authorized; none for the registry itself.
    pub fn principal(&self) -> Option<&Principal> {
        self.principal.as_deref()
    }

    /// What the permit is about.
    pub fn resource(&self) -> &A::Resource {
        &self.resource
    }
}

//! Decisions that are asked about, rather than made: by names, as the command line and IAM's
//! simulator have them.

use std::sync::Arc;

use wharfinger_core::{AccountId, Arn, RegistryId, RepositoryName};
use wharfinger_iam_policy::{ContextKeys, PolicyDocument};

use super::{Caller, give_way};
use crate::asked::{Asked, is_of_identity_alone};
use crate::stored_policies::StoredPolicies;
use crate::{AuthorizeError, Explanation};

/// The key that says in which registry an action on `*` is.
const REQUESTED_REGION: &str = "aws:RequestedRegion";

impl Caller {
    /// Whether the caller could do `action` (any, by its name: `ecr:PutImage`) to `resource` (an ARN,
    /// or `*`), and why: by the very policies that decide when it does, those of a repository and its
    /// registry included. Of the circumstances of a request only the `keys` that are given are known, and
    /// what follows from who and what and now.
    ///
    /// An action on `*` is asked of the registry of the caller's account in the region that the key
    /// `aws:RequestedRegion` names; without it, of the caller's own policies alone.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn explain(
        &self,
        action: &str,
        resource: &str,
        keys: &ContextKeys,
    ) -> Result<Explanation, AuthorizeError> {
        let (service, name) = action.split_once(':').unwrap_or(("", action));
        let target = Target::new(service, resource, self.principal().account, keys);
        let stored = match target.registry.as_ref().filter(|_| !is_of_identity_alone(name)) {
            Some(_) if self.is_never_denied(name, &target.account) => StoredPolicies::default(),
            Some(registry) => {
                self.shared.policies.read(registry, &target.repositories, name).await?
            }
            None => StoredPolicies::default(),
        };
        let repository = stored.repositories.first().map(Arc::clone).unwrap_or_default();
        let asked = Asked {
            action,
            arn: resource,
            account: &target.account,
            registry: target.registry.as_ref(),
            place: self.place(name, &target.account),
            policies: [repository.policy.as_ref(), stored.registry.as_deref()],
            tags: &repository.tags,
        };
        self.supposed(&asked, keys)
    }

    /// The same about a resource with this policy, whatever is stored. What an ARN does not say to
    /// be of any account is `owner`'s, or else of the caller's.
    ///
    /// # Errors
    /// Faults of this side only.
    pub async fn explain_under(
        &self,
        action: &str,
        resource: &str,
        policy: Option<&PolicyDocument>,
        owner: Option<AccountId>,
        keys: &ContextKeys,
    ) -> Result<Explanation, AuthorizeError> {
        // Who asks this asks it a thousand times.
        give_way().await;
        let (service, name) = action.split_once(':').unwrap_or(("", action));
        let owner = owner.unwrap_or(self.principal().account);
        let target = Target::new(service, resource, owner, keys);
        let asked = Asked {
            action,
            arn: resource,
            account: &target.account,
            registry: target.registry.as_ref(),
            place: self.place(name, &target.account),
            policies: [policy, None],
            tags: &[],
        };
        self.supposed(&asked, keys)
    }

    /// Which of these condition keys the caller would not have in such a request.
    pub fn missing_keys(
        &self,
        names: impl IntoIterator<Item = String>,
        action: &str,
        resource: &str,
        keys: &ContextKeys,
    ) -> Vec<String> {
        let (service, name) = action.split_once(':').unwrap_or(("", action));
        let target = Target::new(service, resource, self.principal().account, keys);
        let asked = Asked {
            action,
            arn: resource,
            account: &target.account,
            registry: target.registry.as_ref(),
            place: self.place(name, &target.account),
            policies: [None, None],
            tags: &[],
        };
        let keys = self.supposed_keys(keys, &asked);
        names.into_iter().filter(|name| keys.get(name).is_none()).collect()
    }

    fn supposed(
        &self,
        asked: &Asked<'_>,
        keys: &ContextKeys,
    ) -> Result<Explanation, AuthorizeError> {
        let keys = self.supposed_keys(keys, asked);
        let request = self.request(asked, &keys);
        let says = self.says(asked, &request)?;
        Ok(self.explained(asked, &request, &says))
    }
}

/// What a resource's name means.
struct Target {
    account: AccountId,
    registry: Option<RegistryId>,
    /// None, or one.
    repositories: Vec<RepositoryName>,
}

impl Target {
    /// What is not the ARN of a registry's is of the account that it names, or of the caller's.
    fn new(service: &str, resource: &str, own: AccountId, keys: &ContextKeys) -> Self {
        let arn: Option<Arn> = resource.parse().ok();
        let named = arn.as_ref().and_then(|arn| arn.account().parse().ok());
        let account: AccountId = named.unwrap_or(own);
        let region = match &arn {
            Some(arn) => arn.region(),
            None => keys.get(REQUESTED_REGION).and_then(<[_]>::first).map_or("", String::as_str),
        };
        let of_service = arn.as_ref().map_or(service, Arn::service);
        let registry = match of_service {
            "ecr" => region.parse().ok().map(|region| RegistryId::new(account, region)),
            "ecr-public" => Some(RegistryId::public(account)),
            _ => None,
        };
        let name = arn.as_ref().and_then(|arn| arn.resource().strip_prefix("repository/"));
        let repository = name.and_then(|name| name.parse().ok());
        let repositories = registry.as_ref().and(repository).into_iter().collect();
        Self { account, registry, repositories }
    }
}

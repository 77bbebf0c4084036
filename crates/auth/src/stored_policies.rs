//! What the store says of the resources of one authorization: the policy of each repository and its
//! tags, and the policy of the registry, in one read transaction.

use wharfinger_core::{RegistryId, RepositoryName};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY, REGISTRY_POLICY_SCOPE};
use wharfinger_metadata::{Metadata, MetadataError, Tx, repository_policy, resource_tag};

use crate::AuthorizeError;

/// The actions that a registry policy of scope `V1` is asked about. One of scope `V2`, the default,
/// is asked about all of them.
const V1_ACTIONS: [&str; 3] = ["BatchImportUpstreamImage", "CreateRepository", "ReplicateImage"];

/// What holds for the resources of one authorization.
#[derive(Debug, Default)]
pub(crate) struct StoredPolicies {
    /// The policy of the registry, if it has one that is asked about the action.
    pub(crate) registry: Option<PolicyDocument>,
    /// The named repositories, in the order of their names. One that does not exist has nothing.
    pub(crate) repositories: Vec<StoredRepository>,
}

/// Resource tags, (key, value).
type Tags = Vec<(String, String)>;

/// What holds for one repository.
#[derive(Debug, Default)]
pub(crate) struct StoredRepository {
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) tags: Tags,
}

/// The same as texts.
struct Texts {
    registry: Option<String>,
    repositories: Vec<(Option<String>, Tags)>,
}

impl StoredPolicies {
    /// Reads what holds for `action` on these repositories (none: on the registry as a whole).
    pub(crate) async fn read(
        metadata: &Metadata,
        registry: &RegistryId,
        names: &[RepositoryName],
        action: &'static str,
    ) -> Result<Self, AuthorizeError> {
        let (registry, names) = (registry.clone(), names.to_vec());
        let texts: Texts = metadata
            .read(move |tx| Box::pin(async move { texts(tx, &registry, &names, action).await }))
            .await?;
        let registry = parse(PolicyKind::Registry, texts.registry)?;
        let repositories = texts.repositories.into_iter().map(|(policy, tags)| {
            Ok(StoredRepository { policy: parse(PolicyKind::Repository, policy)?, tags })
        });
        Ok(Self { registry, repositories: repositories.collect::<Result<_, AuthorizeError>>()? })
    }
}

async fn texts(
    tx: &mut Tx,
    registry: &RegistryId,
    names: &[RepositoryName],
    action: &'static str,
) -> Result<Texts, MetadataError> {
    let mut repositories = Vec::with_capacity(names.len());
    for name in names {
        repositories.push(match repository_policy::find_named(tx, registry, name).await? {
            Some((id, policy)) => (policy, resource_tag::list(tx, id).await?),
            None => (None, Vec::new()),
        });
    }
    let mut policy = registry_setting::get(tx, registry, REGISTRY_POLICY).await?;
    if policy.is_some() && !V1_ACTIONS.contains(&action) {
        let scope = registry_setting::get(tx, registry, REGISTRY_POLICY_SCOPE).await?;
        policy = policy.filter(|_| scope.as_deref() != Some("V1"));
    }
    Ok(Texts { registry: policy, repositories })
}

/// A policy that does not parse (it did when it was stored) might deny, so nothing may go on without
/// it.
fn parse(kind: PolicyKind, text: Option<String>) -> Result<Option<PolicyDocument>, AuthorizeError> {
    let parsed = text.map(|text| PolicyDocument::parse_as(kind, &text)).transpose();
    parsed.map_err(|error| AuthorizeError::PolicyUnreadable(error.to_string()))
}

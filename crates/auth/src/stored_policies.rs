//! What the store says of the resources of authorizations: the policies of repositories and their
//! tags, and the policies of registries.
//!
//! What one authorization goes by is what held at one moment: all of it comes out of the caches, or
//! all of it is read in one transaction. Part of either could pair a policy with what another one
//! said later, and find no denial where there always was one.

use std::sync::Arc;

use wharfinger_core::limits::RESOURCE_POLICY_CACHE_BYTES_MAX;
use wharfinger_core::{RegistryId, RepositoryName};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};
use wharfinger_metadata::registry_setting::{self, REGISTRY_POLICY, REGISTRY_POLICY_SCOPE};
use wharfinger_metadata::{
    ChangeKind, Changes, Metadata, MetadataError, StandingCache, Tx, repository_policy,
    resource_tag,
};

use crate::AuthorizeError;

/// The actions that a registry policy of scope `V1` is asked about. One of scope `V2`, the default,
/// is asked about all of them.
const V1_ACTIONS: [&str; 3] = ["BatchImportUpstreamImage", "CreateRepository", "ReplicateImage"];
/// What an entry of a cache takes up beside its texts.
const ENTRY_BYTES: usize = 1024;
/// What a byte of a policy takes up when it is parsed, roughly: four as a pattern, and itself.
const PARSED_BYTES_PER_BYTE: usize = 8;

/// What holds for the resources of one authorization.
#[derive(Debug, Default)]
pub(crate) struct StoredPolicies {
    /// The policy of the registry, if it has one that is asked about the action.
    pub(crate) registry: Option<Arc<PolicyDocument>>,
    /// The named repositories, in the order of their names. One that does not exist has nothing.
    pub(crate) repositories: Vec<Arc<StoredRepository>>,
    /// What had changed before they were read; `None` if nothing was.
    pub(crate) as_of: Option<Changes>,
}

/// Resource tags, (key, value).
type Tags = Vec<(String, String)>;

/// What holds for one repository.
#[derive(Debug, Default)]
pub(crate) struct StoredRepository {
    pub(crate) policy: Option<PolicyDocument>,
    pub(crate) tags: Tags,
}

impl StoredRepository {
    /// The same under another policy.
    pub(crate) fn under(&self, policy: PolicyDocument) -> Self {
        Self { policy: Some(policy), tags: self.tags.clone() }
    }
}

/// What holds for one registry.
#[derive(Clone)]
struct StoredRegistry {
    policy: Option<Arc<PolicyDocument>>,
    /// Whether its policy is of scope `V1`.
    is_v1: bool,
}

impl StoredRegistry {
    /// Its policy, if that is asked about `action`.
    fn policy_for(self, action: &str) -> Option<Arc<PolicyDocument>> {
        self.policy.filter(|_| !self.is_v1 || V1_ACTIONS.contains(&action))
    }
}

/// The same as texts.
struct Texts {
    registry: Option<String>,
    is_v1: bool,
    repositories: Vec<(Option<String>, Tags)>,
}

/// A repository by its place.
type Place = (RegistryId, RepositoryName);

/// The policies of the resources there are, parsed, as long as they hold.
pub(crate) struct PolicyStore {
    metadata: Metadata,
    registries: StandingCache<RegistryId, StoredRegistry>,
    repositories: StandingCache<Place, Arc<StoredRepository>>,
}

impl PolicyStore {
    pub(crate) fn new(metadata: Metadata) -> Self {
        let bytes_max = RESOURCE_POLICY_CACHE_BYTES_MAX;
        let registries = StandingCache::new(ChangeKind::Access, bytes_max);
        let repositories = StandingCache::new(ChangeKind::Access, bytes_max);
        Self { metadata, registries, repositories }
    }

    /// What holds for `action` on these repositories (none: on the registry as a whole).
    pub(crate) async fn read(
        &self,
        registry: &RegistryId,
        names: &[RepositoryName],
        action: &str,
    ) -> Result<StoredPolicies, AuthorizeError> {
        let changes = self.metadata.changes().await?;
        let (stored, repositories) = match self.kept(&changes, registry, names) {
            Some(kept) => kept,
            None => self.read_anew(&changes, registry, names).await?,
        };
        let (registry, as_of) = (stored.policy_for(action), Some(changes));
        Ok(StoredPolicies { registry, repositories, as_of })
    }

    /// All of it, if all of it is in the caches.
    fn kept(
        &self,
        changes: &Changes,
        registry: &RegistryId,
        names: &[RepositoryName],
    ) -> Option<(StoredRegistry, Vec<Arc<StoredRepository>>)> {
        let stored = self.registries.get(changes, registry)?;
        let kept = |name: &RepositoryName| {
            self.repositories.get(changes, &(registry.clone(), name.clone()))
        };
        Some((stored, names.iter().map(kept).collect::<Option<_>>()?))
    }

    /// All of it as the store has it after `changes` were looked at.
    async fn read_anew(
        &self,
        changes: &Changes,
        registry: &RegistryId,
        names: &[RepositoryName],
    ) -> Result<(StoredRegistry, Vec<Arc<StoredRepository>>), AuthorizeError> {
        let (asked, named) = (registry.clone(), names.to_vec());
        let texts: Texts = self
            .metadata
            .read(move |tx| Box::pin(async move { texts(tx, &asked, &named).await }))
            .await?;
        let bytes = parsed_bytes(texts.registry.as_ref().map_or(0, String::len));
        let policy = parse(PolicyKind::Registry, texts.registry)?.map(Arc::new);
        let stored = StoredRegistry { policy, is_v1: texts.is_v1 };
        self.registries.insert(changes, registry.clone(), stored.clone(), bytes);
        let mut repositories = Vec::with_capacity(names.len());
        for (name, (policy, tags)) in names.iter().zip(texts.repositories) {
            let policy_bytes = policy.as_ref().map_or(0, String::len);
            let tag_bytes: usize = tags.iter().map(|(key, value)| key.len() + value.len()).sum();
            let bytes = parsed_bytes(policy_bytes + tag_bytes + name.as_str().len());
            let policy = parse(PolicyKind::Repository, policy)?;
            let repository = Arc::new(StoredRepository { policy, tags });
            let place = (registry.clone(), name.clone());
            self.repositories.insert(changes, place, Arc::clone(&repository), bytes);
            repositories.push(repository);
        }
        Ok((stored, repositories))
    }
}

/// What texts of so many bytes take up when they are parsed.
pub(crate) fn parsed_bytes(text_bytes: usize) -> u64 {
    (ENTRY_BYTES + PARSED_BYTES_PER_BYTE * text_bytes) as u64
}

async fn texts(
    tx: &mut Tx,
    registry: &RegistryId,
    names: &[RepositoryName],
) -> Result<Texts, MetadataError> {
    let mut repositories = Vec::with_capacity(names.len());
    for name in names {
        repositories.push(match repository_policy::find_named(tx, registry, name).await? {
            Some((id, policy)) => (policy, resource_tag::list(tx, id).await?),
            None => (None, Vec::new()),
        });
    }
    let policy = registry_setting::get(tx, registry, REGISTRY_POLICY).await?;
    let scope = match policy {
        Some(_) => registry_setting::get(tx, registry, REGISTRY_POLICY_SCOPE).await?,
        None => None,
    };
    Ok(Texts { registry: policy, is_v1: scope.as_deref() == Some("V1"), repositories })
}

/// A policy that does not parse (it did when it was stored) might deny, so nothing may go on without
/// it.
fn parse(kind: PolicyKind, text: Option<String>) -> Result<Option<PolicyDocument>, AuthorizeError> {
    let parsed = text.map(|text| PolicyDocument::parse_as(kind, &text)).transpose();
    parsed.map_err(|error| AuthorizeError::PolicyUnreadable(error.to_string()))
}

#[cfg(test)]
mod tests {
    use wharfinger_metadata::OpenMode;

    use super::*;

    #[tokio::test]
    async fn whatever_names_are_asked_for_the_memory_they_take_has_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metadata.db");
        let metadata = Metadata::open(&path, OpenMode::CreateOrMigrate).unwrap();
        let store = PolicyStore::new(metadata);
        for number in 0..6_000 {
            let region = format!("region-{number}").parse().unwrap();
            let registry = RegistryId::new("111122223333".parse().unwrap(), region);
            let names = ["app".parse().unwrap()];
            let stored = store.read(&registry, &names, "BatchGetImage").await.unwrap();
            assert!(stored.registry.is_none() && stored.repositories[0].policy.is_none());
        }
        for bytes in [store.registries.bytes(), store.repositories.bytes()] {
            let most = RESOURCE_POLICY_CACHE_BYTES_MAX;
            assert!((most / 2..=most).contains(&bytes), "{bytes}");
        }
    }
}

//! Repository creation templates: kept, listed, changed, and used when a push creates its
//! repository.

mod scenario;
mod settings;

use std::collections::HashSet;

use wharfinger_auth::actions::{
    CreateRepository, CreateRepositoryCreationTemplate, DeleteRepositoryCreationTemplate,
    DescribeRepositoryCreationTemplates, TagResource, UpdateRepositoryCreationTemplate,
};
use wharfinger_auth::{Action, Permit, RepositoryResource};
use wharfinger_core::limits::CREATION_TEMPLATES_MAX;
use wharfinger_core::{Entropy, RegistryId, Timestamp};
use wharfinger_metadata::creation_template::{self, CreationTemplateRow};
use wharfinger_metadata::{MetadataError, RepositoryId, Tx, lifecycle_policy, repository_policy};

pub use scenario::TemplateScenario;
pub use settings::CreationTemplateSettings;

use crate::lifecycle_policy::evaluate_at;
use crate::repository_prefix::RepositoryPrefix;
use crate::{
    Encryption, Error, NewRepository, Page, PageRequest, Registry, Repository, TagMutability,
};

/// A template as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreationTemplate {
    /// The prefix of the repositories it is for, as it was written.
    pub prefix: String,
    /// When it is used.
    pub applied_for: Vec<TemplateScenario>,
    /// What it is for, in the client's words.
    pub description: Option<String>,
    /// How the bytes of its repositories are encrypted.
    pub encryption: TemplateEncryption,
    /// The resource tags of its repositories, (key, value).
    pub resource_tags: Vec<(String, String)>,
    /// Which tags of its repositories may move.
    pub tag_mutability: TagMutability,
    /// The text of the policy of its repositories.
    pub repository_policy: Option<String>,
    /// The text of the lifecycle policy of its repositories.
    pub lifecycle_policy: Option<String>,
    /// The ARN of the role that creates its repositories.
    pub custom_role_arn: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed, or created.
    pub updated_at: Timestamp,
}

/// A template's `encryptionConfiguration`. Whether its key can be had shows when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateEncryption {
    /// `AES256`, `KMS` or `KMS_DSSE`.
    pub encryption_type: String,
    /// The ARN of the KMS key; none means the registry's default key.
    pub kms_key: Option<String>,
}

/// The policies that a repository has from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct InitialPolicies {
    pub(crate) repository_policy: Option<String>,
    pub(crate) lifecycle_policy: Option<String>,
}

impl Registry {
    /// ECR `CreateRepositoryCreationTemplate`.
    ///
    /// # Errors
    /// [`Error::InvalidParameter`], [`Error::TemplateAlreadyExists`], [`Error::LimitExceeded`].
    pub async fn create_repository_creation_template(
        &self,
        permit: &Permit<CreateRepositoryCreationTemplate>,
        prefix: String,
        settings: CreationTemplateSettings,
    ) -> Result<CreationTemplate, Error> {
        let registry = permit.resource().registry.clone();
        let mut template = CreationTemplate::of_defaults(prefix, self.now());
        settings.checked(&registry)?.apply(&mut template)?;
        let row = template.to_row();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    match creation_template::insert(tx, &registry, &row).await {
                        Err(MetadataError::Duplicate(_)) => {
                            let (prefix, registry) = (template.prefix, registry.account);
                            return Err(Error::TemplateAlreadyExists { prefix, registry });
                        }
                        other => other?,
                    }
                    let limit = u64::from(CREATION_TEMPLATES_MAX);
                    if creation_template::count(tx, &registry).await? > limit {
                        let what = "repository creation templates per registry";
                        return Err(Error::LimitExceeded { what, limit });
                    }
                    Ok(template)
                })
            })
            .await
    }

    /// ECR `DescribeRepositoryCreationTemplates`: those of `prefixes` that there are, or all, a
    /// page in order of prefix.
    pub async fn describe_repository_creation_templates(
        &self,
        permit: &Permit<DescribeRepositoryCreationTemplates>,
        prefixes: Vec<String>,
        page: &PageRequest,
    ) -> Result<Page<CreationTemplate>, Error> {
        let registry = permit.resource().registry.clone();
        let list =
            format!("DescribeRepositoryCreationTemplates {} {registry:?}", prefixes.join(" "));
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let mut rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let limit = CREATION_TEMPLATES_MAX;
                    Ok::<_, Error>(creation_template::list(tx, &registry, &after, limit).await?)
                })
            })
            .await?;
        // The model sets no limit to how many prefixes a request may name.
        let prefixes: Vec<_> = prefixes.into_iter().map(RepositoryPrefix::new).collect();
        let asked: HashSet<&str> = prefixes.iter().map(RepositoryPrefix::key).collect();
        rows.retain(|row| asked.is_empty() || asked.contains(row.prefix.as_str()));
        let page = Page::cut(rows, page.limit(), &list, |last| last.prefix.clone());
        let items = page.items.into_iter().map(CreationTemplate::from_row);
        Ok(Page { items: items.collect::<Result<_, _>>()?, next_token: page.next_token })
    }

    /// ECR `UpdateRepositoryCreationTemplate`. Repositories that are there stay as they are.
    ///
    /// # Errors
    /// [`Error::TemplateNotFound`], [`Error::InvalidParameter`].
    pub async fn update_repository_creation_template(
        &self,
        permit: &Permit<UpdateRepositoryCreationTemplate>,
        prefix: String,
        settings: CreationTemplateSettings,
    ) -> Result<CreationTemplate, Error> {
        let (registry, now) = (permit.resource().registry.clone(), self.now());
        let settings = settings.checked(&registry)?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, prefix).await?;
                    let mut template = CreationTemplate::from_row(row)?;
                    settings.apply(&mut template)?;
                    template.updated_at = now;
                    creation_template::update(tx, &registry, &template.to_row()).await?;
                    Ok(template)
                })
            })
            .await
    }

    /// ECR `DeleteRepositoryCreationTemplate`. Repositories made by it stay.
    ///
    /// # Errors
    /// [`Error::TemplateNotFound`].
    pub async fn delete_repository_creation_template(
        &self,
        permit: &Permit<DeleteRepositoryCreationTemplate>,
        prefix: String,
    ) -> Result<CreationTemplate, Error> {
        let registry = permit.resource().registry.clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &registry, prefix).await?;
                    creation_template::delete(tx, &registry, &row.prefix).await?;
                    CreationTemplate::from_row(row)
                })
            })
            .await
    }

    /// The template that the repository of a push is to be created by, if the push finds none.
    pub async fn template_on_push<A: Action<Resource = RepositoryResource>>(
        &self,
        permit: &Permit<A>,
    ) -> Result<Option<CreationTemplate>, Error> {
        let resource = permit.resource().clone();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    template_for(tx, &resource, TemplateScenario::CreateOnPush).await
                })
            })
            .await
    }

    /// Creates a repository as a template says. Resource tags need the permit to tag as well.
    ///
    /// # Errors
    /// Those of [`Registry::create_repository`]: of two calls at once exactly one succeeds.
    pub async fn create_repository_from_template(
        &self,
        permit: &Permit<CreateRepository>,
        tagging: Option<&Permit<TagResource>>,
        template: CreationTemplate,
    ) -> Result<Repository, Error> {
        let TemplateEncryption { encryption_type, kms_key } = template.encryption;
        let new = NewRepository {
            tag_mutability: template.tag_mutability,
            scan_on_push: false,
            encryption: Encryption::new(Some(&encryption_type), kms_key.as_deref())?,
            tags: template.resource_tags,
        };
        let policies = InitialPolicies {
            repository_policy: template.repository_policy,
            lifecycle_policy: template.lifecycle_policy,
        };
        self.create_repository_with(permit, tagging, new, policies).await
    }
}

/// Gives a new repository its policies, in the transaction that creates it. Both texts have been
/// checked when the template took them.
pub(crate) async fn put_initial_policies(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    repository: RepositoryId,
    policies: InitialPolicies,
    now: Timestamp,
) -> Result<(), Error> {
    if let Some(text) = policies.repository_policy {
        repository_policy::put(tx, repository, &text, now).await?;
    }
    if let Some(text) = policies.lifecycle_policy {
        lifecycle_policy::put(tx, repository, &text, now).await?;
        evaluate_at(tx, entropy, repository, now, now).await?;
    }
    Ok(())
}

/// The template that a repository is to be created by.
pub(crate) async fn template_for(
    tx: &mut Tx,
    resource: &RepositoryResource,
    scenario: TemplateScenario,
) -> Result<Option<CreationTemplate>, Error> {
    let (registry, name) = (&resource.registry, &resource.name);
    let mut templates = Vec::new();
    for (key, names) in
        creation_template::list_scenarios(tx, registry, CREATION_TEMPLATES_MAX).await?
    {
        let applied_for = stored_scenarios(&names).ok_or_else(|| unreadable(&key))?;
        templates.push((key, applied_for));
    }
    let Some(key) = scenario::matching_template(&templates, name, scenario) else {
        return Ok(None);
    };
    let row = creation_template::find(tx, registry, key).await?;
    row.map(CreationTemplate::from_row).transpose()
}

async fn must_find(
    tx: &mut Tx,
    registry: &RegistryId,
    prefix: String,
) -> Result<CreationTemplateRow, Error> {
    let prefix = RepositoryPrefix::new(prefix);
    let found = creation_template::find(tx, registry, prefix.key()).await?;
    found.ok_or_else(|| Error::TemplateNotFound {
        prefix: prefix.into_text(),
        registry: registry.account,
    })
}

fn stored_scenarios(names: &str) -> Option<Vec<TemplateScenario>> {
    let names: Vec<String> = serde_json::from_str(names).ok()?;
    names.iter().map(|name| TemplateScenario::of_name(name)).collect()
}

fn unreadable(prefix: &str) -> Error {
    Error::Server(format!("creation template {prefix} holds a setting that is not known").into())
}

impl CreationTemplate {
    /// ECR's defaults.
    fn of_defaults(prefix: String, now: Timestamp) -> Self {
        Self {
            prefix,
            applied_for: Vec::new(),
            description: None,
            encryption: TemplateEncryption { encryption_type: "AES256".into(), kms_key: None },
            resource_tags: Vec::new(),
            tag_mutability: TagMutability::Mutable,
            repository_policy: None,
            lifecycle_policy: None,
            custom_role_arn: None,
            created_at: now,
            updated_at: now,
        }
    }

    fn from_row(row: CreationTemplateRow) -> Result<Self, Error> {
        let unreadable = || unreadable(&row.prefix);
        Ok(Self {
            applied_for: stored_scenarios(&row.applied_for).ok_or_else(unreadable)?,
            resource_tags: serde_json::from_str(&row.resource_tags).map_err(|_| unreadable())?,
            tag_mutability: TagMutability::stored(&row.tag_mutability, &row.exclusion_filters)
                .ok_or_else(unreadable)?,
            prefix: row.prefix_text,
            description: row.description,
            encryption: TemplateEncryption {
                encryption_type: row.encryption_type,
                kms_key: row.kms_key,
            },
            repository_policy: row.repository_policy,
            lifecycle_policy: row.lifecycle_policy,
            custom_role_arn: row.custom_role_arn,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }

    fn to_row(&self) -> CreationTemplateRow {
        let applied_for: Vec<&str> = self.applied_for.iter().map(|it| it.as_str()).collect();
        CreationTemplateRow {
            prefix: RepositoryPrefix::new(self.prefix.as_str()).key().to_owned(),
            prefix_text: self.prefix.clone(),
            applied_for: serde_json::json!(applied_for).to_string(),
            description: self.description.clone(),
            encryption_type: self.encryption.encryption_type.clone(),
            kms_key: self.encryption.kms_key.clone(),
            resource_tags: serde_json::json!(self.resource_tags).to_string(),
            tag_mutability: self.tag_mutability.mode().to_owned(),
            exclusion_filters: self.tag_mutability.stored_filters(),
            repository_policy: self.repository_policy.clone(),
            lifecycle_policy: self.lifecycle_policy.clone(),
            custom_role_arn: self.custom_role_arn.clone(),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

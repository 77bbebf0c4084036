//! Repositories: created, described, configured, deleted.

use std::sync::Arc;

use wharfinger_auth::actions::{
    CreateRepository, DeleteRepository, DescribeRepositories, PutImageScanningConfiguration,
    PutImageTagMutability, TagResource,
};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::{RegistryId, RepositoryName, Timestamp};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{MetadataError, RepositoryId, Tx, resource_tag};

use crate::creation_template::{InitialPolicies, put_initial_policies};
use crate::removal::Cause;
use crate::resource_tag::check_tags;
use crate::{Encryption, Error, Page, PageRequest, Registry, TagMutability, undo};

/// A repository as clients see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The registry it is in.
    pub registry: RegistryId,
    /// Its name.
    pub name: RepositoryName,
    /// When it was created.
    pub created_at: Timestamp,
    /// Which tags may move.
    pub tag_mutability: TagMutability,
    /// Whether an image is to be scanned when it is pushed.
    pub scan_on_push: bool,
    /// How its bytes are encrypted.
    pub encryption: Encryption,
}

/// What a new repository is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRepository {
    /// Which tags may move.
    pub tag_mutability: TagMutability,
    /// Whether an image is to be scanned when it is pushed.
    pub scan_on_push: bool,
    /// How its bytes are encrypted.
    pub encryption: Encryption,
    /// Its resource tags, (key, value).
    pub tags: Vec<(String, String)>,
}

impl Registry {
    /// ECR `CreateRepository`. Resource tags need the permit to tag as well.
    ///
    /// # Errors
    /// [`Error::RepositoryAlreadyExists`] even for identical settings; of two calls at once exactly
    /// one succeeds. [`Error::LimitExceeded`], [`Error::InvalidTagParameter`],
    /// [`Error::TooManyTags`]. [`Error::Kms`] for a KMS key that cannot be used.
    pub async fn create_repository(
        &self,
        permit: &Permit<CreateRepository>,
        tagging: Option<&Permit<TagResource>>,
        new: NewRepository,
    ) -> Result<Repository, Error> {
        self.create_repository_with(permit, tagging, new, InitialPolicies::default()).await
    }

    /// Creates a repository that has policies from its beginning.
    pub(crate) async fn create_repository_with(
        &self,
        permit: &Permit<CreateRepository>,
        tagging: Option<&Permit<TagResource>>,
        new: NewRepository,
        policies: InitialPolicies,
    ) -> Result<Repository, Error> {
        let row = self.new_repository(permit, tagging, &new)?;
        let limit = self.repositories_max(&row.registry);
        let (keys, encryption) = (self.kms.clone(), new.encryption);
        let entropy = Arc::clone(&self.entropy);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let encryption = encryption.resolve(tx, &keys, &row.registry).await?;
                    let row = RepositoryRow {
                        key_domain: encryption.key_domain(&row.registry),
                        encryption_type: encryption.encryption_type,
                        kms_key: encryption.kms_key,
                        ..row
                    };
                    let row = insert_repository(tx, row, &new.tags, limit).await?;
                    put_initial_policies(tx, &*entropy, row.id, policies, row.created_at).await?;
                    Repository::from_row(row)
                })
            })
            .await
    }

    /// The row of a repository to be, once everything is in order that takes no look at the store.
    /// A KMS key is named as the request names it.
    pub(crate) fn new_repository(
        &self,
        permit: &Permit<CreateRepository>,
        tagging: Option<&Permit<TagResource>>,
        new: &NewRepository,
    ) -> Result<RepositoryRow, Error> {
        let RepositoryResource { registry, name } = permit.resource().clone();
        self.check_reachable(permit.resource())?;
        // Tags without the permit for this very repository are a mistake of the edge, refused here.
        if !new.tags.is_empty()
            && tagging.is_none_or(|tagging| tagging.resource() != permit.resource())
        {
            return Err(Error::invalid("tags", "Tags need permission for ecr:TagResource"));
        }
        check_tags(&new.tags)?;
        Ok(RepositoryRow {
            id: RepositoryId::new(self.now(), &*self.entropy),
            key_domain: new.encryption.key_domain(&registry),
            registry,
            name,
            created_at: self.now(),
            tag_mutability: new.tag_mutability.mode().into(),
            exclusion_filters: new.tag_mutability.stored_filters(),
            scan_on_push: new.scan_on_push,
            encryption_type: new.encryption.encryption_type.clone(),
            kms_key: new.encryption.kms_key.clone(),
            image_count: 0,
        })
    }

    /// ECR `DescribeRepositories`: those the permit names, or a page of all.
    ///
    /// # Errors
    /// [`Error::RepositoryNotFound`] for the first name that is unknown.
    pub async fn describe_repositories(
        &self,
        permit: &Permit<DescribeRepositories>,
        page: &PageRequest,
    ) -> Result<Page<Repository>, Error> {
        let resource = permit.resource().clone();
        if resource.names.is_empty() {
            return self.list_repositories_page(&resource.registry, page).await;
        }
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let mut items = Vec::with_capacity(resource.names.len());
                    for name in resource.names {
                        let resource =
                            RepositoryResource { registry: resource.registry.clone(), name };
                        items.push(Repository::from_row(must_find(tx, &resource).await?)?);
                    }
                    Ok(Page { items, next_token: None })
                })
            })
            .await
    }

    /// The names of the registry's repositories after `last`, for the catalog of `/v2`: at most
    /// `limit`, and whether there are more.
    pub async fn catalog(
        &self,
        permit: &Permit<DescribeRepositories>,
        last: &str,
        limit: u32,
    ) -> Result<(Vec<RepositoryName>, bool), Error> {
        let (registry, last) = (permit.resource().registry.clone(), last.to_owned());
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(repository::list(tx, &registry, &last, limit + 1).await?)
                })
            })
            .await?;
        let more = rows.len() > limit as usize;
        let names = rows.into_iter().take(limit as usize).map(|row| row.name).collect();
        Ok((names, more))
    }

    /// ECR `DeleteRepository`. Its name is free at once, also while the repository can be brought
    /// back ([`Self::undelete_repository`]).
    ///
    /// # Errors
    /// [`Error::RepositoryNotEmpty`] if it holds images and `force` is not set.
    pub async fn delete_repository(
        &self,
        permit: &Permit<DeleteRepository>,
        force: bool,
    ) -> Result<Repository, Error> {
        let (resource, removal) = (permit.resource().clone(), self.removal(Cause::of(permit)));
        let deleted = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    if row.image_count > 0 && !force {
                        return Err(Error::RepositoryNotEmpty {
                            name: row.name,
                            registry: row.registry.account,
                        });
                    }
                    undo::delete_repository(tx, row.id, &removal).await?;
                    Repository::from_row(row)
                })
            })
            .await?;
        self.delete_discarded_objects().await;
        self.purge_repositories_soon();
        Ok(deleted)
    }

    /// ECR `PutImageTagMutability`: replaces mode and filters together, for later pushes.
    pub async fn put_image_tag_mutability(
        &self,
        permit: &Permit<PutImageTagMutability>,
        tag_mutability: TagMutability,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    let (mode, filters) = (tag_mutability.mode(), tag_mutability.stored_filters());
                    Ok(repository::set_tag_mutability(tx, row.id, mode, &filters).await?)
                })
            })
            .await
    }

    /// ECR `PutImageScanningConfiguration`: the repository's own flag. Basic scanning heeds it beside
    /// the rules of the registry, enhanced scanning does not.
    pub async fn put_image_scanning_configuration(
        &self,
        permit: &Permit<PutImageScanningConfiguration>,
        scan_on_push: bool,
    ) -> Result<(), Error> {
        let resource = permit.resource().clone();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let row = must_find(tx, &resource).await?;
                    Ok(repository::set_scan_on_push(tx, row.id, scan_on_push).await?)
                })
            })
            .await
    }

    async fn list_repositories_page(
        &self,
        registry: &RegistryId,
        page: &PageRequest,
    ) -> Result<Page<Repository>, Error> {
        let list = format!("DescribeRepositories {} {}", registry.account, registry.region);
        let after = page.position::<String>(&list)?.unwrap_or_default();
        let (limit, registry) = (page.limit(), registry.clone());
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    Ok::<_, Error>(repository::list(tx, &registry, &after, limit + 1).await?)
                })
            })
            .await?;
        let page = Page::cut(rows, limit, &list, |last| last.name.to_string());
        let items = page.items.into_iter().map(Repository::from_row).collect::<Result<_, _>>()?;
        Ok(Page { items, next_token: page.next_token })
    }
}

impl Repository {
    pub(crate) fn from_row(row: RepositoryRow) -> Result<Self, Error> {
        Ok(Self {
            tag_mutability: tag_mutability(&row)?,
            registry: row.registry,
            name: row.name,
            created_at: row.created_at,
            scan_on_push: row.scan_on_push,
            encryption: Encryption { encryption_type: row.encryption_type, kms_key: row.kms_key },
        })
    }
}

/// Adds a repository with its resource tags to a registry that may hold `limit` of them.
pub(crate) async fn insert_repository(
    tx: &mut Tx,
    row: RepositoryRow,
    tags: &[(String, String)],
    limit: u64,
) -> Result<RepositoryRow, Error> {
    match repository::insert(tx, &row).await {
        // The name is taken, or (once in a million for two in one millisecond) the id; then the
        // client tries again.
        Err(error @ MetadataError::Duplicate(_)) => {
            return match repository::find(tx, &row.registry, &row.name).await? {
                Some(_) => Err(Error::RepositoryAlreadyExists {
                    name: row.name,
                    registry: row.registry.account,
                }),
                None => Err(error.into()),
            };
        }
        other => other?,
    }
    // Counted with the new one, so that a full registry tells of a taken name too.
    if repository::count(tx, &row.registry).await? > limit {
        return Err(Error::LimitExceeded { what: "repositories per registry", limit });
    }
    for (key, value) in tags {
        resource_tag::put(tx, row.id, key, value).await?;
    }
    Ok(row)
}

/// The tag mutability a row holds.
pub(crate) fn tag_mutability(row: &RepositoryRow) -> Result<TagMutability, Error> {
    TagMutability::stored(&row.tag_mutability, &row.exclusion_filters).ok_or_else(|| {
        let what = format!("repository {} holds an unknown tag mutability", row.name);
        Error::Server(what.into())
    })
}

/// The repository that a permit is about.
///
/// # Errors
/// [`Error::RepositoryNotFound`].
pub(crate) async fn must_find(
    tx: &mut Tx,
    resource: &RepositoryResource,
) -> Result<RepositoryRow, Error> {
    let found = repository::find(tx, &resource.registry, &resource.name).await?;
    found.ok_or_else(|| Error::repository_not_found(&resource.registry, &resource.name))
}

//! Deleted repositories: listed, and brought back with all they had but their uploads.

use std::sync::Arc;

use wharfinger_auth::Permit;
use wharfinger_auth::RepositoryResource;
use wharfinger_auth::actions::{CreateRepository, DescribeRepositories};
use wharfinger_core::{Entropy, RepositoryName, Timestamp};
use wharfinger_metadata::deleted_repository::{self, DeletedRepositoryRow};
use wharfinger_metadata::image::{self, ImagePosition, ImageStatus, TagStatus};
use wharfinger_metadata::repository;
use wharfinger_metadata::{MetadataError, RepositoryId, Tx, lifecycle_policy};

use super::UndoError;
use crate::job::{self, JobKind};
use crate::kms_key::require_usable;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry, Repository};

/// Images looked at in one step.
const STEP: u32 = 100;

/// A repository that was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedRepository {
    /// The name it had.
    pub name: RepositoryName,
    /// How many images it holds.
    pub image_count: u64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Until when it can be brought back.
    pub expires_at: Timestamp,
    /// Who deleted it: an ARN, or a sentence.
    pub cause: String,
}

impl Registry {
    /// The deleted repositories of a registry, in order of name, those of one name in the order in
    /// which they were deleted.
    pub async fn deleted_repositories(
        &self,
        permit: &Permit<DescribeRepositories>,
        page: &PageRequest,
    ) -> Result<Page<DeletedRepository>, Error> {
        let (registry, limit) = (permit.resource().registry.clone(), page.limit());
        let list = format!("DeletedRepositories {} {}", registry.account, registry.region);
        let after = page.position::<(String, i64, String)>(&list)?;
        let rows = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let (name, deleted_at, id) = after.unwrap_or_default();
                    let deleted_at = Timestamp::from_millis(deleted_at);
                    let after = (name.as_str(), deleted_at, id.parse::<RepositoryId>().ok());
                    let rows = deleted_repository::list(tx, &registry, after, limit + 1).await?;
                    Ok::<_, Error>(rows)
                })
            })
            .await?;
        let Page { items, next_token } = Page::cut(rows, limit, &list, |last| {
            (last.name.to_string(), last.deleted_at.millis(), last.id.to_string())
        });
        Ok(Page { items: items.into_iter().map(DeletedRepository::from_row).collect(), next_token })
    }

    /// Brings the last repository that was deleted of the name `deleted` (or the one that was there
    /// `at` a moment) back under the name of the permit: with its images, tags, policies, settings and
    /// history, and without uploads.
    ///
    /// # Errors
    /// [`UndoError::RepositoryGone`], [`UndoError::NameTaken`]; [`Error::Kms`] while its KMS key
    /// cannot be used, [`Error::LimitExceeded`] in a full registry, [`Error::InvalidParameter`] for a
    /// name under which nobody could reach it.
    pub async fn undelete_repository(
        &self,
        permit: &Permit<CreateRepository>,
        deleted: RepositoryName,
        at: Option<Timestamp>,
    ) -> Result<Repository, UndoError> {
        let resource = permit.resource().clone();
        self.check_reachable(&resource)?;
        let limit = self.repositories_max(&resource.registry);
        let (now, entropy) = (self.now(), Arc::clone(&self.entropy));
        // Not at once: whoever brings a repository back may first want to change its policy.
        let evaluate_at = now.plus(self.upkeep.lifecycle_interval);
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let RepositoryResource { registry, name } = &resource;
                    let found = deleted_repository::find(tx, registry, &deleted, at).await?;
                    let found = found.filter(|row| at.is_none_or(|at| row.created_at <= at));
                    let Some(row) = found else { return Err(UndoError::RepositoryGone(deleted)) };
                    if repository::find(tx, registry, name).await?.is_some() {
                        return Err(UndoError::NameTaken(name.clone()));
                    }
                    require_usable(tx, &row.key_domain).await.map_err(Error::from)?;
                    deleted_repository::restore(tx, row.id, registry, name).await?;
                    if repository::count(tx, registry).await? > limit {
                        let what = "repositories per registry";
                        return Err(Error::LimitExceeded { what, limit }.into());
                    }
                    resume_work(tx, &*entropy, row.id, evaluate_at, now).await?;
                    Ok(Repository::from_row(must_find(tx, &resource).await?)?)
                })
            })
            .await
    }
}

/// Asks for the work that there may have been when the repository was deleted: its jobs have found
/// nothing to do since.
async fn resume_work(
    tx: &mut Tx,
    entropy: &dyn Entropy,
    id: RepositoryId,
    evaluate_at: Timestamp,
    now: Timestamp,
) -> Result<(), MetadataError> {
    if lifecycle_policy::find(tx, id).await?.is_some() {
        let kind = JobKind::EvaluateLifecyclePolicy;
        job::ask(tx, entropy, kind, &id.to_string(), evaluate_at, now).await?;
    }
    let (status, mut after) = (Some(ImageStatus::Activating), ImagePosition::default());
    loop {
        let images = image::list(tx, id, TagStatus::Any, status, &after, STEP).await?;
        let Some(last) = images.last() else { return Ok(()) };
        after = ImagePosition { pushed_at: last.pushed_at, digest: last.digest.to_string() };
        for image in images {
            let subject = format!("{id}/{}", image.digest);
            job::ask(tx, entropy, JobKind::ActivateImage, &subject, now, now).await?;
        }
    }
}

impl DeletedRepository {
    fn from_row(row: DeletedRepositoryRow) -> Self {
        Self {
            name: row.name,
            image_count: row.image_count,
            created_at: row.created_at,
            deleted_at: row.deleted_at,
            expires_at: row.expires_at,
            cause: row.cause,
        }
    }
}

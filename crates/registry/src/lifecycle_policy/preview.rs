//! Previews: what a lifecycle policy would do, worked out in the background and kept for a day.
//! Nothing is deleted by one.
//!
//! A preview's row says IN_PROGRESS from the moment it is asked for. The run that works on it
//! belongs to one process and has a deadline; when the process has gone or the deadline has passed,
//! the preview has failed, whatever its row still says, and another may take its place.

mod run;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use wharfinger_auth::Permit;
use wharfinger_auth::actions::{GetLifecyclePolicyPreview, StartLifecyclePolicyPreview};
use wharfinger_core::limits::{
    LIFECYCLE_PREVIEW_PAGE_MAX, LIFECYCLE_PREVIEW_SECONDS_MAX, LIFECYCLE_PREVIEWS_AT_ONCE_MAX,
    PAGE_TAGS_MAX,
};
use wharfinger_core::{Digest, Entropy, EntropyExt, Tag, Timestamp};
use wharfinger_lifecycle_policy::LifecyclePolicy;
use wharfinger_metadata::image::TagStatus;
use wharfinger_metadata::lifecycle_preview::{self, PreviewRow, PreviewStatus, ResultRow};
use wharfinger_metadata::{RepositoryId, Tx, lifecycle_policy, tag};

use super::no_policy;
use super::reading::Reading;
use crate::repository::must_find;
use crate::{Error, Page, PageRequest, Registry, RequestedImage};

/// The previews that this process works on.
#[derive(Clone)]
pub(crate) struct PreviewRuns {
    /// Tells this process from those before it.
    process_id: i64,
    /// A turn for each preview that is worked on at once.
    turns: Arc<Semaphore>,
}

/// Which results of a preview to show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PreviewFilter {
    /// Those of these images, all on one page; of all images if none are named. An id that names
    /// no image shows nothing.
    pub images: Vec<RequestedImage>,
    /// Those of tagged or of untagged images.
    pub tag_status: TagStatus,
}

/// A preview as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecyclePolicyPreview {
    /// The policy it is about.
    pub policy_text: String,
    /// How far it has come.
    pub status: PreviewStatus,
    /// What would be done; empty unless it is complete.
    pub results: Page<PreviewedImage>,
    /// All results in figures, whatever is shown of them; once it is complete.
    pub summary: Option<PreviewSummary>,
}

/// An image that would be acted on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreviewedImage {
    /// Its digest.
    pub digest: Digest,
    /// Its tags, in order.
    pub tags: Vec<Tag>,
    /// When it was pushed.
    pub pushed_at: Timestamp,
    /// Whether it is archived now.
    pub is_archived: bool,
    /// Whether it would be archived; it would expire otherwise.
    pub would_be_archived: bool,
    /// The priority of the rule that applies.
    pub rule_priority: u32,
}

/// The results of a preview in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PreviewSummary {
    /// How many images would expire.
    pub expiring: u64,
    /// How many images would be archived.
    pub transitioning: u64,
}

impl PreviewRuns {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let turns = Arc::new(Semaphore::new(LIFECYCLE_PREVIEWS_AT_ONCE_MAX));
        Self { process_id: random_id(entropy), turns }
    }

    /// What is true of a preview, given what was written of it.
    fn status(&self, row: &PreviewRow, now: Timestamp) -> PreviewStatus {
        let over = row.expires_at.is_some_and(|end| end <= now);
        match row.status {
            PreviewStatus::InProgress if over || row.process_id != self.process_id => {
                PreviewStatus::Failed
            }
            PreviewStatus::Complete if over => PreviewStatus::Expired,
            status => status,
        }
    }
}

impl Registry {
    /// ECR `StartLifecyclePolicyPreview`: of this text, or else of the repository's policy. Answers
    /// the text it is about. What an earlier preview found is gone from then on.
    ///
    /// # Errors
    /// [`Error::InvalidLifecyclePolicy`], [`Error::LifecyclePolicyNotFound`], and
    /// [`Error::LifecyclePolicyPreviewInProgress`].
    pub async fn start_lifecycle_policy_preview(
        &self,
        permit: &Permit<StartLifecyclePolicyPreview>,
        text: Option<String>,
    ) -> Result<String, Error> {
        if let Some(text) = &text {
            LifecyclePolicy::parse(text)?;
        }
        let (resource, runs, now) = (permit.resource().clone(), self.previews.clone(), self.now());
        let run_id = random_id(&*self.entropy);
        let deadline = now.plus(Duration::from_secs(LIFECYCLE_PREVIEW_SECONDS_MAX));
        let (repository, last_evaluated_at, policy_text) = self
            .metadata
            .write(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?;
                    let stored = lifecycle_policy::find(tx, repository.id).await?;
                    let last_evaluated_at =
                        stored.as_ref().map(|stored| stored.last_evaluated_at).unwrap_or_default();
                    let stored = stored.map(|stored| stored.policy_text);
                    let policy_text = text.or(stored).ok_or_else(|| no_policy(&resource))?;
                    let older = lifecycle_preview::find(tx, repository.id).await?;
                    if older.is_some_and(|row| runs.status(&row, now) == PreviewStatus::InProgress)
                    {
                        return Err(Error::LifecyclePolicyPreviewInProgress {
                            name: resource.name,
                            registry: resource.registry.account,
                        });
                    }
                    let row = PreviewRow {
                        run_id,
                        process_id: runs.process_id,
                        policy_text,
                        status: PreviewStatus::InProgress,
                        expires_at: Some(deadline),
                        expiring_count: 0,
                        transitioning_count: 0,
                    };
                    lifecycle_preview::put(tx, repository.id, &row).await?;
                    Ok((repository, last_evaluated_at, row.policy_text))
                })
            })
            .await?;
        let (metadata, clock) = (self.metadata.clone(), Arc::clone(&self.clock));
        let run = run::PreviewRun {
            reading: Reading { metadata, clock, repository: repository.id, deadline },
            entropy: Arc::clone(&self.entropy),
            turns: Arc::clone(&self.previews.turns),
            repository,
            run_id,
            last_evaluated_at,
        };
        tokio::spawn(run.run());
        Ok(policy_text)
    }

    /// ECR `GetLifecyclePolicyPreview`.
    ///
    /// # Errors
    /// [`Error::LifecyclePolicyPreviewNotFound`]. A token of an older preview is
    /// [`Error::InvalidParameter`].
    pub async fn get_lifecycle_policy_preview(
        &self,
        permit: &Permit<GetLifecyclePolicyPreview>,
        filter: PreviewFilter,
        page: PageRequest,
    ) -> Result<LifecyclePolicyPreview, Error> {
        let (resource, runs, now) = (permit.resource().clone(), self.previews.clone(), self.now());
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let preview = lifecycle_preview::find(tx, repository).await?;
                    let row = preview.ok_or(Error::LifecyclePolicyPreviewNotFound {
                        name: resource.name,
                        registry: resource.registry.account,
                    })?;
                    // However far it has come: it does not go on with the pages of another.
                    page.position::<u32>(&list_of(row.run_id, filter.tag_status))?;
                    let status = runs.status(&row, now);
                    let complete = status == PreviewStatus::Complete;
                    let results = match (complete, filter.images.is_empty()) {
                        (false, _) => Page { items: Vec::new(), next_token: None },
                        (true, true) => {
                            page_of(tx, repository, row.run_id, filter.tag_status, &page).await?
                        }
                        (true, false) => results_of(tx, repository, row.run_id, filter).await?,
                    };
                    Ok(LifecyclePolicyPreview {
                        summary: complete.then_some(PreviewSummary {
                            expiring: row.expiring_count,
                            transitioning: row.transitioning_count,
                        }),
                        policy_text: row.policy_text,
                        status,
                        results: results.map(Into::into),
                    })
                })
            })
            .await
    }
}

/// What the tokens of a preview's results are bound to.
fn list_of(run_id: i64, tag_status: TagStatus) -> String {
    format!("GetLifecyclePolicyPreview {run_id} {tag_status:?}")
}

/// A page of results; one that would show very many tags ends early.
async fn page_of(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
    tag_status: TagStatus,
    page: &PageRequest,
) -> Result<Page<ResultRow>, Error> {
    let list = list_of(run_id, tag_status);
    let from = page.position::<u32>(&list)?.unwrap_or_default();
    let limit = page.limit().min(LIFECYCLE_PREVIEW_PAGE_MAX);
    let rows =
        lifecycle_preview::results(tx, repository, run_id, tag_status, from, limit + 1).await?;
    let mut tags = 0_u64;
    let fitting = rows.iter().take_while(|row| {
        tags = tags.saturating_add(row.tags.len() as u64);
        tags <= PAGE_TAGS_MAX
    });
    let fitting = u32::try_from(fitting.count()).unwrap_or(limit).max(1);
    Ok(Page::cut(rows, limit.min(fitting), &list, |last| last.position.saturating_add(1)))
}

/// The results for the images named, each once.
async fn results_of(
    tx: &mut Tx,
    repository: RepositoryId,
    run_id: i64,
    filter: PreviewFilter,
) -> Result<Page<ResultRow>, Error> {
    let (mut items, mut seen) = (Vec::new(), BTreeSet::new());
    for requested in filter.images {
        let Some(digest) = digest_of(tx, repository, &requested).await? else { continue };
        if !seen.insert(digest) {
            continue;
        }
        let found = lifecycle_preview::result(tx, repository, run_id, &digest).await?;
        items.extend(found.filter(|row| match filter.tag_status {
            TagStatus::Any => true,
            TagStatus::Tagged => !row.tags.is_empty(),
            TagStatus::Untagged => row.tags.is_empty(),
        }));
    }
    Ok(Page { items, next_token: None })
}

/// The digest that an id stands for now.
async fn digest_of(
    tx: &mut Tx,
    repository: RepositoryId,
    requested: &RequestedImage,
) -> Result<Option<Digest>, Error> {
    let digest = requested.digest.as_deref().map(str::parse::<Digest>);
    let tagged = match requested.tag.as_deref().map(str::parse::<Tag>) {
        None => return Ok(digest.and_then(Result::ok)),
        Some(Err(_)) => None,
        Some(Ok(tag)) => tag::find(tx, repository, &tag).await?,
    };
    Ok(tagged.filter(|tagged| digest.is_none_or(|digest| digest.as_ref() == Ok(tagged))))
}

/// No id is negative.
fn random_id(entropy: &dyn Entropy) -> i64 {
    i64::from_le_bytes(entropy.bytes()) & i64::MAX
}

impl From<ResultRow> for PreviewedImage {
    fn from(row: ResultRow) -> Self {
        Self {
            digest: row.digest,
            tags: row.tags,
            pushed_at: row.pushed_at,
            is_archived: row.storage_class == run::ARCHIVE,
            would_be_archived: row.action == run::TRANSITION,
            rule_priority: row.rule_priority,
        }
    }
}

//! The tags of `/v2`: names alone, page by page. Who watches a repository for new tags asks for the
//! same pages again and again, so they come from memory until the repository lists other tags.

use std::sync::Arc;

use wharfinger_auth::actions::ListImages;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::limits::TAG_PAGE_CACHE_BYTES_MAX;
use wharfinger_metadata::image::ImageStatus;
use wharfinger_metadata::{ChangeKind, Changes, RepositoryId, StandingCache, Tx, tag};

pub use wharfinger_metadata::tag::TagNames;

use crate::repository::must_find;
use crate::{Error, Registry};

/// What an entry takes up beside its texts.
const ENTRY_BYTES: usize = 512;
/// Bytes of what is known of how lists stand; the rest of [`TAG_PAGE_CACHE_BYTES_MAX`] is for pages.
const STANDINGS_BYTES_MAX: u64 = TAG_PAGE_CACHE_BYTES_MAX / 8;

/// A page of the tags of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPage {
    /// The tags, in order of their bytes.
    pub names: TagNames,
    /// Whether there are more.
    pub more: bool,
}

/// Pages that were read, each of a list as it stood, and how the lists stand.
pub(crate) struct TagPageCache {
    /// True until the next commit of any kind.
    standings: StandingCache<RepositoryResource, Standing>,
    /// True for ever: what has changed stands elsewhere.
    pages: StandingCache<PageName, Arc<TagPage>>,
}

/// The list of a repository, and how often it has changed. No repository has the id of another one.
type Standing = (RepositoryId, u64);
/// A page of it: the tag before it, and its size.
type PageName = (Standing, String, u32);

impl Default for TagPageCache {
    fn default() -> Self {
        let pages_bytes_max = TAG_PAGE_CACHE_BYTES_MAX - STANDINGS_BYTES_MAX;
        Self {
            standings: StandingCache::new(ChangeKind::Anything, STANDINGS_BYTES_MAX),
            pages: StandingCache::new(ChangeKind::Nothing, pages_bytes_max),
        }
    }
}

impl TagPageCache {
    /// What pages, and what is known of lists, take up.
    pub(crate) fn bytes(&self) -> u64 {
        self.standings.bytes() + self.pages.bytes()
    }

    /// Finds a page, if it is known how its list stands.
    fn get(
        &self,
        changes: &Changes,
        list: &RepositoryResource,
        (last, limit): (&str, u32),
    ) -> Option<Arc<TagPage>> {
        let standing = self.standings.get(changes, list)?;
        self.pages.get(changes, &(standing, last.to_owned(), limit))
    }

    fn keep(&self, changes: &Changes, name: PageName, page: &Arc<TagPage>) {
        let bytes = ENTRY_BYTES + name.1.len() + page.names.bytes();
        self.pages.insert(changes, name, Arc::clone(page), bytes as u64);
    }

    fn keep_standing(&self, changes: &Changes, list: RepositoryResource, standing: Standing) {
        let bytes = ENTRY_BYTES + list.name.as_str().len();
        self.standings.insert(changes, list, standing, bytes as u64);
    }
}

impl Registry {
    /// The tags of a repository's active images after `last` in order of their bytes: at most
    /// `limit`, and whether there are more.
    pub async fn list_tags(
        &self,
        permit: &Permit<ListImages>,
        last: &str,
        limit: u32,
    ) -> Result<Arc<TagPage>, Error> {
        let changes = self.changes_for(permit).await?;
        let list = permit.resource();
        if let Some(page) = self.tag_pages.get(&changes, list, (last, limit)) {
            return Ok(page);
        }
        let standing = self.tag_list_standing(list).await?;
        let known = (standing, last.to_owned(), limit);
        let (standing, page) = match self.tag_pages.pages.get(&changes, &known) {
            Some(page) => (standing, page),
            None => {
                let (standing, page) = self.read_tags(list, last, limit).await?;
                let page = Arc::new(page);
                self.tag_pages.keep(&changes, (standing, last.to_owned(), limit), &page);
                (standing, page)
            }
        };
        self.tag_pages.keep_standing(&changes, list.clone(), standing);
        Ok(page)
    }

    async fn tag_list_standing(&self, list: &RepositoryResource) -> Result<Standing, Error> {
        let list = list.clone();
        self.metadata.read(|tx| Box::pin(async move { standing(tx, &list).await })).await
    }

    /// A page, and how the list stands that it is of.
    async fn read_tags(
        &self,
        list: &RepositoryResource,
        last: &str,
        limit: u32,
    ) -> Result<(Standing, TagPage), Error> {
        let (list, last) = (list.clone(), last.to_owned());
        let (standing, mut names) = self
            .metadata
            .read(|tx| {
                Box::pin(async move {
                    let standing = standing(tx, &list).await?;
                    let active = ImageStatus::Active;
                    let names = tag::names(tx, standing.0, active, &last, limit + 1).await?;
                    Ok::<_, Error>((standing, names))
                })
            })
            .await?;
        let more = names.len() > limit as usize;
        names.truncate(limit as usize);
        Ok((standing, TagPage { names, more }))
    }

    /// Bytes that pages of tags take up in memory.
    pub fn cached_tag_page_bytes(&self) -> u64 {
        self.tag_pages.standings.bytes() + self.tag_pages.pages.bytes()
    }
}

async fn standing(tx: &mut Tx, list: &RepositoryResource) -> Result<Standing, Error> {
    let repository = must_find(tx, list).await?.id;
    Ok((repository, tag::changes(tx, repository).await?))
}

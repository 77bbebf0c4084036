//! The tags of `/v2`: names alone, page by page. Who watches a repository for new tags asks for the
//! same pages again and again, so they come from memory until the next commit.

use std::sync::Arc;

use wharfinger_auth::actions::ListImages;
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::limits::TAG_PAGE_CACHE_BYTES_MAX;
use wharfinger_core::{RegistryId, RepositoryName};
use wharfinger_metadata::image::ImageStatus;
use wharfinger_metadata::tag::{self, TagNames};
use wharfinger_metadata::{ChangeKind, Changes, StandingCache};

use crate::repository::must_find;
use crate::{Error, Registry};

/// What an entry takes up beside its texts.
const ENTRY_BYTES: usize = 512;

/// A page of the tags of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagPage {
    /// The tags, in order of their bytes.
    pub names: TagNames,
    /// Whether there are more.
    pub more: bool,
}

/// Pages that were read, by repository, the tag before them, and their size.
pub(crate) struct TagPageCache(StandingCache<PageName, Arc<TagPage>>);

type PageName = (RegistryId, RepositoryName, String, u32);

impl Default for TagPageCache {
    fn default() -> Self {
        Self(StandingCache::new(ChangeKind::Anything, TAG_PAGE_CACHE_BYTES_MAX))
    }
}

impl TagPageCache {
    /// What the pages take up.
    pub(crate) fn bytes(&self) -> u64 {
        self.0.bytes()
    }

    fn keep(&self, changes: &Changes, name: PageName, page: &Arc<TagPage>) {
        let bytes = ENTRY_BYTES + name.1.as_str().len() + name.2.len() + page.names.bytes();
        self.0.insert(changes, name, Arc::clone(page), bytes as u64);
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
        let RepositoryResource { registry, name } = permit.resource().clone();
        let name = (registry, name, last.to_owned(), limit);
        if let Some(page) = self.tag_pages.0.get(&changes, &name) {
            return Ok(page);
        }
        let page = Arc::new(self.read_tags(permit, last, limit).await?);
        self.tag_pages.keep(&changes, name, &page);
        Ok(page)
    }

    async fn read_tags(
        &self,
        permit: &Permit<ListImages>,
        last: &str,
        limit: u32,
    ) -> Result<TagPage, Error> {
        let (resource, last) = (permit.resource().clone(), last.to_owned());
        let mut names = self
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    let repository = must_find(tx, &resource).await?.id;
                    let active = ImageStatus::Active;
                    Ok::<_, Error>(tag::names(tx, repository, active, &last, limit + 1).await?)
                })
            })
            .await?;
        let more = names.len() > limit as usize;
        names.truncate(limit as usize);
        Ok(TagPage { names, more })
    }

    /// Bytes that pages of tags take up in memory.
    pub fn cached_tag_page_bytes(&self) -> u64 {
        self.tag_pages.0.bytes()
    }
}

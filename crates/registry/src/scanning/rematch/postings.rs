//! The inventories that have any of some packages, in order, some at a time.

use std::collections::VecDeque;

use wharfinger_core::limits::REMATCH_POSTINGS_PAGE;
use wharfinger_metadata::inventory;
use wharfinger_metadata::package::PackageId;

use crate::{Error, Registry};

/// A walk along the inventories of packages. In memory are a page of each package at the most.
pub(super) struct Postings {
    lists: Vec<List>,
}

struct List {
    package: PackageId,
    waiting: VecDeque<i64>,
    after: i64,
    /// Whether there may be more than what waits.
    more: bool,
}

impl Postings {
    /// The inventories after an id.
    pub(super) fn after(packages: impl Iterator<Item = PackageId>, after: i64) -> Self {
        let list = |package| List { package, waiting: VecDeque::new(), after, more: true };
        Self { lists: packages.map(list).collect() }
    }

    /// The next of them, each with a package it has; those of one inventory come together. Nothing at
    /// the end.
    pub(super) async fn next(
        &mut self,
        registry: &Registry,
    ) -> Result<Vec<(i64, PackageId)>, Error> {
        let mut lists = std::mem::take(&mut self.lists);
        lists = registry
            .metadata
            .read(move |tx| {
                Box::pin(async move {
                    for list in lists.iter_mut().filter(|it| it.more && it.waiting.is_empty()) {
                        let limit = REMATCH_POSTINGS_PAGE;
                        let page =
                            inventory::with_package(tx, list.package, list.after, limit).await?;
                        list.more = page.len() >= limit as usize;
                        list.after = page.last().copied().unwrap_or(list.after);
                        list.waiting = page.into();
                    }
                    Ok::<_, Error>(lists)
                })
            })
            .await?;
        // Up to there every list is known.
        let known = lists.iter().filter(|it| it.more).map(|it| it.after).min();
        let known = known.unwrap_or(i64::MAX);
        let mut found = Vec::new();
        for list in &mut lists {
            while let Some(inventory) = list.waiting.pop_front_if(|it| *it <= known) {
                found.push((inventory, list.package));
            }
        }
        lists.retain(|it| it.more || !it.waiting.is_empty());
        self.lists = lists;
        found.sort_unstable();
        Ok(found)
    }
}

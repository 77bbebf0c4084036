//! The job that matches stored packages anew when other advisories are in use, and tells which images
//! that are watched gain, lose or see changed which vulnerabilities.
//!
//! It goes along the packages that the two databases differ about, in parts. A part is a plan that is
//! written first (which package had which vulnerability before), then the rows of its packages, then
//! the images that have them, in the order of their inventories: counts and events of some images and how
//! far it has come commit together. So it goes on where it was, whenever its process dies, and tells
//! everything once.

mod effect;
mod image;
mod judging;
mod plan;
mod postings;
mod telling;

use std::sync::Arc;
use std::time::Duration;

use wharfinger_advisories::{Database, Store};
use wharfinger_core::limits::ADVISORIES_POLL_SECONDS;
use wharfinger_metadata::advisory_matching::{self, MatchingRow};
use wharfinger_metadata::package;
use wharfinger_package::Ecosystem;

use super::inventory::blocking;
use crate::job::JobOutcome;
use crate::{Error, Registry};

use plan::Plan;

/// A run.
struct Rematch {
    database: Arc<Database>,
    /// The packages that the databases differ about, in order; all packages if nobody knows.
    names: Option<Arc<Vec<(Ecosystem, String)>>>,
    row: MatchingRow,
    report: Report,
}

/// What a run did.
#[derive(Clone, Copy, Debug, Default)]
struct Report {
    names: usize,
    packages: u64,
    changes: u64,
    images: u64,
    events: u64,
}

impl Registry {
    /// Matches what is stored with the current advisories, if it was matched with others.
    pub(crate) async fn match_advisories(&self) -> Result<JobOutcome, Error> {
        let mut outcome = JobOutcome { next: None, report: None };
        if let Some(store) = self.advisories.clone() {
            let current = blocking({
                let store = Arc::clone(&store);
                move || store.current().map_err(|error| Error::Server(Box::new(error)))
            });
            if let Some(database) = current.await? {
                outcome.report = self.match_with(&store, database).await?;
            }
        }
        outcome.next = Some(self.now().plus(Duration::from_secs(ADVISORIES_POLL_SECONDS)));
        Ok(outcome)
    }

    /// Answers what was done; nothing if all was done before.
    async fn match_with(
        &self,
        store: &Arc<Store>,
        database: Arc<Database>,
    ) -> Result<Option<String>, Error> {
        let Some(row) = self.begin_matching(database.information().id.clone()).await? else {
            return Ok(None);
        };
        let names = changed_names(store, &database, &row.older_ids).await?;
        let report =
            Report { names: names.as_ref().map_or(0, |names| names.len()), ..Report::default() };
        let mut run = Rematch { database, names, row, report };
        // What was under way is told first, with what its packages have by these advisories.
        if let Some(stored) = run.row.plan.take() {
            let plan = Plan::unpack(&stored)?;
            self.apply_again(&mut run, &plan).await?;
            self.tell(&mut run, plan).await?;
        }
        while let Some(part) = self.next_part(&run).await? {
            self.do_part(&mut run, part).await?;
        }
        run.row.finished_at = Some(self.now());
        self.put_matching(run.row.clone()).await?;
        let Report { names, packages, changes, images, events } = run.report;
        tracing::info!(packages, changes, images, events, "stored packages were matched anew");
        let report = serde_json::json!({
            "database": run.row.database_id, "changedNames": names, "packages": packages,
            "changes": changes, "images": images, "events": events,
        });
        Ok(Some(report.to_string()))
    }

    /// Where to go on; `None` if all was matched with that database. From now on new packages are
    /// matched with it as well.
    async fn begin_matching(&self, database_id: String) -> Result<Option<MatchingRow>, Error> {
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let found = advisory_matching::find(tx).await?;
                    let Some(row) = next_row(found, database_id) else { return Ok(None) };
                    package::set_matching_mark(tx, &row.database_id).await?;
                    advisory_matching::put(tx, &row).await?;
                    Ok(Some(row))
                })
            })
            .await
    }

    async fn put_matching(&self, row: MatchingRow) -> Result<(), Error> {
        self.metadata
            .write(move |tx| Box::pin(async move { Ok(advisory_matching::put(tx, &row).await?) }))
            .await
    }
}

/// How the matching stands once it is about `database_id`.
fn next_row(found: Option<MatchingRow>, database_id: String) -> Option<MatchingRow> {
    let fresh = |older_ids| MatchingRow {
        database_id: database_id.clone(),
        older_ids,
        position: String::new(),
        plan: None,
        told_inventory_id: 0,
        finished_at: None,
    };
    match found {
        None => Some(fresh(String::new())),
        Some(row) if row.database_id == database_id => row.finished_at.is_none().then_some(row),
        Some(row) if row.finished_at.is_some() => Some(fresh(row.database_id)),
        // Some packages were matched with that one, some still with those before.
        Some(row) => {
            let older_ids = match row.older_ids.is_empty() {
                true => String::new(),
                false => format!("{},{}", row.older_ids, row.database_id),
            };
            let (plan, told_inventory_id) = (row.plan, row.told_inventory_id);
            Some(MatchingRow { plan, told_inventory_id, ..fresh(older_ids) })
        }
    }
}

/// What the databases differ about; `None` if one of them is gone, or nobody knows which it was.
async fn changed_names(
    store: &Arc<Store>,
    database: &Arc<Database>,
    older_ids: &str,
) -> Result<Option<Arc<Vec<(Ecosystem, String)>>>, Error> {
    if older_ids.is_empty() {
        return Ok(None);
    }
    let (store, database, older_ids) =
        (Arc::clone(store), Arc::clone(database), older_ids.to_owned());
    blocking(move || {
        let mut names = Vec::new();
        for id in older_ids.split(',') {
            // One that is damaged by now is as good as gone.
            let Ok(Some(older)) = store.by_id(id) else { return Ok(None) };
            let changed = database.changed_since(&older);
            names.extend(changed.map_err(|error| Error::Server(Box::new(error)))?);
        }
        // In the order in which positions are compared.
        names.sort_by_cached_key(plan::position_of);
        names.dedup();
        Ok(Some(Arc::new(names)))
    })
    .await
}

#[cfg(test)]
mod tests {
    use wharfinger_core::Timestamp;

    use super::*;

    #[test]
    fn a_newer_database_in_the_middle_widens_what_is_looked_at() {
        let begun = next_row(None, "a".into()).unwrap();
        assert_eq!((begun.database_id.as_str(), begun.older_ids.as_str()), ("a", ""));
        let mut row = MatchingRow { plan: Some(vec![1]), told_inventory_id: 7, ..begun };
        row.position = "npm\nx".into();
        assert_eq!(next_row(Some(row.clone()), "a".into()).as_ref(), Some(&row));
        // Nobody knows what the first was matched with.
        let next = next_row(Some(row.clone()), "b".into()).unwrap();
        assert_eq!((next.older_ids.as_str(), next.position.as_str()), ("", ""));
        assert_eq!((next.plan.as_deref(), next.told_inventory_id), (Some(&[1][..]), 7));
        row.finished_at = Some(Timestamp::from_seconds(1));
        assert_eq!(next_row(Some(row.clone()), "a".into()), None);
        let next = next_row(Some(row), "b".into()).unwrap();
        assert_eq!((next.older_ids.as_str(), next.plan.as_ref()), ("a", None));
        let next = next_row(Some(next), "c".into()).unwrap();
        assert_eq!((next.database_id.as_str(), next.older_ids.as_str()), ("c", "a,b"));
    }
}

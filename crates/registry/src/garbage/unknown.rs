//! Objects that no row knows: what a crash left between a file and its row.
//!
//! Whoever writes an object has a row name it before there is a file, and has a row say that it is to
//! be deleted before the file goes. So a file that was seen, and that no row names after that, has
//! been left behind: no row will ever name it again, and there is nothing to wait for.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use wharfinger_core::limits::{OBJECT_LISTING_INTERVAL_SECONDS, OBJECTS_LISTED_MAX};
use wharfinger_core::{ObjectId, Timestamp};
use wharfinger_metadata::garbage::{self, DiscardedObject};
use wharfinger_metadata::installation;

use super::{Collection, STEP};
use crate::{Error, Registry};

/// What the row of the listing is called.
const LISTING: &str = "object_listing";
/// Objects that are looked up in one snapshot.
const LOOKED_UP_AT_ONCE: usize = 200;

/// How far the listing of a server is.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Listing {
    /// When the last one came to its end, in milliseconds since 1970.
    finished_at: i64,
    /// Where the one under way is: the store, and the last object that was looked at.
    at: Option<(String, Option<String>)>,
}

/// The store and object behind which a listing goes on.
type Place = (&'static str, Option<ObjectId>);

impl Listing {
    fn is_due(&self, now: Timestamp) -> bool {
        let interval = Duration::from_secs(OBJECT_LISTING_INTERVAL_SECONDS);
        self.at.is_some() || Timestamp::from_millis(self.finished_at).plus(interval) <= now
    }
}

impl Registry {
    /// Looks at all objects of all stores.
    pub(super) async fn collect_all_unknown_objects(
        &self,
        run: &mut Collection<'_>,
    ) -> Result<(), Error> {
        let mut place = self.first_place(&Listing::default());
        while let Some(at) = place {
            place = self.look_at_some_objects(at, run).await?;
        }
        self.put_listing(None).await
    }

    /// Goes on for as long as it may with the listing that is under way, or with a new one if the last
    /// was long ago.
    pub(super) async fn collect_unknown_objects_if_due(
        &self,
        run: &mut Collection<'_>,
        time: Duration,
    ) -> Result<(), Error> {
        let listing = self.listing().await?;
        if !listing.is_due(self.now()) {
            return Ok(());
        }
        let end = Instant::now() + time;
        let mut place = self.first_place(&listing);
        while let Some(at) = place {
            place = self.look_at_some_objects(at, run).await?;
            self.put_listing(place).await?;
            if Instant::now() >= end {
                break;
            }
        }
        Ok(())
    }

    async fn listing(&self) -> Result<Listing, Error> {
        let text = self
            .metadata
            .read(|tx| {
                Box::pin(async move { Ok::<_, Error>(installation::get(tx, LISTING).await?) })
            })
            .await?;
        // One that cannot be read is begun anew.
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
    }

    /// Notes how far the listing is; without a place it has come to its end.
    async fn put_listing(&self, place: Option<Place>) -> Result<(), Error> {
        let at = place.map(|(store, after)| (store.to_owned(), after.map(|id| id.to_string())));
        let listing = Listing { finished_at: self.now().millis(), at };
        let text = serde_json::to_string(&listing).map_err(|error| Error::Server(error.into()))?;
        self.metadata
            .write(move |tx| {
                Box::pin(async move { Ok(installation::put(tx, LISTING, &text).await?) })
            })
            .await
    }

    /// Where a listing goes on.
    fn first_place(&self, listing: &Listing) -> Option<Place> {
        let deletion = self.object_deletion();
        let stores = deletion.stores();
        let going_on = listing.at.as_ref().and_then(|(store, after)| {
            let (name, _) = stores.iter().find(|(name, _)| name == store)?;
            Some((*name, after.as_ref().and_then(|after| after.parse().ok())))
        });
        going_on.or_else(|| stores.first().map(|(name, _)| (*name, None)))
    }

    /// Looks at a page of objects; answers where the next one begins, if there is one.
    async fn look_at_some_objects(
        &self,
        (name, after): Place,
        run: &mut Collection<'_>,
    ) -> Result<Option<Place>, Error> {
        let deletion = self.object_deletion();
        let stores = deletion.stores();
        let Some(index) = stores.iter().position(|(store, _)| *store == name) else {
            return Ok(None);
        };
        let began = run.pace.begin();
        let page = stores[index].1.list(after, OBJECTS_LISTED_MAX).await?;
        run.report.foreign_files += page.foreign_file_count;
        for file in &page.foreign_files {
            tracing::warn!(file, "a file among the objects is none");
        }
        run.rest(began).await;
        for objects in page.objects.chunks(LOOKED_UP_AT_ONCE) {
            let began = run.pace.begin();
            let unknown = self.without_rows(objects).await?;
            if !unknown.is_empty() {
                self.delete_unknown_objects(name, unknown, run).await?;
            }
            run.rest(began).await;
        }
        Ok(match page.next_after {
            Some(after) => Some((name, Some(after))),
            None => stores.get(index + 1).map(|(next, _)| (*next, None)),
        })
    }

    /// Those of some objects, all of which have been seen before, that no row knows.
    pub(super) async fn without_rows(
        &self,
        objects: &[(ObjectId, u64)],
    ) -> Result<Vec<(ObjectId, u64)>, Error> {
        let objects = objects.to_vec();
        self.metadata
            .read(move |tx| {
                Box::pin(async move {
                    let mut unknown = Vec::new();
                    for (object_id, size_bytes) in objects {
                        if !garbage::is_known(tx, &object_id).await? {
                            unknown.push((object_id, size_bytes));
                        }
                    }
                    Ok(unknown)
                })
            })
            .await
    }

    async fn delete_unknown_objects(
        &self,
        store: &'static str,
        objects: Vec<(ObjectId, u64)>,
        run: &mut Collection<'_>,
    ) -> Result<(), Error> {
        for objects in objects.chunks(STEP as usize) {
            let discarded = self.discard_unknown(store, objects.to_vec()).await?;
            let bytes = discarded.iter().map(|object| object.size_bytes).sum::<u64>();
            let count = discarded.len() as u64;
            let deleted = self.delete_discarded(discarded, run).await?;
            run.report.undeleted_objects += count - deleted;
            run.report.unknown_objects += count;
            run.report.unknown_object_bytes += bytes;
            self.counters.unknown_objects_freed.add(count);
        }
        Ok(())
    }

    /// Notes that those are to be deleted which no row knows still.
    async fn discard_unknown(
        &self,
        store: &'static str,
        objects: Vec<(ObjectId, u64)>,
    ) -> Result<Vec<DiscardedObject>, Error> {
        let now = self.now();
        self.metadata
            .write(move |tx| {
                Box::pin(async move {
                    let mut discarded = Vec::with_capacity(objects.len());
                    for (object_id, size_bytes) in objects {
                        if garbage::is_known(tx, &object_id).await? {
                            continue;
                        }
                        let object =
                            DiscardedObject { object_id, store: store.to_owned(), size_bytes };
                        garbage::discard(tx, &object, now).await?;
                        discarded.push(object);
                    }
                    Ok(discarded)
                })
            })
            .await
    }
}

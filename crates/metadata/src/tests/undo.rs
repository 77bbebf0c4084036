//! What was deleted and can be brought back, and what tags have pointed to.

use std::time::Duration;

use wharfinger_core::{Digest, Tag, Timestamp};

use super::{counters, digest, image_row, now, open, repository_row, with_repository, write};
use crate::deleted_image::{self, DeletionPosition};
use crate::repository::RepositoryRow;
use crate::{
    MetadataError, RepositoryId, Tx, blob, deleted_repository, image, repository,
    repository_policy, tag, tag_history,
};

fn later(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn tag_of(name: &str) -> Tag {
    name.parse().unwrap()
}

/// Appends as callers do.
async fn change(tx: &mut Tx, id: RepositoryId, to: Option<u8>, at: u64) {
    let (latest, to) = (tag_of("latest"), to.map(digest));
    let last = tag_history::last(tx, id, &latest).await.unwrap();
    let (last, to) = (last.as_ref(), to.as_ref());
    tag_history::append(tx, id, &latest, last, to, "who", later(at)).await.unwrap();
}

/// Every statement, for the test that looks at the plans.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let RepositoryRow { registry, name, .. } = repository_row("app");
    let latest = tag_of("latest");
    change(tx, id, Some(1), 0).await;
    tag_history::at(tx, id, &latest, now()).await?;
    tag_history::last_other(tx, id, &latest, None).await?;
    tag_history::list(tx, id, &latest, (now(), 0), 10).await?;
    tag_history::tags_between(tx, id, "a", "b").await?;
    tag_history::expire(tx, now(), 10).await?;
    tag::find_with_time(tx, id, &latest).await?;
    image::insert(tx, id, &image_row(1, 1), b"sealed", &[digest(2)], &[]).await?;
    deleted_image::keep(tx, id, &digest(1), &[], "who", now(), now()).await?;
    blob::lease_those_of(tx, id, &digest(1), now()).await?;
    deleted_image::find(tx, id, &digest(1)).await?;
    deleted_image::sealed_manifest(tx, id, &digest(1)).await?;
    deleted_image::list(tx, id, &DeletionPosition::start(), 10).await?;
    deleted_image::referrers(tx, id, &digest(1), "", 10).await?;
    deleted_image::remove(tx, id, &digest(1)).await?;
    deleted_image::expire(tx, now(), 10).await?;
    deleted_repository::keep(tx, id, "who", now(), later(1)).await?;
    for at in [None, Some(now())] {
        deleted_repository::find(tx, &registry, &name, at).await?;
    }
    deleted_repository::list(tx, &registry, ("", now(), None), 10).await?;
    deleted_repository::restore(tx, id, &registry, &name).await?;
    deleted_repository::expire(tx, now(), 10).await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_image_is_kept_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let mut row = image_row(1, 7);
            row.subject = Some(digest(9));
            row.archived_at = Some(later(1));
            image::insert(tx, id, &row, b"sealed", &[], &[]).await?;
            let tags = [tag_of("a"), tag_of("b")];
            deleted_image::keep(tx, id, &digest(1), &[], "first", now(), later(5)).await?;
            deleted_image::keep(tx, id, &digest(1), &tags, "who", later(2), later(9)).await?;
            image::delete(tx, id, &digest(1)).await?;
            let found = deleted_image::find(tx, id, &digest(1)).await?.unwrap();
            assert_eq!(found.image, row);
            assert_eq!((&found.tags[..], found.cause.as_str()), (&tags[..], "who"));
            assert_eq!((found.deleted_at, found.expires_at), (later(2), later(9)));
            let sealed = deleted_image::sealed_manifest(tx, id, &digest(1)).await?;
            assert_eq!(sealed.as_deref(), Some(&b"sealed"[..]));
            let referrers = deleted_image::referrers(tx, id, &digest(9), "", 10).await?;
            assert_eq!(referrers, [(digest(1), "who".to_owned())]);
            let after = digest(1).to_string();
            assert_eq!(deleted_image::referrers(tx, id, &digest(9), &after, 10).await?, []);
            assert_eq!(deleted_image::expire(tx, later(8), 10).await?, 0);
            assert_eq!(deleted_image::expire(tx, later(9), 10).await?, 1);
            assert_eq!(deleted_image::find(tx, id, &digest(1)).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_last_deletion_is_listed_first_and_pages_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in 0..10 {
                image::insert(tx, id, &image_row(byte, 0), b"", &[], &[]).await?;
                let at = later(u64::from(byte) / 3);
                deleted_image::keep(tx, id, &digest(byte), &[], "", at, at).await?;
            }
            let (mut seen, mut after) = (Vec::new(), DeletionPosition::start());
            loop {
                let page = deleted_image::list(tx, id, &after, 3).await?;
                let Some(last) = page.last() else { break };
                let (deleted_at, digest) = (last.deleted_at, last.image.digest.to_string());
                after = DeletionPosition { deleted_at, digest };
                seen.extend(page.into_iter().map(|row| row.image.digest));
            }
            assert_eq!(seen, (0..10).rev().map(digest).collect::<Vec<_>>());
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_repository_goes_out_of_sight_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let row = repository_row("app");
            image::insert(tx, id, &image_row(1, 0), b"", &[], &[]).await?;
            repository_policy::put(tx, id, "{}", now()).await?;
            deleted_repository::keep(tx, id, "who", now(), later(9)).await?;
            assert_eq!(repository::find(tx, &row.registry, &row.name).await?, None);
            assert_eq!(repository::list(tx, &row.registry, "", 9).await?, []);
            assert_eq!(repository::count(tx, &row.registry).await?, 0);
            assert!(!repository::purge(tx, 9).await?, "it may come back");
            let named = repository_policy::find_named(tx, &row.registry, &row.name).await?;
            assert_eq!(named, None);
            counters::check(tx);
            let other = RepositoryRow { id: RepositoryId(1), ..row.clone() };
            repository::insert(tx, &other).await?;
            let kept = deleted_repository::find(tx, &row.registry, &row.name, None).await?;
            let kept = kept.unwrap();
            assert_eq!((kept.id, kept.image_count, kept.cause.as_str()), (id, 1, "who"));
            let taken = deleted_repository::restore(tx, id, &row.registry, &row.name).await;
            assert!(matches!(taken, Err(MetadataError::Duplicate(_))));
            let again = "again".parse().unwrap();
            deleted_repository::restore(tx, id, &row.registry, &again).await?;
            let back = repository::find(tx, &row.registry, &again).await?.unwrap();
            assert_eq!(back, RepositoryRow { name: again, image_count: 1, ..row.clone() });
            assert_eq!(repository::count(tx, &row.registry).await?, 2);
            assert_eq!(repository_policy::get(tx, id).await?.as_deref(), Some("{}"));
            assert_eq!(deleted_repository::find(tx, &row.registry, &row.name, None).await?, None);
            counters::check(tx);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn of_repositories_of_one_name_each_is_found_by_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let row = repository_row("app");
            for number in 1..=4 {
                let id = RepositoryId(number);
                repository::insert(tx, &RepositoryRow { id, ..row.clone() }).await?;
                let (at, until) = (later(number.unsigned_abs() * 10), later(100));
                deleted_repository::keep(tx, id, "", at, until).await?;
            }
            let (registry, name) = (&row.registry, &row.name);
            for (at, expected) in [(None, Some(4)), (Some(15), Some(2)), (Some(40), None)] {
                let at = at.map(later);
                let found = deleted_repository::find(tx, registry, name, at).await?;
                assert_eq!(found.map(|row| row.id), expected.map(RepositoryId), "{at:?}");
            }
            let start = ("", Timestamp::from_millis(0), None);
            let page = deleted_repository::list(tx, registry, start, 3).await?;
            assert_eq!(page.len(), 3);
            let next = (page[2].name.as_str(), page[2].deleted_at, Some(page[2].id));
            let rest = deleted_repository::list(tx, registry, next, 3).await?;
            assert_eq!(rest.iter().map(|row| row.id).collect::<Vec<_>>(), [RepositoryId(4)]);
            // When their time is over they are purged, a few at a time.
            assert_eq!(deleted_repository::expire(tx, later(99), 3).await?, 0);
            assert_eq!(deleted_repository::expire(tx, later(100), 3).await?, 3);
            assert_eq!(deleted_repository::expire(tx, later(100), 3).await?, 1);
            let mut steps = 0;
            while repository::purge(tx, 9).await? {
                steps += 1;
            }
            assert_eq!(steps, 4);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn history_says_what_a_tag_pointed_to_at_any_time_in_the_window() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let latest = tag_of("latest");
            for (to, at) in [(Some(1), 10), (Some(2), 20), (None, 30), (Some(3), 40)] {
                change(tx, id, to, at).await;
            }
            // A clock that went back does not turn the order round.
            change(tx, id, Some(4), 35).await;
            let states = [(5, None), (10, Some(1)), (29, Some(2)), (30, None), (99, Some(4))];
            for (at, expected) in states {
                let found = tag_history::at(tx, id, &latest, later(at)).await?;
                let found = found.and_then(|change| change.digest);
                assert_eq!(found, expected.map(digest), "{at}");
            }
            let other = tag_history::last_other(tx, id, &latest, Some(&digest(4))).await?;
            assert_eq!(other.unwrap().digest, Some(digest(3)));
            let page = tag_history::list(tx, id, &latest, (later(99), 0), 2).await?;
            let digests = |page: &[tag_history::TagChangeRow]| {
                page.iter().map(|change| change.digest).collect::<Vec<Option<Digest>>>()
            };
            assert_eq!(digests(&page), [Some(digest(4)), Some(digest(3))]);
            let before = (page[1].changed_at, page[1].change_id);
            let page = tag_history::list(tx, id, &latest, before, 9).await?;
            assert_eq!(digests(&page), [None, Some(digest(2)), Some(digest(1))]);
            let names = tag_history::tags_between(tx, id, "l", "m").await?;
            assert_eq!(names, std::slice::from_ref(&latest));
            // What was true at the beginning of the window stays.
            assert_eq!(tag_history::expire(tx, later(25), 10).await?, 1);
            let found = tag_history::at(tx, id, &latest, later(25)).await?.unwrap();
            assert_eq!(found.digest, Some(digest(2)));
            assert_eq!(tag_history::expire(tx, later(1_000), 2).await?, 2, "in steps");
            assert_eq!(tag_history::expire(tx, later(1_000), 2).await?, 1);
            assert_eq!(tag_history::expire(tx, later(1_000), 2).await?, 0, "what holds now stays");
            let last = tag_history::last(tx, id, &latest).await?.unwrap();
            assert_eq!(last.digest, Some(digest(4)));
            Ok(())
        })
    })
    .await
    .unwrap();
}

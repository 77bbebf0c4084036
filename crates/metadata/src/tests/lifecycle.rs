//! Lifecycle policies, their previews, and the facts these are made from.

use wharfinger_core::{Tag, Timestamp};

use super::{digest, image_row, now, open, repository_row, with_repository, write};
use crate::image::TagStatus;
use crate::lifecycle_preview::{PreviewRow, PreviewStatus, ResultRow};
use crate::{RepositoryId, image, lifecycle_policy, lifecycle_preview, repository, tag};

/// A preview under way.
pub(super) fn preview_row(run_id: i64) -> PreviewRow {
    PreviewRow {
        run_id,
        process_id: 9,
        policy_text: "{}".into(),
        status: PreviewStatus::InProgress,
        expires_at: Some(now()),
        expiring_count: 0,
        transitioning_count: 0,
    }
}

pub(super) fn result_row(position: u8, tags: &str) -> ResultRow {
    ResultRow {
        position: position.into(),
        digest: digest(position),
        tags: tags.split_whitespace().map(|tag| tag.parse().unwrap()).collect(),
        pushed_at: now(),
        storage_class: "STANDARD".into(),
        action: "EXPIRE".into(),
        rule_priority: 1,
    }
}

#[tokio::test]
async fn a_policy_that_is_put_again_has_not_been_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            assert_eq!(lifecycle_policy::find(tx, id).await?, None);
            lifecycle_policy::put(tx, id, "one", now()).await?;
            lifecycle_policy::set_evaluated(tx, id, Timestamp::from_millis(5)).await?;
            let found = lifecycle_policy::find(tx, id).await?.unwrap();
            assert_eq!(found.last_evaluated_at, Timestamp::from_millis(5));
            assert_eq!((found.updated_at, lifecycle_policy::exists(tx, id).await?), (now(), true));
            lifecycle_policy::put(tx, id, "two", now()).await?;
            let found = lifecycle_policy::find(tx, id).await?.unwrap();
            assert_eq!(found.policy_text, "two");
            assert_eq!(found.last_evaluated_at, Timestamp::default());
            lifecycle_policy::delete(tx, id).await?;
            assert_eq!(lifecycle_policy::find(tx, id).await?, None);
            assert!(!lifecycle_policy::exists(tx, id).await?);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_preview_belongs_to_its_last_run() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            lifecycle_preview::put(tx, id, &preview_row(1)).await?;
            let complete = PreviewRow {
                status: PreviewStatus::Complete,
                expires_at: Some(now().plus(std::time::Duration::from_secs(1))),
                expiring_count: 3,
                transitioning_count: 4,
                ..preview_row(2)
            };
            lifecycle_preview::put(tx, id, &complete).await?;
            assert_eq!(lifecycle_preview::find(tx, id).await?, Some(complete.clone()));
            assert_eq!(lifecycle_preview::ended(tx, now()).await?, None);
            let later = complete.expires_at.unwrap();
            let ended = lifecycle_preview::ended(tx, later).await?;
            assert_eq!(ended, Some((id, complete.clone())));
            let done = PreviewRow { expires_at: None, ..complete };
            lifecycle_preview::put(tx, id, &done).await?;
            assert_eq!(lifecycle_preview::ended(tx, later).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn results_are_walked_by_tag_status_and_found_by_digest() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let rows: Vec<ResultRow> =
                (0..5).map(|at| result_row(at, if at % 2 == 0 { "a b" } else { "" })).collect();
            lifecycle_preview::insert_results(tx, id, 1, &rows).await?;
            lifecycle_preview::insert_results(tx, id, 2, &rows[..1]).await?;
            for (tag_status, from, limit, expected) in [
                (TagStatus::Any, 1, 3, vec![1, 2, 3]),
                (TagStatus::Tagged, 1, 9, vec![2, 4]),
                (TagStatus::Untagged, 0, 9, vec![1, 3]),
            ] {
                let found = lifecycle_preview::results(tx, id, 1, tag_status, from, limit).await?;
                let expected: Vec<_> =
                    expected.iter().map(|at: &usize| rows[*at].clone()).collect();
                assert_eq!(found, expected);
            }
            let found = lifecycle_preview::result(tx, id, 1, &digest(3)).await?;
            assert_eq!(found.as_ref(), rows.get(3));
            assert_eq!(lifecycle_preview::result(tx, id, 2, &digest(3)).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn results_are_discarded_in_steps_but_for_those_of_one_run() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let rows: Vec<ResultRow> = (0..5).map(|at| result_row(at, "")).collect();
            for run_id in 1..=3 {
                lifecycle_preview::insert_results(tx, id, run_id, &rows).await?;
            }
            let mut steps = 0;
            while lifecycle_preview::discard_results(tx, id, Some(2), 3).await? {
                steps += 1;
            }
            assert_eq!(steps, 4);
            let mut left = Vec::new();
            for run_id in 1..=3 {
                let any = TagStatus::Any;
                left.push(lifecycle_preview::results(tx, id, run_id, any, 0, 9).await?.len());
            }
            assert_eq!(left, [0, 5, 0]);
            // A deleted repository takes the rest along, in steps as well.
            lifecycle_preview::put(tx, id, &preview_row(2)).await?;
            repository::delete(tx, id, now()).await?;
            let mut steps = 0;
            while repository::purge(tx, 2).await? {
                steps += 1;
            }
            assert_eq!(steps, 3 + 1, "results and the repository");
            assert_eq!(lifecycle_preview::find(tx, id).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn the_facts_of_images_tell_who_refers_to_whom() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            image::insert(tx, id, &image_row(1, 10), b"", &[], &[]).await?;
            image::insert(tx, id, &image_row(2, 20), b"", &[], &[digest(1)]).await?;
            let referrer = image::ImageRow { subject: Some(digest(2)), ..image_row(3, 30) };
            image::insert(tx, id, &referrer, b"", &[], &[]).await?;
            let dangling = image::ImageRow { subject: Some(digest(9)), ..image_row(4, 40) };
            image::insert(tx, id, &dangling, b"", &[], &[]).await?;
            tag::put(tx, id, &"v1".parse().unwrap(), &digest(2), now()).await?;
            // Another repository has no part in it.
            let other = repository_row("other");
            repository::insert(tx, &other).await?;
            image::insert(tx, other.id, &image_row(9, 1), b"", &[], &[digest(2)]).await?;
            let mut seen = Vec::new();
            let mut after = String::new();
            while let Some(row) = lifecycle_preview::image_facts(tx, id, &after, 1).await?.pop() {
                after = row.digest.to_string();
                assert_eq!(row.is_listed, row.is_listed_by_active);
                let alone = lifecycle_preview::facts_of(tx, id, &row.digest).await?;
                assert_eq!(alone.as_ref(), Some(&row));
                seen.push((row.digest, row.tag_count, row.is_listed, row.has_live_subject));
            }
            assert_eq!(lifecycle_preview::facts_of(tx, id, &digest(9)).await?, None);
            let expected = [
                (digest(1), 0, true, false),
                (digest(2), 1, false, false),
                (digest(3), 0, false, true),
                (digest(4), 0, false, false),
            ];
            assert_eq!(seen, expected);
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// Both are walked in the order of digests, so that one is laid beside the other.
#[tokio::test]
async fn the_tags_of_images_from_one_to_another_come_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for (byte, tags) in [(1, "z"), (2, "b a"), (3, ""), (4, "c"), (5, "d")] {
                image::insert(tx, id, &image_row(byte, 0), b"", &[], &[]).await?;
                for name in tags.split_whitespace() {
                    tag::put(tx, id, &name.parse().unwrap(), &digest(byte), now()).await?;
                }
            }
            let pair = |byte, name: &str| (digest(byte), name.parse::<Tag>().unwrap());
            let found = lifecycle_preview::tags(tx, id, &digest(2), &digest(4), 9).await?;
            assert_eq!(found, [pair(2, "a"), pair(2, "b"), pair(4, "c")]);
            let found = lifecycle_preview::tags(tx, id, &digest(2), &digest(4), 1).await?;
            assert_eq!(found, [pair(2, "a")]);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_repository_is_found_by_its_id_until_it_is_deleted() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            let found = repository::find_by_id(tx, id).await?.unwrap();
            assert_eq!(found, repository_row("app"));
            assert_eq!(repository::find_by_id(tx, RepositoryId(1)).await?, None);
            repository::delete(tx, id, now()).await?;
            assert_eq!(repository::find_by_id(tx, id).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

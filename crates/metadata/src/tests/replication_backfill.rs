//! Replication backfills: listed newest first, found only by their registry, kept for a while.

use std::time::Duration;

use wharfinger_core::{RegistryId, ReplicationBackfillId, SeededEntropy, Timestamp};

use super::{now, open, write};
use crate::replication_backfill::{self, ReplicationBackfillPosition, ReplicationBackfillRow};
use crate::{MetadataError, Tx};

fn registry(region: &str) -> RegistryId {
    RegistryId::new("111122223333".parse().unwrap(), region.parse().unwrap())
}

fn at(second: u64) -> Timestamp {
    now().plus(Duration::from_secs(second))
}

fn row(seed: u64, started_at: Timestamp, ended_at: Option<Timestamp>) -> ReplicationBackfillRow {
    ReplicationBackfillRow {
        id: ReplicationBackfillId::random(&SeededEntropy::new(seed)),
        destination: registry("us-east-1"),
        status: if ended_at.is_some() { "FAILED" } else { "IN_PROGRESS" }.into(),
        failure_code: ended_at.map(|_| "Why".into()),
        started_at,
        ended_at,
    }
}

/// Every statement once.
pub(super) async fn run(tx: &mut Tx) -> Result<(), MetadataError> {
    let (here, backfill) = (registry("eu-west-1"), row(1, now(), None));
    replication_backfill::insert(tx, &here, &backfill).await?;
    replication_backfill::find(tx, &here, &backfill.id).await?;
    let start = ReplicationBackfillPosition::start();
    replication_backfill::list(tx, &here, &start, at(0), 10).await?;
    replication_backfill::in_progress(tx, &here, 10).await?;
    replication_backfill::end(tx, &backfill.id, "STOPPED", at(1)).await?;
    replication_backfill::forget_oldest(tx, &here, 5).await?;
    replication_backfill::purge(tx, at(2), 10).await?;
    Ok(())
}

#[tokio::test]
async fn only_so_many_ended_backfills_are_kept_and_all_that_run() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let here = registry("eu-west-1");
            let running = row(100, at(0), None);
            replication_backfill::insert(tx, &here, &running).await?;
            replication_backfill::insert(tx, &registry("eu-west-2"), &row(99, at(0), None)).await?;
            for seed in 1..=5 {
                let ended = row(seed, at(seed), Some(at(seed)));
                replication_backfill::insert(tx, &here, &ended).await?;
                let forgotten = replication_backfill::forget_oldest(tx, &here, 3).await?;
                assert_eq!(forgotten, seed > 3);
            }
            let start = ReplicationBackfillPosition::start();
            let kept = replication_backfill::list(tx, &here, &start, at(0), 10).await?;
            let started: Vec<_> = kept.iter().map(|row| row.started_at).collect();
            assert_eq!(started, [at(5), at(4), at(3), at(0)]);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn backfills_are_listed_newest_first_each_once() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let here = registry("eu-west-1");
            let mut expected = Vec::new();
            for seed in 0..20 {
                // Two start at the same moment; the first four have ended too long ago.
                let backfill = row(seed, at(seed / 2), (seed < 10).then(|| at(seed / 2)));
                replication_backfill::insert(tx, &here, &backfill).await?;
                if seed >= 4 {
                    expected.push(backfill);
                }
            }
            replication_backfill::insert(tx, &registry("eu-west-2"), &row(99, at(5), None)).await?;
            expected.sort_by_key(|row| std::cmp::Reverse((row.started_at, row.id.to_string())));
            let (mut found, mut after) = (Vec::new(), ReplicationBackfillPosition::start());
            loop {
                let page = replication_backfill::list(tx, &here, &after, at(1), 3).await?;
                let Some(last) = page.last() else { break };
                after = ReplicationBackfillPosition {
                    started_at: last.started_at,
                    id: last.id.to_string(),
                };
                found.extend(page);
            }
            assert_eq!(found, expected);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_backfill_ends_once_and_is_forgotten_after_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, |tx| {
        Box::pin(async move {
            let (here, elsewhere) = (registry("eu-west-1"), registry("eu-west-2"));
            let backfill = row(1, now(), None);
            replication_backfill::insert(tx, &here, &backfill).await?;
            let again = replication_backfill::insert(tx, &elsewhere, &backfill).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            assert_eq!(replication_backfill::find(tx, &elsewhere, &backfill.id).await?, None);
            let found = replication_backfill::find(tx, &here, &backfill.id).await?;
            assert_eq!(found.as_ref(), Some(&backfill));
            let running = replication_backfill::in_progress(tx, &here, 10).await?;
            assert_eq!(running, std::slice::from_ref(&backfill));
            assert_eq!(replication_backfill::in_progress(tx, &elsewhere, 10).await?, []);

            assert!(replication_backfill::end(tx, &backfill.id, "STOPPED", at(5)).await?);
            assert!(!replication_backfill::end(tx, &backfill.id, "FAILED", at(6)).await?);
            assert_eq!(replication_backfill::in_progress(tx, &here, 10).await?, []);
            let ended = ReplicationBackfillRow {
                status: "STOPPED".into(),
                ended_at: Some(at(5)),
                ..backfill
            };
            assert_eq!(
                replication_backfill::find(tx, &here, &ended.id).await?,
                Some(ended.clone())
            );

            replication_backfill::insert(tx, &here, &row(2, now(), None)).await?;
            assert_eq!(replication_backfill::purge(tx, at(4), 10).await?, 0);
            assert_eq!(replication_backfill::purge(tx, at(5), 10).await?, 1);
            assert_eq!(replication_backfill::find(tx, &here, &ended.id).await?, None);
            let running = replication_backfill::in_progress(tx, &here, 10).await?;
            assert_eq!(running, [row(2, now(), None)]);
            Ok(())
        })
    })
    .await
    .unwrap();
}

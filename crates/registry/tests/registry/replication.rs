//! Replication: what is configured comes back; what is asked for is not pretended.

use std::time::Duration;

use wharfinger_auth::actions::StartReplicationBackfill;
use wharfinger_core::{Clock, RegistryId, ReplicationBackfillId, SeededEntropy};
use wharfinger_metadata::MetadataError;
use wharfinger_metadata::replication_backfill::{self, ReplicationBackfillRow};
use wharfinger_registry::{
    Error, PageRequest, ReplicationBackfill, ReplicationBackfillStatus, ReplicationRule,
};

use super::fixture::{Fixture, by_digest, by_tag, permit_for};

const DAY: Duration = Duration::from_secs(86_400);

fn registry(account: &str, region: &str) -> RegistryId {
    RegistryId::new(account.parse().unwrap(), region.parse().unwrap())
}

fn destination(number: u32) -> RegistryId {
    registry("111122223333", &format!("us-east-{number}"))
}

async fn put(fixture: &Fixture, destinations: Vec<RegistryId>) -> Vec<ReplicationRule> {
    let filters = vec!["team/".to_owned()];
    let rules = vec![ReplicationRule { destinations, filters, delete_replication: Some(false) }];
    fixture.registry.put_replication_configuration(&permit_for(""), &rules).await.unwrap();
    rules
}

async fn start(fixture: &Fixture, to: RegistryId) -> Result<ReplicationBackfill, Error> {
    fixture.registry.start_replication_backfill(&permit_for(""), to).await
}

async fn described(
    fixture: &Fixture,
    id: ReplicationBackfillId,
) -> Result<ReplicationBackfill, Error> {
    let (permit, page) = (permit_for(""), PageRequest::default());
    fixture.registry.describe_replication_backfill_results(&permit, id, &page).await
}

async fn stopped(
    fixture: &Fixture,
    id: ReplicationBackfillId,
) -> Result<ReplicationBackfill, Error> {
    fixture.registry.stop_replication_backfill(&permit_for(""), id).await
}

async fn listed(fixture: &Fixture, max_results: Option<u32>) -> Vec<Vec<ReplicationBackfill>> {
    let (mut pages, mut page) = (Vec::new(), PageRequest { max_results, next_token: None });
    loop {
        let permit = permit_for("");
        let found = fixture.registry.list_replication_backfills(&permit, &page).await.unwrap();
        pages.push(found.items);
        let Some(token) = found.next_token else { return pages };
        page.next_token = Some(token);
    }
}

/// A backfill that a replicator of the future has begun.
async fn begun(fixture: &Fixture, seed: u32, status: &str) -> ReplicationBackfillId {
    let row = ReplicationBackfillRow {
        // Not a seed of the registry itself, whose ids these would be.
        id: ReplicationBackfillId::random(&SeededEntropy::new(1000 + u64::from(seed))),
        destination: destination(seed),
        status: status.into(),
        failure_code: None,
        started_at: fixture.clock.now(),
        ended_at: None,
    };
    let id = row.id;
    let written: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let permit = permit_for::<StartReplicationBackfill>("");
                replication_backfill::insert(tx, &permit.resource().registry, &row).await
            })
        })
        .await;
    written.unwrap();
    id
}

#[tokio::test]
async fn rules_are_replaced_as_a_whole_and_outlive_the_process() {
    let fixture = Fixture::new();
    assert_eq!(fixture.registry.describe_registry(&permit_for("")).await.unwrap(), []);
    put(&fixture, vec![destination(7)]).await;
    let rules = put(&fixture, vec![destination(1), registry("999999999999", "eu-west-1")]).await;
    let fixture = fixture.restarted();
    assert_eq!(fixture.registry.describe_registry(&permit_for("")).await.unwrap(), rules);
    fixture.registry.put_replication_configuration(&permit_for(""), &[]).await.unwrap();
    assert_eq!(fixture.registry.describe_registry(&permit_for("")).await.unwrap(), []);
}

#[tokio::test]
async fn rules_that_are_refused_change_nothing() {
    let fixture = Fixture::new();
    let rules = put(&fixture, vec![destination(1)]).await;
    let mut itself = rules.clone();
    itself[0].destinations.push(registry("111122223333", "eu-west-1"));
    let refused = fixture.registry.put_replication_configuration(&permit_for(""), &itself).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "Invalid parameter at 'replicationConfiguration' failed to satisfy constraint: \
         'Replication destination cannot be the same as the source registry'"
    );
    assert_eq!(fixture.registry.describe_registry(&permit_for("")).await.unwrap(), rules);
}

#[tokio::test]
async fn the_status_is_about_an_image_that_is_there() {
    let fixture = Fixture::new();
    let status = async |image| {
        fixture.registry.describe_image_replication_status(&permit_for("app"), image).await
    };
    let missing = status(by_tag("v1")).await;
    assert!(matches!(missing, Err(Error::RepositoryNotFound { .. })));
    fixture.create("app", "MUTABLE").await.unwrap();
    let digest = fixture.image("app", "1", Some("v1")).await;
    let found = status(by_tag("v1")).await.unwrap();
    assert_eq!((found.digest, found.tag), (digest, Some("v1".parse().unwrap())));
    assert_eq!(status(by_digest(&digest)).await.unwrap().tag, None);
    assert!(matches!(status(by_tag("v2")).await, Err(Error::ImageNotFound { .. })));
}

#[tokio::test]
async fn a_backfill_that_nothing_carries_out_has_failed() {
    let fixture = Fixture::new();
    let unconfigured = start(&fixture, destination(1)).await;
    assert!(matches!(unconfigured, Err(Error::Validation { .. })));
    put(&fixture, vec![destination(1)]).await;
    let elsewhere = start(&fixture, registry("999999999999", "us-east-1")).await;
    assert!(matches!(elsewhere, Err(Error::Validation { .. })), "the account counts as well");

    let now = fixture.clock.now();
    let backfill = start(&fixture, destination(1)).await.unwrap();
    assert_eq!(
        backfill,
        ReplicationBackfill {
            id: backfill.id,
            destination: destination(1),
            status: ReplicationBackfillStatus::Failed,
            failure_code: Some("ReplicationNotSupported".into()),
            started_at: now,
            ended_at: Some(now),
        }
    );
    assert_eq!(described(&fixture, backfill.id).await.unwrap(), backfill);
    assert_eq!(listed(&fixture, None).await, [[backfill.clone()]]);
    let refused = stopped(&fixture, backfill.id).await.unwrap_err();
    assert!(matches!(refused, Error::ReplicationBackfillInvalidStatus { .. }));
    assert_eq!(
        refused.to_string(),
        format!(
            "The replication backfill with id '{}' cannot be stopped because its status is FAILED",
            backfill.id
        )
    );
    // It holds up no other, to the same place.
    assert_ne!(start(&fixture, destination(1)).await.unwrap().id, backfill.id);
}

#[tokio::test]
async fn one_backfill_in_progress_for_a_region_and_ten_for_a_registry() {
    let fixture = Fixture::new();
    let destinations: Vec<RegistryId> = (1..=11).map(destination).collect();
    put(&fixture, [destinations, vec![registry("999999999999", "us-east-1")]].concat()).await;
    begun(&fixture, 1, "IN_PROGRESS").await;
    for to in [destination(1), registry("999999999999", "us-east-1")] {
        let refused = start(&fixture, to).await.unwrap_err();
        assert!(matches!(refused, Error::ReplicationBackfillInProgress { .. }));
        assert_eq!(
            refused.to_string(),
            "A replication backfill is already in progress for the destination region 'us-east-1'"
        );
    }
    for seed in 2..=9 {
        begun(&fixture, seed, "PREPARING").await;
    }
    assert!(start(&fixture, destination(11)).await.is_ok());
    let last = begun(&fixture, 10, "STOPPING").await;
    let refused = start(&fixture, destination(11)).await.unwrap_err();
    assert!(matches!(refused, Error::LimitExceeded { limit: 10, .. }));
    assert!(matches!(
        stopped(&fixture, last).await,
        Err(Error::ReplicationBackfillInvalidStatus { .. })
    ));
}

#[tokio::test]
async fn a_backfill_in_progress_can_be_stopped_once() {
    let fixture = Fixture::new();
    for (seed, status) in [(1, "PREPARING"), (2, "IN_PROGRESS")] {
        let id = begun(&fixture, seed, status).await;
        fixture.clock.advance(DAY);
        let backfill = stopped(&fixture, id).await.unwrap();
        assert_eq!(backfill.status, ReplicationBackfillStatus::Stopped);
        assert_eq!(backfill.ended_at, Some(fixture.clock.now()));
        assert_eq!(described(&fixture, id).await.unwrap(), backfill);
        assert!(matches!(
            stopped(&fixture, id).await,
            Err(Error::ReplicationBackfillInvalidStatus { .. })
        ));
    }
    let unknown = ReplicationBackfillId::random(&SeededEntropy::new(99));
    for outcome in [stopped(&fixture, unknown).await, described(&fixture, unknown).await] {
        assert!(matches!(outcome, Err(Error::ReplicationBackfillNotFound { .. })));
    }
}

#[tokio::test]
async fn backfills_are_listed_newest_first_for_ninety_days() {
    let fixture = Fixture::new();
    put(&fixture, vec![destination(1)]).await;
    let mut expected = Vec::new();
    for _ in 0..60 {
        expected.insert(0, start(&fixture, destination(1)).await.unwrap());
        fixture.clock.advance(Duration::from_secs(1));
    }
    let sizes = |pages: &[Vec<ReplicationBackfill>]| pages.iter().map(Vec::len).collect::<Vec<_>>();
    for (max_results, pages) in
        [(None, vec![25, 25, 10]), (Some(50), vec![50, 10]), (Some(1000), vec![50, 10])]
    {
        let found = listed(&fixture, max_results).await;
        assert_eq!(sizes(&found), pages);
        assert_eq!(found.concat(), expected);
    }
    let running = begun(&fixture, 1, "IN_PROGRESS").await;
    // The oldest ended ninety days ago, to the second; the next one a second later.
    fixture.clock.advance(90 * DAY - Duration::from_secs(60));
    let oldest = expected.pop().unwrap();
    let found = listed(&fixture, Some(50)).await.concat();
    assert_eq!(found[1..], expected);
    for outcome in [described(&fixture, oldest.id).await, stopped(&fixture, oldest.id).await] {
        assert!(matches!(outcome, Err(Error::ReplicationBackfillNotFound { .. })));
    }
    fixture.clock.advance(DAY);
    fixture.registry.collect_garbage().await.unwrap();
    assert_eq!(listed(&fixture, None).await.concat()[0].id, running);
    let left: Result<_, MetadataError> = fixture
        .metadata()
        .read(|tx| {
            Box::pin(async move {
                let permit = permit_for::<StartReplicationBackfill>("");
                let registry = &permit.resource().registry;
                let start = replication_backfill::ReplicationBackfillPosition::start();
                let ever = wharfinger_core::Timestamp::default();
                replication_backfill::list(tx, registry, &start, ever, 100).await
            })
        })
        .await;
    assert_eq!(left.unwrap().len(), 1, "what has been kept long enough is gone");
}

//! Evaluations that something comes between: each is taken apart into its transactions.

mod changes;
mod world;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_core::Digest;
use wharfinger_metadata::image::{self, ImageStatus};

use self::world::{World, digest, expire_untagged, keep};
use super::*;

#[tokio::test]
async fn what_a_policy_decides_is_done_and_told() {
    let world = World::new().await;
    world.put_policy(&tutorial()).await;
    for number in 0..12 {
        world.image(number, &format!("v{number}"), 40 - i64::from(number)).await;
    }
    world.image(20, "", 2).await;
    world.image(21, "", 0).await;
    world.image(22, "latest", 100).await;
    let outcome = world.evaluate().await;
    let expected: BTreeSet<Digest> = (2..12).chain([21, 22]).map(digest).collect();
    assert_eq!(world.images().await, expected);
    let report: Value = serde_json::from_str(outcome.report.as_deref().unwrap()).unwrap();
    let rules = json!({ "1": { "expired": 2 }, "2": { "expired": 1 } });
    let figures = json!({
        "images": 15, "expired": 3, "archived": 0, "failed": 0, "skipped": 0, "rules": rules,
    });
    assert_eq!(report, figures);
    assert_eq!(outcome.next, Some(world.now().plus(world.registry.upkeep.lifecycle_interval)));
    assert_eq!(world.last_evaluated_at().await, world.now());
    let told = world.told().await;
    let events: BTreeSet<(String, u64)> = told.iter().map(|it| (it.0.clone(), it.1)).collect();
    let expected = [(digest(0), 1), (digest(1), 1), (digest(20), 2)];
    assert_eq!(events, expected.map(|(digest, rule)| (digest.to_string(), rule)).into());
    assert_eq!(told.len(), 3);
    // Nothing is left to do, and nothing told.
    world.evaluate().await;
    assert_eq!(world.told().await.len(), 3);
    let counters = world.registry.counters();
    assert_eq!((counters.images_expired.get(), counters.images_archived.get()), (3, 0));
}

/// The tutorial's policy: ten releases stay, what lost its tag goes after a day.
fn tutorial() -> String {
    json!({ "rules": [
        {
            "rulePriority": 1, "action": { "type": "expire" },
            "selection": {
                "tagStatus": "tagged", "tagPatternList": ["v*"],
                "countType": "imageCountMoreThan", "countNumber": 10,
            },
        },
        expire_untagged(2, 1),
    ] })
    .to_string()
}

#[tokio::test]
async fn images_go_into_the_archive_and_are_held_by_active_indexes() {
    let world = World::new().await;
    let archive = json!({ "type": "transition", "targetStorageClass": "archive" });
    world.put_policy(&keep(1, archive)).await;
    for number in 0..3 {
        world.image(number, "", 10 - i64::from(number)).await;
    }
    // The newest; it holds the oldest.
    world.index(9, 1, &[digest(0)]).await;
    let outcome = world.evaluate().await;
    let report: Value = serde_json::from_str(outcome.report.as_deref().unwrap()).unwrap();
    assert_eq!(report["rules"], json!({ "1": { "archived": 2, "failed": 1 } }));
    for (number, status) in [
        (0, ImageStatus::Active),
        (1, ImageStatus::Archived),
        (2, ImageStatus::Archived),
        (9, ImageStatus::Active),
    ] {
        assert_eq!(world.status(number).await, Some(status), "{number}");
    }
    let details = world.details().await;
    assert_eq!(details.len(), 2, "what was done, and at the end what was not");
    let failures = |detail: &&Value| detail["lifecycleEventFailureDetails"][0].is_object();
    let failure = &details.iter().find(failures).unwrap()["lifecycleEventFailureDetails"][0];
    assert_eq!(failure["lifecycleEventImage"]["digest"], digest(0).to_string());
    assert_eq!(failure["failureCode"], "ImageReferencedByManifestList");
    assert_eq!(
        failure["failureReason"],
        format!("Requested image referenced by manifest list: [{}]", digest(9))
    );
    assert_eq!(world.registry.counters().images_archived.get(), 2);
}

/// An index goes, and with the next evaluation what it listed, which need not wait a whole day.
#[tokio::test]
async fn children_follow_their_index() {
    let world = World::new().await;
    world.put_policy(&keep(1, json!({ "type": "expire" }))).await;
    world.image(1, "", 9).await;
    world.image(2, "", 8).await;
    world.index(3, 7, &[digest(1), digest(2)]).await;
    world.image(4, "newest", 1).await;
    let outcome = world.evaluate().await;
    assert_eq!(world.images().await, [1, 2, 4].map(digest).into());
    assert_eq!(outcome.next, Some(world.now().plus(world.registry.upkeep.lifecycle_debounce)));
    // That the children are held is told as long as they are.
    let details = world.details().await;
    assert_eq!(details.len(), 1);
    assert_eq!(details[0]["lifecycleEventFailureDetails"], json!([]));
    let outcome = world.evaluate().await;
    assert_eq!(world.images().await, [digest(4)].into());
    assert_eq!(outcome.next, Some(world.now().plus(world.registry.upkeep.lifecycle_interval)));
}

#[tokio::test]
async fn a_job_without_a_policy_or_a_repository_ends() {
    let world = World::new().await;
    world.image(1, "", 9).await;
    assert_eq!(world.evaluate().await, JobOutcome::default());
    world.put_policy(&keep(1, json!({ "type": "expire" }))).await;
    world
        .write(|tx, id| {
            Box::pin(async move { Ok(repository::delete(tx, id, Timestamp::default()).await?) })
        })
        .await;
    assert_eq!(world.evaluate().await, JobOutcome::default());
    assert_eq!(world.images().await, [digest(1)].into());
    let unknown = world.registry.evaluate_lifecycle_policy("no repository").await;
    assert!(matches!(unknown, Err(Error::Server(_))));
}

/// Five thousand images in fifty transactions; broken off after each of the first few, and by two
/// workers at once, it comes to the same.
#[tokio::test]
async fn an_evaluation_may_be_broken_off_and_done_twice() {
    let world = World::new().await;
    world.images_of(5_000).await;
    world.put_policy(&keep(10, json!({ "type": "expire" }))).await;
    for steps in 1..=3 {
        let (run, decided) = world.decide().await;
        let (run, decisions) = (Arc::new(run), Arc::new(decided.outcome.decisions));
        for from in (0..steps).map(|step| step * LIFECYCLE_STEP_IMAGES_MAX) {
            let done = world.registry.carry_out(&run, &decisions, from).await.unwrap();
            assert_eq!(done.unwrap().expired, 100);
        }
    }
    assert_eq!(world.last_evaluated_at().await, Timestamp::default(), "none has ended");
    assert_eq!(world.images().await.len(), 5_000 - 600);
    let (one, two) = (world.decide().await, world.decide().await);
    let (one, two) = tokio::join!(
        world.registry.carry_all_out(one.0, one.1),
        world.registry.carry_all_out(two.0, two.1)
    );
    let mut expired = 0;
    for outcome in [one, two] {
        let report: Value = serde_json::from_str(&outcome.unwrap().report.unwrap()).unwrap();
        let [done, skipped] = ["expired", "skipped"].map(|it| report[it].as_u64().unwrap());
        assert_eq!(done + skipped, 5_000 - 600 - 10);
        expired += done;
    }
    assert_eq!(expired, 5_000 - 600 - 10, "each once");
    assert_eq!(world.images().await.len(), 10);
    let told = world.told().await;
    let different: BTreeSet<_> = told.iter().collect();
    assert_eq!((told.len(), different.len()), (4_990, 4_990));
    assert_eq!(world.last_evaluated_at().await, world.now());
}

#[tokio::test]
async fn what_changes_an_image_asks_for_an_evaluation_if_there_is_a_policy() {
    let world = World::new().await;
    soon(&world).await;
    assert_eq!(world.due_at().await, None);
    world.put_policy(&keep(1, json!({ "type": "expire" }))).await;
    soon(&world).await;
    let due_at = world.now().plus(world.registry.upkeep.lifecycle_debounce);
    assert_eq!(world.due_at().await, Some(due_at));
    // A pipeline that pushes all the time does not put it off.
    world.clock.advance(Duration::from_secs(30));
    soon(&world).await;
    assert_eq!(world.due_at().await, Some(due_at));
}

async fn soon(world: &World) {
    let entropy = Arc::clone(&world.registry.entropy);
    let (upkeep, now) = (world.registry.upkeep, world.now());
    world
        .write(move |tx, id| {
            Box::pin(async move { Ok(evaluate_soon(tx, &*entropy, id, &upkeep, now).await?) })
        })
        .await;
}

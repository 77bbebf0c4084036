//! What happens between the decision and its execution.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{DeleteLifecyclePolicy, PutLifecyclePolicy};
use wharfinger_metadata::{BoxFuture, tag};

use super::*;

fn expire() -> Value {
    json!({ "type": "expire" })
}

/// Three images, of which the policy takes the older two.
async fn three() -> World {
    let world = World::new().await;
    for number in 1..=3 {
        world.image(number, &format!("v{number}"), 10 - i64::from(number)).await;
    }
    world.put_policy(&keep(1, expire())).await;
    world
}

/// Evaluates with `change` in between; answers the report.
async fn with_change(
    world: &World,
    change: impl for<'t> FnOnce(&'t mut Tx, RepositoryId) -> BoxFuture<'t, Result<(), Error>>
    + Send
    + 'static,
) -> Value {
    let (run, decided) = world.decide().await;
    assert_eq!(decided.outcome.decisions.len(), 2);
    world.clock.advance(Duration::from_secs(5));
    world.write(change).await;
    let outcome = world.registry.carry_all_out(run, decided).await.unwrap();
    serde_json::from_str(&outcome.report.unwrap()).unwrap()
}

#[tokio::test]
async fn an_image_that_got_a_tag_meanwhile_stays() {
    let world = three().await;
    let report = with_change(&world, |tx, id| {
        Box::pin(async move {
            let tag = "production".parse().unwrap();
            Ok(tag::put(tx, id, &tag, &digest(1), Timestamp::default()).await?)
        })
    })
    .await;
    assert_eq!(world.images().await, [1, 3].map(digest).into());
    assert_eq!(report["rules"], json!({ "1": { "expired": 1, "skipped": 1 } }));
    assert_eq!(world.told().await, [(digest(2).to_string(), 1)]);
    // By the next evaluation it is as it is.
    world.evaluate().await;
    assert_eq!(world.images().await, [digest(3)].into());
}

#[tokio::test]
async fn an_image_whose_tag_has_moved_stays_as_does_the_one_it_moved_to() {
    let world = three().await;
    let report = with_change(&world, |tx, id| {
        Box::pin(async move {
            let tag = "v1".parse().unwrap();
            Ok(tag::put(tx, id, &tag, &digest(2), Timestamp::default()).await?)
        })
    })
    .await;
    assert_eq!(world.images().await, [1, 2, 3].map(digest).into());
    assert_eq!(report["skipped"], 2);
}

#[tokio::test]
async fn an_image_that_is_gone_or_archived_is_passed_over() {
    let world = three().await;
    let now = world.now();
    let report = with_change(&world, move |tx, id| {
        Box::pin(async move {
            image::delete(tx, id, &digest(1)).await?;
            image::archive(tx, id, &digest(2), now).await?;
            Ok(())
        })
    })
    .await;
    assert_eq!(world.images().await, [2, 3].map(digest).into());
    assert_eq!(report["rules"], json!({ "1": { "skipped": 2 } }));
    assert_eq!(world.told().await, []);
}

#[tokio::test]
async fn an_image_that_a_new_index_lists_is_held() {
    let world = three().await;
    let (run, decided) = world.decide().await;
    world.index(9, 0, &[digest(1)]).await;
    let outcome = world.registry.carry_all_out(run, decided).await.unwrap();
    let report: Value = serde_json::from_str(&outcome.report.unwrap()).unwrap();
    assert_eq!(report["rules"], json!({ "1": { "expired": 1, "failed": 1 } }));
    assert_eq!(world.images().await, [1, 3, 9].map(digest).into());
    let details = world.details().await;
    let failure = &details[0]["lifecycleEventFailureDetails"][0];
    assert_eq!(failure["lifecycleEventImage"]["digest"], digest(1).to_string());
    assert_eq!(failure["failureCode"], "ImageReferencedByManifestList");
}

/// A pull keeps an image from rules that ask for pulls, and from no other.
#[tokio::test]
async fn a_pull_meanwhile_counts_where_pulls_do() {
    for (counts_pulls, expected) in [(false, 2), (true, 1)] {
        let world = World::new().await;
        for number in 1..=3 {
            world.image(number, "", 10 * i64::from(number)).await;
        }
        let kind = if counts_pulls { "sinceImagePulled" } else { "sinceImagePushed" };
        let selection = json!({
            "tagStatus": "any", "countType": kind, "countUnit": "days", "countNumber": 15,
        });
        let action = json!({ "type": "transition", "targetStorageClass": "archive" });
        let rule = json!({ "rulePriority": 1, "selection": selection, "action": action });
        world.put_policy(&json!({ "rules": [rule] }).to_string()).await;
        let now = world.now();
        let report = with_change(&world, move |tx, id| {
            Box::pin(async move { Ok(image::record_pull(tx, id, &digest(3), now).await?) })
        })
        .await;
        assert_eq!(report["archived"], expected);
    }
}

#[tokio::test]
async fn a_policy_that_is_replaced_is_not_carried_on_with() {
    let world = World::new().await;
    world.images_of(250).await;
    world.put_policy(&keep(10, expire())).await;
    let (run, decided) = world.decide().await;
    let (run, decisions) = (Arc::new(run), Arc::new(decided.outcome.decisions));
    assert!(world.registry.carry_out(&run, &decisions, 0).await.unwrap().is_some());
    let permit = Permit::<PutLifecyclePolicy>::system(world.resource());
    world.registry.put_lifecycle_policy(&permit, keep(100, expire())).await.unwrap();
    assert!(world.registry.carry_out(&run, &decisions, 100).await.unwrap().is_none());
    assert!(!world.registry.end_evaluation(run, Vec::new(), world.now()).await.unwrap());
    assert_eq!(world.images().await.len(), 150);
    assert_eq!(world.last_evaluated_at().await, Timestamp::default());
    assert_eq!(world.due_at().await, Some(world.now()), "the new one is evaluated at once");
    world.evaluate().await;
    assert_eq!(world.images().await.len(), 100);
}

/// The same text put again is another policy: it has not been evaluated.
#[tokio::test]
async fn a_run_whose_policy_went_ends_and_comes_again_to_see() {
    let world = three().await;
    let (run, decided) = world.decide().await;
    let permit = Permit::<DeleteLifecyclePolicy>::system(world.resource());
    world.registry.delete_lifecycle_policy(&permit).await.unwrap();
    let outcome = world.registry.carry_all_out(run, decided).await.unwrap();
    assert_eq!(outcome.next, Some(world.now()));
    assert_eq!(world.images().await.len(), 3);
    assert_eq!(world.evaluate().await, JobOutcome::default());
    let (run, decided) = {
        world.put_policy(&keep(1, expire())).await;
        world.decide().await
    };
    world.clock.advance(Duration::from_secs(1));
    world.put_policy(&keep(1, expire())).await;
    world.registry.carry_all_out(run, decided).await.unwrap();
    assert_eq!(world.images().await.len(), 3);
}

/// What is in the archive goes from there, after as many days as its rule says.
#[tokio::test]
async fn archived_images_expire() {
    let world = World::new().await;
    world.image(1, "old", 200).await;
    let long_ago = Timestamp::from_seconds(world.now().seconds() - 91 * 24 * 60 * 60);
    world
        .write(move |tx, id| {
            Box::pin(async move {
                image::archive(tx, id, &digest(1), long_ago).await?;
                Ok(())
            })
        })
        .await;
    let selection = json!({
        "tagStatus": "any", "storageClass": "archive", "countType": "sinceImageTransitioned",
        "countUnit": "days", "countNumber": 90,
    });
    let rule = json!({ "rulePriority": 3, "selection": selection, "action": expire() });
    world.put_policy(&json!({ "rules": [rule] }).to_string()).await;
    world.evaluate().await;
    assert_eq!(world.status(1).await, None);
    assert_eq!(world.told().await, [(digest(1).to_string(), 3)]);
}

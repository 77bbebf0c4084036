//! Pull-time update exclusions: golden answers, refusals, pages.

use serde_json::{Value, json};

use crate::world::{NOW, World};

const ROLE: &str = "arn:aws:iam::111122223333:role/service/puller";

#[tokio::test]
async fn exclusions_are_registered_listed_and_removed() {
    let world = World::new().await;
    let listed = async || world.call("ListPullTimeUpdateExclusions", json!({})).await.ok();
    assert_eq!(listed().await, json!({ "pullTimeUpdateExclusions": [] }));
    let body = json!({ "principalArn": ROLE });
    #[expect(clippy::cast_precision_loss, reason = "the time of the tests")]
    let golden = json!({ "principalArn": ROLE, "createdAt": NOW as f64 });
    assert_eq!(world.call("RegisterPullTimeUpdateExclusion", body.clone()).await.ok(), golden);
    let again = world.call("RegisterPullTimeUpdateExclusion", body.clone()).await;
    assert_eq!(
        again.refused("ExclusionAlreadyExistsException"),
        format!(
            "A pull time update exclusion for '{ROLE}' already exists in the registry with id \
             '111122223333'"
        )
    );
    assert_eq!(listed().await, json!({ "pullTimeUpdateExclusions": [ROLE] }));
    let removed = world.call("DeregisterPullTimeUpdateExclusion", body.clone()).await.ok();
    assert_eq!(removed, body);
    let gone = world.call("DeregisterPullTimeUpdateExclusion", body).await;
    assert_eq!(
        gone.refused("ExclusionNotFoundException"),
        format!(
            "A pull time update exclusion for '{ROLE}' does not exist in the registry with id \
             '111122223333'"
        )
    );
}

#[tokio::test]
async fn who_is_excluded_leaves_the_time_of_the_last_pull() {
    let world = World::new().await;
    world.create_repository("app").await;
    let (a, b) = (world.push_image("app", "1", None).await, world.push_image("app", "2", None));
    let b = b.await;
    let allow = json!({ "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*" });
    let ann = world.user("ann", json!({ "Version": "2012-10-17", "Statement": [allow] })).await;
    let pull = async |key, digest: &str| {
        let body = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": digest }] });
        world.call_as(key, "BatchGetImage", body).await.ok()
    };
    let recorded = async |digest: &str| {
        let body = json!({ "repositoryName": "app", "imageIds": [{ "imageDigest": digest }] });
        let described = world.call("DescribeImages", body).await.ok();
        described["imageDetails"][0]["lastRecordedPullTime"].clone()
    };
    let body = json!({ "principalArn": "arn:aws:iam::111122223333:user/ann" });
    world.call("RegisterPullTimeUpdateExclusion", body.clone()).await.ok();
    pull(&ann, &a).await;
    // A record is written beside the answer; a later one of another image is written after it.
    pull(&world.root, &b).await;
    while recorded(&b).await.is_null() {
        tokio::task::yield_now().await;
    }
    assert_eq!(recorded(&a).await, Value::Null);
    world.call("DeregisterPullTimeUpdateExclusion", body).await.ok();
    pull(&ann, &a).await;
    while recorded(&a).await.is_null() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn only_users_and_roles_are_excluded() {
    let world = World::new().await;
    for arn in [
        "",
        "ann",
        "arn:aws:iam::111122223333:root",
        "arn:aws:iam::111122223333:group/all",
        "arn:aws:sts::111122223333:assumed-role/role/session",
        "arn:aws:iam::1111:user/ann",
        "arn:aws:iam::111122223333:user/",
    ] {
        for operation in ["RegisterPullTimeUpdateExclusion", "DeregisterPullTimeUpdateExclusion"] {
            let refused = world.call(operation, json!({ "principalArn": arn })).await;
            let message = refused.refused("InvalidParameterException");
            assert!(message.contains("at 'principalArn'"), "{arn}: {message}");
        }
    }
}

#[tokio::test]
async fn there_are_a_hundred_at_the_most_and_they_come_in_pages() {
    let world = World::new().await;
    let arn = |number: usize| format!("arn:aws:iam::999999999999:user/u{number:03}");
    for number in 0..100 {
        let body = json!({ "principalArn": arn(number) });
        world.call("RegisterPullTimeUpdateExclusion", body).await.ok();
    }
    let more = json!({ "principalArn": arn(100) });
    let refused = world.call("RegisterPullTimeUpdateExclusion", more).await;
    assert_eq!(
        refused.refused("LimitExceededException"),
        "The pull time update exclusions per registry limit of 100 is exceeded"
    );
    let whole = world.call("ListPullTimeUpdateExclusions", json!({})).await.ok();
    assert_eq!(whole["pullTimeUpdateExclusions"].as_array().unwrap().len(), 100);
    assert_eq!(whole.get("nextToken"), None);
    let (mut seen, mut token) = (Vec::new(), Value::Null);
    loop {
        let body = json!({ "maxResults": 33, "nextToken": token });
        let page = world.call("ListPullTimeUpdateExclusions", body).await.ok();
        seen.extend(page["pullTimeUpdateExclusions"].as_array().unwrap().clone());
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(seen, (0..100).map(|number| json!(arn(number))).collect::<Vec<_>>());
    let foreign = json!({ "nextToken": "AAAA" });
    let refused = world.call("ListPullTimeUpdateExclusions", foreign).await;
    assert!(refused.refused("InvalidParameterException").contains("at 'nextToken'"));
}

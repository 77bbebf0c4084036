//! Lifecycle policies and previews, request by request.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_metadata::job;
use wharfinger_registry::JobKind;

use crate::world::{NOW, REGION, Reply, World, invalid};

/// Keeps the newest `kept` images.
fn policy(kept: u32) -> String {
    json!({ "rules": [{
        "rulePriority": 10,
        "description": "keep the newest",
        "selection": {
            "tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": kept,
        },
        "action": { "type": "expire" },
    }] })
    .to_string()
}

async fn put(world: &World, text: &str) -> Reply {
    let body = json!({ "repositoryName": "team/app", "lifecyclePolicyText": text });
    world.call("PutLifecyclePolicy", body).await
}

async fn on_repository(world: &World, operation: &str) -> Reply {
    world.call(operation, json!({ "repositoryName": "team/app" })).await
}

/// `StartLifecyclePolicyPreview` of this text.
async fn start(world: &World, text: &str) -> Reply {
    let body = json!({ "repositoryName": "team/app", "lifecyclePolicyText": text });
    world.call("StartLifecyclePolicyPreview", body).await
}

async fn preview(world: &World, more: Value) -> Reply {
    let mut body = json!({ "repositoryName": "team/app" });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world.call("GetLifecyclePolicyPreview", body).await
}

/// What the waiter `lifecycle-policy-preview-complete` does: asks until the preview has ended.
async fn waited_for(world: &World) -> Value {
    let wait = async {
        loop {
            let found = preview(world, json!({})).await.ok();
            match found["status"].as_str().unwrap() {
                "COMPLETE" | "FAILED" => return found,
                status => assert_eq!(status, "IN_PROGRESS"),
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.unwrap()
}

/// A repository with images pushed a second apart; the even ones have tags.
async fn with_images(count: usize) -> (World, Vec<String>) {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let mut digests = Vec::new();
    for number in 0..count {
        let tag = format!("v{number}");
        let tag = number.is_multiple_of(2).then_some(tag.as_str());
        digests.push(world.push_image("team/app", &number.to_string(), tag).await);
        world.clock.advance(Duration::from_secs(1));
    }
    (world, digests)
}

#[tokio::test]
async fn a_policy_is_put_read_and_deleted() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let missing = "Lifecycle policy does not exist for the repository with name 'team/app' in the \
                   registry with id '111122223333'";
    for operation in ["GetLifecyclePolicy", "DeleteLifecyclePolicy", "StartLifecyclePolicyPreview"]
    {
        let reply = on_repository(&world, operation).await;
        assert_eq!(reply.refused("LifecyclePolicyNotFoundException"), missing);
    }
    let mut expected = json!({
        "registryId": "111122223333", "repositoryName": "team/app",
        "lifecyclePolicyText": policy(3),
    });
    assert_eq!(put(&world, &policy(3)).await.ok(), expected);
    expected["lastEvaluatedAt"] = json!(0.0);
    assert_eq!(on_repository(&world, "GetLifecyclePolicy").await.ok(), expected);
    assert_eq!(on_repository(&world, "DeleteLifecyclePolicy").await.ok(), expected);
    let reply = on_repository(&world, "GetLifecyclePolicy").await;
    assert_eq!(reply.refused("LifecyclePolicyNotFoundException"), missing);
}

/// What a worker does with the job that the policy has.
async fn evaluated(world: &World) {
    let jobs = world.metadata.read(|tx| Box::pin(job::list(tx, ("", ""), 100))).await.unwrap();
    let job = jobs.iter().find(|job| job.kind == JobKind::EvaluateLifecyclePolicy.as_str());
    world.registry.run_job(job.unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_policy_is_carried_out_and_says_when() {
    let (world, digests) = with_images(4).await;
    put(&world, &policy(1)).await.ok();
    let before = on_repository(&world, "GetLifecyclePolicy").await.ok();
    assert_eq!(before["lastEvaluatedAt"], 0.0);
    evaluated(&world).await;
    let after = on_repository(&world, "GetLifecyclePolicy").await.ok();
    assert_eq!(after["lastEvaluatedAt"], NOW as f64 + 4.0);
    let described = on_repository(&world, "DescribeImages").await.ok();
    let left = described["imageDetails"].as_array().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["imageDigest"], digests[3]);
    let named = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "v0" }] });
    assert_eq!(
        world.call("DescribeImages", named).await.refused("ImageNotFoundException"),
        "The image with imageId {imageDigest:'null', imageTag:'v0'} does not exist within the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    // A policy that is put anew has not been evaluated.
    put(&world, &policy(3)).await.ok();
    let anew = on_repository(&world, "GetLifecyclePolicy").await.ok();
    assert_eq!(anew["lastEvaluatedAt"], 0.0);
    assert_eq!(on_repository(&world, "DeleteLifecyclePolicy").await.ok(), anew);
}

#[tokio::test]
async fn a_policy_is_refused_in_the_words_of_ecr() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let pad = |text: &str| format!("{text:150}");
    let change = |from: &str, to: &str| policy(3).replace(from, to);
    for (text, reason) in [
        (pad("[]"), "Could not map policyString into LifecyclePolicy.'"),
        (pad("{}"), r#"object has missing required properties (["rules"])'"#),
        (
            change("\"rulePriority\"", "\"x\":1,\"rulePriority\""),
            r#"object instance has properties which are not allowed by the schema: (["x"])'"#,
        ),
        (
            change("\"any\"", "\"all\""),
            r#"instance value ("all") not found in enum (possible values: ["any","tagged","untagged"])"#,
        ),
        (
            pad(r#"{"rules":["expire everything"]}"#),
            r#"instance type (string) does not match any allowed primitive type (allowed: ["object"])'"#,
        ),
        (
            change("\"countNumber\"", "\"countUnit\":\"days\",\"countNumber\""),
            "instance failed to match exactly one schema (matched 0 out of 2)",
        ),
        (policy(0), "numeric instance is lower than the required minimum (minimum: 1, found: 0)"),
        (
            change("\"any\"", "\"tagged\""),
            "Must specify tagPrefixList or tagPatternList when tagStatus=TAGGED.",
        ),
    ] {
        let expected = format!(
            "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle \
             policy validation failure: {reason}"
        );
        let refused = put(&world, &text).await.refused("InvalidParameterException");
        assert_eq!(refused, expected);
        let refused = start(&world, &text).await.refused("InvalidParameterException");
        assert_eq!(refused, expected);
    }
    for (length, word, bound) in [(99, "greater", 100), (30_721, "less", 30_720)] {
        let refused = put(&world, &"x".repeat(length)).await.refused("InvalidParameterException");
        let reason = format!("Member must have length {word} than or equal to {bound}");
        assert_eq!(refused, invalid("lifecyclePolicyText", &reason));
    }
    on_repository(&world, "GetLifecyclePolicy").await.refused("LifecyclePolicyNotFoundException");
}

#[tokio::test]
async fn a_preview_goes_from_in_progress_to_complete_to_expired() {
    let (world, digests) = with_images(3).await;
    let missing = preview(&world, json!({})).await;
    assert_eq!(
        missing.refused("LifecyclePolicyPreviewNotFoundException"),
        "Lifecycle policy preview does not exist for the repository with name 'team/app' in the \
         registry with id '111122223333'"
    );
    put(&world, &policy(1)).await.ok();
    let mut expected = json!({
        "registryId": "111122223333", "repositoryName": "team/app",
        "lifecyclePolicyText": policy(1), "status": "IN_PROGRESS",
    });
    let started = on_repository(&world, "StartLifecyclePolicyPreview").await;
    assert_eq!(started.ok(), expected);
    let result = |number: usize| {
        json!({
            "imageDigest": digests[number],
            "imagePushedAt": NOW as f64 + number as f64,
            "action": { "type": "EXPIRE" },
            "appliedRulePriority": 10,
            "storageClass": "STANDARD",
        })
    };
    let mut first = result(0);
    first["imageTags"] = json!(["v0"]);
    expected["status"] = "COMPLETE".into();
    expected["previewResults"] = json!([first, result(1)]);
    expected["summary"] = json!({ "expiringImageTotalCount": 2 });
    assert_eq!(waited_for(&world).await, expected);
    let described = on_repository(&world, "DescribeImages").await.ok();
    assert_eq!(described["imageDetails"].as_array().unwrap().len(), 3, "nothing is deleted");
    world.clock.advance(Duration::from_secs(86_400));
    expected["status"] = "EXPIRED".into();
    expected["previewResults"] = json!([]);
    expected.as_object_mut().unwrap().remove("summary");
    assert_eq!(preview(&world, json!({})).await.ok(), expected);
}

#[tokio::test]
async fn a_preview_of_archiving_says_where_images_go() {
    let (world, digests) = with_images(2).await;
    let archive = r#"{"type":"transition","targetStorageClass":"archive"}"#;
    let text = policy(1).replace(r#"{"type":"expire"}"#, archive);
    start(&world, &text).await.ok();
    let found = waited_for(&world).await;
    assert_eq!(
        found["summary"],
        json!({
            "expiringImageTotalCount": 0,
            "transitioningImageTotalCounts":
                [{ "targetStorageClass": "ARCHIVE", "imageTotalCount": 1 }],
        })
    );
    assert_eq!(
        found["previewResults"],
        json!([{
            "imageDigest": digests[0],
            "imageTags": ["v0"],
            "imagePushedAt": NOW as f64,
            "action": { "type": "TRANSITION", "targetStorageClass": "ARCHIVE" },
            "appliedRulePriority": 10,
            "storageClass": "STANDARD",
        }])
    );
}

#[tokio::test]
async fn a_second_preview_waits_for_the_first() {
    let (world, _) = with_images(1).await;
    let text = policy(1);
    let (one, two) = tokio::join!(start(&world, &text), start(&world, &text));
    let (started, refused) = if one.status == 200 { (one, two) } else { (two, one) };
    started.ok();
    assert_eq!(
        refused.refused("LifecyclePolicyPreviewInProgressException"),
        "A lifecycle policy preview is in progress for the repository with name 'team/app' in the \
         registry with id '111122223333'. Wait for it to complete"
    );
    waited_for(&world).await;
    start(&world, &text).await.ok();
}

#[tokio::test]
async fn a_preview_that_takes_too_long_is_failed() {
    let (world, _) = with_images(1).await;
    start(&world, &policy(1)).await.ok();
    // The run has not been polled since; on one thread nothing else was awaited.
    world.clock.advance(Duration::from_secs(600));
    let found = waited_for(&world).await;
    let status = (found["status"].clone(), found["previewResults"].clone(), found.get("summary"));
    assert_eq!(status, (json!("FAILED"), json!([]), None));
}

#[tokio::test]
async fn results_are_narrowed_and_paged() {
    let (world, digests) = with_images(8).await;
    start(&world, &policy(1)).await.ok();
    waited_for(&world).await;
    let shown = |page: &Value| -> Vec<String> {
        let results = page["previewResults"].as_array().unwrap();
        results.iter().map(|it| it["imageDigest"].as_str().unwrap().to_owned()).collect()
    };
    let (mut seen, mut body) = (Vec::new(), json!({ "maxResults": 3 }));
    for size in [3, 3, 1] {
        let page = preview(&world, body.clone()).await.ok();
        assert_eq!(shown(&page).len(), size);
        assert_eq!(page["summary"]["expiringImageTotalCount"], 7);
        assert_eq!(page.get("nextToken").is_none(), size == 1);
        seen.extend(shown(&page));
        body["nextToken"] = page["nextToken"].clone();
    }
    assert_eq!(seen, digests[..7]);
    for (tag_status, from) in [("TAGGED", 0), ("UNTAGGED", 1)] {
        let filter = json!({ "filter": { "tagStatus": tag_status } });
        let page = preview(&world, filter).await.ok();
        let expected: Vec<_> = digests[..7].iter().skip(from).step_by(2).cloned().collect();
        assert_eq!(shown(&page), expected);
    }
    let ids = json!([{ "imageTag": "v4" }, { "imageDigest": digests[1] }, { "imageTag": "none" }]);
    let page = preview(&world, json!({ "imageIds": ids })).await.ok();
    assert_eq!(shown(&page), [digests[4].clone(), digests[1].clone()]);
    assert_eq!(page["summary"]["expiringImageTotalCount"], 7);
    let token = preview(&world, json!({ "maxResults": 1 })).await.ok()["nextToken"].clone();
    for (body, member, reason) in [
        (
            json!({ "imageIds": ids, "maxResults": 1 }),
            "maxResults",
            "Member can't be set when imageIds is set",
        ),
        (
            json!({ "imageIds": ids, "nextToken": token }),
            "nextToken",
            "Member can't be set when imageIds is set",
        ),
        (
            json!({ "maxResults": 101 }),
            "maxResults",
            "Member must have value less than or equal to 100",
        ),
        (
            json!({ "nextToken": token, "filter": { "tagStatus": "TAGGED" } }),
            "nextToken",
            "Member must be a token of this request",
        ),
    ] {
        let refused = preview(&world, body).await.refused("InvalidParameterException");
        assert_eq!(refused, invalid(member, reason));
    }
}

#[tokio::test]
async fn each_operation_asks_for_its_own_permission() {
    let (world, _) = with_images(1).await;
    let arn = format!("arn:aws:ecr:{REGION}:111122223333:repository/team/*");
    let reader = ["ecr:GetLifecyclePolicy", "ecr:GetLifecyclePolicyPreview"];
    let allow = json!({ "Effect": "Allow", "Action": reader, "Resource": arn });
    let key = world.user("reader", json!({ "Version": "2012-10-17", "Statement": allow })).await;
    put(&world, &policy(1)).await.ok();
    start(&world, &policy(1)).await.ok();
    waited_for(&world).await;
    let text = policy(1);
    for (operation, allowed) in [
        ("GetLifecyclePolicy", true),
        ("GetLifecyclePolicyPreview", true),
        ("PutLifecyclePolicy", false),
        ("StartLifecyclePolicyPreview", false),
        ("DeleteLifecyclePolicy", false),
    ] {
        // Whether or not the repository is there.
        for name in ["team/app", "team/none"] {
            let body = match operation {
                "PutLifecyclePolicy" => {
                    json!({ "repositoryName": name, "lifecyclePolicyText": text })
                }
                _ => json!({ "repositoryName": name }),
            };
            let reply = world.call_as(&key, operation, body).await;
            match (allowed, name) {
                (true, "team/app") => drop(reply.ok()),
                (true, _) => drop(reply.refused("RepositoryNotFoundException")),
                (false, _) => drop(reply.refused("AccessDeniedException")),
            }
        }
    }
}

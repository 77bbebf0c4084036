//! Callers of another account, and conditions on what is asked.

use serde_json::{Value, json};

use crate::world::{Reply, World, digest_of};

const OTHER: &str = "999999999999";
const OWNER: &str = "111122223333";

fn identity(action: Value) -> Value {
    let statement = json!({ "Effect": "Allow", "Action": action, "Resource": "*" });
    json!({ "Version": "2012-10-17", "Statement": [statement] })
}

async fn share(world: &World, actions: Value) {
    let statement = json!({ "Effect": "Allow", "Principal": { "AWS": OTHER }, "Action": actions });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    let body = json!({ "repositoryName": "team/app", "policyText": policy });
    world.call("SetRepositoryPolicy", body).await.ok();
}

fn denied_by(reply: &Reply, reason: &str) {
    let message = reply.refused("AccessDeniedException");
    assert!(message.contains(reason), "{message}");
}

#[tokio::test]
async fn a_stranger_pushes_and_pulls_when_both_sides_let_it() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "1", Some("v1")).await;
    let ann = world.user_of(OTHER, "ann", identity(json!("ecr:*"))).await;
    let eve = world.user_of(OTHER, "eve", identity(json!("s3:*"))).await;
    let body = json!({
        "registryId": OWNER, "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }],
    });
    let pulled = async |key| world.call_as(key, "BatchGetImage", body.clone()).await;
    denied_by(&pulled(&ann).await, "because no resource-based policy allows the ecr:BatchGetImage");
    share(&world, json!(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer", "ecr:PutImage"])).await;
    let images = pulled(&ann).await.ok();
    assert_eq!(images["images"][0]["registryId"], OWNER);
    denied_by(&pulled(&eve).await, "because no identity-based policy allows the ecr:BatchGetImage");

    // Its own registry of that name is another one.
    let mut own = body.clone();
    own["registryId"] = Value::Null;
    world.call_as(&ann, "BatchGetImage", own).await.refused("RepositoryNotFoundException");

    let manifest = images["images"][0]["imageManifest"].as_str().unwrap();
    let push = json!({
        "registryId": OWNER, "repositoryName": "team/app", "imageTag": "v2",
        "imageManifest": manifest,
    });
    let pushed = world.call_as(&ann, "PutImage", push).await.ok();
    assert_eq!(pushed["image"]["registryId"], OWNER);

    let layer = json!({
        "registryId": OWNER, "repositoryName": "team/app", "layerDigest": digest_of(b"layer"),
    });
    let url = world.call_as(&ann, "GetDownloadUrlForLayer", layer).await.ok();
    let url = url["downloadUrl"].as_str().unwrap();
    assert!(url.contains("?registryId=111122223333&X-Amz-Algorithm="), "{url}");
    let delete = json!({ "registryId": OWNER, "repositoryName": "team/app" });
    denied_by(
        &world.call_as(&ann, "DeleteRepository", delete).await,
        "because no resource-based policy allows the ecr:DeleteRepository",
    );
}

/// Whether the account exists, and whether the repository does, look alike from outside.
#[tokio::test]
async fn what_is_absent_looks_like_what_is_closed() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let stranger = world.root_of(OTHER).await;
    let message = async |account: &str, name: &str| {
        let body = json!({ "registryId": account, "repositoryName": name });
        let reply = world.call_as(&stranger, "ListImages", body).await;
        reply.refused("AccessDeniedException").replace(account, "A").replace(name, "r")
    };
    let closed = message(OWNER, "team/app").await;
    assert_eq!(message(OWNER, "team/none").await, closed);
    assert_eq!(message("555555555555", "team/app").await, closed);
}

#[tokio::test]
async fn a_registry_policy_lets_a_stranger_in_where_there_is_no_repository_yet() {
    let world = World::new().await;
    let stranger = world.root_of(OTHER).await;
    let statement = json!({
        "Effect": "Allow", "Principal": { "AWS": format!("arn:aws:iam::{OTHER}:root") },
        "Action": ["ecr:CreateRepository", "ecr:DescribeRepositories"],
        "Resource": "arn:aws:ecr:eu-west-1:111122223333:repository/*",
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string();
    world.call("PutRegistryPolicy", json!({ "policyText": policy })).await.ok();
    let body = json!({ "registryId": OWNER, "repositoryName": "theirs/app" });
    let created = world.call_as(&stranger, "CreateRepository", body).await.ok();
    assert_eq!(
        created["repository"]["repositoryArn"],
        "arn:aws:ecr:eu-west-1:111122223333:repository/theirs/app"
    );
    let every = json!({ "registryId": OWNER });
    let described = world.call_as(&stranger, "DescribeRepositories", every).await.ok();
    assert_eq!(described["repositories"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn conditions_look_at_tags_that_are_asked_for_and_tags_that_are_there() {
    let world = World::new().await;
    let allow = |action: Value, condition: Value| json!({ "Effect": "Allow", "Action": action, "Resource": "*", "Condition": condition });
    let policy = json!({ "Version": "2012-10-17", "Statement": [
        allow(
            json!(["ecr:CreateRepository", "ecr:TagResource"]),
            json!({
                "StringEquals": { "aws:RequestTag/team": "news" },
                "ForAllValues:StringEquals": { "aws:TagKeys": ["team"] },
            }),
        ),
        allow(json!("ecr:UntagResource"), json!({ "StringEquals": { "aws:TagKeys": "stage" } })),
        allow(json!("ecr:ListImages"), json!({ "StringEquals": { "ecr:ResourceTag/team": "news" } })),
        allow(
            json!(["ecr:GetAccountSetting", "ecr:PutAccountSetting"]),
            json!({ "StringEquals": { "ecr:AccountSetting": "BLOB_MOUNTING" } }),
        ),
    ] });
    let dev = world.user("dev", policy).await;
    let tags = |tags: &[(&str, &str)]| -> Value {
        tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
    };
    let create = async |name: &str, tags: Value| {
        let body = json!({ "repositoryName": name, "tags": tags });
        world.call_as(&dev, "CreateRepository", body).await
    };
    create("a-b", tags(&[])).await.refused("AccessDeniedException");
    create("a-b", tags(&[("team", "sport")])).await.refused("AccessDeniedException");
    create("a-b", tags(&[("team", "news"), ("x", "y")])).await.refused("AccessDeniedException");
    create("a-b", tags(&[("team", "news")])).await.ok();
    let listed = async |name: &str| {
        world.call_as(&dev, "ListImages", json!({ "repositoryName": name })).await
    };
    world.create_repository("plain").await;
    listed("a-b").await.ok();
    listed("plain").await.refused("AccessDeniedException");
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/plain";
    let untag = async |key: &str| {
        let body = json!({ "resourceArn": arn, "tagKeys": [key] });
        world.call_as(&dev, "UntagResource", body).await
    };
    untag("stage").await.ok();
    untag("team").await.refused("AccessDeniedException");
    let tag = json!({ "resourceArn": arn, "tags": tags(&[("team", "news")]) });
    world.call_as(&dev, "TagResource", tag).await.ok();
    listed("plain").await.ok();
    let get =
        async |name: &str| world.call_as(&dev, "GetAccountSetting", json!({ "name": name })).await;
    get("BLOB_MOUNTING").await.ok();
    get("REGISTRY_POLICY_SCOPE").await.refused("AccessDeniedException");
}

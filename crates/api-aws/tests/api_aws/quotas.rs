//! Quotas and rates as a client meets them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wharfinger_core::limits::LAYER_PART_BYTES_MAX;
use wharfinger_core::{Quotas, RatedOperation, Rates};

use super::world::{World, invalid, manifest};

/// `count` elements, each made of its number.
fn many(count: usize, element: impl Fn(usize) -> Value) -> Vec<Value> {
    (0..count).map(element).collect()
}

fn replication(rules: usize, destinations: usize, filters: usize) -> Value {
    let rule = |rule: usize| {
        json!({
            "destinations": many(destinations, |number| {
                json!({ "region": "eu-west-1", "registryId": format!("9{rule:05}{number:06}") })
            }),
            "repositoryFilters": many(filters, |number| {
                json!({ "filter": format!("team-{number}"), "filterType": "PREFIX_MATCH" })
            }),
        })
    };
    json!({ "replicationConfiguration": { "rules": many(rules, rule) } })
}

fn scanning(rules: usize, filters: usize) -> Value {
    let filter = |number| json!({ "filter": format!("team-{number}"), "filterType": "WILDCARD" });
    let rule =
        |_| json!({ "scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": many(filters, filter) });
    json!({ "scanType": "BASIC", "rules": many(rules, rule) })
}

/// A world in which the quotas that can be adjusted are all but used up.
async fn full_world() -> (World, String) {
    let quotas = Quotas {
        repositories_max: 1,
        images_per_repository_max: 1,
        tags_per_image_max: 1,
        ..Quotas::default()
    };
    let world = World::with_quotas(quotas).await;
    world.create_repository("app").await;
    world.push_image("app", "stored", Some("v1")).await;
    for number in 0..50 {
        let rule = json!({
            "ecrRepositoryPrefix": format!("quay-{number}"), "upstreamRegistryUrl": "quay.io",
        });
        world.call("CreatePullThroughCacheRule", rule).await.ok();
        let template = json!({ "prefix": format!("t-{number}"), "appliedFor": ["REPLICATION"] });
        world.call("CreateRepositoryCreationTemplate", template).await.ok();
    }
    let manifest = world.manifest("app", "stored").await;
    (world, manifest)
}

#[tokio::test]
async fn every_quota_has_its_error() {
    const LIMIT: &str = "LimitExceededException";
    const INVALID: &str = "InvalidParameterException";
    let (world, stored) = full_world().await;
    let other = world.manifest("app", "other").await;
    let large = format!("{{{}}}", " ".repeat(4 * 1024 * 1024));
    let filter = |number| json!({ "filterType": "WILDCARD", "filter": format!("dev-{number}*") });
    let tag = |number: usize| json!({ "Key": number.to_string(), "Value": "" });
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/app";
    let put = |manifest: &str| json!({ "repositoryName": "app", "imageManifest": manifest, "imageTag": "v2" });
    let excluded = json!({
        "repositoryName": "app", "imageTagMutability": "MUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": many(6, filter),
    });
    let rule = json!({ "ecrRepositoryPrefix": "one-more", "upstreamRegistryUrl": "quay.io" });
    let template = json!({ "prefix": "one-more", "appliedFor": ["REPLICATION"] });
    let at_most = |member, length| {
        invalid(member, &format!("Member must have length less than or equal to {length}"))
    };
    let exceeded = |what, limit: u32| format!("The {what} limit of {limit} is exceeded");
    let hits = [
        (
            "CreateRepository",
            json!({ "repositoryName": "second" }),
            LIMIT,
            exceeded("repositories per registry", 1),
        ),
        ("PutImage", put(&other), LIMIT, exceeded("images per repository", 1)),
        ("PutImage", put(&stored), LIMIT, exceeded("tags per image", 1)),
        ("PutImage", put(&large), INVALID, at_most("imageManifest", 4 * 1024 * 1024)),
        (
            "TagResource",
            json!({ "resourceArn": arn, "tags": many(51, tag) }),
            "TooManyTagsException",
            "A repository can have at most 50 tags".into(),
        ),
        (
            "PutImageTagMutability",
            excluded,
            INVALID,
            at_most("imageTagMutabilityExclusionFilters", 5),
        ),
        (
            "CreatePullThroughCacheRule",
            rule,
            LIMIT,
            exceeded("pull through cache rules per registry", 50),
        ),
        (
            "CreateRepositoryCreationTemplate",
            template,
            LIMIT,
            exceeded("repository creation templates per registry", 50),
        ),
        (
            "PutReplicationConfiguration",
            replication(11, 1, 1),
            INVALID,
            at_most("replicationConfiguration.rules", 10),
        ),
        (
            "PutReplicationConfiguration",
            replication(2, 13, 1),
            INVALID,
            invalid(
                "replicationConfiguration",
                "Replication configuration can have at most 25 destinations",
            ),
        ),
        (
            "PutReplicationConfiguration",
            replication(1, 1, 101),
            INVALID,
            at_most("replicationConfiguration.rules.1.member.repositoryFilters", 100),
        ),
        ("PutRegistryScanningConfiguration", scanning(3, 1), INVALID, at_most("rules", 2)),
        (
            "PutRegistryScanningConfiguration",
            scanning(1, 101),
            INVALID,
            at_most("rules.1.member.repositoryFilters", 100),
        ),
    ];
    for (operation, body, code, message) in hits {
        assert_eq!(world.call(operation, body).await.refused(code), message, "{operation}");
    }
}

#[tokio::test]
async fn a_layer_part_has_at_most_twenty_mebibytes() {
    let world = World::new().await;
    world.create_repository("app").await;
    let upload = world.call("InitiateLayerUpload", json!({ "repositoryName": "app" })).await.ok();
    let part = json!({
        "repositoryName": "app", "uploadId": upload["uploadId"],
        "partFirstByte": 0, "partLastByte": LAYER_PART_BYTES_MAX,
        "layerPartBlob": STANDARD.encode(vec![0; LAYER_PART_BYTES_MAX + 1]),
    });
    let reason = "Member must have length less than or equal to 20971520";
    let message = world.call("UploadLayerPart", part).await.refused("InvalidParameterException");
    assert_eq!(message, invalid("layerPartBlob", reason));
}

/// Calls each operation that has a rate, with what is refused once it is looked at.
async fn called(world: &World) -> Vec<(&'static str, String)> {
    let upload = "00000000-0000-4000-8000-000000000000";
    let digest = format!("sha256:{}", "0".repeat(64));
    let mut outcomes = Vec::new();
    for operation in RatedOperation::ALL {
        let mut body = json!({ "repositoryName": "absent" });
        let member = |body: &mut Value, name: &str, value: Value| body[name] = value;
        match operation {
            RatedOperation::BatchCheckLayerAvailability => {
                member(&mut body, "layerDigests", json!([digest]));
            }
            RatedOperation::BatchGetImage => {
                member(&mut body, "imageIds", json!([{ "imageTag": "v1" }]));
            }
            RatedOperation::CompleteLayerUpload => {
                member(&mut body, "uploadId", json!(upload));
                member(&mut body, "layerDigests", json!([digest]));
            }
            RatedOperation::GetAuthorizationToken => body = json!({}),
            RatedOperation::GetDownloadUrlForLayer => {
                member(&mut body, "layerDigest", json!(digest));
            }
            RatedOperation::InitiateLayerUpload => {}
            RatedOperation::PutImage => {
                member(&mut body, "imageManifest", json!(manifest(&digest, &digest, "1")));
            }
            RatedOperation::UploadLayerPart => {
                member(&mut body, "uploadId", json!(upload));
                member(&mut body, "partFirstByte", json!(0));
                member(&mut body, "partLastByte", json!(0));
                member(&mut body, "layerPartBlob", json!("eA=="));
            }
        }
        let reply = world.call(operation.name(), body).await;
        let outcome = match reply.status.as_u16() {
            200 => "OK".to_owned(),
            400 => reply.json()["__type"].as_str().unwrap().to_owned(),
            status => panic!("{status}: {}", reply.text()),
        };
        outcomes.push((operation.name(), outcome));
    }
    outcomes
}

#[tokio::test]
async fn every_operation_with_a_rate_is_throttled_beyond_it() {
    let one = 1.try_into().unwrap();
    let all = |rates: Rates, operation| rates.with(operation, one);
    let rates = RatedOperation::ALL.into_iter().fold(Rates::OFF, all);
    let world = World::with_quotas(Quotas { rates, ..Quotas::default() }).await;
    let looked_at = |(_, outcome): &(_, String)| outcome != "ThrottlingException";
    assert!(called(&world).await.iter().all(looked_at));
    world.clock.advance(Duration::from_millis(999));
    let throttled = called(&world).await;
    assert!(!throttled.iter().any(looked_at), "{throttled:?}");
    let reply = world.call("GetAuthorizationToken", json!({})).await;
    assert_eq!(reply.refused("ThrottlingException"), "Rate exceeded");
    // What has no rate goes on, as does another region, which is another registry.
    world.call("DescribeRepositories", json!({})).await.ok();
    let mut elsewhere = world.ecr("GetAuthorizationToken", "{}");
    elsewhere.region = "us-east-1";
    world.send(elsewhere.sign(&world.root)).await.ok();
    world.clock.advance(Duration::from_millis(1));
    assert!(called(&world).await.iter().all(looked_at));
}

#[tokio::test]
async fn who_may_not_is_told_so_and_costs_nobody_a_request() {
    let rates = Rates::OFF.with(RatedOperation::PutImage, 1.try_into().unwrap());
    let world = World::with_quotas(Quotas { rates, ..Quotas::default() }).await;
    world.create_repository("app").await;
    let statement = json!({ "Effect": "Allow", "Action": "ecr:BatchGetImage", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": statement });
    let nobody = world.user("nobody", policy).await;
    let manifest = world.manifest("app", "1").await;
    let put = json!({ "repositoryName": "app", "imageManifest": manifest });
    for _ in 0..3 {
        let reply = world.call_as(&nobody, "PutImage", put.clone()).await;
        reply.refused("AccessDeniedException");
    }
    world.call("PutImage", put).await.ok();
}

#[tokio::test]
async fn rates_are_off_unless_turned_on() {
    let world = World::new().await;
    world.create_repository("app").await;
    let manifest = world.manifest("app", "1").await;
    for number in 0..20 {
        let tag = format!("v{number}");
        let put = json!({ "repositoryName": "app", "imageManifest": manifest, "imageTag": tag });
        world.call("PutImage", put).await.ok();
    }
    assert_eq!(Quotas::default().rates, Rates::OFF);
}

//! What can be brought back is seen by no client: every answer is the one of a registry that keeps
//! nothing.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_core::{Quotas, Upkeep};

use crate::world::{World, digest_of, registry_id};

const NAME: &str = "team/app";
const GONE: &str = "team/gone";

/// A world in which an image, a tag, a referrer and a repository were deleted.
async fn world(undo_window: Duration) -> (World, String) {
    let quotas = Quotas {
        repositories_max: 2,
        images_per_repository_max: 4,
        tags_per_image_max: 2,
        ..Quotas::default()
    };
    let world = World::with_upkeep(quotas, Upkeep { undo_window, ..Upkeep::default() }).await;
    for name in [NAME, GONE] {
        world.create_repository(name).await;
    }
    let deleted = world.push_image(NAME, "1", Some("v1")).await;
    world.push_image(NAME, "2", Some("v2")).await;
    let again = json!({
        "repositoryName": NAME, "imageTag": "latest",
        "imageManifest": world.manifest(NAME, "2").await,
    });
    world.call("PutImage", again).await.ok();
    let config = world.push_layer(NAME, b"{}").await;
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let referrer = json!({
        "schemaVersion": 2, "mediaType": media_type, "layers": [],
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json", "digest": config, "size": 2,
        },
        "subject": { "mediaType": media_type, "digest": deleted, "size": 3 },
    });
    let body = json!({ "repositoryName": NAME, "imageManifest": referrer.to_string() });
    world.call("PutImage", body).await.ok();
    let referrer = digest_of(referrer.to_string().as_bytes());
    world.push_image(GONE, "3", Some("v3")).await;
    let policy = json!({ "Version": "2012-10-17", "Statement": [] }).to_string();
    let body = json!({ "repositoryName": GONE, "policyText": policy });
    world.call("SetRepositoryPolicy", body).await;
    let ids = json!([
        { "imageDigest": deleted }, { "imageTag": "latest" }, { "imageDigest": referrer },
    ]);
    let body = json!({ "repositoryName": NAME, "imageIds": ids });
    assert_eq!(world.call("BatchDeleteImage", body).await.ok()["failures"], json!([]));
    let body = json!({ "repositoryName": GONE, "force": true });
    world.call("DeleteRepository", body).await.ok();
    (world, deleted)
}

/// What clients ask then, in an order in which each may depend on those before it.
fn requests(deleted: &str) -> Vec<(&'static str, Value)> {
    let by_digest = json!([{ "imageDigest": deleted }]);
    let by_tag = json!([{ "imageTag": "v1" }, { "imageTag": "latest" }]);
    let of = |name: &str| json!({ "repositoryName": name });
    let with = |name: &str, member: &str, value: Value| {
        let mut body = of(name);
        body[member] = value;
        body
    };
    let arn = format!("arn:aws:ecr:eu-west-1:111122223333:repository/{GONE}");
    vec![
        ("DescribeImages", with(NAME, "filter", json!({ "imageStatus": "ANY" }))),
        ("DescribeImages", with(NAME, "imageIds", by_digest.clone())),
        ("DescribeImages", with(NAME, "imageIds", by_tag.clone())),
        ("ListImages", with(NAME, "filter", json!({ "imageStatus": "ANY" }))),
        ("BatchGetImage", with(NAME, "imageIds", by_digest.clone())),
        ("BatchGetImage", with(NAME, "imageIds", by_tag)),
        ("ListImageReferrers", with(NAME, "subjectId", json!({ "imageDigest": deleted }))),
        ("DescribeImageScanFindings", with(NAME, "imageId", json!({ "imageDigest": deleted }))),
        ("BatchDeleteImage", with(NAME, "imageIds", by_digest)),
        ("DescribeRepositories", json!({})),
        ("DescribeRepositories", json!({ "repositoryNames": [GONE] })),
        ("DescribeImages", of(GONE)),
        ("GetRepositoryPolicy", of(GONE)),
        ("ListTagsForResource", json!({ "resourceArn": arn })),
        ("DeleteRepository", with(GONE, "force", json!(true))),
        // The quota is two: the deleted one does not count, and shares nothing with the new one.
        ("CreateRepository", of(GONE)),
        ("CreateRepository", of("third")),
        ("DescribeImages", of(GONE)),
        ("GetRepositoryPolicy", of(GONE)),
        ("BatchGetImage", with(GONE, "imageIds", json!([{ "imageTag": "v3" }]))),
        ("DeleteRepository", of(NAME)),
        ("BatchDeleteImage", with(NAME, "imageIds", json!([{ "imageTag": "v2" }]))),
        ("DeleteRepository", of(NAME)),
        ("DescribeRepositories", json!({})),
    ]
}

#[tokio::test]
async fn answers_are_those_of_a_registry_that_keeps_nothing() {
    let (keeps, deleted) = world(Upkeep::default().undo_window).await;
    let (forgets, same) = world(Duration::ZERO).await;
    assert_eq!(deleted, same);
    let mut statuses = Vec::new();
    for (operation, body) in requests(&deleted) {
        let kept = keeps.call(operation, body.clone()).await;
        let forgotten = forgets.call(operation, body.clone()).await;
        let what = format!("{operation} {body}");
        assert_eq!((kept.status, kept.text()), (forgotten.status, forgotten.text()), "{what}");
        let names_it = ["ListImages", "DescribeImages"].contains(&operation);
        assert!(!names_it || kept.status != 200 || !kept.text().contains(&deleted), "{what}");
        statuses.push(kept.status.as_u16());
    }
    let refused = statuses.iter().filter(|status| **status == 400).count();
    assert_eq!(refused, 11, "{statuses:?}");
}

#[tokio::test]
async fn images_that_are_kept_do_not_count_and_come_back_over_the_same_api() {
    let (world, deleted) = world(Upkeep::default().undo_window).await;
    // Of four there is one.
    for seed in ["4", "5", "6"] {
        world.push_image(NAME, seed, None).await;
    }
    let resource = RepositoryResource { registry: registry_id(), name: NAME.parse().unwrap() };
    let permit = Permit::system(resource);
    let digest = deleted.parse().unwrap();
    let full = world.registry.undelete_image(&permit, digest, false).await.unwrap_err();
    assert!(full.to_string().contains("images per repository"), "{full}");
    let id = json!([{ "imageDigest": digest_of(world.manifest(NAME, "4").await.as_bytes()) }]);
    let body = json!({ "repositoryName": NAME, "imageIds": id });
    world.call("BatchDeleteImage", body).await.ok();
    world.registry.undelete_image(&permit, digest, false).await.unwrap();
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageTag": "v1" }] });
    let found = world.call("BatchGetImage", body).await.ok();
    assert_eq!(found["images"][0]["imageManifest"], world.manifest(NAME, "1").await);
}

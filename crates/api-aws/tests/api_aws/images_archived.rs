//! Archived images and times of pulls: golden answers and refusals.

use std::time::Duration;

use serde_json::{Value, json};
use wharfinger_registry::JobsUnderWay;

use crate::world::{NOW, World, digest_of};

const NAME: &str = "team/app";

async fn world() -> World {
    let world = World::new().await;
    world.create_repository(NAME).await;
    world
}

fn update(tag: &str, class: &str) -> Value {
    json!({ "repositoryName": NAME, "imageId": { "imageTag": tag }, "targetStorageClass": class })
}

fn changed(digest: &str, tag: &str, status: &str) -> Value {
    json!({
        "registryId": "111122223333", "repositoryName": NAME,
        "imageId": { "imageDigest": digest, "imageTag": tag }, "imageStatus": status,
    })
}

async fn described(world: &World, digest: &str) -> Value {
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageDigest": digest }] });
    world.call("DescribeImages", body).await.ok()["imageDetails"][0].clone()
}

#[tokio::test]
async fn an_image_is_archived_and_restored() {
    let world = world().await;
    let digest = world.push_image(NAME, "1", Some("v1")).await;
    let kept = world.push_image(NAME, "2", None).await;
    world.clock.advance(Duration::from_secs(10));
    let archived = world.call("UpdateImageStorageClass", update("v1", "ARCHIVE")).await.ok();
    assert_eq!(archived, changed(&digest, "v1", "ARCHIVED"));
    let mut detail = json!({
        "registryId": "111122223333", "repositoryName": NAME, "imageDigest": digest,
        "imageTags": ["v1"], "imageSizeInBytes": 7, "imagePushedAt": NOW as f64,
        "imageManifestMediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "artifactMediaType": "application/vnd.docker.container.image.v1+json",
        "imageStatus": "ARCHIVED", "lastArchivedAt": NOW as f64 + 10.0,
    });
    assert_eq!(described(&world, &digest).await, detail);

    let shown = async |operation: &str, member: &str, status: Value| {
        let mut filter = json!({});
        if !status.is_null() {
            filter = json!({ "imageStatus": status });
        }
        let body = json!({ "repositoryName": NAME, "filter": filter });
        let list = world.call(operation, body).await.ok()[member].clone();
        let list = list.as_array().unwrap().iter();
        list.map(|image| image["imageDigest"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for (operation, member) in [("ListImages", "imageIds"), ("DescribeImages", "imageDetails")] {
        assert_eq!(shown(operation, member, Value::Null).await, [kept.as_str()]);
        assert_eq!(shown(operation, member, json!("ACTIVE")).await, [kept.as_str()]);
        assert_eq!(shown(operation, member, json!("ARCHIVED")).await, [digest.as_str()]);
        assert_eq!(shown(operation, member, json!("ACTIVATING")).await, [""; 0]);
        assert_eq!(shown(operation, member, json!("ANY")).await.len(), 2);
    }

    world.clock.advance(Duration::from_secs(10));
    let restored = world.call("UpdateImageStorageClass", update("v1", "STANDARD")).await.ok();
    assert_eq!(restored, changed(&digest, "v1", "ACTIVATING"));
    detail["imageStatus"] = "ACTIVATING".into();
    assert_eq!(described(&world, &digest).await, detail);
    for (operation, member) in [("ListImages", "imageIds"), ("DescribeImages", "imageDetails")] {
        assert_eq!(shown(operation, member, Value::Null).await, [kept.as_str()]);
        assert_eq!(shown(operation, member, json!("ACTIVATING")).await, [digest.as_str()]);
        assert_eq!(shown(operation, member, json!("ARCHIVED")).await, [""; 0]);
    }
    let again = world.call("UpdateImageStorageClass", update("v1", "STANDARD")).await;
    assert_eq!(
        again.refused("ImageStorageClassUpdateNotSupportedException"),
        "The image with imageId {imageDigest:'null', imageTag:'v1'} in the repository with name \
         'team/app' in the registry with id '111122223333' is being restored"
    );
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageTag": "v1" }] });
    let got = world.call("BatchGetImage", body).await.ok();
    assert_eq!(got["failures"][0]["failureCode"], "ImageInaccessible");
    for job in world.registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs {
        world.registry.run_job(&job.row).await.unwrap();
    }
    detail["imageStatus"] = "ACTIVE".into();
    detail["lastActivatedAt"] = (NOW as f64 + 20.0).into();
    assert_eq!(described(&world, &digest).await, detail);
}

#[tokio::test]
async fn updates_that_cannot_be_are_refused() {
    let world = world().await;
    world.push_image(NAME, "1", Some("v1")).await;
    let call = async |body: Value, code: &str| {
        world.call("UpdateImageStorageClass", body).await.refused(code)
    };
    let unsupported = "ImageStorageClassUpdateNotSupportedException";
    assert_eq!(
        call(update("v1", "STANDARD"), unsupported).await,
        "The image with imageId {imageDigest:'null', imageTag:'v1'} in the repository with name \
         'team/app' in the registry with id '111122223333' is already in the storage class STANDARD"
    );
    assert_eq!(
        call(update("v9", "ARCHIVE"), "ImageNotFoundException").await,
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    call(update("v1", "GLACIER"), "InvalidParameterException").await;
    let mut nothing = update("v1", "ARCHIVE");
    nothing["imageId"] = json!({});
    call(nothing, "InvalidParameterException").await;
}

#[tokio::test]
async fn what_is_archived_is_not_pulled() {
    let world = world().await;
    let digest = world.push_image(NAME, "1", Some("v1")).await;
    world.call("UpdateImageStorageClass", update("v1", "ARCHIVE")).await.ok();
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageTag": "v1" }] });
    let failure = json!({
        "imageId": { "imageTag": "v1" }, "failureCode": "ImageInaccessible",
        "failureReason": "Requested image is archived and must be restored before it is pulled",
    });
    let got = world.call("BatchGetImage", body.clone()).await.ok();
    assert_eq!(got, json!({ "images": [], "failures": [failure] }));
    let layer = digest_of(b"layer");
    let check = json!({ "repositoryName": NAME, "layerDigests": [layer] });
    let found = world.call("BatchCheckLayerAvailability", check).await.ok();
    assert_eq!(
        found["layers"],
        json!([{ "layerDigest": layer, "layerAvailability": "ARCHIVED", "layerSize": 5 }])
    );
    let url = json!({ "repositoryName": NAME, "layerDigest": layer });
    let refused = world.call("GetDownloadUrlForLayer", url).await;
    assert_eq!(
        refused.refused("LayerInaccessibleException"),
        format!(
            "The layer with digest '{layer}' in the repository with name 'team/app' in the \
             registry with id '111122223333' is not referenced by any active image"
        )
    );
    // It is there, in the way of a deletion, until it is deleted.
    let delete = json!({ "repositoryName": NAME });
    world.call("DeleteRepository", delete.clone()).await.refused("RepositoryNotEmptyException");
    let deleted = world.call("BatchDeleteImage", body).await.ok();
    let gone = json!([{ "imageDigest": digest, "imageTag": "v1" }]);
    assert_eq!(deleted, json!({ "imageIds": gone, "failures": [] }));
    world.call("DeleteRepository", delete).await.ok();
}

#[tokio::test]
async fn a_pull_is_recorded_once_a_day() {
    let world = world().await;
    let first = world.push_image(NAME, "1", Some("v1")).await;
    let others = ["2", "3", "4"].map(|seed| world.push_image(NAME, seed, None));
    let [a, b, c] = others;
    let (a, b, c) = (a.await, b.await, c.await);
    let pull = async |digest: &str| {
        let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageDigest": digest }] });
        world.call("BatchGetImage", body).await.ok()
    };
    // The record is written beside the answer; wait for the record itself, not for time.
    let recorded = async |digest: &str| loop {
        let time = described(&world, digest).await["lastRecordedPullTime"].clone();
        if !time.is_null() {
            return time;
        }
        tokio::task::yield_now().await;
    };
    pull(&first).await;
    assert_eq!(recorded(&first).await, NOW as f64);
    assert!(described(&world, &a).await.get("lastRecordedPullTime").is_none());
    // Within the day a pull leaves no trace: a later one of another image is recorded after it.
    world.clock.advance(Duration::from_secs(86_399));
    pull(&first).await;
    pull(&a).await;
    assert_eq!(recorded(&a).await, NOW as f64 + 86_399.0);
    assert_eq!(recorded(&first).await, NOW as f64);
    world.clock.advance(Duration::from_secs(1));
    pull(&first).await;
    pull(&b).await;
    assert_eq!(recorded(&b).await, NOW as f64 + 86_400.0);
    assert_eq!(recorded(&first).await, NOW as f64 + 86_400.0);
    // A failure is no pull, and neither is what only describes.
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageDigest": c }] });
    let archive = json!({
        "repositoryName": NAME, "imageId": { "imageDigest": c }, "targetStorageClass": "ARCHIVE",
    });
    world.call("UpdateImageStorageClass", archive).await.ok();
    world.call("BatchGetImage", body).await.ok();
    let fence = world.push_image(NAME, "fence", None).await;
    pull(&fence).await;
    recorded(&fence).await;
    assert!(described(&world, &c).await.get("lastRecordedPullTime").is_none());
}

#[tokio::test]
async fn pulls_of_an_excluded_principal_are_not_recorded() {
    let world = world().await;
    let image = world.push_image(NAME, "1", Some("v1")).await;
    let allowed = json!({ "Effect": "Allow", "Action": "ecr:*", "Resource": "*" });
    let policy = json!({ "Version": "2012-10-17", "Statement": [allowed] });
    let scanner = world.user("scanner", policy).await;
    let principal = json!({ "principalArn": "arn:aws:iam::111122223333:user/scanner" });
    world.call("RegisterPullTimeUpdateExclusion", principal).await.ok();
    let body = json!({ "repositoryName": NAME, "imageIds": [{ "imageDigest": image }] });
    world.call_as(&scanner, "BatchGetImage", body.clone()).await.ok();
    // Recorded after the other pull would have been, which is how that is known to have left none.
    let fence = world.push_image(NAME, "fence", None).await;
    let pull = json!({ "repositoryName": NAME, "imageIds": [{ "imageDigest": fence }] });
    world.call("BatchGetImage", pull).await.ok();
    while described(&world, &fence).await.get("lastRecordedPullTime").is_none() {
        tokio::task::yield_now().await;
    }
    assert!(described(&world, &image).await.get("lastRecordedPullTime").is_none());
    world.call("BatchGetImage", body).await.ok();
    while described(&world, &image).await.get("lastRecordedPullTime").is_none() {
        tokio::task::yield_now().await;
    }
}

//! Indexes in `DescribeImages`: golden answers of what their images have together.

use serde_json::{Value, json};
use wharfinger_core::Digest;

use crate::scan_findings::{UPDATED_AT, configuration, numbers, scanned};
use crate::world::{NOW, World};

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

async fn push_index(world: &World, children: &[&str]) -> String {
    let of = |digest: &&str| {
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        json!({ "mediaType": media_type, "digest": digest, "size": 10 })
    };
    let children: Vec<Value> = children.iter().map(of).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": children });
    let put = json!({
        "repositoryName": "team/app", "imageTag": "all", "imageManifest": index.to_string(),
    });
    let image = world.call("PutImage", put).await.ok();
    image["image"]["imageId"]["imageDigest"].as_str().unwrap().to_owned()
}

/// The index as `DescribeImages` shows it, by its tag and in the list.
async fn detail(world: &World) -> Value {
    let by_tag = json!({ "repositoryName": "team/app", "imageIds": [{ "imageTag": "all" }] });
    let detail = world.call("DescribeImages", by_tag).await.ok()["imageDetails"][0].clone();
    let list = json!({ "repositoryName": "team/app" });
    let list = world.call("DescribeImages", list).await.ok();
    assert!(list["imageDetails"].as_array().unwrap().contains(&detail));
    detail
}

#[tokio::test]
async fn an_index_has_the_status_and_the_summary_of_its_images() {
    for (scan_type, frequency, status, description) in [
        ("BASIC", "SCAN_ON_PUSH", "COMPLETE", "The scan was completed successfully."),
        ("ENHANCED", "CONTINUOUS_SCAN", "ACTIVE", "Continuous scan is selected for image."),
    ] {
        let (world, child) = scanned(configuration(scan_type, frequency)).await;
        let digest = push_index(&world, &[&child]).await;
        digest.parse::<Digest>().unwrap();
        // Nothing is said of it before it is counted.
        let mut expected = json!({
            "registryId": "111122223333", "repositoryName": "team/app", "imageDigest": digest,
            "imageTags": ["all"], "imageManifestMediaType": INDEX, "imageStatus": "ACTIVE",
            "imagePushedAt": NOW as f64,
        });
        let mut found = detail(&world).await;
        let size = found["imageSizeInBytes"].take();
        assert!(size.as_u64().unwrap() > 0);
        expected["imageSizeInBytes"] = Value::Null;
        assert_eq!(numbers(found), numbers(expected.clone()));

        world.run_jobs().await;
        expected["imageSizeInBytes"] = size;
        expected["imageScanStatus"] = json!({ "status": status, "description": description });
        expected["imageScanFindingsSummary"] = json!({
            "imageScanCompletedAt": NOW as f64, "vulnerabilitySourceUpdatedAt": UPDATED_AT as f64,
            "findingSeverityCounts": { "CRITICAL": 1, "UNDEFINED": 1 },
        });
        assert_eq!(numbers(detail(&world).await), numbers(expected.clone()));
        let wanted = json!({ "repositoryName": "team/app", "imageId": { "imageTag": "all" } });
        let whole = world.call("DescribeImageScanFindings", wanted).await.ok();
        assert_eq!(whole["imageScanStatus"], expected["imageScanStatus"]);
        let counts = &expected["imageScanFindingsSummary"]["findingSeverityCounts"];
        assert_eq!(&whole["imageScanFindings"]["findingSeverityCounts"], counts);
    }
}

#[tokio::test]
async fn an_index_whose_image_is_not_scanned_has_neither() {
    let (world, child) = scanned(configuration("BASIC", "SCAN_ON_PUSH")).await;
    let rules = json!({ "scanType": "BASIC", "rules": [] });
    world.call("PutRegistryScanningConfiguration", rules).await.ok();
    let other = world.push_image("team/app", "other", None).await;
    push_index(&world, &[&child, &other]).await;
    world.run_jobs().await;
    let found = detail(&world).await;
    assert_eq!(found.get("imageScanStatus"), None);
    assert_eq!(found.get("imageScanFindingsSummary"), None);
}

//! Scans of images: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, invalid};

#[tokio::test]
async fn without_advisories_a_scan_fails_and_says_why() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let digest = world.push_image("team/app", "1", Some("v1")).await;
    let by_tag = json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } });
    let by_digest = json!({ "repositoryName": "team/app", "imageId": { "imageDigest": digest } });
    assert_eq!(
        world
            .call("DescribeImageScanFindings", by_tag.clone())
            .await
            .refused("ScanNotFoundException"),
        "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'v1'}' in the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    let detail = async || {
        let body = json!({ "repositoryName": "team/app" });
        world.call("DescribeImages", body).await.ok()["imageDetails"][0].clone()
    };
    assert_eq!(detail().await.get("imageScanStatus"), None);

    let begun = json!({ "status": "IN_PROGRESS", "description": "The scan is in progress." });
    let answer = |image: Value, status: &Value| {
        json!({
            "registryId": "111122223333", "repositoryName": "team/app", "imageId": image,
            "imageScanStatus": status,
        })
    };
    let tagged = json!({ "imageDigest": digest, "imageTag": "v1" });
    let untagged = json!({ "imageDigest": digest });
    // Twice: what failed has used up nothing.
    for (body, image) in [(&by_tag, tagged), (&by_digest, untagged)] {
        for operation in ["StartImageScan", "DescribeImageScanFindings"] {
            let reply = world.call(operation, body.clone()).await.ok();
            assert_eq!(reply, answer(image.clone(), &begun), "{operation}");
        }
        assert_eq!(
            world.call("StartImageScan", body.clone()).await.refused("LimitExceededException"),
            "The scan quota per image has been exceeded. Wait and try again."
        );
        world.run_jobs().await;
        let reply = world.call("DescribeImageScanFindings", body.clone()).await.ok();
        let status = reply["imageScanStatus"].clone();
        assert_eq!(status["status"], "FAILED", "{status}");
        assert!(status["description"].as_str().unwrap().len() > 20, "{status}");
        assert_eq!(reply, answer(image, &status));
        assert_eq!(detail().await["imageScanStatus"], status);
        assert_eq!(detail().await.get("imageScanFindingsSummary"), None);
    }
    let enhanced = json!({ "scanType": "ENHANCED", "rules": [] });
    world.call("PutRegistryScanningConfiguration", enhanced).await.ok();
    world.call("DescribeImageScanFindings", by_tag.clone()).await.refused("ScanNotFoundException");
    assert_eq!(detail().await.get("imageScanStatus"), None);
    assert_eq!(
        world.call("StartImageScan", by_tag).await.refused("ValidationException"),
        "This feature is disabled"
    );
}

#[tokio::test]
async fn what_cannot_be_scanned_is_refused() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    let child = world.push_image("team/app", "1", Some("v1")).await;
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "digest": child, "size": 400,
        }],
    });
    let put = json!({
        "repositoryName": "team/app", "imageTag": "all", "imageManifest": index.to_string(),
    });
    world.call("PutImage", put).await.ok();
    let both = ["StartImageScan", "DescribeImageScanFindings"];
    let start = &both[..1];
    let describe = &both[1..];
    for (operations, repository, image, code, message) in [
        (
            &both[..],
            "team/none",
            json!({ "imageTag": "v1" }),
            "RepositoryNotFoundException",
            "The repository with name 'team/none' does not exist in the registry with id \
             '111122223333'"
                .to_owned(),
        ),
        (
            &both,
            "team/app",
            json!({ "imageTag": "v9" }),
            "ImageNotFoundException",
            "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the \
             repository with name 'team/app' in the registry with id '111122223333'"
                .to_owned(),
        ),
        (
            &both,
            "team/app",
            json!({}),
            "InvalidParameterException",
            invalid("imageId", "Invalid request parameters: both tag and digest cannot be null"),
        ),
        (
            &both,
            "team/app",
            json!({ "imageDigest": "latest" }),
            "InvalidParameterException",
            invalid(
                "imageDigest",
                "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
        ),
        (
            &both,
            "team/app",
            json!({ "imageTag": "no tag" }),
            "InvalidParameterException",
            invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9-_.]+'"),
        ),
        (
            start,
            "team/app",
            json!({ "imageTag": "all" }),
            "UnsupportedImageTypeException",
            "The image with imageId {imageDigest:'null', imageTag:'all'} has the type \
             'application/vnd.oci.image.index.v1+json', which is not scanned"
                .to_owned(),
        ),
        (
            describe,
            "team/app",
            json!({ "imageTag": "all" }),
            "ScanNotFoundException",
            "Image scan does not exist for the image with '{imageDigest:'null', imageTag:'all'}' \
             in the repository with name 'team/app' in the registry with id '111122223333'"
                .to_owned(),
        ),
    ] {
        for operation in operations {
            let body = json!({ "repositoryName": repository, "imageId": image });
            assert_eq!(world.call(operation, body).await.refused(code), message, "{operation}");
        }
    }
}

#[tokio::test]
async fn findings_have_no_second_page() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "1", Some("v1")).await;
    let body = json!({ "repositoryName": "team/app", "imageId": { "imageTag": "v1" } });
    world.call("StartImageScan", body.clone()).await.ok();
    let with = async |member: &str, value: Value| {
        let mut body = body.clone();
        body[member] = value;
        world.call("DescribeImageScanFindings", body).await
    };
    for count in [1, 1000] {
        assert_eq!(with("maxResults", json!(count)).await.ok().get("nextToken"), None);
    }
    for (member, value, reason) in [
        ("maxResults", json!(0), "Member must have value greater than or equal to 1"),
        ("maxResults", json!(1001), "Member must have value less than or equal to 1000"),
        ("nextToken", json!("garbage"), "Member must be a token of this request"),
    ] {
        let message = with(member, value).await.refused("InvalidParameterException");
        assert_eq!(message, invalid(member, reason));
    }
}

#[tokio::test]
async fn scanning_takes_the_permission_for_it() {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world.push_image("team/app", "1", Some("v1")).await;
    let arn = "arn:aws:ecr:eu-west-1:111122223333:repository/team/*";
    let statement = json!({
        "Effect": "Allow", "Resource": arn,
        "Action": ["ecr:StartImageScan", "ecr:BatchGetRepositoryScanningConfiguration"],
    });
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let dev = world.user("dev", policy).await;
    let image = |name: &str| json!({ "repositoryName": name, "imageId": { "imageTag": "v1" } });
    let names = |names: &[&str]| json!({ "repositoryNames": names });
    world.call_as(&dev, "StartImageScan", image("team/app")).await.ok();
    let batch = "BatchGetRepositoryScanningConfiguration";
    world.call_as(&dev, batch, names(&["team/app", "team/none"])).await.ok();
    let mut foreign = image("team/app");
    foreign["registryId"] = "999999999999".into();
    for (operation, body) in [
        ("StartImageScan", image("other")),
        ("StartImageScan", foreign),
        ("DescribeImageScanFindings", image("team/app")),
        (batch, names(&["team/app", "other"])),
        ("GetRegistryScanningConfiguration", json!({})),
        ("PutRegistryScanningConfiguration", json!({})),
    ] {
        let reply = world.call_as(&dev, operation, body).await;
        let message = reply.refused("AccessDeniedException");
        assert!(message.contains(&format!("perform: ecr:{operation} on resource: ")), "{message}");
    }
}

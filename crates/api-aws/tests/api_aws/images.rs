//! Images: golden answers and refusals.

use serde_json::{Value, json};

use crate::world::{World, digest_of, invalid, manifest};

const MEDIA_TYPE: &str = "application/vnd.docker.distribution.manifest.v2+json";

async fn world() -> World {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world
}

#[tokio::test]
async fn an_image_is_put_and_read_back_byte_for_byte() {
    let world = world().await;
    let manifest = world.manifest("team/app", "é \"1\"").await;
    let digest = digest_of(manifest.as_bytes());
    let image = json!({
        "registryId": "111122223333", "repositoryName": "team/app",
        "imageId": { "imageDigest": digest, "imageTag": "v1" },
        "imageManifest": manifest, "imageManifestMediaType": MEDIA_TYPE,
    });
    let put = world.call(
        "PutImage",
        json!({
            "repositoryName": "team/app", "imageManifest": manifest, "imageTag": "v1",
            "imageManifestMediaType": MEDIA_TYPE, "imageDigest": digest,
        }),
    );
    assert_eq!(put.await.ok(), json!({ "image": image }));
    let got = world.call(
        "BatchGetImage",
        json!({
            "repositoryName": "team/app", "imageIds": [{ "imageTag": "v1" }],
            "acceptedMediaTypes": ["application/vnd.oci.image.manifest.v1+json"],
        }),
    );
    assert_eq!(got.await.ok(), json!({ "images": [image], "failures": [] }));
}

#[tokio::test]
async fn images_are_listed_by_tag_and_described_by_digest() {
    let world = world().await;
    let first = world.push_image("team/app", "1", Some("v1")).await;
    world.push_image("team/app", "2", None).await;
    let again = json!({
        "repositoryName": "team/app", "imageTag": "latest",
        "imageManifest": world.manifest("team/app", "1").await,
    });
    world.call("PutImage", again).await.ok();

    let list = async |filter: Value| {
        let body = json!({ "repositoryName": "team/app", "filter": filter });
        world.call("ListImages", body).await.ok()["imageIds"].clone()
    };
    let tagged = json!([
        { "imageDigest": first, "imageTag": "latest" }, { "imageDigest": first, "imageTag": "v1" },
    ]);
    assert_eq!(list(json!({ "tagStatus": "TAGGED" })).await, tagged);
    assert_eq!(list(json!({ "tagStatus": "UNTAGGED" })).await.as_array().unwrap().len(), 1);
    assert_eq!(list(json!({ "imageStatus": "ANY" })).await.as_array().unwrap().len(), 3);
    assert_eq!(list(json!({ "imageStatus": "ARCHIVED" })).await, json!([]));

    let detail = json!({
        "registryId": "111122223333", "repositoryName": "team/app", "imageDigest": first,
        "imageTags": ["latest", "v1"], "imageSizeInBytes": 7, "imagePushedAt": 1_772_368_200.0,
        "imageManifestMediaType": MEDIA_TYPE, "imageStatus": "ACTIVE",
        "artifactMediaType": "application/vnd.docker.container.image.v1+json",
    });
    let ids = json!([{ "imageTag": "v1" }, { "imageDigest": first }]);
    let body = json!({ "repositoryName": "team/app", "imageIds": ids });
    let described = world.call("DescribeImages", body).await.ok();
    assert_eq!(described, json!({ "imageDetails": [detail] }));
    let body = json!({ "repositoryName": "team/app", "filter": { "tagStatus": "UNTAGGED" } });
    let untagged = world.call("DescribeImages", body).await.ok();
    assert_eq!(untagged["imageDetails"].as_array().unwrap().len(), 1);
    assert_eq!(untagged["imageDetails"][0].get("imageTags"), None);
}

#[tokio::test]
async fn ids_of_a_batch_fail_one_by_one() {
    let world = world().await;
    let digest = world.push_image("team/app", "1", Some("v1")).await;
    let missing = digest_of(b"missing");
    let ids = json!([
        { "imageTag": "v1", "imageDigest": missing }, { "imageTag": "v2" },
        { "imageDigest": "sha256:xyz" }, { "imageTag": "no/tag" }, {}, { "imageDigest": digest },
    ]);
    let body = json!({ "repositoryName": "team/app", "imageIds": ids });
    let failures = json!([
        {
            "imageId": { "imageTag": "v1", "imageDigest": missing },
            "failureCode": "ImageTagDoesNotMatchDigest",
            "failureReason": "Requested image tag does not match the requested image digest",
        },
        {
            "imageId": { "imageTag": "v2" }, "failureCode": "ImageNotFound",
            "failureReason": "Requested image not found",
        },
        {
            "imageId": { "imageDigest": "sha256:xyz" }, "failureCode": "InvalidImageDigest",
            "failureReason": "Invalid request parameters: image digest should satisfy the regex \
                              '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        },
        {
            "imageId": { "imageTag": "no/tag" }, "failureCode": "InvalidImageTag",
            "failureReason": "Invalid request parameters: image tag should satisfy the regex \
                              '[a-zA-Z0-9-_.]+'",
        },
        {
            "imageId": {}, "failureCode": "MissingDigestAndTag",
            "failureReason": "Invalid request parameters: both tag and digest cannot be null",
        },
    ]);
    let got = world.call("BatchGetImage", body.clone()).await.ok();
    assert_eq!(got["failures"], failures);
    assert_eq!(got["images"][0]["imageId"], json!({ "imageDigest": digest }));
    let deleted = world.call("BatchDeleteImage", body).await.ok();
    let gone = json!([{ "imageDigest": digest, "imageTag": "v1" }]);
    assert_eq!(deleted, json!({ "imageIds": gone, "failures": failures }));
}

#[tokio::test]
async fn an_image_of_an_index_is_not_deleted() {
    let world = world().await;
    let child = world.push_image("team/app", "1", None).await;
    let index = json!({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{ "mediaType": MEDIA_TYPE, "digest": child, "size": 400 }],
    });
    let put = json!({
        "repositoryName": "team/app", "imageTag": "all", "imageManifest": index.to_string(),
    });
    let parent = world.call("PutImage", put).await.ok()["image"]["imageId"]["imageDigest"].clone();
    let body = json!({ "repositoryName": "team/app", "imageIds": [{ "imageDigest": child }] });
    let kept = world.call("BatchDeleteImage", body).await.ok();
    let parent = parent.as_str().unwrap();
    assert_eq!(
        kept,
        json!({ "imageIds": [], "failures": [{
            "imageId": { "imageDigest": child }, "failureCode": "ImageReferencedByManifestList",
            "failureReason": format!("Requested image referenced by manifest list: [{parent}]"),
        }] })
    );
    let missing = digest_of(b"missing");
    let orphan = index.to_string().replace(&child, &missing);
    let put = json!({ "repositoryName": "team/app", "imageManifest": orphan });
    assert_eq!(
        world.call("PutImage", put).await.refused("ReferencedImagesNotFoundException"),
        format!(
            "Images with digests '[{missing}]' required for pushing image into repository with \
             name 'team/app' in the registry with id '111122223333' do not exist"
        )
    );
}

#[tokio::test]
async fn a_tag_of_an_immutable_repository_stays() {
    let world = world().await;
    let mode = json!({ "repositoryName": "team/app", "imageTagMutability": "IMMUTABLE" });
    world.call("PutImageTagMutability", mode).await.ok();
    let digest = world.push_image("team/app", "1", Some("v1.0.0")).await;
    let put = |manifest: String| {
        json!({
            "repositoryName": "team/app", "imageTag": "v1.0.0", "imageManifest": manifest,
        })
    };
    let other = put(world.manifest("team/app", "2").await);
    assert_eq!(
        world.call("PutImage", other).await.refused("ImageTagAlreadyExistsException"),
        "The image tag 'v1.0.0' already exists in the 'team/app' repository and cannot be \
         overwritten because the tag is immutable."
    );
    let same = put(world.manifest("team/app", "1").await);
    assert_eq!(
        world.call("PutImage", same).await.refused("ImageAlreadyExistsException"),
        format!(
            "Image with digest '{digest}' and tag 'v1.0.0' already exists in the repository with \
             name 'team/app' in registry with id '111122223333'"
        )
    );
}

#[tokio::test]
async fn what_cannot_be_put_is_refused() {
    let world = world().await;
    let good = world.manifest("team/app", "1").await;
    let calculated = digest_of(good.as_bytes());
    let missing = digest_of(b"missing");
    let put = async |change: Value, code: &str| {
        let mut body = json!({ "repositoryName": "team/app", "imageManifest": good });
        for (member, value) in change.as_object().unwrap() {
            body[member] = value.clone();
        }
        world.call("PutImage", body).await.refused(code)
    };
    let bad = "InvalidParameterException";
    for (change, code, message) in [
        (json!({ "imageManifest": "{" }), bad, invalid("ImageManifest", "Invalid JSON syntax")),
        (
            json!({ "imageManifest": "x".repeat(5 * 1024 * 1024) }),
            bad,
            invalid("imageManifest", "Member must have length less than or equal to 4194304"),
        ),
        (
            json!({ "imageTag": "no tag" }),
            bad,
            invalid("imageTag", "must satisfy regular expression '[a-zA-Z0-9-_.]+'"),
        ),
        (
            json!({ "imageTag": ".hidden" }),
            bad,
            invalid(
                "imageTag",
                "a tag is 1 to 128 letters, digits, '_', '.' and '-', and starts with none of \
                 '.' and '-'",
            ),
        ),
        (
            json!({ "imageDigest": "latest" }),
            bad,
            invalid(
                "imageDigest",
                "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
            ),
        ),
        (
            json!({ "imageDigest": missing }),
            "ImageDigestDoesNotMatchException",
            format!(
                "The provided image digest '{missing}' does not match the digest '{calculated}' \
                 calculated from the image manifest"
            ),
        ),
        (
            json!({ "imageManifest": manifest(&digest_of(b"{}"), &missing, "") }),
            "LayersNotFoundException",
            format!(
                "Layers with digests '[{missing}]' required for pushing image into repository \
                 with name 'team/app' in the registry with id '111122223333' do not exist"
            ),
        ),
    ] {
        assert_eq!(put(change, code).await, message);
    }
    put(json!({ "repositoryName": "missing" }), "RepositoryNotFoundException").await;
    let left = world.call("ListImages", json!({ "repositoryName": "team/app" })).await.ok();
    assert_eq!(left, json!({ "imageIds": [] }));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_described() {
    let world = world().await;
    let describe = async |body: Value, code| {
        let mut body = body;
        body["repositoryName"] = "team/app".into();
        world.call("DescribeImages", body).await.refused(code)
    };
    assert_eq!(
        describe(json!({ "imageIds": [{ "imageTag": "v9" }] }), "ImageNotFoundException").await,
        "The image with imageId {imageDigest:'null', imageTag:'v9'} does not exist within the \
         repository with name 'team/app' in the registry with id '111122223333'"
    );
    let both = json!({ "imageIds": [{ "imageTag": "v9" }], "maxResults": 5 });
    assert_eq!(
        describe(both, "InvalidParameterException").await,
        invalid("maxResults", "Member can't be set when imageIds is set")
    );
}

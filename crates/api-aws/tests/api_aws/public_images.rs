//! ECR Public: layers and images, from the upload to the deletion.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::world::{World, digest_of, manifest};

const NAME: &str = "team/app";

async fn world_with_repository() -> World {
    let world = World::public().await;
    world.call_public("CreateRepository", json!({ "repositoryName": NAME })).await.ok();
    world
}

async fn alias(world: &World) -> String {
    let registries = world.call_public("DescribeRegistries", json!({})).await.ok();
    registries["registries"][0]["aliases"][0]["name"].as_str().unwrap().to_owned()
}

/// Uploads a layer to the registry of this id or alias, and answers its digest.
async fn push_layer(world: &World, registry: &str, bytes: &[u8]) -> String {
    let on = |input: Value| {
        let mut input = input;
        input["repositoryName"] = NAME.into();
        input["registryId"] = registry.into();
        input
    };
    let begun = world.call_public("InitiateLayerUpload", on(json!({}))).await.ok();
    assert_eq!(begun["partSize"], 10_485_760);
    let (upload, digest) = (&begun["uploadId"], digest_of(bytes));
    let part = json!({
        "uploadId": upload, "partFirstByte": 0, "partLastByte": bytes.len() - 1,
        "layerPartBlob": STANDARD.encode(bytes),
    });
    assert_eq!(
        world.call_public("UploadLayerPart", on(part)).await.ok(),
        json!({
            "registryId": "111122223333", "repositoryName": NAME, "uploadId": upload,
            "lastByteReceived": bytes.len() - 1,
        })
    );
    let complete = json!({ "uploadId": upload, "layerDigests": [digest] });
    assert_eq!(
        world.call_public("CompleteLayerUpload", on(complete)).await.ok(),
        json!({
            "registryId": "111122223333", "repositoryName": NAME, "uploadId": upload,
            "layerDigest": digest,
        })
    );
    digest
}

/// Pushes an image with these tags, and answers its manifest.
async fn push_image(world: &World, tags: &[&str]) -> String {
    let config = push_layer(world, "111122223333", b"{}").await;
    let layer = push_layer(world, &alias(world).await, b"layer").await;
    let manifest = manifest(&config, &layer, "1");
    for tag in tags {
        let input = json!({ "repositoryName": NAME, "imageManifest": manifest, "imageTag": tag });
        world.call_public("PutImage", input).await.ok();
    }
    manifest
}

#[tokio::test]
async fn an_image_from_its_layers_to_its_end() {
    let world = world_with_repository().await;
    let manifest = push_image(&world, &["v1"]).await;
    let digest = digest_of(manifest.as_bytes());
    let again = json!({ "repositoryName": NAME, "imageManifest": manifest, "imageTag": "v1" });
    let refused = world.call_public("PutImage", again).await;
    refused.refused("ImageAlreadyExistsException");
    let tagged = json!({
        "repositoryName": NAME, "imageManifest": manifest, "imageTag": "v2",
        "registryId": alias(&world).await,
    });
    let media_type = "application/vnd.docker.distribution.manifest.v2+json";
    assert_eq!(
        world.call_public("PutImage", tagged).await.ok(),
        json!({ "image": {
            "registryId": "111122223333", "repositoryName": NAME,
            "imageId": { "imageDigest": digest, "imageTag": "v2" },
            "imageManifest": manifest, "imageManifestMediaType": media_type,
        } })
    );
    let facts = json!({
        "imageDigest": digest, "imageSizeInBytes": 7, "imagePushedAt": 1_772_368_200.0,
        "imageManifestMediaType": media_type,
        "artifactMediaType": "application/vnd.docker.container.image.v1+json",
    });
    let mut detail = facts.clone();
    detail["registryId"] = "111122223333".into();
    detail["repositoryName"] = NAME.into();
    detail["imageTags"] = json!(["v1", "v2"]);
    for ids in [json!({}), json!({ "imageIds": [{ "imageTag": "v1" }] })] {
        let mut input = ids;
        input["repositoryName"] = NAME.into();
        let described = world.call_public("DescribeImages", input).await.ok();
        assert_eq!(described, json!({ "imageDetails": [detail] }));
    }
    let tag =
        |tag: &str| json!({ "imageTag": tag, "createdAt": 1_772_368_200.0, "imageDetail": facts });
    let name = json!({ "repositoryName": NAME });
    assert_eq!(
        world.call_public("DescribeImageTags", name.clone()).await.ok(),
        json!({ "imageTagDetails": [tag("v1"), tag("v2")] })
    );
    let refused = world.call_public("DeleteRepository", name).await;
    refused.refused("RepositoryNotEmptyException");
    let ids = json!({
        "repositoryName": NAME, "registryId": alias(&world).await,
        "imageIds": [{ "imageTag": "v1" }, { "imageTag": "none" }, {}],
    });
    assert_eq!(
        world.call_public("BatchDeleteImage", ids).await.ok(),
        json!({
            "imageIds": [{ "imageDigest": digest, "imageTag": "v1" }],
            "failures": [
                {
                    "imageId": { "imageTag": "none" }, "failureCode": "ImageNotFound",
                    "failureReason": "Requested image not found",
                },
                {
                    "imageId": {}, "failureCode": "MissingDigestAndTag",
                    "failureReason":
                        "Invalid request parameters: both tag and digest cannot be null",
                },
            ],
        })
    );
    let force = json!({ "repositoryName": NAME, "force": true });
    world.call_public("DeleteRepository", force).await.ok();
}

#[tokio::test]
async fn tags_are_described_page_by_page() {
    let world = world_with_repository().await;
    push_image(&world, &["c", "a", "b"]).await;
    let (mut tags, mut input) = (
        Vec::new(),
        json!({ "repositoryName": NAME, "maxResults": 2, "registryId": "111122223333" }),
    );
    loop {
        let page = world.call_public("DescribeImageTags", input.clone()).await.ok();
        for detail in page["imageTagDetails"].as_array().unwrap() {
            tags.push(detail["imageTag"].as_str().unwrap().to_owned());
        }
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(tags, ["a", "b", "c"]);
    let garbage = json!({ "repositoryName": NAME, "nextToken": "AAAA" });
    let refused = world.call_public("DescribeImageTags", garbage).await;
    refused.refused("InvalidParameterException");
    let missing = json!({ "repositoryName": NAME, "imageIds": [{ "imageTag": "none" }] });
    let refused = world.call_public("DescribeImages", missing).await;
    refused.refused("ImageNotFoundException");
}

#[tokio::test]
async fn layers_are_there_or_not() {
    let world = world_with_repository().await;
    let (there, absent) = (push_layer(&world, "111122223333", b"layer").await, digest_of(b"none"));
    let input = json!({
        "repositoryName": NAME, "layerDigests": [there, absent, "nonsense", " "],
        "registryId": alias(&world).await,
    });
    let checked = world.call_public("BatchCheckLayerAvailability", input).await.ok();
    assert_eq!(
        checked["layers"],
        json!([
            { "layerDigest": there, "layerAvailability": "AVAILABLE", "layerSize": 5 },
            { "layerDigest": absent, "layerAvailability": "UNAVAILABLE" },
        ])
    );
    let codes: Vec<&Value> =
        checked["failures"].as_array().unwrap().iter().map(|it| &it["failureCode"]).collect();
    assert_eq!(codes, ["InvalidLayerDigest", "MissingLayerDigest"]);
}

#[tokio::test]
async fn an_alias_that_nobody_has_is_no_registry() {
    let world = world_with_repository().await;
    let digest = digest_of(b"layer");
    let id = "00000000-0000-4000-8000-000000000000";
    for (operation, input) in [
        ("BatchCheckLayerAvailability", json!({ "layerDigests": [digest] })),
        ("InitiateLayerUpload", json!({})),
        (
            "UploadLayerPart",
            json!({
                "uploadId": id, "partFirstByte": 0, "partLastByte": 0, "layerPartBlob": "YQ==",
            }),
        ),
        ("CompleteLayerUpload", json!({ "uploadId": id, "layerDigests": [digest] })),
        ("PutImage", json!({ "imageManifest": manifest(&digest, &digest, "") })),
    ] {
        let mut input = input;
        input["repositoryName"] = NAME.into();
        input["registryId"] = "nobody".into();
        let refused = world.call_public(operation, input).await;
        assert_eq!(
            refused.refused("RegistryNotFoundException"),
            "The registry with id or alias 'nobody' does not exist"
        );
    }
    let input = json!({
        "repositoryName": NAME, "registryId": "nobody", "imageIds": [{ "imageTag": "v1" }],
    });
    let refused = world.call_public("BatchDeleteImage", input).await;
    assert!(refused.refused("InvalidParameterException").contains("alias 'nobody'"));
}

#[tokio::test]
async fn uploads_fail_as_those_of_ecr_do() {
    let world = world_with_repository().await;
    let named = json!({ "repositoryName": NAME });
    let begun = world.call_public("InitiateLayerUpload", named).await.ok();
    let upload = &begun["uploadId"];
    let empty = json!({
        "repositoryName": NAME, "uploadId": upload, "layerDigests": [digest_of(b"layer")],
    });
    let refused = world.call_public("CompleteLayerUpload", empty.clone()).await;
    refused.refused("EmptyUploadException");
    let part = json!({
        "repositoryName": NAME, "uploadId": upload, "partFirstByte": 7, "partLastByte": 7,
        "layerPartBlob": "YQ==",
    });
    let refused = world.call_public("UploadLayerPart", part).await;
    assert_eq!(
        refused.refused("InvalidLayerPartException"),
        "First byte of the layer part is 7 instead of 0"
    );
    assert_eq!(refused.json()["lastValidByteReceived"], -1);
    let part = json!({
        "repositoryName": NAME, "uploadId": upload, "partFirstByte": 0, "partLastByte": 0,
        "layerPartBlob": "YQ==",
    });
    world.call_public("UploadLayerPart", part).await.ok();
    let refused = world.call_public("CompleteLayerUpload", empty).await;
    refused.refused("InvalidLayerException");
    let absent = digest_of(b"absent");
    let input = json!({ "repositoryName": NAME, "imageManifest": manifest(&absent, &absent, "") });
    let refused = world.call_public("PutImage", input).await;
    refused.refused("LayersNotFoundException");
}

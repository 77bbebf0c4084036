//! Layers and their uploads: golden answers, refusals, and download URLs that are signed.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wharfinger_auth::{Permit, RepositoryResource};
use wharfinger_aws_protocol::sigv4::{EMPTY_BODY_SHA256, RequestParts};
use wharfinger_core::{Digest, limits};
use wharfinger_registry::Error;

use crate::world::{HOST, World, digest_of, invalid, manifest, registry_id};

async fn world() -> World {
    let world = World::new().await;
    world.create_repository("team/app").await;
    world
}

async fn begin(world: &World) -> String {
    let upload = world.call("InitiateLayerUpload", json!({ "repositoryName": "team/app" })).await;
    let upload = upload.ok();
    assert_eq!(upload["partSize"], 10_485_760);
    upload["uploadId"].as_str().unwrap().to_owned()
}

fn part(upload: &str, first: usize, bytes: &[u8]) -> Value {
    json!({
        "repositoryName": "team/app", "uploadId": upload, "partFirstByte": first,
        "partLastByte": first + bytes.len() - 1, "layerPartBlob": STANDARD.encode(bytes),
    })
}

fn complete(upload: &str, digests: &[&str]) -> Value {
    json!({ "repositoryName": "team/app", "uploadId": upload, "layerDigests": digests })
}

#[tokio::test]
async fn a_layer_is_uploaded_in_parts() {
    let world = world().await;
    let upload = begin(&world).await;
    let (large, small) = (vec![7; limits::LAYER_PART_BYTES_MIN as usize], b"end");
    let all = [large.as_slice(), small].concat();
    let first = world.call("UploadLayerPart", part(&upload, 0, &large)).await;
    let expected = json!({
        "registryId": "111122223333", "repositoryName": "team/app", "uploadId": upload,
        "lastByteReceived": large.len() - 1,
    });
    assert_eq!(first.ok(), expected);
    let last = world.call("UploadLayerPart", part(&upload, large.len(), small)).await.ok();
    assert_eq!(last["lastByteReceived"], all.len() - 1);

    let digest = digest_of(&all);
    let wrong = digest_of(b"other");
    assert_eq!(
        world
            .call("CompleteLayerUpload", complete(&upload, &[&wrong]))
            .await
            .refused("InvalidLayerException"),
        "None of the provided layer digests match the calculated layer digest"
    );
    let done = world.call("CompleteLayerUpload", complete(&upload, &[&wrong, &digest])).await;
    let expected = json!({
        "registryId": "111122223333", "repositoryName": "team/app", "uploadId": upload,
        "layerDigest": digest,
    });
    assert_eq!(done.ok(), expected);
    let over = world.call("CompleteLayerUpload", complete(&upload, &[&digest])).await;
    over.refused("UploadNotFoundException");

    let unknown = digest_of(b"unknown");
    let check = json!({
        "repositoryName": "team/app", "layerDigests": [digest, unknown, "sha256:xyz", " "],
    });
    let checked = world.call("BatchCheckLayerAvailability", check).await.ok();
    assert_eq!(
        checked,
        json!({
            "layers": [
                {
                    "layerDigest": digest, "layerAvailability": "AVAILABLE",
                    "layerSize": all.len(),
                },
                { "layerDigest": unknown, "layerAvailability": "UNAVAILABLE" },
            ],
            "failures": [
                {
                    "layerDigest": "sha256:xyz", "failureCode": "InvalidLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest should satisfy \
                                      the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
                },
                {
                    "failureCode": "MissingLayerDigest",
                    "failureReason": "Invalid request parameters: layer digest cannot be blank",
                },
            ],
        })
    );
}

#[tokio::test]
async fn parts_that_do_not_fit_are_refused_with_the_place_to_go_on() {
    let world = world().await;
    let upload = begin(&world).await;
    let gap = world.call("UploadLayerPart", part(&upload, 5, b"abc")).await;
    let expected = json!({
        "__type": "InvalidLayerPartException",
        "message": "First byte of the layer part is 5 instead of 0",
        "registryId": "111122223333", "repositoryName": "team/app", "uploadId": upload,
        "lastValidByteReceived": -1,
    });
    assert_eq!((gap.status.as_u16(), gap.json()), (400, expected));
    let mut short = part(&upload, 0, b"abc");
    short["partLastByte"] = 9.into();
    world.call("UploadLayerPart", short).await.refused("InvalidLayerPartException");
    let nothing = world.call("CompleteLayerUpload", complete(&upload, &[&digest_of(b"")])).await;
    assert_eq!(
        nothing.refused("EmptyUploadException"),
        format!(
            "The upload with id '{upload}' in the repository with name 'team/app' in registry \
             with id '111122223333' cannot be completed because it does not have any parts"
        )
    );
    world.call("UploadLayerPart", part(&upload, 0, b"abc")).await.ok();
    world.call("UploadLayerPart", part(&upload, 0, b"abc")).await.ok();
    world.call("UploadLayerPart", part(&upload, 3, b"def")).await.ok();
    let small = world.call("CompleteLayerUpload", complete(&upload, &[&digest_of(b"abcdef")]));
    assert_eq!(
        small.await.refused("LayerPartTooSmallException"),
        "All layer parts except the last part should be at least 5MB"
    );
}

#[tokio::test]
async fn uploads_that_are_no_uploads_are_refused() {
    let world = world().await;
    let (unknown, digest) = ("00000000-0000-4000-8000-000000000000", digest_of(b"abc"));
    let reply = world.call("UploadLayerPart", part(unknown, 0, b"abc")).await;
    assert_eq!(
        reply.refused("UploadNotFoundException"),
        format!(
            "The upload with id '{unknown}' does not exist in the repository with name \
             'team/app' in the registry with id '111122223333'"
        )
    );
    let no_digest = world.call("CompleteLayerUpload", complete(unknown, &["md5:abc"])).await;
    assert_eq!(
        no_digest.refused("InvalidParameterException"),
        invalid(
            "layerDigests",
            "a digest is sha256: and 64, or sha512: and 128, lower-case hex digits"
        )
    );
    let no_id = world.call("CompleteLayerUpload", complete("../upload", &[&digest])).await;
    assert!(no_id.refused("InvalidParameterException").contains("at 'uploadId'"));
    let mut negative = part(unknown, 0, b"abc");
    negative["partFirstByte"] = (-1).into();
    let negative = world.call("UploadLayerPart", negative).await;
    assert_eq!(
        negative.refused("InvalidParameterException"),
        invalid("partFirstByte", "Member must have value greater than or equal to 0")
    );
    let missing = json!({ "repositoryName": "missing" });
    world.call("InitiateLayerUpload", missing).await.refused("RepositoryNotFoundException");
    world.push_layer("team/app", b"abc").await;
    let upload = begin(&world).await;
    world.call("UploadLayerPart", part(&upload, 0, b"abc")).await.ok();
    assert_eq!(
        world
            .call("CompleteLayerUpload", complete(&upload, &[&digest]))
            .await
            .refused("LayerAlreadyExistsException"),
        format!(
            "The layer with digest '{digest}' already exists in the repository with name \
             'team/app' in registry with id '111122223333'"
        )
    );
}

#[tokio::test]
async fn a_part_of_the_largest_size_is_taken_and_a_larger_one_is_not() {
    let world = world().await;
    let upload = begin(&world).await;
    let bytes = vec![1; limits::LAYER_PART_BYTES_MAX + 1];
    let larger = world.call("UploadLayerPart", part(&upload, 0, &bytes)).await;
    assert_eq!(
        larger.refused("InvalidParameterException"),
        invalid("layerPartBlob", "Member must have length less than or equal to 20971520")
    );
    let largest = world.call("UploadLayerPart", part(&upload, 0, &bytes[1..])).await.ok();
    assert_eq!(largest["lastByteReceived"], limits::LAYER_PART_BYTES_MAX - 1);
}

#[tokio::test]
async fn a_download_url_carries_the_callers_signature() {
    let world = world().await;
    world.push_image("team/app", "1", Some("v1")).await;
    let digest = digest_of(b"layer");
    let body = json!({ "repositoryName": "team/app", "layerDigest": digest });
    let answer = world.call("GetDownloadUrlForLayer", body.clone()).await.ok();
    assert_eq!(answer["layerDigest"], digest);
    let url = answer["downloadUrl"].as_str().unwrap();
    let (path, query) = url.strip_prefix("http://localhost:4566").unwrap().split_once('?').unwrap();
    assert_eq!(path, format!("/v2/team/app/blobs/{digest}"));
    assert!(query.contains("&X-Amz-Expires=3600&X-Amz-SignedHeaders=host&"), "{query}");

    let headers = http::HeaderMap::from_iter([(http::header::HOST, HOST.parse().unwrap())]);
    let parts = RequestParts { method: "GET", path, query: Some(query), headers: &headers };
    let used = async || {
        let context = world.context();
        world.auth.authenticate_signature(&context, &parts, &EMPTY_BODY_SHA256, "ecr").await
    };
    let (caller, region) = used().await.unwrap();
    assert_eq!(caller.principal().access_key_id, world.root.access_key_id);
    assert_eq!(region.as_str(), "eu-west-1");
    world.clock.advance(Duration::from_secs(3_601));
    used().await.unwrap_err();

    let refused = async |digest: &str, code: &str| {
        let mut body = body.clone();
        body["layerDigest"] = digest.into();
        world.call("GetDownloadUrlForLayer", body).await.refused(code)
    };
    let unknown = digest_of(b"unknown");
    assert_eq!(
        refused(&unknown, "LayersNotFoundException").await,
        format!(
            "The layer with digest '{unknown}' does not exist within the repository with name \
             'team/app' in the registry with id '111122223333'"
        )
    );
    let unused = world.push_layer("team/app", b"unused").await;
    refused(&unused, "LayerInaccessibleException").await;
    refused("sha256:ABC", "InvalidParameterException").await;
}

#[tokio::test]
async fn a_damaged_layer_is_asked_for_again_and_heals() {
    let world = world().await;
    // Large enough for a file.
    let bytes = vec![b'l'; 70_000];
    let (config, digest) =
        (world.push_layer("team/app", b"{}").await, world.push_layer("team/app", &bytes).await);
    let manifest = manifest(&config, &digest, "1").replace("\"size\":5", "\"size\":70000");
    let image = json!({ "repositoryName": "team/app", "imageManifest": manifest });
    world.call("PutImage", image).await.ok();
    for file in world.object_files() {
        let mut bytes = std::fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }
    // Whoever reads it first finds out; the finding is noted in a task of its own.
    let name = "team/app".parse().unwrap();
    let permit = Permit::system(RepositoryResource { registry: registry_id(), name });
    let content = world.registry.open_blob(&permit, digest.parse::<Digest>().unwrap()).await;
    assert!(matches!(content, Err(Error::LayerDamaged { .. })));
    let check = json!({ "repositoryName": "team/app", "layerDigests": [digest] });
    let available = async || {
        let checked = world.call("BatchCheckLayerAvailability", check.clone()).await.ok();
        checked["layers"][0]["layerAvailability"].as_str().unwrap().to_owned()
    };
    let noted = async {
        while available().await == "AVAILABLE" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), noted).await.unwrap();
    let url = json!({ "repositoryName": "team/app", "layerDigest": digest });
    let refused = world.call("GetDownloadUrlForLayer", url.clone()).await;
    assert!(refused.refused("LayersNotFoundException").contains("damaged"));

    let upload = begin(&world).await;
    world.call("UploadLayerPart", part(&upload, 0, &bytes)).await.ok();
    let healed = world.call("CompleteLayerUpload", complete(&upload, &[&digest])).await;
    // The repository had the layer all along, so the answer is ECR's for that.
    healed.refused("LayerAlreadyExistsException");
    assert_eq!(available().await, "AVAILABLE");
    world.call("GetDownloadUrlForLayer", url).await.ok();
}

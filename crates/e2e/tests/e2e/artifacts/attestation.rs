//! Attestation manifests as BuildKit makes them: children of an index for the platform
//! `unknown/unknown`. BuildKit itself needs images from the network, so the very shapes it pushes are
//! pushed by skopeo, from a layout.

use serde_json::{Value, json};
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::{self, Blob, Image};

use super::{World, descriptor, text};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const IN_TOTO: &str = "application/vnd.in-toto+json";
const REFERENCE: &str = "vnd.docker.reference.digest";

/// The provenance of an image: statement, configuration and manifest.
fn attestation(subject: &Image) -> [Blob; 3] {
    let blob = |value: &Value| Blob::new(value.to_string().into_bytes());
    let digest = subject.manifest.digest.trim_start_matches("sha256:");
    let statement = blob(&json!({
        "_type": "https://in-toto.io/Statement/v0.1",
        "predicateType": "https://slsa.dev/provenance/v0.2",
        "subject": [{ "name": "app", "digest": { "sha256": digest } }],
        "predicate": { "buildType": "https://mobyproject.org/buildkit@v1" },
    }));
    let config = blob(&json!({
        "architecture": "unknown", "os": "unknown", "config": {},
        "rootfs": { "type": "layers", "diff_ids": [statement.digest] },
    }));
    let mut layer = descriptor(IN_TOTO, &statement);
    let predicate = json!({ "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" });
    layer["annotations"] = predicate;
    let manifest = blob(&json!({
        "schemaVersion": 2,
        "mediaType": image::OCI_MANIFEST,
        "config": descriptor(CONFIG, &config),
        "layers": [layer],
    }));
    [statement, config, manifest]
}

/// Pushes two images with their attestations as `app:one`; answers the attestations.
fn push(world: &World) -> Vec<[Blob; 3]> {
    let images = [Image::new("amd64", b"one"), Image::new("arm64", b"two")];
    let attestations: Vec<_> = images.iter().map(attestation).collect();
    let index = image::index(&images);
    let mut index: Value = serde_json::from_slice(&index.bytes).expect("JSON");
    for (image, [.., manifest]) in images.iter().zip(&attestations) {
        let mut child = descriptor(image::OCI_MANIFEST, manifest);
        child["platform"] = json!({ "architecture": "unknown", "os": "unknown" });
        child["annotations"] = json!({
            REFERENCE: image.manifest.digest, "vnd.docker.reference.type": "attestation-manifest",
        });
        index["manifests"].as_array_mut().expect("a list").push(child);
    }
    let index = Blob::new(index.to_string().into_bytes());
    image::write_layout(&world.shell.home().join("layout"), "all", &images, &index);
    for blob in attestations.iter().flatten() {
        world.write(&format!("layout/blobs/{}", blob.digest.replace(':', "/")), &blob.bytes);
    }
    world.success(
        "skopeo copy --insecure-policy --all --preserve-digests --dest-tls-verify=false \
         oci:layout:all docker://$REGISTRY/app:one",
    );
    assert_eq!(world.success("crane digest $REGISTRY/app:one"), index.digest);
    attestations
}

#[test]
fn attestations_are_children_of_an_index_that_is_no_image_of_a_platform() {
    if !available(&[Client::Artifacts, Client::Skopeo]) {
        return;
    }
    let world = World::new(&["app"]);
    let attestations = push(&world);
    for platform in ["linux/amd64", "linux/arm64"] {
        world.success(&format!("crane validate --platform={platform} --remote $REGISTRY/app:one"));
    }
    for [statement, _, manifest] in &attestations {
        let found = world.json(&format!("oras manifest fetch $REGISTRY/app@{}", manifest.digest));
        assert_eq!(text(&found, "/layers/0/mediaType"), IN_TOTO);
        let fetch = format!("oras blob fetch --output - $REGISTRY/app@{}", statement.digest);
        assert_eq!(world.success(&fetch).as_bytes(), statement.bytes);
        let refused =
            world.shell.failure(&format!("crane delete $REGISTRY/app@{}", manifest.digest));
        assert!(refused.contains("referenced by manifest list"), "{refused}");
    }
    let inspect = "skopeo inspect --tls-verify=false --override-arch=arm64";
    let found = world.json(&format!("{inspect} docker://$REGISTRY/app:one"));
    assert_eq!(found["Architecture"], "arm64");
    // They have no subject: BuildKit's way is older than referrers.
    let subject = world.success("crane digest --platform=linux/amd64 $REGISTRY/app:one");
    let subject = json!({ "repositoryName": "app", "subjectId": { "imageDigest": subject } });
    assert_eq!(world.api.success("ListImageReferrers", &subject)["referrers"], json!([]));
    world.success("crane delete $REGISTRY/app:one");
    let left = world.api.success("ListImages", &json!({ "repositoryName": "app" }));
    assert_eq!(left["imageIds"].as_array().map(Vec::len), Some(4), "{left}");
}

#[test]
fn every_client_copies_them_with_the_index() {
    if !available(&[Client::Artifacts, Client::Skopeo]) {
        return;
    }
    let world = World::new(&["app", "crane/app", "oras/app", "regctl/app", "skopeo/app"]);
    let attestations = push(&world);
    world.success("crane copy $REGISTRY/app:one $REGISTRY/crane/app:one");
    world.success("oras copy $REGISTRY/app:one $REGISTRY/oras/app:one");
    world.success("regctl registry set --skip-check --tls disabled $REGISTRY");
    world.success("regctl image copy $REGISTRY/app:one $REGISTRY/regctl/app:one");
    world.success(
        "skopeo copy --insecure-policy --src-tls-verify=false --dest-tls-verify=false \
         --override-arch=arm64 docker://$REGISTRY/app:one oci:single:one",
    );
    world.success(
        "skopeo --insecure-policy sync --all --src=docker --dest=docker --src-tls-verify=false \
         --dest-tls-verify=false $REGISTRY/app $REGISTRY/skopeo",
    );
    let digest = world.success("crane digest $REGISTRY/app:one");
    for repository in ["crane/app", "oras/app", "regctl/app", "skopeo/app"] {
        let found = world.success(&format!("crane digest $REGISTRY/{repository}:one"));
        assert_eq!(found, digest, "{repository}");
        for [statement, ..] in &attestations {
            let blob = format!("crane blob $REGISTRY/{repository}@{}", statement.digest);
            assert_eq!(world.success(&blob).as_bytes(), statement.bytes, "{repository}");
        }
    }
}

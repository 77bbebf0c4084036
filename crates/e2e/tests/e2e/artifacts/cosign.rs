//! cosign: signatures, attestations and SBOMs, by the tags of old and by referrers, with keys of the
//! test's own and without a transparency log, which is not on this machine.

use serde_json::json;
use wharfinger_e2e::client::{Client, available};
use wharfinger_e2e::image::Image;

use super::World;

/// For the commands that push, and for those that verify.
const WRITE: &str = "--key=cosign.key --tlog-upload=false --allow-http-registry";
const READ: &str = "--key=cosign.pub --insecure-ignore-tlog --allow-http-registry";
/// Signatures as manifests with a subject, of cosign's first kind.
const REFERRERS: &str = "COSIGN_EXPERIMENTAL=1";
/// Whom to trust besides the key: nobody. Else cosign would ask the network.
const TRUSTED_ROOT: &str =
    r#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;

/// A repository `app` with an image, and keys; answers the image's digest.
fn world(repository: &serde_json::Value) -> (World, String) {
    let mut world = World::new(&[]);
    world.api.success("CreateRepository", repository);
    world.shell.set("COSIGN_PASSWORD", "");
    world.shell.set("COSIGN_YES", "true");
    world.success("cosign generate-key-pair");
    world.write("root.json", TRUSTED_ROOT);
    world.write("predicate.json", "{\"built\": \"here\"}");
    let digest = push(&world, "one");
    (world, digest)
}

/// Pushes an image under a tag; answers its digest.
fn push(world: &World, tag: &str) -> String {
    let index = world.write_layout(tag, &[Image::new("amd64", tag.as_bytes())]);
    world.success(&format!("crane push --index {tag} $REGISTRY/app:{tag}"));
    let manifest = world.json(&format!("crane manifest $REGISTRY/app:{tag}"));
    let listed = super::text(&manifest, "/manifests/0/digest");
    assert_eq!(listed, index.digest);
    world.success(&format!("crane digest --platform=linux/amd64 $REGISTRY/app:{tag}"))
}

/// The tag for what belongs to a digest.
fn tag(digest: &str, kind: &str) -> String {
    format!("{}.{kind}", digest.replace(':', "-"))
}

#[test]
fn signatures_attestations_and_sboms_are_kept_under_tags_of_the_digest() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let (world, digest) = world(&json!({ "repositoryName": "app" }));
    world.api.create_repository("mirror/app");
    let image = format!("$REGISTRY/app@{digest}");
    world.shell.failure(&format!("cosign verify {READ} {image}"));
    world.success(&format!("cosign sign {WRITE} {image}"));
    let verified = world.success(&format!("cosign verify {READ} {image}"));
    assert!(verified.contains(&digest), "{verified}");
    world.success(&format!("cosign sign {WRITE} --annotations=second=true {image}"));
    world.success(&format!("cosign verify {READ} --annotations=second=true {image}"));
    let predicate = "--predicate=predicate.json --type=custom";
    world.success(&format!("cosign attest {WRITE} {predicate} {image}"));
    world.success(&format!("cosign verify-attestation {READ} --type=custom {image}"));
    world.write("sbom.json", "{\"spdxVersion\": \"SPDX-2.3\"}");
    world.success(&format!("cosign attach sbom --allow-http-registry --sbom=sbom.json {image}"));

    let tags = ["att", "sbom", "sig"].map(|kind| tag(&digest, kind));
    assert_eq!(world.tags("app")[1..], tags);
    world.success(&format!("cosign copy --allow-http-registry {image} $REGISTRY/mirror/app:one"));
    world.success(&format!("cosign verify {READ} $REGISTRY/mirror/app:one"));
    world.success(&format!("cosign clean --force --type=all --allow-http-registry {image}"));
    assert_eq!(world.tags("app"), ["one"]);
    world.shell.failure(&format!("cosign verify {READ} {image}"));
}

/// Both kinds of them: cosign's first, and the bundles that took its place.
#[test]
fn signatures_are_kept_as_referrers() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let (world, digest) = world(&json!({
        "repositoryName": "app", "imageTagMutability": "IMMUTABLE",
    }));
    let image = format!("$REGISTRY/app@{digest}");
    let mode = "--registry-referrers-mode=oci-1-1";
    world.success(&format!("{REFERRERS} cosign sign {mode} {WRITE} {image}"));
    world.success(&format!("{REFERRERS} cosign verify --experimental-oci11 {READ} {image}"));
    let bundle = "--new-bundle-format --trusted-root=root.json";
    for _ in 0..2 {
        world.success(&format!("cosign sign --new-bundle-format {WRITE} {image}"));
    }
    world.success(&format!("cosign verify {bundle} {READ} {image}"));
    let attest = "attest --new-bundle-format --predicate=predicate.json --type=custom";
    world.success(&format!("cosign {attest} {WRITE} {image}"));
    world.success(&format!("cosign verify-attestation {bundle} --type=custom {READ} {image}"));
    assert_eq!(world.tags("app"), ["one"]);
    let subject = json!({ "repositoryName": "app", "subjectId": { "imageDigest": digest } });
    let listed = world.api.success("ListImageReferrers", &subject);
    let listed = listed["referrers"].as_array().expect("a list");
    let of_type = |name: &str| listed.iter().filter(|it| it["artifactType"] == *name).count();
    assert_eq!(of_type("application/vnd.dev.cosign.artifact.sig.v1+json"), 1);
    assert_eq!(of_type("application/vnd.dev.sigstore.bundle.v0.3+json"), 3);
}

#[test]
fn an_immutable_repository_takes_a_signature_and_a_filter_lets_it_take_more() {
    if !available(&[Client::Artifacts]) {
        return;
    }
    let (world, digest) = world(&json!({
        "repositoryName": "app", "imageTagMutability": "IMMUTABLE",
    }));
    let sign = format!("cosign sign {WRITE} $REGISTRY/app@{digest}");
    let verify = format!("cosign verify {READ} $REGISTRY/app@{digest}");
    world.success(&sign);
    world.success(&verify);
    // A second signature is a new manifest under the same tag.
    let again = sign.replace("cosign sign", "cosign sign --annotations=second=true");
    let refused = world.shell.failure(&again);
    let name = tag(&digest, "sig");
    let message = format!("The image tag '{name}' already exists in the 'app' repository");
    assert!(refused.contains(&message), "{refused}");
    world.success(&verify);

    let filter = json!([{ "filterType": "WILDCARD", "filter": "sha256-*.sig" }]);
    world.api.success(
        "PutImageTagMutability",
        &json!({
            "repositoryName": "app",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": filter,
        }),
    );
    world.success(&again);
    world.success(&verify.replace("cosign verify", "cosign verify --annotations=second=true"));
    let other = push(&world, "two");
    world.success(&format!("cosign sign {WRITE} $REGISTRY/app@{other}"));
    assert!(
        world.shell.failure("crane copy $REGISTRY/app:two $REGISTRY/app:one").contains("immutable")
    );
}

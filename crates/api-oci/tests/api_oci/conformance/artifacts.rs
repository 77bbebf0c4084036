//! What tools push, in the shapes they push it: each manifest of `manifests/` goes in and comes back
//! byte for byte. The contents of their blobs are little more than names here.

use wharfinger_oci::media_type::{
    DOCKER_MANIFEST, DOCKER_MANIFEST_LIST, DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_INDEX,
    OCI_MANIFEST,
};

use super::super::fixture::{Fixture, REPOSITORY, digest_of, fixture};
use super::{head, put, sha512_of};

/// A manifest as a tool writes it.
struct Artifact {
    /// The name of its file.
    name: &'static str,
    media_type: &'static str,
    manifest: &'static [u8],
    /// The contents of the blobs that it needs. What it lists must stand before it.
    blobs: &'static [&'static str],
}

macro_rules! artifacts {
    ($($name:literal: $media_type:ident [$($blob:literal),*],)+) => {
        &[$(Artifact {
            name: $name,
            media_type: $media_type,
            manifest: include_bytes!(concat!("manifests/", $name, ".json")),
            blobs: &[$($blob),*],
        }),+]
    };
}

const ARTIFACTS: &[Artifact] = artifacts! {
    "docker-image": DOCKER_MANIFEST ["docker config", "docker layer 1", "docker layer 2"],
    "docker-list": DOCKER_MANIFEST_LIST [],
    "docker-foreign": DOCKER_MANIFEST ["windows config", "windows layer"],
    "docker-schema1": DOCKER_SCHEMA1 ["schema 1 layer", "schema 1 base"],
    "docker-schema1-signed": DOCKER_SCHEMA1_SIGNED ["schema 1 layer", "schema 1 base"],
    "oci-image": OCI_MANIFEST ["oci config", "oci layer"],
    "oci-zstd": OCI_MANIFEST ["zstd config", "zstd layer", "chunked zstd layer", "plain layer"],
    "oci-nondistributable": OCI_MANIFEST ["nondistributable config", "distributed layer"],
    "oci-data": OCI_MANIFEST ["{}"],
    "buildkit-image": OCI_MANIFEST ["buildkit config", "buildkit layer"],
    "buildkit-attestation": OCI_MANIFEST [
        "attestation config",
        r#"{"predicateType":"https://slsa.dev/provenance/v1"}"#,
        r#"{"predicateType":"https://spdx.dev/Document"}"#
    ],
    "buildkit-index": OCI_INDEX [],
    "buildkit-cache": OCI_MANIFEST ["cache config", "cached layer"],
    "nested-index": OCI_INDEX [],
    "helm-chart": OCI_MANIFEST [
        r#"{"name":"mychart","version":"0.1.0"}"#,
        "chart provenance",
        "chart content"
    ],
    "cosign-signature": OCI_MANIFEST [
        "cosign config",
        r#"{"critical":{"type":"cosign container image signature"}}"#
    ],
    "cosign-attestation": OCI_MANIFEST [
        "cosign attestation config",
        r#"{"payloadType":"application/vnd.in-toto+json"}"#
    ],
    "cosign-bundle": OCI_MANIFEST ["{}", r#"{"dsseEnvelope":{}}"#],
    "notation-signature": OCI_MANIFEST ["{}", r#"{"payload":"","signature":""}"#],
    "soci-v1-index": OCI_MANIFEST ["{}", "ztoc of the oci layer"],
    "soci-v2-image": OCI_MANIFEST ["oci config", "oci layer"],
    "soci-v2-index": OCI_MANIFEST ["{}", "ztoc of the oci layer"],
    "soci-v2-bundle": OCI_INDEX [],
    "wasm-module": OCI_MANIFEST [
        r#"{"architecture":"wasm","os":"wasip2","layerDigests":[]}"#,
        "\0asm\x01\0\0\0"
    ],
    "oras-sbom": OCI_MANIFEST ["{}", r#"{"spdxVersion":"SPDX-2.3"}"#],
};

fn named(name: &str) -> &'static Artifact {
    ARTIFACTS.iter().find(|artifact| artifact.name == name).unwrap()
}

impl Artifact {
    fn digest(&self) -> String {
        digest_of(self.manifest).to_string()
    }

    /// Pushes it under a reference and looks whether it comes back, by all its names.
    async fn push(&self, fixture: &Fixture, reference: &str) {
        for blob in self.blobs {
            fixture.push_blob(REPOSITORY, blob.as_bytes()).await;
        }
        let reply = put(fixture, reference, self.media_type, self.manifest).await;
        assert_eq!(reply.status.as_u16(), 201, "{}: {reply:?}", self.name);
        for reference in [reference, &self.digest()] {
            let target = format!("/v2/team/app/manifests/{reference}");
            let pulled = fixture.get(&target).await;
            assert!(pulled.body == self.manifest, "{}: {pulled:?}", self.name);
            assert_eq!(pulled.header("content-type"), self.media_type, "{}", self.name);
            assert_eq!(pulled.header("docker-content-digest"), self.digest(), "{}", self.name);
            assert_eq!(head(fixture, &target).await.headers, pulled.headers, "{}", self.name);
        }
    }
}

#[tokio::test]
async fn artifacts_of_every_tool_come_back_byte_for_byte() {
    let fixture = fixture().await;
    for artifact in ARTIFACTS {
        artifact.push(&fixture, artifact.name).await;
    }
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/api_oci/conformance/manifests");
    let files = std::fs::read_dir(folder).unwrap().count();
    assert_eq!(files, ARTIFACTS.len(), "a manifest is not pushed");
}

#[tokio::test]
async fn artifacts_of_every_tool_are_pushed_by_sha512_as_well() {
    let fixture = fixture().await;
    for artifact in ARTIFACTS {
        artifact.push(&fixture, &artifact.digest()).await;
        let digest = sha512_of(artifact.manifest);
        let reply = put(&fixture, &digest, artifact.media_type, artifact.manifest).await;
        assert_eq!(reply.status.as_u16(), 201, "{}: {reply:?}", artifact.name);
        let pulled = fixture.get(&format!("/v2/team/app/manifests/{digest}")).await;
        assert!(pulled.body == artifact.manifest, "{}", artifact.name);
    }
}

/// Layers that may not be distributed are had from elsewhere; those that were pushed are kept.
#[tokio::test]
async fn artifacts_of_foreign_layers_need_them_not() {
    let fixture = fixture().await;
    let layer = format!("/v2/team/app/blobs/{}", digest_of(b"a base layer of windows"));
    named("docker-foreign").push(&fixture, "windows").await;
    assert_eq!(fixture.get(&layer).await.status.as_u16(), 404);
    named("oci-nondistributable").push(&fixture, "other").await;
    fixture.push_blob(REPOSITORY, b"a base layer of windows").await;
    assert_eq!(fixture.get(&layer).await.status.as_u16(), 200);
}

#[tokio::test]
async fn artifacts_of_cosign_are_found_by_tag_and_by_referrers() {
    let fixture = fixture().await;
    let image = named("oci-image");
    image.push(&fixture, "v1").await;
    let tag = image.digest().replace(':', "-");
    named("cosign-signature").push(&fixture, &format!("{tag}.sig")).await;
    named("cosign-attestation").push(&fixture, &format!("{tag}.att")).await;
    named("cosign-bundle").push(&fixture, &named("cosign-bundle").digest()).await;
    let referrers = format!("/v2/team/app/referrers/{}", image.digest());
    let bundles = "artifactType=application/vnd.dev.sigstore.bundle.v0.3%2Bjson";
    let listed = fixture.get(&format!("{referrers}?{bundles}")).await;
    let index: serde_json::Value = serde_json::from_slice(&listed.body).unwrap();
    let bundle = &index["manifests"][0];
    assert_eq!(index["manifests"].as_array().unwrap().len(), 1);
    assert_eq!(bundle["digest"], named("cosign-bundle").digest());
    let kind = &bundle["annotations"]["dev.sigstore.bundle.predicateType"];
    assert_eq!(kind, "https://sigstore.dev/cosign/sign/v1");
}

/// SOCI's indexes of version 1 are referrers, those of version 2 children beside their image.
#[tokio::test]
async fn artifacts_that_refer_to_an_image_are_its_referrers() {
    let fixture = fixture().await;
    let image = named("oci-image");
    image.push(&fixture, "v1").await;
    let mut expected = Vec::new();
    for (name, artifact_type) in [
        ("cosign-bundle", "application/vnd.dev.sigstore.bundle.v0.3+json"),
        ("notation-signature", "application/vnd.cncf.notary.signature"),
        ("soci-v1-index", "application/vnd.amazon.soci.index.v1+json"),
        ("oras-sbom", "application/spdx+json"),
    ] {
        named(name).push(&fixture, &named(name).digest()).await;
        expected.push((named(name).digest(), artifact_type.to_owned()));
    }
    let listed = fixture.get(&format!("/v2/team/app/referrers/{}", image.digest())).await;
    let index: serde_json::Value = serde_json::from_slice(&listed.body).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let listed = index["manifests"].as_array().unwrap().iter();
    let mut found: Vec<(String, String)> =
        listed.map(|it| (text(&it["digest"]), text(&it["artifactType"]))).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

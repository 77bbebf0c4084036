//! Tests of reading manifests.

use proptest::prelude::*;
use serde_json::{Value, json};
use wharfinger_core::limits::MANIFEST_REFERENCES_MAX;

use super::*;
use crate::media_type::{
    DOCKER_CONFIG, DOCKER_FOREIGN_LAYER, DOCKER_LAYER, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST,
    DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED, OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST,
};

fn digest(n: u8) -> String {
    format!("sha256:{}", format!("{n:02x}").repeat(32))
}

fn descriptor(media_type: &str, n: u8, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest(n), "size": size})
}

fn docker_image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": descriptor(DOCKER_CONFIG, 0, 100),
        "layers": [descriptor(DOCKER_LAYER, 1, 10), descriptor(DOCKER_LAYER, 2, 20)],
    })
}

fn parse(manifest: &Value, content_type: Option<&str>) -> Result<Manifest, ManifestError> {
    Manifest::parse(manifest.to_string().as_bytes(), content_type)
}

/// `manifest` with `member` set to `value`.
fn with(mut manifest: Value, member: &str, value: Value) -> Value {
    manifest[member] = value;
    manifest
}

fn without(mut manifest: Value, member: &str) -> Value {
    manifest.as_object_mut().unwrap().remove(member);
    manifest
}

fn digests(descriptors: &[&Descriptor]) -> Vec<String> {
    descriptors.iter().map(|descriptor| descriptor.digest.to_string()).collect()
}

#[test]
fn a_docker_image_is_read() {
    let manifest = parse(&docker_image(), Some(DOCKER_MANIFEST)).unwrap();
    assert_eq!(manifest.media_type, DOCKER_MANIFEST);
    assert_eq!(manifest.kind, ManifestKind::Image);
    assert_eq!(manifest.artifact_media_type(), Some(DOCKER_CONFIG));
    assert_eq!(manifest.size_bytes(), 130);
    assert_eq!(digests(&manifest.blob_references()), [digest(0), digest(1), digest(2)]);
    assert!(!manifest.is_index());
}

#[test]
fn an_oci_artifact_is_read_without_layers() {
    let artifact = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "artifactType": "application/vnd.example+type",
        "config": {"mediaType": OCI_EMPTY, "digest": digest(0), "size": 2, "data": "e30="},
        "layers": null,
        "subject": descriptor(OCI_MANIFEST, 9, 500),
        "annotations": {"org.opencontainers.image.created": "2026-01-01T00:00:00Z"},
        "unknown": [1, {"deep": [2]}],
    });
    let manifest = parse(&artifact, None).unwrap();
    assert_eq!(manifest.artifact_media_type(), Some("application/vnd.example+type"));
    assert_eq!(manifest.subject.unwrap().digest.to_string(), digest(9));
    assert_eq!(manifest.annotations.len(), 1);
    assert_eq!(manifest.layers, []);
    // An empty artifact type is none at all.
    let untyped = parse(&with(artifact, "artifactType", json!("")), None).unwrap();
    assert_eq!(untyped.artifact_media_type(), Some(OCI_EMPTY));
}

#[test]
fn an_index_lists_manifests_and_no_blobs() {
    let platform = r#"{"os": "linux",  "architecture":"arm64"}"#;
    let digest = digest(1);
    let text = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":
        "{OCI_MANIFEST}","digest":"{digest}","size":7,"platform":{platform},"artifactType":"a/b",
        "annotations":{{"k":"v"}}}}]}}"#
    );
    let manifest = Manifest::parse(text.as_bytes(), Some(OCI_INDEX)).unwrap();
    assert!(manifest.is_index());
    let child = &manifest.manifests[0];
    assert_eq!(child.platform.as_deref(), Some(platform));
    assert_eq!(child.artifact_type.as_deref(), Some("a/b"));
    assert_eq!(child.annotations["k"], "v");
    assert_eq!(manifest.blob_references(), Vec::<&Descriptor>::new());
    assert_eq!(manifest.size_bytes(), 0);
    assert_eq!(manifest.artifact_media_type(), None);
    let empty = json!({"schemaVersion": 2, "mediaType": DOCKER_MANIFEST_LIST, "manifests": []});
    assert_eq!(parse(&empty, None).unwrap().kind, ManifestKind::Index);
}

#[test]
fn schema_1_refers_to_its_layers() {
    let schema1 = json!({
        "schemaVersion": 1,
        "name": "library/app",
        "tag": "latest",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": digest(1)}, {"blobSum": digest(2)}, {"blobSum": digest(1)}],
        "history": [{"v1Compatibility": "{}"}],
        "signatures": [{"protected": "e30"}],
    });
    let manifest = parse(&schema1, Some(DOCKER_SCHEMA1_SIGNED)).unwrap();
    assert_eq!(manifest.kind, ManifestKind::Schema1);
    assert_eq!(digests(&manifest.blob_references()), [digest(1), digest(2)]);
    assert_eq!(manifest.size_bytes(), 0);
    assert_eq!(parse(&schema1, None), Err(ManifestError::MediaTypeMissing));
    let bare = without(schema1, "fsLayers");
    assert_eq!(parse(&bare, Some(DOCKER_SCHEMA1)), Err(ManifestError::NoLayers));
}

#[test]
fn blobs_are_listed_once_and_foreign_layers_apart() {
    let mut foreign = descriptor(DOCKER_FOREIGN_LAYER, 3, 1);
    foreign["urls"] = json!(["https://example.com/layer"]);
    let mut ordinary = descriptor(DOCKER_LAYER, 4, 1);
    ordinary["urls"] = json!(["https://example.com/layer"]);
    let layers = json!([
        descriptor(DOCKER_LAYER, 1, 10),
        foreign,
        ordinary,
        // A foreign layer that names no other place must be here.
        descriptor(DOCKER_FOREIGN_LAYER, 5, 1),
        descriptor(DOCKER_LAYER, 1, 10),
        descriptor(DOCKER_LAYER, 0, 10),
    ]);
    let manifest = parse(&with(docker_image(), "layers", layers), None).unwrap();
    let required = [digest(0), digest(1), digest(4), digest(5)];
    assert_eq!(digests(&manifest.blob_references()), required);
    assert_eq!(digests(&manifest.foreign_references()), [digest(3)]);
}

#[test]
fn the_media_type_is_declared_or_in_the_body() {
    let image = docker_image();
    let bare = without(image.clone(), "mediaType");
    let with_parameter = format!("{DOCKER_MANIFEST}; charset=utf-8");
    assert!(parse(&image, Some(&with_parameter)).is_ok());
    assert!(parse(&image, Some("")).is_ok());
    assert!(parse(&bare, Some(OCI_MANIFEST)).is_ok());
    assert_eq!(parse(&bare, None), Err(ManifestError::MediaTypeMissing));
    assert_eq!(parse(&bare, Some(";")), Err(ManifestError::MediaTypeMissing));
    for declared in [OCI_MANIFEST, "application/json"] {
        let conflict = ManifestError::media_type_conflict(declared, DOCKER_MANIFEST);
        assert_eq!(parse(&image, Some(declared)), Err(conflict));
    }
}

/// SOCI's push falls back on this very reason (ecr-semantics: data plane error table).
#[test]
fn the_withdrawn_artifact_manifest_is_invalid_json_syntax() {
    let media_type = "application/vnd.oci.artifact.manifest.v1+json";
    let artifact = json!({"mediaType": media_type, "artifactType": "a/b", "blobs": []});
    let error = parse(&artifact, Some(media_type)).unwrap_err();
    assert_eq!(error.to_string(), "Invalid JSON syntax");
    assert!(error.detail().contains(media_type));
}

/// OCI Distribution [end-7]: the list of blobs may be empty. ECR refuses such images.
#[test]
fn container_images_may_have_no_layers() {
    let empty = with(docker_image(), "layers", json!([]));
    let oci = with(empty.clone(), "mediaType", json!(OCI_MANIFEST));
    let oci = with(oci, "config", descriptor(OCI_CONFIG, 0, 1));
    for image in [without(empty.clone(), "layers"), empty, oci] {
        let manifest = parse(&image, None).unwrap();
        assert!(manifest.layers.is_empty());
        assert_eq!(manifest.blob_references().len(), 1);
    }
}

#[test]
fn what_is_not_a_manifest_is_invalid_json_syntax() {
    let image = docker_image();
    let config = |member: &str, value: Value| {
        with(image.clone(), "config", with(image["config"].clone(), member, value))
    };
    let child = json!([descriptor(DOCKER_MANIFEST, 1, 1)]);
    for (what, manifest) in [
        ("no config", without(image.clone(), "config")),
        ("null config", with(image.clone(), "config", Value::Null)),
        ("no schema version", without(image.clone(), "schemaVersion")),
        ("other schema version", with(image.clone(), "schemaVersion", json!(1))),
        ("schema version as text", with(image.clone(), "schemaVersion", json!("2"))),
        ("config as array", with(image.clone(), "config", json!(["m", digest(0), 1]))),
        ("layer as text", with(image.clone(), "layers", json!([digest(0)]))),
        ("layers as object", with(image.clone(), "layers", json!({}))),
        ("image and index at once", with(image.clone(), "manifests", child.clone())),
        ("negative size", config("size", json!(-1))),
        ("fractional size", config("size", json!(1.5))),
        ("size beyond 63 bits", config("size", json!(1u64 << 63))),
        ("no size", config("size", Value::Null)),
        ("short digest", config("digest", json!("sha256:00"))),
        ("upper-case digest", config("digest", json!(digest(0xab).to_uppercase()))),
        ("no media type", config("mediaType", Value::Null)),
        ("annotation that is no text", config("annotations", json!({"a": 1}))),
        ("index with layers", with(image.clone(), "mediaType", json!(DOCKER_MANIFEST_LIST))),
        ("array", json!([2, DOCKER_MANIFEST])),
        ("text", json!("x")),
    ] {
        let error = parse(&manifest, None).unwrap_err();
        assert_eq!(error.to_string(), "Invalid JSON syntax", "{what}");
        assert!(!error.detail().is_empty(), "{what}");
    }
    for bytes in
        [&b""[..], b"{", b"\xff", b"{} {}", b"\xef\xbb\xbf{}", br#"{"layers":[],"layers":[]}"#]
    {
        let error = Manifest::parse(bytes, Some(OCI_MANIFEST)).unwrap_err();
        assert!(matches!(error, ManifestError::Malformed { .. }), "{bytes:?}");
    }
}

#[test]
fn limits_hold() {
    let large = vec![b' '; MANIFEST_BYTES_MAX + 1];
    let error = Manifest::parse(&large, None).unwrap_err();
    assert_eq!(error, ManifestError::TooLarge { bytes: MANIFEST_BYTES_MAX + 1 });
    let deep = format!(r#"{{"x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let error = Manifest::parse(deep.as_bytes(), Some(OCI_MANIFEST)).unwrap_err();
    assert!(error.detail().contains("levels deep"), "{error:?}");
    let layers = |count: usize| Value::from(vec![descriptor(DOCKER_LAYER, 1, 1); count]);
    assert!(parse(&with(docker_image(), "layers", layers(MANIFEST_REFERENCES_MAX)), None).is_ok());
    let many = layers(MANIFEST_REFERENCES_MAX + 1);
    let error = parse(&with(docker_image(), "layers", many), None).unwrap_err();
    assert!(error.detail().contains("references"), "{error:?}");
    let long = with(docker_image(), "mediaType", json!("x".repeat(1_000_000)));
    assert!(parse(&long, None).unwrap_err().detail().len() < 1000);
    let long = with(docker_image(), "schemaVersion", json!("x".repeat(1_000_000)));
    assert!(parse(&long, None).unwrap_err().detail().len() < 1000);
}

#[test]
fn sizes_add_up_without_overflow() {
    let huge =
        json!([descriptor(DOCKER_LAYER, 1, SIZE_MAX), descriptor(DOCKER_LAYER, 2, SIZE_MAX)]);
    let manifest = parse(&with(docker_image(), "layers", huge), None).unwrap();
    assert_eq!(manifest.size_bytes(), SIZE_MAX);
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        Just(json!(2)),
        "[a-z]{0,4}".prop_map(Value::from),
        prop::sample::select(media_type::MANIFESTS.to_vec()).prop_map(Value::from),
        any::<u8>().prop_map(|n| descriptor(DOCKER_LAYER, n, 1)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let members = "schemaVersion|mediaType|config|layers|manifests|subject|fsLayers|urls|size";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(members, inner, 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes: Vec<u8>, declared in prop::option::of(".*")) {
        let _ = Manifest::parse(&bytes, declared.as_deref());
    }

    #[test]
    fn no_json_makes_the_parser_panic(value in values(), member in "config|layers|manifests|subject") {
        let _ = parse(&value, Some(OCI_MANIFEST));
        for media_type in media_type::MANIFESTS {
            let manifest = with(docker_image(), "mediaType", json!(media_type));
            if let Ok(manifest) = parse(&with(manifest, &member, value.clone()), None) {
                prop_assert!(manifest.blob_references().len() <= manifest.layers.len() + 1);
                prop_assert_eq!(manifest.config.is_some(), manifest.kind == ManifestKind::Image);
            }
        }
    }
}

//! The rules, each played on both planes.

use serde_json::{Value, json};

use super::plane::{INDEX, MANIFEST, Outcome, Plane, Planes, digest_of};
use super::{check_same, check_same_state};

/// Pushes the layers of an image that differs by `content`; answers its manifest.
fn image_with(plane: &dyn Plane, content: &str, more: &Value) -> Vec<u8> {
    let (config, layer) = (format!("{{\"of\":\"{content}\"}}"), content.repeat(10));
    let descriptor = |media_type: &str, bytes: &[u8]| {
        let digest = digest_of(bytes);
        // A layer may be there already, which the JSON API says with an error.
        let _ = plane.upload(0, bytes, &digest);
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let mut manifest = json!({
        "schemaVersion": 2, "mediaType": MANIFEST,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": [descriptor("application/vnd.oci.image.layer.v1.tar", layer.as_bytes())],
    });
    for (name, value) in more.as_object().expect("members") {
        manifest[name] = value.clone();
    }
    manifest.to_string().into_bytes()
}

fn image(plane: &dyn Plane, content: &str) -> Vec<u8> {
    image_with(plane, content, &json!({}))
}

fn index_of(children: &[&[u8]]) -> Vec<u8> {
    let descriptor = |child: &&[u8]| json!({ "mediaType": MANIFEST, "digest": digest_of(child), "size": child.len() });
    let manifests: Vec<Value> = children.iter().map(descriptor).collect();
    json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests })
        .to_string()
        .into_bytes()
}

/// Does one thing on both planes and holds the outcomes against each other.
#[track_caller]
fn play(planes: &Planes, what: &str, act: impl Fn(&dyn Plane) -> Outcome) -> Outcome {
    let (json, oci) = planes.outcomes(act);
    check_same(what, &json, &oci);
    json
}

#[track_caller]
fn must_be_refused(outcome: &Outcome, with: &str) {
    match outcome {
        Outcome::Refused { code, .. } => assert_eq!(code, with),
        Outcome::Done(_) => panic!("{with} expected"),
    }
}

pub fn tags_move_or_not(planes: &Planes, what: &str, tag: &str) {
    let contents = ["first", "second"].map(|content| format!("{content} of {tag}"));
    for content in &contents {
        // A new tag, then a move.
        play(planes, &format!("{what}: {content}"), |plane| {
            plane.put(tag, MANIFEST, &image(plane, content))
        });
    }
    // The same again, and a second tag for what is there.
    for (again, under) in [("again", tag.to_owned()), ("other", format!("{tag}-other"))] {
        play(planes, &format!("{what}: {again}"), |plane| {
            plane.put(&under, MANIFEST, &image(plane, &contents[0]))
        });
    }
    // Deleting is always allowed, and frees the tag.
    play(planes, &format!("{what}: delete"), |plane| plane.delete(tag));
    play(planes, &format!("{what}: use again"), |plane| {
        plane.put(tag, MANIFEST, &image(plane, &contents[1]))
    });
    check_same_state(what, planes);
}

pub fn missing_parts(planes: &mut Planes) {
    let lost = json!({ "layers": [{
        "mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": digest_of(b"lost"),
        "size": 4,
    }] });
    let refused = play(planes, "a missing layer", |plane| {
        plane.put("v1", MANIFEST, &image_with(plane, "a", &lost))
    });
    must_be_refused(&refused, "LayersNotFoundException");
    let refused = play(planes, "a missing child", |plane| {
        plane.put("index", INDEX, &index_of(&[b"no manifest"]))
    });
    must_be_refused(&refused, "ReferencedImagesNotFoundException");
    let refused = play(planes, "another digest", |plane| {
        plane.put(&digest_of(b"another"), MANIFEST, &image(plane, "a"))
    });
    must_be_refused(&refused, "ImageDigestDoesNotMatchException");
    check_same_state("missing parts", planes);
}

pub fn malformed_manifests(planes: &mut Planes) {
    for text in ["{}", "[]", "no JSON", "{\"schemaVersion\":2}", "\"text\""] {
        let refused = play(planes, text, |plane| plane.put("v1", MANIFEST, text.as_bytes()));
        must_be_refused(&refused, "InvalidParameterException");
    }
    // Nothing is wrong with an image that has no layers.
    let no_layers = json!({ "layers": [] });
    let stored = play(planes, "no layers", |plane| {
        plane.put("v1", MANIFEST, &image_with(plane, "a", &no_layers))
    });
    assert!(matches!(stored, Outcome::Done(_)), "{stored:?}");
    check_same_state("malformed manifests", planes);
}

pub fn deletions(planes: &mut Planes) {
    for plane in planes.both() {
        let child = image(plane, "child");
        plane.put("child", MANIFEST, &child);
        plane.put("index", INDEX, &index_of(&[&child]));
        plane.put("one", MANIFEST, &image(plane, "loose"));
        plane.put("two", MANIFEST, &image(plane, "loose"));
    }
    let child = |plane: &dyn Plane| digest_of(&image(plane, "child"));
    let loose = |plane: &dyn Plane| digest_of(&image(plane, "loose"));
    let refused = play(planes, "a child by digest", |plane| plane.delete(&child(plane)));
    must_be_refused(&refused, "ImageReferencedByManifestList");
    let refused = play(planes, "a child by its last tag", |plane| plane.delete("child"));
    must_be_refused(&refused, "ImageReferencedByManifestList");
    let refused = play(planes, "nothing", |plane| plane.delete("none"));
    must_be_refused(&refused, "ImageNotFound");
    let gone = digest_of(b"never pushed");
    play(planes, "no image", |plane| plane.delete(&gone));
    play(planes, "one tag of two", |plane| plane.delete("one"));
    play(planes, "what is left of it", |plane| plane.get("two"));
    play(planes, "an image with its tags", |plane| plane.delete(&loose(plane)));
    play(planes, "its tag", |plane| plane.get("two"));
    play(planes, "the index first", |plane| plane.delete("index"));
    play(planes, "then the child", |plane| plane.delete(&child(plane)));
    check_same_state("deletions", planes);
}

pub fn archived(planes: &mut Planes) {
    for plane in planes.both() {
        plane.put("v1", MANIFEST, &image(plane, "archived"));
        plane.put("v2", MANIFEST, &image(plane, "active"));
        let input = json!({
            "repositoryName": plane.repository(), "imageId": { "imageTag": "v1" },
            "targetStorageClass": "ARCHIVE",
        });
        planes.api.success("UpdateImageStorageClass", &input);
    }
    let layer = digest_of("archived".repeat(10).as_bytes());
    for round in ["once", "twice"] {
        let (json, oci) = planes.outcomes(|plane| plane.get("v1"));
        assert!(matches!(json, Outcome::Refused { .. }), "{round}: {json:?}");
        assert!(matches!(oci, Outcome::Refused { status: 404, .. }), "{round}: {oci:?}");
        play(planes, "tags", |plane| plane.tags());
        play(planes, "its layer", |plane| plane.has_layer(&layer));
        play(planes, "a layer of an active image", |plane| {
            plane.has_layer(&digest_of("active".repeat(10).as_bytes()))
        });
    }
    check_same_state("archived images", planes);
    play(planes, "a push restores it", |plane| {
        plane.put("v1", MANIFEST, &image(plane, "archived"))
    });
    play(planes, "pulled again", |plane| plane.get("v1"));
    check_same_state("restored images", planes);
    for plane in planes.both() {
        let input = json!({
            "repositoryName": plane.repository(), "imageId": { "imageTag": "v2" },
            "targetStorageClass": "ARCHIVE",
        });
        planes.api.success("UpdateImageStorageClass", &input);
    }
    play(planes, "an archived image is deleted", |plane| plane.delete("v2"));
    check_same_state("deleted images", planes);
}

pub fn uploads(planes: &mut Planes) {
    let digest = digest_of(b"layer");
    let refused =
        play(planes, "of another digest", |plane| plane.upload(0, b"layer", &digest_of(b"other")));
    must_be_refused(&refused, "InvalidLayerException");
    let refused = play(planes, "from the middle", |plane| plane.upload(7, b"layer", &digest));
    must_be_refused(&refused, "InvalidLayerPartException");
    let (json, oci) = planes.outcomes(|plane| plane.append_to_nothing());
    check_same("to no upload", &json, &oci);
    must_be_refused(&json, "UploadNotFoundException");
    play(planes, "a whole one", |plane| plane.upload(0, b"layer", &digest));
}

pub fn missing_repository(planes: &mut Planes) {
    for plane in planes.both() {
        let input = json!({ "repositoryName": plane.repository() });
        planes.api.success("DeleteRepository", &input);
    }
    each_verb_is_refused(planes, "RepositoryNotFoundException");
}

/// Tries everything there is to do with a repository.
fn each_verb_is_refused(planes: &Planes, with: &str) {
    let digest = digest_of(b"layer");
    let manifest = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }).to_string();
    for verb in ["put", "get", "delete", "upload", "tags"] {
        let refused = play(planes, verb, |plane| match verb {
            "put" => plane.put("v2", INDEX, manifest.as_bytes()),
            "get" => plane.get("v1"),
            "delete" => plane.delete("v1"),
            "upload" => plane.upload(0, b"layer", &digest),
            _ => plane.tags(),
        });
        must_be_refused(&refused, with);
    }
}

/// ECR's quota of tags per image.
const TAGS_PER_IMAGE: usize = 1_000;

pub fn tags_per_image(planes: &mut Planes) {
    for plane in planes.both() {
        let manifest = image(plane, "popular");
        for number in 0..TAGS_PER_IMAGE {
            let outcome = plane.put(&format!("t{number}"), MANIFEST, &manifest);
            assert!(matches!(outcome, Outcome::Done(_)), "{number}: {outcome:?}");
        }
    }
    let refused = play(planes, "one tag more", |plane| {
        plane.put("one-more", MANIFEST, &image(plane, "popular"))
    });
    must_be_refused(&refused, "LimitExceededException");
}

/// The root of the account is bound by what a repository policy denies it.
pub fn policies(planes: &mut Planes) {
    for plane in planes.both() {
        plane.put("v1", MANIFEST, &image(plane, "kept"));
        let policy = json!({ "Version": "2012-10-17", "Statement": [{
            "Effect": "Deny", "Principal": "*",
            "Action": ["ecr:PutImage", "ecr:BatchGetImage", "ecr:BatchDeleteImage",
                       "ecr:InitiateLayerUpload", "ecr:ListImages"],
        }] });
        let input = json!({
            "repositoryName": plane.repository(), "policyText": policy.to_string(),
        });
        planes.api.success("SetRepositoryPolicy", &input);
    }
    each_verb_is_refused(planes, "AccessDeniedException");
    for plane in planes.both() {
        let input = json!({ "repositoryName": plane.repository() });
        planes.api.success("DeleteRepositoryPolicy", &input);
    }
    play(planes, "after the policy is gone", |plane| plane.get("v1"));
    check_same_state("policies", planes);
}

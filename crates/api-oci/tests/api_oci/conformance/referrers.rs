//! Listing referrers.

use serde_json::{Value, json};
use wharfinger_oci::media_type::{OCI_CONFIG, OCI_EMPTY, OCI_INDEX, OCI_MANIFEST};

use super::super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture};
use super::{head, put, refused, sha512_of};

/// Pushes a manifest by its digest and answers what it is listed as.
async fn push(fixture: &Fixture, manifest: Value, artifact_type: Option<&str>) -> Value {
    let bytes = manifest.to_string().into_bytes();
    let media_type = manifest["mediaType"].as_str().unwrap();
    let digest = digest_of(&bytes).to_string();
    let reply = put(fixture, &digest, media_type, &bytes).await;
    assert_eq!(reply.status.as_u16(), 201, "{reply:?}");
    let mut descriptor = json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() });
    if let Some(artifact_type) = artifact_type {
        descriptor["artifactType"] = artifact_type.into();
    }
    if manifest["annotations"].is_object() {
        descriptor["annotations"] = manifest["annotations"].clone();
    }
    descriptor
}

fn image(config_type: &str, subject: &str) -> Value {
    let empty = digest_of(b"{}").to_string();
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": { "mediaType": config_type, "digest": empty, "size": 2 },
        "layers": [{ "mediaType": OCI_EMPTY, "digest": empty, "size": 2 }],
        "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 7 },
    })
}

fn index(subject: &str) -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [],
        "subject": { "mediaType": OCI_MANIFEST, "digest": subject, "size": 7 },
    })
}

fn with(mut manifest: Value, member: &str, value: Value) -> Value {
    manifest[member] = value;
    manifest
}

/// The descriptors of a list, in the order of their digests.
#[track_caller]
fn descriptors(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status.as_u16(), 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), OCI_INDEX);
    let list: Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!((&list["schemaVersion"], &list["mediaType"]), (&json!(2), &json!(OCI_INDEX)));
    sorted(list["manifests"].as_array().unwrap().clone())
}

fn sorted(mut descriptors: Vec<Value>) -> Vec<Value> {
    descriptors.sort_by_key(|descriptor| descriptor["digest"].to_string());
    descriptors
}

#[tokio::test]
async fn end_12a_no_referrers_are_an_empty_index_and_no_404() {
    let fixture = fixture().await;
    let image = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    for subject in [
        digest_of(&image).to_string(),
        digest_of(b"absent").to_string(),
        digest_of(b"layer").to_string(),
        sha512_of(b"absent"),
    ] {
        let target = format!("/v2/team/app/referrers/{subject}");
        let reply = fixture.get(&target).await;
        assert_eq!(descriptors(&reply), Vec::<Value>::new());
        assert!(!reply.headers.contains_key("link"));
        assert_eq!(head(&fixture, &target).await.headers, reply.headers);
    }
}

#[tokio::test]
async fn end_12a_descriptors_have_type_size_artifact_type_and_annotations() {
    let fixture = fixture().await;
    let pushed = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let notes = json!({ "org.opencontainers.image.created": "2027-01-01T00:00:00Z", "é": "\"" });
    for subject in [digest_of(&pushed).to_string(), sha512_of(&pushed)] {
        let mut expected = Vec::new();
        let plain = image("a/config", &subject);
        expected.push(push(&fixture, plain.clone(), Some("a/config")).await);
        // An empty artifact type is none.
        let empty = with(image(OCI_CONFIG, &subject), "artifactType", "".into());
        expected.push(push(&fixture, empty, Some(OCI_CONFIG)).await);
        let typed = with(image(OCI_EMPTY, &subject), "artifactType", "a/sbom".into());
        let typed = with(typed, "annotations", notes.clone());
        expected.push(push(&fixture, typed, Some("a/sbom")).await);
        let typed = with(index(&subject), "artifactType", "a/bundle".into());
        expected.push(push(&fixture, typed, Some("a/bundle")).await);
        // An index has no config to take a type from.
        let untyped = with(index(&subject), "annotations", notes.clone());
        expected.push(push(&fixture, untyped, None).await);
        let reply = fixture.get(&format!("/v2/team/app/referrers/{subject}")).await;
        assert_eq!(descriptors(&reply), sorted(expected));
        assert!(!reply.headers.contains_key("oci-filters-applied"));
    }
}

#[tokio::test]
async fn end_12a_what_is_no_digest_is_400() {
    let fixture = fixture().await;
    for digest in ["sha256:baddigeststring", "nonsense", "sha256:", "sha384:0a0a"] {
        let reply = fixture.get(&format!("/v2/team/app/referrers/{digest}")).await;
        assert_eq!(refused(&reply), (400, "DIGEST_INVALID".into()), "{digest}");
    }
    let target = format!("/v2/absent/referrers/{}", digest_of(b"any"));
    assert_eq!(refused(&fixture.get(&target).await), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_12a_a_deleted_referrer_is_no_longer_listed_and_a_deleted_subject_s_are() {
    let fixture = fixture().await;
    let pushed = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let subject = digest_of(&pushed).to_string();
    let target = format!("/v2/team/app/referrers/{subject}");
    let first = push(&fixture, image("a/one", &subject), Some("a/one")).await;
    let second = push(&fixture, image("a/two", &subject), Some("a/two")).await;
    let delete = async |reference: &str| {
        let target = format!("/v2/team/app/manifests/{reference}");
        assert_eq!(fixture.request("DELETE", &target).send().await.status.as_u16(), 202);
    };
    delete(first["digest"].as_str().unwrap()).await;
    assert_eq!(descriptors(&fixture.get(&target).await), std::slice::from_ref(&second));
    delete(&subject).await;
    assert_eq!(descriptors(&fixture.get(&target).await), [second]);
}

#[tokio::test]
async fn end_12b_a_filter_is_applied_and_said_to_be() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let subject = digest_of(b"a subject that is not there").to_string();
    let sbom = with(image(OCI_EMPTY, &subject), "artifactType", "application/a+json".into());
    let sbom = push(&fixture, sbom, Some("application/a+json")).await;
    let config = push(&fixture, image("a/config", &subject), Some("a/config")).await;
    push(&fixture, index(&subject), None).await;
    for (wanted, expected) in [
        ("application/a%2Bjson", vec![sbom.clone()]),
        ("a/config", vec![config.clone()]),
        ("a%2Fconfig", vec![config]),
        ("a/conf", vec![]),
    ] {
        let target = format!("/v2/team/app/referrers/{subject}?artifactType={wanted}");
        let reply = fixture.get(&target).await;
        assert_eq!(descriptors(&reply), expected, "{wanted}");
        assert_eq!(reply.header("oci-filters-applied"), "artifactType");
    }
    // No filter, and one that there is not.
    for query in ["artifactType=", "other=a/config"] {
        let reply = fixture.get(&format!("/v2/team/app/referrers/{subject}?{query}")).await;
        assert_eq!(descriptors(&reply).len(), 3, "{query}");
        assert!(!reply.headers.contains_key("oci-filters-applied"));
    }
}

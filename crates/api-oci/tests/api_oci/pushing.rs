//! Manifests on their way in, and deleted.

use wharfinger_oci::media_type::{DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use wharfinger_registry::TagMutability;

use super::fixture::{REPOSITORY, digest_of, fixture, manifest};

#[tokio::test]
async fn an_image_is_pushed_by_tag_and_by_digest() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = digest_of(&manifest);
    let expected = format!(
        "\
201
content-length: 0
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
location: http://localhost:4566/v2/team/app/manifests/{digest}"
    );
    for reference in ["v1", "v2", &digest.to_string(), &digest.to_string().replace(':', "%3a")] {
        let target = format!("/v2/team/app/manifests/{reference}");
        let reply = fixture.put_manifest(&target, &manifest).await;
        assert_eq!(reply.whole(), expected, "{reference}");
    }
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["v1","v2"]}"#);
}

/// OCI Distribution after 1.1: `tag` of a push by digest, and `OCI-Tag` of its answer.
#[tokio::test]
async fn a_push_by_digest_takes_tags_along() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let digest = digest_of(&manifest);
    let target = format!("/v2/team/app/manifests/{digest}");
    let reply = fixture.put_manifest(&format!("{target}?tag=v2&tag=v1&tag=v3"), &manifest).await;
    assert_eq!(reply.status.as_u16(), 201);
    assert_eq!(reply.header("oci-tag"), "v2, v1, v3");
    assert_eq!(reply.header("docker-content-digest"), digest.to_string());
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["v1","v2","v3"]}"#);
    // A push by tag has but that one.
    let reply = fixture.put_manifest("/v2/team/app/manifests/v4?tag=v5", &manifest).await;
    assert_eq!((reply.status.as_u16(), reply.header("oci-tag")), (201, ""));
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["v1","v2","v3","v4"]}"#);
}

#[tokio::test]
async fn tags_that_a_push_by_digest_cannot_take_along_are_refused() {
    let fixture = fixture().await;
    fixture.create_repository("fixed", TagMutability::Immutable).await;
    fixture.push_image("fixed", "v1", b"layer").await;
    fixture.push_blob("fixed", b"other").await;
    let manifest = manifest(b"{}", b"other");
    let target = format!("/v2/fixed/manifests/{}", digest_of(&manifest));
    let put = |query: String| {
        let (fixture, manifest) = (&fixture, &manifest);
        let target = format!("{target}?{query}");
        async move { fixture.put_manifest(&target, manifest).await }
    };
    put("tag=v2&tag=v1".to_owned()).await.assert_error(
        400,
        "TAG_INVALID",
        "The image tag 'v1' already exists in the 'fixed' repository and cannot be \
         overwritten because the tag is immutable.",
    );
    assert_eq!(fixture.get("/v2/fixed/manifests/v2").await.body, manifest);
    assert_eq!(put("tag=-v3".to_owned()).await.status.as_u16(), 405);
    let most = (0..100).map(|number| format!("tag=t{number}&")).collect::<String>();
    assert_eq!(put(most.clone()).await.status.as_u16(), 201);
    put(most + "tag=t100").await.assert_error(
        414,
        "TAG_INVALID",
        "A push by digest takes 100 tags at the most",
    );
}

#[tokio::test]
async fn an_immutable_tag_stays() {
    let fixture = fixture().await;
    fixture.create_repository("fixed", TagMutability::Immutable).await;
    let first = fixture.push_image("fixed", "v1.0.0", b"layer").await;
    fixture.push_blob("fixed", b"other").await;
    let second = manifest(b"{}", b"other");
    let reply = fixture.put_manifest("/v2/fixed/manifests/v1.0.0", &second).await;
    reply.assert_error(
        400,
        "TAG_INVALID",
        "The image tag 'v1.0.0' already exists in the 'fixed' repository and cannot be \
         overwritten because the tag is immutable.",
    );
    assert_eq!(fixture.get("/v2/fixed/manifests/v1.0.0").await.body, first);
    // The same image again is no change.
    let again = fixture.put_manifest("/v2/fixed/manifests/v1.0.0", &first).await;
    assert_eq!(again.status.as_u16(), 201);
}

#[tokio::test]
async fn what_a_manifest_lacks_is_named() {
    let fixture = fixture().await;
    fixture.push_blob(REPOSITORY, b"{}").await;
    let absent = digest_of(b"absent");
    let body = manifest(b"{}", b"absent");
    fixture.put_manifest("/v2/team/app/manifests/v1", &body).await.assert_error(
        404,
        "MANIFEST_BLOB_UNKNOWN",
        &format!(
            "Layers with digests '[{absent}]' required for pushing image into repository with \
             name 'team/app' in the registry with id '111122223333' do not exist"
        ),
    );
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{absent}","size":6}}]}}"#
    );
    let request = fixture.request("PUT", "/v2/team/app/manifests/v1");
    let reply = request.header("content-type", OCI_INDEX).body(index.as_bytes()).send().await;
    reply.assert_error(
        404,
        "MANIFEST_BLOB_UNKNOWN",
        &format!(
            "Images with digests '[{absent}]' required for pushing image into repository with \
             name 'team/app' in the registry with id '111122223333' do not exist"
        ),
    );
}

#[tokio::test]
async fn what_is_no_manifest_is_refused_as_ecr_does() {
    let fixture = fixture().await;
    let reply = fixture.put_manifest("/v2/team/app/manifests/v1", b"{\"schema").await;
    let start = r#"{"errors":[{"code":"UNSUPPORTED","message":"Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'","detail":""#;
    assert_eq!(reply.status.as_u16(), 405);
    assert!(reply.text().starts_with(start), "{}", reply.text());
    // Two media types that disagree.
    let body = manifest(b"{}", b"layer");
    let request = fixture.request("PUT", "/v2/team/app/manifests/v1");
    let reply = request.header("content-type", DOCKER_MANIFEST).body(&body).send().await;
    let code = r#"{"errors":[{"code":"MANIFEST_INVALID","#;
    assert_eq!(reply.status.as_u16(), 400);
    assert!(reply.text().starts_with(code), "{}", reply.text());
    // A type that no manifest has.
    let request = fixture.request("PUT", "/v2/team/app/manifests/v1");
    let reply = request.header("content-type", "text/html").body(b"{}").send().await;
    assert_eq!(reply.status.as_u16(), 405);
    // A digest that is another's.
    let other = digest_of(b"other");
    let reply = fixture.put_manifest(&format!("/v2/team/app/manifests/{other}"), &body).await;
    reply.assert_error(
        400,
        "DIGEST_INVALID",
        &format!(
            "The provided image digest '{other}' does not match the digest '{}' calculated from \
             the image manifest",
            digest_of(&body)
        ),
    );
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":[]}"#);
}

#[tokio::test]
async fn a_manifest_of_5_mib_is_too_large() {
    let fixture = fixture().await;
    let large = vec![b' '; 5 * 1024 * 1024];
    let message = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Manifest \
                   must not be larger than 4194304 bytes'";
    let target = "/v2/team/app/manifests/v1";
    let reply = fixture.put_manifest(target, &large).await;
    reply.assert_error(413, "MANIFEST_INVALID", message);
    let pieces: Vec<&[u8]> = large.chunks(60_000).collect();
    let reply = fixture.request("PUT", target).pieces(&pieces).send().await;
    reply.assert_error(413, "MANIFEST_INVALID", message);
}

#[tokio::test]
async fn a_manifest_that_breaks_off_is_not_stored() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let body = manifest(b"{}", b"layer");
    let request = fixture.request("PUT", "/v2/team/app/manifests/v2");
    let reply = request.header("content-type", OCI_MANIFEST).truncated(&body).send().await;
    let early = "the request body ended early: connection reset";
    reply.assert_error(400, "MANIFEST_INVALID", early);
    assert_eq!(fixture.get("/v2/team/app/manifests/v2").await.status.as_u16(), 404);
}

#[tokio::test]
async fn images_are_deleted_by_digest_and_tags_by_tag() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    fixture.put_manifest("/v2/team/app/manifests/v2", &manifest).await;
    let deleted = fixture.request("DELETE", "/v2/team/app/manifests/v1").send().await;
    let expected = "202\ncontent-length: 0\ndocker-distribution-api-version: registry/2.0";
    assert_eq!(deleted.whole(), expected);
    let absent = "Requested image not found";
    let code = "MANIFEST_UNKNOWN";
    fixture.get("/v2/team/app/manifests/v1").await.assert_error(404, code, absent);
    assert_eq!(fixture.get("/v2/team/app/manifests/v2").await.status.as_u16(), 200);
    let target = format!("/v2/team/app/manifests/{}", digest_of(&manifest));
    assert_eq!(fixture.request("DELETE", &target).send().await.whole(), expected);
    fixture.get("/v2/team/app/manifests/v2").await.assert_error(404, code, absent);
    fixture.request("DELETE", &target).send().await.assert_error(404, code, absent);
}

#[tokio::test]
async fn a_child_of_an_index_stays() {
    let fixture = fixture().await;
    let child = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let (digest, size) = (digest_of(&child), child.len());
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":{size}}}]}}"#
    );
    let request = fixture.request("PUT", "/v2/team/app/manifests/all");
    let reply = request.header("content-type", OCI_INDEX).body(index.as_bytes()).send().await;
    assert_eq!(reply.status.as_u16(), 201);
    let target = format!("/v2/team/app/manifests/{digest}");
    fixture.request("DELETE", &target).send().await.assert_error(
        405,
        "UNSUPPORTED",
        &format!("Requested image referenced by manifest list: [{}]", digest_of(index.as_bytes())),
    );
}

//! Deleting tags, manifests and blobs.

use wharfinger_oci::media_type::{OCI_INDEX, OCI_MANIFEST};
use wharfinger_registry::TagMutability;

use super::super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture};
use super::{head, put, refused, sha512_of};

async fn delete(fixture: &Fixture, target: &str) -> Reply {
    fixture.request("DELETE", target).send().await
}

#[track_caller]
fn accepted(reply: &Reply) {
    assert_eq!((reply.status.as_u16(), reply.text()), (202, ""), "{reply:?}");
}

#[tokio::test]
async fn end_9_a_deleted_tag_is_404_and_other_tags_stay() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    put(&fixture, "v2", OCI_MANIFEST, &manifest).await;
    accepted(&delete(&fixture, "/v2/team/app/manifests/v1").await);
    let gone = fixture.get("/v2/team/app/manifests/v1").await;
    assert_eq!(refused(&gone), (404, "MANIFEST_UNKNOWN".into()));
    assert_eq!(head(&fixture, "/v2/team/app/manifests/v2").await.status.as_u16(), 200);
    let again = delete(&fixture, "/v2/team/app/manifests/v1").await;
    assert_eq!(refused(&again), (404, "MANIFEST_UNKNOWN".into()));
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["v2"]}"#);
}

/// ECR's rule, and that of its `BatchDeleteImage`: an image goes with its last tag.
#[tokio::test]
async fn end_9_with_its_last_tag_a_manifest_goes() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    accepted(&delete(&fixture, "/v2/team/app/manifests/v1").await);
    let target = format!("/v2/team/app/manifests/{}", digest_of(&manifest));
    assert_eq!(refused(&fixture.get(&target).await), (404, "MANIFEST_UNKNOWN".into()));
}

#[tokio::test]
async fn end_9_a_deleted_manifest_is_404_by_digest_and_by_tag() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let sha512 = sha512_of(&manifest);
    put(&fixture, &sha512, OCI_MANIFEST, &manifest).await;
    let digest = digest_of(&manifest).to_string();
    accepted(&delete(&fixture, &format!("/v2/team/app/manifests/{digest}")).await);
    for reference in ["v1", digest.as_str()] {
        let gone = fixture.get(&format!("/v2/team/app/manifests/{reference}")).await;
        assert_eq!(refused(&gone), (404, "MANIFEST_UNKNOWN".into()), "{reference}");
    }
    let again = delete(&fixture, &format!("/v2/team/app/manifests/{digest}")).await;
    assert_eq!(refused(&again), (404, "MANIFEST_UNKNOWN".into()));
    // Under the digest of another algorithm it is another image.
    let target = format!("/v2/team/app/manifests/{sha512}");
    assert_eq!(fixture.get(&target).await.body, manifest);
    accepted(&delete(&fixture, &target).await);
    assert_eq!(head(&fixture, &target).await.status.as_u16(), 404);
}

#[tokio::test]
async fn end_9_what_cannot_be_there_is_404() {
    let fixture = fixture().await;
    for reference in ["absent", ".bad", "sha256:baddigeststring", &sha512_of(b"absent")] {
        let reply = delete(&fixture, &format!("/v2/team/app/manifests/{reference}")).await;
        assert_eq!(refused(&reply), (404, "MANIFEST_UNKNOWN".into()), "{reference}");
    }
    let absent = delete(&fixture, "/v2/absent/manifests/v1").await;
    assert_eq!(refused(&absent), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_9_what_an_index_lists_cannot_be_deleted() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let (digest, size) = (digest_of(&manifest), manifest.len());
    let index = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_INDEX}","manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{digest}","size":{size}}}]}}"#
    );
    put(&fixture, "index", OCI_INDEX, index.as_bytes()).await;
    let target = format!("/v2/team/app/manifests/{digest}");
    assert_eq!(refused(&delete(&fixture, &target).await), (405, "UNSUPPORTED".into()));
    assert_eq!(head(&fixture, &target).await.status.as_u16(), 200);
    accepted(&delete(&fixture, "/v2/team/app/manifests/index").await);
    accepted(&delete(&fixture, &target).await);
}

#[tokio::test]
async fn end_10_a_deleted_blob_is_404() {
    let fixture = fixture().await;
    fixture.create_repository("other", TagMutability::Mutable).await;
    fixture.push_blob("other", b"layer").await;
    for digest in [digest_of(b"layer").to_string(), sha512_of(b"layer")] {
        let target = format!("/v2/team/app/blobs/{digest}");
        let push = format!("/v2/team/app/blobs/uploads/?digest={digest}");
        // Pushed again, it is there again.
        for _ in 0..2 {
            let pushed = fixture.request("POST", &push).body(b"layer").send().await;
            assert_eq!(pushed.status.as_u16(), 201);
            assert_eq!(fixture.get(&target).await.text(), "layer");
            accepted(&delete(&fixture, &target).await);
            assert_eq!(refused(&fixture.get(&target).await), (404, "BLOB_UNKNOWN".into()));
            assert_eq!(head(&fixture, &target).await.status.as_u16(), 404);
            assert_eq!(refused(&delete(&fixture, &target).await), (404, "BLOB_UNKNOWN".into()));
        }
    }
    // Of another repository it was not deleted.
    let kept = fixture.get(&format!("/v2/other/blobs/{}", digest_of(b"layer"))).await;
    assert_eq!(kept.text(), "layer");
}

#[tokio::test]
async fn end_10_a_blob_that_is_not_there_is_404() {
    let fixture = fixture().await;
    for digest in [digest_of(b"absent").to_string(), "sha256:baddigeststring".into()] {
        let reply = delete(&fixture, &format!("/v2/team/app/blobs/{digest}")).await;
        assert_eq!(refused(&reply), (404, "BLOB_UNKNOWN".into()));
    }
    let absent = delete(&fixture, &format!("/v2/absent/blobs/{}", digest_of(b"any"))).await;
    assert_eq!(refused(&absent), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_10_a_blob_that_an_image_uses_is_405() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let target = format!("/v2/team/app/blobs/{}", digest_of(b"layer"));
    let reply = delete(&fixture, &target).await;
    assert_eq!(refused(&reply), (405, "UNSUPPORTED".into()));
    assert_eq!(reply.header("allow"), "GET, HEAD");
    assert_eq!(fixture.get(&target).await.text(), "layer");
    accepted(&delete(&fixture, "/v2/team/app/manifests/v1").await);
    accepted(&delete(&fixture, &target).await);
}

//! Mounting blobs of another repository.

use wharfinger_oci::media_type::OCI_MANIFEST;
use wharfinger_registry::TagMutability;

use super::super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture};
use super::{path, put, sha512_of};

async fn with_target() -> Fixture {
    let fixture = fixture().await;
    fixture.create_repository("target", TagMutability::Mutable).await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    fixture
}

async fn post(fixture: &Fixture, query: &str) -> Reply {
    let target = format!("/v2/target/blobs/uploads/?{query}");
    fixture.request("POST", &target).header("content-length", "0").send().await
}

#[tokio::test]
async fn end_11_a_blob_of_another_repository_is_mounted() {
    let fixture = with_target().await;
    let digest = digest_of(b"layer");
    let reply = post(&fixture, &format!("mount={digest}&from=team/app")).await;
    assert_eq!((reply.status.as_u16(), reply.text()), (201, ""));
    assert_eq!(reply.header("docker-content-digest"), digest.to_string());
    let location = path(reply.header("location"));
    assert_eq!(location, format!("/v2/target/blobs/{digest}"));
    assert_eq!(fixture.get(&location).await.text(), "layer");
}

#[tokio::test]
async fn end_11_a_blob_is_mounted_by_sha512() {
    let fixture = with_target().await;
    let digest = sha512_of(b"layer");
    let target = format!("/v2/team/app/blobs/uploads/?digest={digest}");
    fixture.request("POST", &target).body(b"layer").send().await;
    let config = digest_of(b"{}");
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"a/b","digest":"{config}","size":2}},"layers":[{{"mediaType":"a/b","digest":"{digest}","size":5}}]}}"#
    );
    let pushed = put(&fixture, "sha512", OCI_MANIFEST, manifest.as_bytes()).await;
    assert_eq!(pushed.status.as_u16(), 201, "{pushed:?}");
    let reply = post(&fixture, &format!("mount={digest}&from=team/app")).await;
    assert_eq!(reply.status.as_u16(), 201);
    assert_eq!(fixture.get(&path(reply.header("location"))).await.text(), "layer");
}

#[tokio::test]
async fn end_11_what_cannot_be_mounted_begins_a_session() {
    let fixture = with_target().await;
    let (digest, absent) = (digest_of(b"layer"), digest_of(b"absent"));
    for query in [
        // `from` is not optional here: nobody learns so what other repositories have.
        format!("mount={digest}"),
        format!("mount={absent}&from=team/app"),
        format!("mount={digest}&from=team/absent"),
        format!("mount={digest}&from="),
        "mount=sha256:baddigeststring&from=team/app".into(),
        format!("mount=sha384:{}&from=team/app", "0a".repeat(48)),
    ] {
        let reply = post(&fixture, &query).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (202, ""), "{query}");
        // The client goes on with the upload.
        let upload = path(reply.header("location"));
        let request = fixture.request("PUT", &format!("{upload}?digest={digest}"));
        assert_eq!(request.body(b"layer").send().await.status.as_u16(), 201, "{query}");
        fixture.request("DELETE", &format!("/v2/target/blobs/{digest}")).send().await;
    }
}

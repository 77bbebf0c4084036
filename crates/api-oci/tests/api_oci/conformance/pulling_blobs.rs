//! Pulling blobs, and whether they are there.

use super::super::fixture::{REPOSITORY, digest_of, fixture};
use super::{head, refused, sha512_of};
use wharfinger_registry::TagMutability;

#[tokio::test]
async fn end_2_a_blob_comes_whole_with_its_digest_and_length() {
    let fixture = fixture().await;
    for bytes in [&b"layer"[..], b"", b"{}", &vec![7; 200_000]] {
        for digest in [digest_of(bytes).to_string(), sha512_of(bytes)] {
            let target = format!("/v2/team/app/blobs/uploads/?digest={digest}");
            let pushed = fixture.request("POST", &target).body(bytes).send().await;
            assert_eq!(pushed.status.as_u16(), 201);
            let reply = fixture.get(&format!("/v2/team/app/blobs/{digest}")).await;
            assert_eq!(reply.status.as_u16(), 200);
            assert_eq!(reply.body, bytes);
            assert_eq!(reply.header("docker-content-digest"), digest);
            assert_eq!(reply.header("content-length"), bytes.len().to_string());
        }
    }
}

#[tokio::test]
async fn end_2_head_has_the_headers_of_get_and_no_body() {
    let fixture = fixture().await;
    for bytes in [&b"layer"[..], b""] {
        let digest = fixture.push_blob(REPOSITORY, bytes).await;
        let target = format!("/v2/team/app/blobs/{digest}");
        let (got, asked) = (fixture.get(&target).await, head(&fixture, &target).await);
        assert_eq!((got.status.as_u16(), asked.status), (200, got.status));
        assert_eq!(got.headers, asked.headers);
        assert!(asked.body.is_empty());
    }
}

#[tokio::test]
async fn end_2_a_blob_that_is_not_there_is_404() {
    let fixture = fixture().await;
    fixture.create_repository("other", TagMutability::Mutable).await;
    let elsewhere = fixture.push_blob("other", b"of another repository").await;
    for digest in [
        digest_of(b"absent").to_string(),
        sha512_of(b"absent"),
        elsewhere.to_string(),
        // Of an algorithm that is not registered, and no digests at all.
        format!("sha384:{}", "0a".repeat(48)),
        format!("blake3:{}", "0a".repeat(32)),
        "sha256:baddigeststring".into(),
        "nonsense".into(),
    ] {
        let target = format!("/v2/team/app/blobs/{digest}");
        let reply = fixture.get(&target).await;
        assert_eq!(refused(&reply), (404, "BLOB_UNKNOWN".into()), "{digest}");
        let head = head(&fixture, &target).await;
        assert_eq!((head.status.as_u16(), head.text()), (404, ""), "{digest}");
    }
    let target = format!("/v2/absent/blobs/{elsewhere}");
    assert_eq!(refused(&fixture.get(&target).await), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_2_what_the_client_has_is_not_sent_again() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let target = format!("/v2/team/app/blobs/{digest}");
    let tag = fixture.get(&target).await.header("etag").to_owned();
    for method in ["GET", "HEAD"] {
        for (known, status) in [
            (tag.clone(), 304),
            (format!("W/{tag}"), 304),
            (format!("\"other\", {tag}"), 304),
            (format!("\"other\",W/{tag} , \"third\""), 304),
            ("*".into(), 304),
            ("\"other\"".into(), 200),
            ("W/\"other\"".into(), 200),
        ] {
            let request = fixture.request(method, &target).header("if-none-match", &known);
            let reply = request.send().await;
            assert_eq!(reply.status.as_u16(), status, "{method} {known}");
            assert_eq!(reply.header("etag"), tag);
            assert!(status != 304 || reply.body.is_empty());
        }
    }
    // What is not there is no more known for that.
    let absent = format!("/v2/team/app/blobs/{}", digest_of(b"absent"));
    let reply = fixture.request("GET", &absent).header("if-none-match", "*").send().await;
    assert_eq!(reply.status.as_u16(), 404);
}

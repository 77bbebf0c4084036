//! Pushing blobs in one piece: `POST` then `PUT`, and a single `POST`.

use wharfinger_core::UploadId;

use super::super::fixture::{REPOSITORY, digest_of, fixture};
use super::{path, refused, sha512_of};

const UPLOADS: &str = "/v2/team/app/blobs/uploads/";

#[tokio::test]
async fn end_4a_a_session_has_an_id_of_its_own() {
    let fixture = fixture().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let reply = fixture.request("POST", UPLOADS).header("content-length", "0").send().await;
        assert_eq!((reply.status.as_u16(), reply.text()), (202, ""));
        let id = path(reply.header("location")).strip_prefix(UPLOADS).unwrap().to_owned();
        // A UUID, as `<location>` must contain.
        assert!(id.parse::<UploadId>().is_ok() && id.len() == 36, "{id}");
        ids.push(id);
        // Chunks may have any size.
        assert!(!reply.headers.contains_key("oci-chunk-min-length"));
        assert_eq!(reply.header("range"), "0-0");
    }
    assert_ne!(ids[0], ids[1]);
    let without_slash = fixture.request("POST", UPLOADS.trim_end_matches('/')).send().await;
    assert_eq!(without_slash.status.as_u16(), 202);
}

#[tokio::test]
async fn end_4a_a_session_needs_a_repository() {
    let fixture = fixture().await;
    let reply = fixture.request("POST", "/v2/absent/blobs/uploads/").send().await;
    assert_eq!(refused(&reply), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_4b_a_monolithic_post_stores_the_blob() {
    let fixture = fixture().await;
    for bytes in [&b"layer"[..], b""] {
        for digest in [digest_of(bytes).to_string(), sha512_of(bytes)] {
            let target = format!("{UPLOADS}?digest={digest}");
            let reply = fixture.request("POST", &target).body(bytes).send().await;
            assert_eq!((reply.status.as_u16(), reply.text()), (201, ""));
            assert_eq!(reply.header("docker-content-digest"), digest);
            let location = path(reply.header("location"));
            assert_eq!(fixture.get(&location).await.body, bytes, "{location}");
        }
    }
}

#[tokio::test]
async fn end_4b_a_monolithic_post_of_other_content_is_400() {
    let fixture = fixture().await;
    for digest in [digest_of(b"other").to_string(), sha512_of(b"other")] {
        let target = format!("{UPLOADS}?digest={digest}");
        let reply = fixture.request("POST", &target).body(b"layer").send().await;
        assert_eq!(refused(&reply), (400, "BLOB_UPLOAD_INVALID".into()));
        let absent = fixture.get(&format!("/v2/team/app/blobs/{digest}")).await;
        assert_eq!(absent.status.as_u16(), 404);
    }
    for digest in ["sha256:baddigeststring", "sha384:0a0a", "md5:0a", ""] {
        let target = format!("{UPLOADS}?digest={digest}");
        let reply = fixture.request("POST", &target).body(b"layer").send().await;
        assert_eq!(refused(&reply), (400, "DIGEST_INVALID".into()), "{digest}");
    }
    let absent = format!("/v2/absent/blobs/uploads/?digest={}", digest_of(b"layer"));
    let reply = fixture.request("POST", &absent).body(b"layer").send().await;
    assert_eq!(refused(&reply), (404, "NAME_UNKNOWN".into()));
}

#[tokio::test]
async fn end_6_post_then_put_stores_the_blob() {
    let fixture = fixture().await;
    for bytes in [&b"layer"[..], b"", &vec![5; 300_000]] {
        for digest in [digest_of(bytes).to_string(), sha512_of(bytes)] {
            let upload = fixture.begin_upload(REPOSITORY).await;
            let request = fixture.request("PUT", &format!("{upload}?digest={digest}"));
            let request = request.header("content-type", "application/octet-stream");
            let reply = request.body(bytes).send().await;
            assert_eq!((reply.status.as_u16(), reply.text()), (201, ""));
            assert_eq!(reply.header("docker-content-digest"), digest);
            let location = path(reply.header("location"));
            assert_eq!(fixture.get(&location).await.body, bytes, "{location}");
            // The session is over.
            assert_eq!(fixture.get(&upload).await.status.as_u16(), 404);
        }
    }
}

/// `<location>` may hold a query already; clients add theirs to it, encoded or not.
#[tokio::test]
async fn end_6_the_digest_may_be_encoded_and_stand_anywhere_in_the_query() {
    let fixture = fixture().await;
    let digest = digest_of(b"layer").to_string();
    for query in [
        format!("digest={}", digest.replace(':', "%3A")),
        format!("x=1&digest={digest}"),
        format!("digest={digest}&_state=abc"),
    ] {
        let upload = fixture.begin_upload(REPOSITORY).await;
        let request = fixture.request("PUT", &format!("{upload}?{query}")).body(b"layer");
        assert_eq!(request.send().await.status.as_u16(), 201, "{query}");
    }
}

#[tokio::test]
async fn end_6_a_wrong_digest_is_400_and_the_session_stays() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    fixture.request("PATCH", &upload).body(b"layer").send().await;
    let complete = async |digest: &str| {
        let reply = fixture.request("PUT", &format!("{upload}?digest={digest}")).send().await;
        refused(&reply)
    };
    for digest in [digest_of(b"other").to_string(), sha512_of(b"other")] {
        assert_eq!(complete(&digest).await, (400, "BLOB_UPLOAD_INVALID".into()));
    }
    for digest in ["sha256:baddigeststring", "sha384:0a", "nonsense", ""] {
        assert_eq!(complete(digest).await, (400, "DIGEST_INVALID".into()), "{digest}");
    }
    let none = fixture.request("PUT", &upload).send().await;
    assert_eq!(refused(&none), (400, "DIGEST_INVALID".into()));
    let target = format!("{upload}?digest={}", digest_of(b"layer"));
    assert_eq!(fixture.request("PUT", &target).send().await.status.as_u16(), 201);
}

#[tokio::test]
async fn end_6_a_session_that_is_not_there_is_404() {
    let fixture = fixture().await;
    for id in ["4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d", "no-uuid"] {
        let target = format!("{UPLOADS}{id}?digest={}", digest_of(b"layer"));
        let reply = fixture.request("PUT", &target).body(b"layer").send().await;
        assert_eq!(refused(&reply), (404, "BLOB_UPLOAD_UNKNOWN".into()), "{id}");
    }
}

#[tokio::test]
async fn end_6_what_is_there_already_may_be_pushed_again() {
    let fixture = fixture().await;
    for _ in 0..2 {
        let upload = fixture.begin_upload(REPOSITORY).await;
        let target = format!("{upload}?digest={}", digest_of(b"layer"));
        let reply = fixture.request("PUT", &target).body(b"layer").send().await;
        assert_eq!(reply.status.as_u16(), 201);
    }
}

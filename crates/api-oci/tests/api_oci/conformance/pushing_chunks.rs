//! Pushing blobs in chunks, and sessions: asked for, gone on with, ended.

use super::super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture, sample};
use super::{path, refused, sha512_of};

async fn patch(fixture: &Fixture, upload: &str, range: &str, chunk: &[u8]) -> Reply {
    let request = fixture.request("PATCH", upload).header("content-range", range);
    request.header("content-type", "application/octet-stream").body(chunk).send().await
}

async fn complete(fixture: &Fixture, upload: &str, digest: &str) -> Reply {
    fixture.request("PUT", &format!("{upload}?digest={digest}")).send().await
}

#[tokio::test]
async fn end_5_chunks_in_order_are_202_and_tell_how_far() {
    let fixture = fixture().await;
    let bytes = sample(1000);
    for digest in [digest_of(&bytes).to_string(), sha512_of(&bytes)] {
        let mut upload = fixture.begin_upload(REPOSITORY).await;
        // The last chunk may be of any size.
        for (first, last) in [(0, 399), (400, 998), (999, 999)] {
            let range = format!("{first}-{last}");
            let reply = patch(&fixture, &upload, &range, &bytes[first..=last]).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (202, ""));
            assert_eq!(reply.header("range"), format!("0-{last}"));
            upload = path(reply.header("location"));
        }
        let reply = complete(&fixture, &upload, &digest).await;
        assert_eq!(reply.status.as_u16(), 201);
        assert_eq!(fixture.get(&path(reply.header("location"))).await.body, bytes);
    }
}

#[tokio::test]
async fn end_5_a_stream_without_a_range_is_one_chunk() {
    let fixture = fixture().await;
    let bytes = sample(150_000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let pieces: Vec<&[u8]> = bytes.chunks(40_000).collect();
    let reply = fixture.request("PATCH", &upload).pieces(&pieces).send().await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-149999"));
    let digest = digest_of(&bytes).to_string();
    assert_eq!(complete(&fixture, &upload, &digest).await.status.as_u16(), 201);
}

/// 416 tells what end-13 would, so that a client can go on at once.
#[tokio::test]
async fn end_5_a_chunk_out_of_order_is_416_and_is_told_where_the_session_stands() {
    let fixture = fixture().await;
    let bytes = sample(1000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let out_of_order = async |range: &str, chunk: &[u8], stands: &str| {
        let reply = patch(&fixture, &upload, range, chunk).await;
        assert_eq!(refused(&reply), (416, "BLOB_UPLOAD_INVALID".into()), "{range}");
        assert_eq!(
            (path(reply.header("location")), reply.header("range")),
            (upload.clone(), stands)
        );
        let asked = fixture.get(&upload).await;
        assert_eq!((asked.status.as_u16(), asked.header("range")), (204, stands));
        assert_eq!(asked.header("location"), reply.header("location"));
    };
    // The first chunk begins with 0.
    out_of_order("500-999", &bytes[500..], "0-0").await;
    assert_eq!(patch(&fixture, &upload, "0-499", &bytes[..500]).await.status.as_u16(), 202);
    // Sent again after it was stored, overlapping, and with a gap.
    out_of_order("0-499", &bytes[..500], "0-499").await;
    out_of_order("499-999", &bytes[499..], "0-499").await;
    out_of_order("501-999", &bytes[501..], "0-499").await;
    assert_eq!(patch(&fixture, &upload, "500-999", &bytes[500..]).await.status.as_u16(), 202);
    let digest = digest_of(&bytes).to_string();
    assert_eq!(complete(&fixture, &upload, &digest).await.status.as_u16(), 201);
}

#[tokio::test]
async fn end_5_a_range_that_is_none_or_not_the_body_s_is_400() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    for range in ["", "0", "3-0", "a-b", "0-9", "0-2"] {
        let reply = patch(&fixture, &upload, range, b"four").await;
        assert_eq!(refused(&reply), (400, "BLOB_UPLOAD_INVALID".into()), "{range}");
    }
    assert_eq!(patch(&fixture, &upload, "0-3", b"four").await.status.as_u16(), 202);
}

#[tokio::test]
async fn end_5_a_chunk_of_no_bytes_changes_nothing() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    patch(&fixture, &upload, "0-3", b"four").await;
    let reply = fixture.request("PATCH", &upload).body(b"").send().await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-3"));
    let digest = digest_of(b"four").to_string();
    assert_eq!(complete(&fixture, &upload, &digest).await.status.as_u16(), 201);
}

#[tokio::test]
async fn end_5_a_session_that_is_not_there_is_404() {
    let fixture = fixture().await;
    for id in ["4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d", "no-uuid"] {
        let target = format!("/v2/team/app/blobs/uploads/{id}");
        let reply = patch(&fixture, &target, "0-3", b"four").await;
        assert_eq!(refused(&reply), (404, "BLOB_UPLOAD_UNKNOWN".into()), "{id}");
    }
}

#[tokio::test]
async fn end_6_the_last_chunk_may_come_with_the_put() {
    let fixture = fixture().await;
    let bytes = sample(1000);
    let digest = digest_of(&bytes).to_string();
    let upload = fixture.begin_upload(REPOSITORY).await;
    patch(&fixture, &upload, "0-699", &bytes[..700]).await;
    let put = |range: &str, chunk: &[u8]| {
        let request = fixture.request("PUT", &format!("{upload}?digest={digest}"));
        request.header("content-range", range).body(chunk).send()
    };
    let early = put("800-999", &bytes[800..]).await;
    assert_eq!(refused(&early), (416, "BLOB_UPLOAD_INVALID".into()));
    assert_eq!((path(early.header("location")), early.header("range")), (upload.clone(), "0-699"));
    let reply = put("700-999", &bytes[700..]).await;
    assert_eq!(reply.status.as_u16(), 201);
    assert_eq!(fixture.get(&path(reply.header("location"))).await.body, bytes);
}

#[tokio::test]
async fn end_13_a_session_tells_how_far_it_is() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    // There is no way to write "no byte yet".
    for (chunk, range) in [(&b""[..], "0-0"), (b"f", "0-0"), (b"our", "0-3")] {
        fixture.request("PATCH", &upload).body(chunk).send().await;
        let reply = fixture.get(&upload).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (204, ""));
        assert_eq!(
            (path(reply.header("location")), reply.header("range")),
            (upload.clone(), range)
        );
        assert!(!reply.headers.contains_key("content-length"));
    }
    let absent = fixture.get("/v2/team/app/blobs/uploads/4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d");
    assert_eq!(refused(&absent.await), (404, "BLOB_UPLOAD_UNKNOWN".into()));
}

#[tokio::test]
async fn end_14_a_session_that_is_cancelled_is_gone() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    patch(&fixture, &upload, "0-3", b"four").await;
    let reply = fixture.request("DELETE", &upload).send().await;
    assert_eq!((reply.status.as_u16(), reply.text()), (204, ""));
    for method in ["GET", "PATCH", "DELETE"] {
        let reply = fixture.request(method, &upload).send().await;
        assert_eq!(refused(&reply), (404, "BLOB_UPLOAD_UNKNOWN".into()), "{method}");
    }
    let digest = digest_of(b"four").to_string();
    assert_eq!(complete(&fixture, &upload, &digest).await.status.as_u16(), 404);
    assert_eq!(fixture.get(&format!("/v2/team/app/blobs/{digest}")).await.status.as_u16(), 404);
}

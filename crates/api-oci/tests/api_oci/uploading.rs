//! Uploads of blobs, in every way that clients do it.

use super::fixture::{REPOSITORY, digest_of, fixture, sample};

#[tokio::test]
async fn begin_feed_ask_and_complete() {
    let fixture = fixture().await;
    let begun = fixture.request("POST", "/v2/team/app/blobs/uploads/").send().await;
    assert_eq!(
        begun.whole(),
        "\
202
content-length: 0
docker-distribution-api-version: registry/2.0
docker-upload-uuid: <upload>
location: http://localhost:4566/v2/team/app/blobs/uploads/<upload>
range: 0-0"
    );
    let upload = begun.header("location").strip_prefix("http://localhost:4566").unwrap();
    let fed = fixture.request("PATCH", upload).pieces(&[b"one ", b"", b"two"]).send().await;
    assert_eq!(
        fed.whole(),
        "\
202
content-length: 0
docker-distribution-api-version: registry/2.0
docker-upload-uuid: <upload>
location: http://localhost:4566/v2/team/app/blobs/uploads/<upload>
range: 0-6"
    );
    let asked = fixture.get(upload).await;
    assert_eq!(
        asked.whole(),
        "\
204
docker-distribution-api-version: registry/2.0
docker-upload-uuid: <upload>
location: http://localhost:4566/v2/team/app/blobs/uploads/<upload>
range: 0-6"
    );
    let digest = digest_of(b"one two");
    let target = format!("{upload}?digest={}", digest.to_string().replace(':', "%3A"));
    let completed = fixture.request("PUT", &target).send().await;
    assert_eq!(
        completed.whole(),
        format!(
            "\
201
content-length: 0
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
location: http://localhost:4566/v2/team/app/blobs/{digest}"
        )
    );
    assert_eq!(fixture.get(&format!("/v2/team/app/blobs/{digest}")).await.text(), "one two");
    assert_eq!(fixture.get(upload).await.status.as_u16(), 404);
}

#[tokio::test]
async fn locations_lead_to_where_the_client_came_from() {
    let fixture = fixture().await;
    let location = async |host: &str| {
        let request = fixture.request("POST", "/v2/team/app/blobs/uploads/").host(host).over_tls();
        let reply = request.send().await;
        reply.header("location").replace(reply.header("docker-upload-uuid"), "<upload>")
    };
    let host = "111122223333.dkr.ecr.eu-west-1.example.com:8443";
    let path = "/v2/team/app/blobs/uploads/<upload>";
    assert_eq!(location(host).await, format!("https://{host}{path}"));
    assert_eq!(location("no host\"").await, path);
}

#[tokio::test]
async fn a_blob_in_chunks_with_ranges() {
    let fixture = fixture().await;
    let bytes = sample(1000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let chunk = |range: &str, bytes: &[u8]| {
        fixture.request("PATCH", &upload).header("content-range", range).body(bytes).send()
    };
    let reply = chunk("0-299", &bytes[..300]).await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-299"));
    // Sent again, and out of order.
    chunk("0-299", &bytes[..300]).await.assert_error(
        416,
        "BLOB_UPLOAD_INVALID",
        "First byte of the layer part is 0 instead of 300",
    );
    assert_eq!(chunk("700-999", &bytes[700..]).await.status.as_u16(), 416);
    let asked = fixture.get(&upload).await;
    assert_eq!((asked.status.as_u16(), asked.header("range")), (204, "0-299"));
    let reply = chunk("bytes 300-699/1000", &bytes[300..700]).await;
    assert_eq!((reply.status.as_u16(), reply.header("range")), (202, "0-699"));
    // The last chunk comes with the completion.
    let digest = digest_of(&bytes);
    let request = fixture.request("PUT", &format!("{upload}?x=1&digest={digest}"));
    let reply = request.header("content-range", "700-999").body(&bytes[700..]).send().await;
    assert_eq!(reply.status.as_u16(), 201);
    let stored = fixture.get(&format!("/v2/team/app/blobs/{digest}")).await;
    assert_eq!(stored.body, bytes);
}

#[tokio::test]
async fn a_chunk_is_what_its_range_says() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let patch = |range: &str| fixture.request("PATCH", &upload).header("content-range", range);
    let code = "BLOB_UPLOAD_INVALID";
    let reply = patch("0-9").body(b"four").send().await;
    reply.assert_error(400, code, "The layer part from 0 to 9 does not have 4 bytes");
    let form = "Content-Range must be <first>-<last>, both included, in bytes";
    for range in ["", "x", "9-0", "bytes */4", "0-3/2"] {
        patch(range).body(b"four").send().await.assert_error(400, code, form);
    }
    assert_eq!(fixture.get(&upload).await.header("range"), "0-0");
    // Without a length the mistake shows at the end, and what had arrived is kept.
    let reply = patch("0-9").pieces(&[b"four"]).send().await;
    let short = "the request body ended early: 6 bytes of its Content-Range are missing";
    reply.assert_error(400, code, short);
    assert_eq!(fixture.get(&upload).await.header("range"), "0-3");
    let reply = patch("4-5").pieces(&[b"x", b"yz"]).send().await;
    assert_eq!(reply.status.as_u16(), 400);
    assert_eq!(fixture.get(&upload).await.header("range"), "0-4");
}

#[tokio::test]
async fn a_body_that_breaks_off_can_be_gone_on_with() {
    let fixture = fixture().await;
    let bytes = sample(600_000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let reply = fixture.request("PATCH", &upload).truncated(&bytes[..400_000]).send().await;
    let early = "the request body ended early: connection reset";
    reply.assert_error(400, "BLOB_UPLOAD_INVALID", early);
    assert_eq!(fixture.get(&upload).await.header("range"), "0-399999");
    let request = fixture.request("PATCH", &upload).header("content-range", "400000-599999");
    assert_eq!(request.body(&bytes[400_000..]).send().await.status.as_u16(), 202);
    let digest = digest_of(&bytes);
    let reply = fixture.request("PUT", &format!("{upload}?digest={digest}")).send().await;
    assert_eq!(reply.status.as_u16(), 201);
    assert_eq!(fixture.get(&format!("/v2/team/app/blobs/{digest}")).await.body, bytes);
}

#[tokio::test]
async fn a_blob_in_one_request() {
    let fixture = fixture().await;
    let digest = digest_of(b"layer");
    let target = format!("/v2/team/app/blobs/uploads/?digest={digest}");
    let expected = format!(
        "\
201
content-length: 0
docker-content-digest: {digest}
docker-distribution-api-version: registry/2.0
location: http://localhost:4566/v2/team/app/blobs/{digest}"
    );
    assert_eq!(fixture.request("POST", &target).body(b"layer").send().await.whole(), expected);
    // A second time it is there already, which is no failure.
    assert_eq!(fixture.request("POST", &target).body(b"layer").send().await.whole(), expected);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let request = fixture.request("PUT", &format!("{upload}?digest={digest}")).body(b"layer");
    assert_eq!(request.send().await.whole(), expected);
    let wrong = fixture.request("POST", &target).body(b"other").send().await;
    wrong.assert_error(
        400,
        "BLOB_UPLOAD_INVALID",
        "None of the provided layer digests match the calculated layer digest",
    );
    let broken = fixture.request("POST", &target).truncated(b"lay").send().await;
    assert_eq!(broken.status.as_u16(), 400);
}

#[tokio::test]
async fn a_cancelled_upload_is_gone() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    fixture.request("PATCH", &upload).body(b"some").send().await;
    let cancelled = fixture.request("DELETE", &upload).send().await;
    let expected = "204\ndocker-distribution-api-version: registry/2.0";
    assert_eq!(cancelled.whole(), expected);
    let id = upload.rsplit('/').next().unwrap();
    let message = format!(
        "The upload with id '{id}' does not exist in the repository with name 'team/app' in the \
         registry with id '111122223333'"
    );
    for method in ["GET", "PATCH", "DELETE"] {
        let reply = fixture.request(method, &upload).send().await;
        reply.assert_error(404, "BLOB_UPLOAD_UNKNOWN", &message);
    }
    let put = format!("{upload}?digest={}", digest_of(b"some"));
    let reply = fixture.request("PUT", &put).send().await;
    reply.assert_error(404, "BLOB_UPLOAD_UNKNOWN", &message);
}

#[tokio::test]
async fn a_wrong_digest_does_not_end_the_upload() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    fixture.request("PATCH", &upload).body(b"layer").send().await;
    let complete = |digest: String| {
        let target = format!("{upload}?digest={digest}");
        async { fixture.request("PUT", &{ target }).send().await }
    };
    complete(digest_of(b"other").to_string()).await.assert_error(
        400,
        "BLOB_UPLOAD_INVALID",
        "None of the provided layer digests match the calculated layer digest",
    );
    complete("sha256:12".into()).await.assert_error(
        400,
        "DIGEST_INVALID",
        "Invalid parameter at 'layerDigests' failed to satisfy constraint: 'must satisfy regular \
         expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+''",
    );
    let reply = fixture.request("PUT", &upload).send().await;
    reply.assert_error(
        400,
        "DIGEST_INVALID",
        "Invalid parameter at 'layerDigests' failed to satisfy constraint: 'Member must have \
         length greater than or equal to 1'",
    );
    assert_eq!(complete(digest_of(b"layer").to_string()).await.status.as_u16(), 201);
}

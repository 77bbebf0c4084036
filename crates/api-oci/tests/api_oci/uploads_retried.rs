//! Uploads whose client got no answer, and asks again.

use futures_util::{FutureExt, StreamExt};
use http_body_util::{BodyExt, StreamBody};
use wharfinger_api_oci::{Body, BoxError};

use super::fixture::{REGION, REPOSITORY, digest_of, fixture, sample};

/// A chunk that was stored is refused, with what the client needs to go on.
#[tokio::test]
async fn a_chunk_that_is_sent_again_is_told_where_to_go_on() {
    let fixture = fixture().await;
    let bytes = sample(1000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let chunk = |range: &str, bytes: &[u8]| {
        fixture.request("PATCH", &upload).header("content-range", range).body(bytes).send()
    };
    chunk("0-299", &bytes[..300]).await;
    let refused = chunk("0-299", &bytes[..300]).await;
    assert_eq!(
        refused.whole(),
        "\
416
content-length: 104
content-type: application/json; charset=utf-8
docker-distribution-api-version: registry/2.0
docker-upload-uuid: <upload>
location: http://localhost:4566/v2/team/app/blobs/uploads/<upload>
range: 0-299

{\"errors\":[{\"code\":\"BLOB_UPLOAD_INVALID\",\"message\":\"First byte of the layer part is 0 instead \
of 300\"}]}"
    );
    // The same for the last chunk, which comes with the completion.
    let put = format!("{upload}?digest={}", digest_of(&bytes));
    let request = fixture.request("PUT", &put).header("content-range", "0-299");
    let refused = request.body(&bytes[..300]).send().await;
    assert_eq!((refused.status.as_u16(), refused.header("range")), (416, "0-299"));
    let request = fixture.request("PUT", &put).header("content-range", "300-999");
    assert_eq!(request.body(&bytes[300..]).send().await.status.as_u16(), 201);
}

/// The connection of the first attempt is still open when the second one comes: that one waits, and
/// is told what was kept of the first.
#[tokio::test]
async fn a_chunk_that_is_sent_again_while_the_first_one_is_half_alive() {
    let fixture = fixture().await;
    let bytes = sample(200_000);
    let upload = fixture.begin_upload(REPOSITORY).await;
    let (arrived, first_half) = tokio::sync::oneshot::channel();
    let (reset, connection) = tokio::sync::oneshot::channel::<()>();
    let start = bytes::Bytes::copy_from_slice(&bytes[..80_000]);
    let half = futures_util::stream::once(async move { Ok(http_body::Frame::data(start)) });
    let end = futures_util::stream::once(async move {
        let _ = arrived.send(());
        let _ = connection.await;
        Err(BoxError::from("connection reset"))
    });
    let body: Body = StreamBody::new(half.chain(end)).boxed_unsync();
    let chunk = || fixture.request("PATCH", &upload).header("content-range", "0-199999");
    let first = chunk().with_body(body).send();
    let second = async {
        first_half.await.unwrap();
        let mut again = Box::pin(chunk().body(&bytes).send());
        // It has begun to wait before the first connection breaks.
        assert!(again.as_mut().now_or_never().is_none());
        reset.send(()).unwrap();
        again.await
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.status.as_u16(), 400);
    assert_eq!((second.status.as_u16(), second.header("range")), (416, "0-79999"));
    let rest = fixture.request("PATCH", &upload).header("content-range", "80000-199999");
    assert_eq!(rest.body(&bytes[80_000..]).send().await.status.as_u16(), 202);
    let put = format!("{upload}?digest={}", digest_of(&bytes));
    assert_eq!(fixture.request("PUT", &put).send().await.status.as_u16(), 201);
}

#[tokio::test]
async fn a_completion_whose_answer_got_lost_is_acknowledged_again() {
    let fixture = fixture().await;
    let digest = digest_of(b"layer");
    let upload = fixture.begin_upload(REPOSITORY).await;
    fixture.request("PATCH", &upload).body(b"lay").send().await;
    let put = format!("{upload}?digest={digest}");
    let first = fixture.request("PUT", &put).body(b"er").send().await;
    assert_eq!(first.status.as_u16(), 201);
    for body in [b"er".as_slice(), b"", b"anything"] {
        let again = fixture.request("PUT", &put).body(body).send().await;
        assert_eq!(again.whole(), first.whole());
    }
    // Not for what the repository does not have,
    let other = format!("{upload}?digest={}", digest_of(b"other"));
    let unknown = fixture.request("PUT", &other).send().await;
    assert_eq!(unknown.status.as_u16(), 404);
    // nor for those who could not ask whether it has it.
    let actions = ["ecr:GetAuthorizationToken", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"];
    let key = fixture.user("ann", &actions).await;
    let ann = fixture.login(&key, REGION).await;
    let known = fixture.request("PUT", &put).login(&ann).send().await;
    assert_eq!(known.text(), unknown.text());
    assert_eq!(known.status.as_u16(), 404);
}

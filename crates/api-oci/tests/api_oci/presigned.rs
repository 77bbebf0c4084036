//! Presigned URLs of layers.

use std::time::Duration;

use http::HeaderMap;
use http::header::HOST;
use wharfinger_auth::AccessKey;
use wharfinger_aws_protocol::sigv4::RequestParts;
use wharfinger_core::{Clock, Region};

use super::fixture::{Fixture, HOST_NAME, REGION, REPOSITORY, fixture, signer};

fn presign(fixture: &Fixture, key: &AccessKey, region: &str, method: &str, path: &str) -> String {
    let headers = HeaderMap::from_iter([(HOST, HOST_NAME.parse().unwrap())]);
    let parts = RequestParts { method, path, query: None, headers: &headers };
    let region: Region = region.parse().unwrap();
    let query = signer(key, &region).presign(&parts, 3600, fixture.clock.now()).unwrap();
    format!("{path}?{query}")
}

#[tokio::test]
async fn a_presigned_url_needs_no_headers_and_minds_none() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
    let url = presign(&fixture, &fixture.root, REGION, "GET", &path);
    let reply = fixture.request("GET", &url).anonymous().send().await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "layer"));
    // Clients that follow a redirect within one host bring their login along.
    let reply = fixture.request("GET", &url).header("authorization", "Basic eDp5").send().await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "layer"));
    let reply = fixture.request("GET", &url).anonymous().header("range", "bytes=1-2").send().await;
    assert_eq!((reply.status.as_u16(), reply.text()), (206, "ay"));
    let head = presign(&fixture, &fixture.root, REGION, "HEAD", &path);
    let reply = fixture.request("HEAD", &head).anonymous().send().await;
    assert_eq!((reply.status.as_u16(), reply.header("content-length")), (200, "5"));
}

#[tokio::test]
async fn a_presigned_url_is_good_for_what_was_signed() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
    let url = presign(&fixture, &fixture.root, REGION, "GET", &path);
    let mismatch = "The request signature we calculated does not match the signature you \
                    provided. Check your AWS Secret Access Key and signing method. Consult the \
                    service documentation for details.";
    let altered = format!("{url}0").replace("&X-Amz-Signature=", "&x=1&X-Amz-Signature=");
    let other_path = url.replace(REPOSITORY, "team/other");
    for target in [altered, other_path] {
        let reply = fixture.request("GET", &target).anonymous().send().await;
        reply.assert_error(403, "DENIED", mismatch);
    }
    let other_host = fixture.request("GET", &url).anonymous().host("elsewhere");
    other_host.send().await.assert_error(403, "DENIED", mismatch);
    let other_method = fixture.request("HEAD", &url).anonymous().send().await;
    assert_eq!((other_method.status.as_u16(), other_method.text()), (403, ""));
    // For anything but reading it is no credential at all.
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let reply = fixture.request(method, &url).anonymous().send().await;
        assert_eq!(reply.status.as_u16(), 401, "{method}");
    }
}

#[tokio::test]
async fn a_presigned_url_runs_out() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
    let url = presign(&fixture, &fixture.root, REGION, "GET", &path);
    let status = async || fixture.request("GET", &url).anonymous().send().await;
    fixture.clock.advance(Duration::from_secs(3600));
    assert_eq!(status().await.status.as_u16(), 200);
    fixture.clock.advance(Duration::from_secs(1));
    let expired = "Signature expired: 20270115T090000Z is now earlier than 20270115T090001Z";
    status().await.assert_error(403, "DENIED", expired);
}

#[tokio::test]
async fn a_presigned_url_lets_nobody_do_more_than_the_signer_may() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let key = fixture.user("ann", &["ecr:GetDownloadUrlForLayer"]).await;
    let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
    let url = presign(&fixture, &key, REGION, "GET", &path);
    let status = async || fixture.request("GET", &url).anonymous().send().await;
    assert_eq!(status().await.status.as_u16(), 200);
    fixture.allow("ann", &["ecr:BatchGetImage"]).await;
    assert_eq!(status().await.status.as_u16(), 403);
    let (account, id) = (fixture.account(), &key.access_key_id);
    fixture.people.set_access_key_active(account, id, false).await.unwrap();
    let unknown = "The security token included in the request is invalid.";
    status().await.assert_error(403, "DENIED", unknown);
}

#[tokio::test]
async fn a_presigned_url_is_for_the_region_it_was_signed_for() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"layer").await;
    let path = format!("/v2/{REPOSITORY}/blobs/{digest}");
    let url = presign(&fixture, &fixture.root, "us-east-1", "GET", &path);
    let reply = fixture.request("GET", &url).anonymous().send().await;
    assert_eq!(reply.status.as_u16(), 404);
    // Here the Host that is signed and the one that names the registry are told apart.
    let host = "111122223333.dkr.ecr.eu-west-1.example.com";
    let request = fixture.request("GET", &url).anonymous().header("host", HOST_NAME).host(host);
    let message = "Credential should be scoped to a valid region.";
    request.send().await.assert_error(403, "DENIED", message);
}

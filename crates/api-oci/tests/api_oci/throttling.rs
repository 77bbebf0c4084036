//! Rates on `/v2`: each route counts as the operation whose permission it takes.

use std::time::Duration;

use wharfinger_core::{Quotas, RatedOperation, Rates};

use super::fixture::{Fixture, REPOSITORY, Reply, digest_of, fixture_with_quotas, manifest};

/// One request a second of one operation.
fn rated(operation: RatedOperation) -> Quotas {
    let rates = Rates::OFF.with(operation, 1.try_into().unwrap());
    Quotas { rates, ..Quotas::default() }
}

/// Sends a request that takes the permission for `operation`, in a repository that is not there:
/// nobody looks for it before the rate is known.
async fn send(fixture: &Fixture, route: &str) -> Reply {
    let (method, path) = route.split_once(' ').unwrap();
    let upload = "00000000-0000-4000-8000-000000000000";
    let digest = digest_of(b"x").to_string();
    let path = path.replace("<upload>", upload).replace("<digest>", &digest);
    let request = fixture.request(method, &format!("/v2/absent/{path}"));
    match method {
        "PUT" if path.starts_with("manifests") => request.body(&manifest(b"{}", b"x")),
        "PUT" | "PATCH" => request.body(b"x"),
        _ => request,
    }
    .send()
    .await
}

#[tokio::test]
async fn every_route_counts_as_its_operation() {
    for (operation, routes) in [
        (RatedOperation::BatchCheckLayerAvailability, &["HEAD blobs/<digest>"][..]),
        (RatedOperation::BatchGetImage, &["GET manifests/v1", "HEAD manifests/v1"]),
        (RatedOperation::GetDownloadUrlForLayer, &["GET blobs/<digest>"]),
        (
            RatedOperation::InitiateLayerUpload,
            &["POST blobs/uploads/", "POST blobs/uploads/?digest=<digest>"],
        ),
        (
            RatedOperation::UploadLayerPart,
            &["PATCH blobs/uploads/<upload>", "PUT blobs/uploads/<upload>?digest=<digest>"],
        ),
        (
            RatedOperation::CompleteLayerUpload,
            &["PUT blobs/uploads/<upload>?digest=<digest>", "POST blobs/uploads/?digest=<digest>"],
        ),
        (RatedOperation::PutImage, &["PUT manifests/v1"]),
    ] {
        let fixture = fixture_with_quotas(rated(operation)).await;
        for route in routes {
            let first = send(&fixture, route).await;
            assert_eq!(first.status.as_u16(), 404, "{route}");
            let second = send(&fixture, route).await;
            assert_eq!(second.status.as_u16(), 429, "{route}");
            assert_eq!(second.header("retry-after"), "1", "{route}");
            if !route.starts_with("HEAD") {
                second.assert_error(429, "TOOMANYREQUESTS", "Rate exceeded");
            }
            // As long as the client was told to wait.
            fixture.clock.advance(Duration::from_secs(1));
        }
        let free = fixture.get(&format!("/v2/{REPOSITORY}/tags/list")).await;
        assert_eq!(free.status.as_u16(), 200);
    }
}

/// A body that was taken and then refused would be appended a second time by a client that tries
/// again.
#[tokio::test]
async fn a_request_that_is_throttled_has_done_nothing() {
    let fixture = fixture_with_quotas(rated(RatedOperation::CompleteLayerUpload)).await;
    fixture.push_blob(REPOSITORY, b"first").await;
    let location = fixture.begin_upload(REPOSITORY).await;
    let target = format!("{location}?digest={}", digest_of(b"second"));
    let put = || fixture.request("PUT", &target).body(b"second").send();
    assert_eq!(put().await.status.as_u16(), 429);
    assert_eq!(fixture.get(&location).await.header("range"), "0-0");
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(put().await.status.as_u16(), 201);
}

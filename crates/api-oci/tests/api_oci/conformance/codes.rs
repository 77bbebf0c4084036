//! The codes of errors, and what their body looks like.

use serde_json::Value;
use wharfinger_core::{Quotas, RatedOperation, Rates};
use wharfinger_oci::ErrorCode;
use wharfinger_oci::media_type::{OCI_INDEX, OCI_MANIFEST};

use super::super::fixture::{
    Fixture, REGION, REPOSITORY, Reply, digest_of, fixture, fixture_with_quotas, manifest,
};
use super::{head, put, refused};

/// The body has the form of the specification, whatever its error is.
#[track_caller]
fn check_form(reply: &Reply) {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    let members: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["errors"]);
    for error in body["errors"].as_array().unwrap() {
        let code = error["code"].as_str().unwrap();
        assert!(ErrorCode::ALL.iter().any(|known| known.as_str() == code), "{code}");
        assert!(code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_'), "{code}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        let known = ["code", "message", "detail"];
        assert!(error.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
    }
}

async fn get(fixture: &Fixture, target: &str, expected: (u16, &str)) {
    let reply = fixture.get(target).await;
    check_form(&reply);
    let (status, code) = refused(&reply);
    assert_eq!((status, code.as_str()), expected, "{target}");
    // HEAD has the same status, and no body.
    let head = head(fixture, target).await;
    assert_eq!((head.status.as_u16(), head.text()), (status, ""));
}

#[tokio::test]
async fn code_1_blob_unknown() {
    let fixture = fixture().await;
    let target = format!("/v2/team/app/blobs/{}", digest_of(b"absent"));
    get(&fixture, &target, (404, "BLOB_UNKNOWN")).await;
}

#[tokio::test]
async fn code_2_blob_upload_invalid() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let request = fixture.request("PATCH", &upload).header("content-range", "7-8");
    let reply = request.body(b"ab").send().await;
    check_form(&reply);
    assert_eq!(refused(&reply), (416, "BLOB_UPLOAD_INVALID".into()));
}

#[tokio::test]
async fn code_3_blob_upload_unknown() {
    let fixture = fixture().await;
    let target = "/v2/team/app/blobs/uploads/4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d";
    get(&fixture, target, (404, "BLOB_UPLOAD_UNKNOWN")).await;
}

/// ECR says `BLOB_UPLOAD_INVALID` where the content of a blob has another digest.
#[tokio::test]
async fn code_4_digest_invalid() {
    let fixture = fixture().await;
    fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let other = digest_of(b"other").to_string();
    let reply = put(&fixture, &other, OCI_MANIFEST, &manifest(b"{}", b"layer")).await;
    check_form(&reply);
    assert_eq!(refused(&reply), (400, "DIGEST_INVALID".into()));
    get(&fixture, "/v2/team/app/referrers/sha256:1", (400, "DIGEST_INVALID")).await;
}

#[tokio::test]
async fn code_5_manifest_blob_unknown() {
    let fixture = fixture().await;
    let reply = put(&fixture, "v1", OCI_MANIFEST, &manifest(b"{}", b"layer")).await;
    check_form(&reply);
    assert_eq!(refused(&reply), (404, "MANIFEST_BLOB_UNKNOWN".into()));
}

/// AWS's clients know a manifest that cannot be read by ECR's 405 `UNSUPPORTED` and its message.
#[tokio::test]
async fn code_6_manifest_invalid() {
    let fixture = fixture().await;
    for (media_type, body, expected) in [
        (OCI_INDEX, manifest(b"{}", b"layer"), (400, "MANIFEST_INVALID")),
        (OCI_MANIFEST, vec![b' '; 4 * 1024 * 1024 + 1], (413, "MANIFEST_INVALID")),
        (OCI_MANIFEST, b"blablabla".to_vec(), (405, "UNSUPPORTED")),
        ("text/html", b"{}".to_vec(), (405, "UNSUPPORTED")),
    ] {
        let reply = put(&fixture, "v1", media_type, &body).await;
        check_form(&reply);
        let (status, code) = refused(&reply);
        assert_eq!((status, code.as_str()), expected);
    }
}

#[tokio::test]
async fn code_7_manifest_unknown() {
    let fixture = fixture().await;
    get(&fixture, "/v2/team/app/manifests/v1", (404, "MANIFEST_UNKNOWN")).await;
}

/// Where ECR answers 405 `UNSUPPORTED` to any parameter that breaks its pattern, so do we.
#[tokio::test]
async fn code_8_name_invalid() {
    let fixture = fixture().await;
    get(&fixture, "/v2/Upper/tags/list", (405, "UNSUPPORTED")).await;
    get(&fixture, "/v2/team%2Fapp/tags/list", (400, "NAME_INVALID")).await;
}

#[tokio::test]
async fn code_9_name_unknown() {
    let fixture = fixture().await;
    for target in ["/v2/absent/tags/list", "/v2/absent/manifests/v1"] {
        get(&fixture, target, (404, "NAME_UNKNOWN")).await;
    }
}

/// Never sent: a body of another length than was told is `BLOB_UPLOAD_INVALID`, as with ECR.
#[tokio::test]
async fn code_10_size_invalid() {
    let fixture = fixture().await;
    let upload = fixture.begin_upload(REPOSITORY).await;
    let request = fixture.request("PATCH", &upload).header("content-range", "0-9");
    let reply = request.body(b"four").send().await;
    check_form(&reply);
    assert_eq!(refused(&reply), (400, "BLOB_UPLOAD_INVALID".into()));
}

/// 401 has ECR's text for a body: the specification lets a 4xx have any.
#[tokio::test]
async fn code_11_unauthorized() {
    let fixture = fixture().await;
    let reply = fixture.request("GET", "/v2/team/app/tags/list").anonymous().send().await;
    assert_eq!((reply.status.as_u16(), reply.text().trim()), (401, "Not Authorized"));
    assert_eq!(reply.header("content-type"), "text/plain; charset=utf-8");
    assert!(reply.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn code_12_denied() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:GetAuthorizationToken"]).await;
    let password = fixture.login(&key, REGION).await;
    let request = fixture.request("GET", "/v2/team/app/tags/list").login(&password);
    let reply = request.send().await;
    check_form(&reply);
    assert_eq!(refused(&reply), (403, "DENIED".into()));
}

#[tokio::test]
async fn code_13_unsupported() {
    let fixture = fixture().await;
    for (method, target, allow) in [
        ("POST", "/v2/", "GET, HEAD"),
        ("PUT", "/v2/team/app/tags/list", "GET, HEAD"),
        ("POST", "/v2/team/app/manifests/v1", "GET, HEAD, PUT, DELETE"),
        ("GET", "/v2/team/app/blobs/uploads/", "POST"),
    ] {
        let reply = fixture.request(method, target).send().await;
        check_form(&reply);
        assert_eq!(refused(&reply), (405, "UNSUPPORTED".into()), "{method} {target}");
        assert_eq!(reply.header("allow"), allow);
    }
}

#[tokio::test]
async fn code_14_too_many_requests() {
    let rates = Rates::OFF.with(RatedOperation::BatchGetImage, 1.try_into().unwrap());
    let fixture = fixture_with_quotas(Quotas { rates, ..Quotas::default() }).await;
    let target = "/v2/team/app/manifests/v1";
    assert_eq!(fixture.get(target).await.status.as_u16(), 404);
    let reply = fixture.get(target).await;
    check_form(&reply);
    assert_eq!(refused(&reply), (429, "TOOMANYREQUESTS".into()));
    assert_eq!(reply.header("retry-after"), "1");
}

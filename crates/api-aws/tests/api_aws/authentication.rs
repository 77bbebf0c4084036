//! Signatures that do not prove who is asking, and those that do in unusual ways.

use std::time::Duration;

use http::{Method, StatusCode};
use serde_json::json;
use wharfinger_auth::AccessKey;
use wharfinger_core::{Clock, Secret};
use wharfinger_iam::KeyOwner;

use crate::world::{World, account};

const MISMATCH: &str = "The request signature we calculated does not match the signature you \
                        provided. Check your AWS Secret Access Key and signing method. Consult \
                        the service documentation for details.";
const UNRECOGNIZED: &str = "The security token included in the request is invalid.";

fn key(id: &str, secret: &str) -> AccessKey {
    AccessKey { access_key_id: id.into(), secret_access_key: Secret::new(secret.into()) }
}

#[tokio::test]
async fn a_wrong_secret_or_an_unknown_key_is_refused() {
    let world = World::new().await;
    let draft = world.ecr("DescribeRegistry", "{}");
    let wrong = world.send(draft.sign(&key(&world.root.access_key_id, "guess"))).await;
    assert_eq!(wrong.refused("InvalidSignatureException"), MISMATCH);
    let unknown = world.send(draft.sign(&key("AKIAUNKNOWNUNKNOWN00", "guess"))).await;
    assert_eq!(unknown.refused("UnrecognizedClientException"), UNRECOGNIZED);
    let session = draft.header("x-amz-security-token", "anything").sign(&world.root);
    assert_eq!(world.send(session).await.refused("UnrecognizedClientException"), UNRECOGNIZED);
}

#[tokio::test]
async fn a_key_that_is_switched_off_looks_unknown() {
    let world = World::new().await;
    world.people.create_user(account(), "dev").await.unwrap();
    let key =
        world.people.create_access_key(account(), &KeyOwner::User("dev".into())).await.unwrap();
    let id = &key.access_key_id;
    world.call_as(&key, "DescribeRegistry", json!({})).await.refused("AccessDeniedException");
    world.people.set_access_key_active(account(), id, false).await.unwrap();
    let off = world.call_as(&key, "DescribeRegistry", json!({})).await;
    assert_eq!(off.refused("UnrecognizedClientException"), UNRECOGNIZED);
    world.people.set_access_key_active(account(), id, true).await.unwrap();
    world.call_as(&key, "DescribeRegistry", json!({})).await.refused("AccessDeniedException");
    world.people.delete_user(account(), "dev").await.unwrap();
    let gone = world.call_as(&key, "DescribeRegistry", json!({})).await;
    assert_eq!(gone.refused("UnrecognizedClientException"), UNRECOGNIZED);
}

#[tokio::test]
async fn a_clock_may_be_off_by_fifteen_minutes_and_no_more() {
    let world = World::new().await;
    let signed = |seconds_ago: i64| {
        let mut draft = world.ecr("DescribeRegistry", "{}");
        let now = world.clock.now();
        let by = Duration::from_secs(seconds_ago.unsigned_abs());
        draft.signed_at = if seconds_ago < 0 { now.plus(by) } else { now.minus(by) };
        draft.sign(&world.root)
    };
    world.send(signed(900)).await.ok();
    world.send(signed(-900)).await.ok();
    assert_eq!(
        world.send(signed(901)).await.refused("InvalidSignatureException"),
        "Signature expired: 20260301T121459Z is now earlier than 20260301T121500Z \
         (20260301T123000Z - 15 min.)"
    );
    assert_eq!(
        world.send(signed(-901)).await.refused("InvalidSignatureException"),
        "Signature not yet current: 20260301T124501Z is still later than 20260301T124500Z \
         (20260301T123000Z + 15 min.)"
    );
}

#[tokio::test]
async fn the_scope_names_the_service() {
    let world = World::new().await;
    let mut draft = world.ecr("DescribeRegistry", "{}");
    draft.service = "sts";
    assert_eq!(
        world.send(draft.sign(&world.root)).await.refused("InvalidSignatureException"),
        "Credential should be scoped to correct service: 'ecr'."
    );
    // A region that is none, and one that was not signed for.
    for (from, to, message) in [
        ("/eu-west-1/", "/EU/", "Credential should be scoped to a valid region."),
        ("/eu-west-1/", "/us-east-1/", MISMATCH),
    ] {
        let mut request = world.ecr("DescribeRegistry", "{}").sign(&world.root);
        let header = request.headers()["authorization"].to_str().unwrap().replace(from, to);
        request.headers_mut().insert("authorization", header.parse().unwrap());
        assert_eq!(world.send(request).await.refused("InvalidSignatureException"), message);
    }
}

#[tokio::test]
async fn what_is_signed_cannot_be_altered() {
    let world = World::new().await;
    let draft = world.ecr("CreateRepository", r#"{"repositoryName":"team/app"}"#);
    let (head, _) = draft.sign(&world.root).into_parts();
    let other = world.ecr("CreateRepository", r#"{"repositoryName":"team/bad"}"#).unsigned();
    let altered = http::Request::from_parts(head.clone(), other.into_body());
    assert_eq!(world.send(altered).await.refused("InvalidSignatureException"), MISMATCH);

    let mut retargeted = http::Request::from_parts(head, draft.unsigned().into_body());
    let target = "AmazonEC2ContainerRegistry_V20150921.DeleteRepository".parse().unwrap();
    retargeted.headers_mut().insert("x-amz-target", target);
    assert_eq!(world.send(retargeted).await.refused("InvalidSignatureException"), MISMATCH);

    let mut added = draft.sign(&world.root);
    added.headers_mut().insert("x-amz-extra", "1".parse().unwrap());
    assert_eq!(
        world.send(added).await.refused("InvalidSignatureException"),
        "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization."
    );
    let hash = draft.header("x-amz-content-sha256", "UNSIGNED-PAYLOAD").sign(&world.root);
    assert_eq!(
        world.send(hash).await.refused("InvalidSignatureException"),
        "The provided 'x-amz-content-sha256' header does not match what was computed."
    );
    let none = world.call("DescribeRepositories", json!({})).await.ok();
    assert_eq!(none, json!({ "repositories": [] }));
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let world = World::new().await;
    let draft = world.ecr("DescribeRegistry", "{}");
    let unsigned = world.send(draft.unsigned()).await;
    let message = unsigned.refused("MissingAuthenticationTokenException");
    assert_eq!(message, "Missing Authentication Token");
    let basic = draft.header("authorization", "AWS4-HMAC-SHA256 Credential=x").unsigned();
    assert_eq!(
        world.send(basic).await.refused("IncompleteSignatureException"),
        "Authorization header requires 'Signature' parameter. Authorization header requires \
         'SignedHeaders' parameter. Authorization header requires existence of either a \
         'X-Amz-Date' or a 'Date' header."
    );
    let mut dateless = world.ecr("DescribeRegistry", "{}").sign(&world.root);
    dateless.headers_mut().remove("x-amz-date");
    assert_eq!(
        world.send(dateless).await.refused("IncompleteSignatureException"),
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
    );
}

/// HTTP/2 has no `host` header; the client signs `:authority` under that name.
#[tokio::test]
async fn a_request_without_host_is_verified_with_its_authority() {
    let world = World::new().await;
    let mut request = world.ecr("DescribeRegistry", "{}").sign(&world.root);
    request.headers_mut().remove("host");
    world.send(request).await.ok();
    let mut elsewhere = world.context();
    elsewhere.host = "elsewhere:4566".into();
    let mut request = world.ecr("DescribeRegistry", "{}").sign(&world.root);
    request.headers_mut().remove("host");
    let reply = world.send_in(&elsewhere, request).await;
    assert_eq!(reply.refused("InvalidSignatureException"), MISMATCH);
}

#[tokio::test]
async fn requests_that_name_no_operation_are_unknown() {
    let world = World::new().await;
    let unknown = |reply: crate::world::Reply| reply.refused("UnknownOperationException");
    let draft = world.ecr("DescribeRegistry", "{}").without("x-amz-target");
    unknown(world.send(draft.sign(&world.root)).await);
    for target in ["", "PutImage", "AmazonEC2ContainerRegistry_V20150921.", "Other.PutImage"] {
        let draft = world.ecr("", "{}").header("x-amz-target", target);
        unknown(world.send(draft.sign(&world.root)).await);
    }
    let message = unknown(world.call("PutImages", json!({})).await);
    assert_eq!(message, "The operation 'PutImages' is unknown.");
    let mut get = world.ecr("DescribeRegistry", "");
    get.method = Method::GET;
    unknown(world.send(get.sign(&world.root)).await);
    // Whether an operation exists is told to those alone who sign.
    let unsigned = world.send(world.ecr("PutImages", "{}").unsigned()).await;
    unsigned.refused_with("MissingAuthenticationTokenException", StatusCode::BAD_REQUEST);
}

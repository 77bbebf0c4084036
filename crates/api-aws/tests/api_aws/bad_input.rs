//! Bodies that are no input.

use futures_util::stream;
use http::StatusCode;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use wharfinger_api_aws::BoxError;
use wharfinger_core::limits::API_BODY_BYTES_MAX;

use crate::world::{World, invalid};

#[tokio::test]
async fn a_body_that_is_no_json_object_is_refused() {
    let world = World::new().await;
    for body in ["[]", "{", "null", "1", "{\"repositoryNames\":5}", "{\"maxResults\":\"5\"}"] {
        let reply = world.send(world.ecr("DescribeRepositories", body).sign(&world.root)).await;
        reply.refused("SerializationException");
    }
    let not_utf8 = b"{\"nextToken\":\"\xff\"}".to_vec();
    let reply = world.send(world.ecr("DescribeRepositories", not_utf8).sign(&world.root)).await;
    reply.refused("SerializationException");
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let reply = world.send(world.ecr("DescribeRepositories", deep).sign(&world.root)).await;
    reply.refused("SerializationException");
}

#[tokio::test]
async fn members_that_break_the_model_are_named() {
    let world = World::new().await;
    let pattern = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*";
    for (body, member, reason) in [
        (json!({}), "repositoryName", "Member must not be null".to_owned()),
        (
            json!({ "repositoryName": "Bad Name" }),
            "repositoryName",
            format!("must satisfy regular expression '{pattern}'"),
        ),
        (
            json!({ "repositoryName": "a" }),
            "repositoryName",
            "Member must have length greater than or equal to 2".to_owned(),
        ),
        (
            json!({ "repositoryName": "../x" }),
            "repositoryName",
            format!("must satisfy regular expression '{pattern}'"),
        ),
        (
            json!({ "repositoryName": "app", "registryId": "12" }),
            "registryId",
            "must satisfy regular expression '[0-9]{12}'".to_owned(),
        ),
    ] {
        let message =
            world.call("CreateRepository", body).await.refused("InvalidParameterException");
        assert_eq!(message, invalid(member, &reason));
    }
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read() {
    let world = World::new().await;
    let large = vec![b' '; API_BODY_BYTES_MAX + 1];
    let reply = world.send(world.ecr("DescribeRegistry", large).sign(&world.root)).await;
    let message =
        reply.refused_with("RequestEntityTooLargeException", StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(message, "The request body must have at most 30408704 bytes.");
    let endless = stream::repeat_with(|| Ok(Frame::data(vec![b' '; 1024 * 1024].into())));
    let (head, _) = world.ecr("DescribeRegistry", "").sign(&world.root).into_parts();
    let request = http::Request::from_parts(head, StreamBody::new(endless).boxed_unsync());
    let reply = world.send(request).await;
    reply.refused_with("RequestEntityTooLargeException", StatusCode::PAYLOAD_TOO_LARGE);
    let fits = vec![b' '; API_BODY_BYTES_MAX];
    world.send(world.ecr("DescribeRegistry", fits).sign(&world.root)).await.ok();
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let world = World::new().await;
    let body = r#"{"repositoryName":"team/app"}"#;
    let draft = world.ecr("CreateRepository", body);
    let reset: BoxError = "connection reset".into();
    let frames = [Ok(Frame::data(body.into())), Err(reset)];
    let (head, _) = draft.sign(&world.root).into_parts();
    let broken = http::Request::from_parts(
        head.clone(),
        StreamBody::new(stream::iter(frames)).boxed_unsync(),
    );
    let message = world.send(broken).await.refused("SerializationException");
    assert_eq!(message, "The request body ended early.");

    let truncated = world.ecr("CreateRepository", &body[..20]).unsigned().into_body();
    let truncated = http::Request::from_parts(head, truncated);
    world.send(truncated).await.refused("InvalidSignatureException");
    let none = world.call("DescribeRepositories", json!({})).await.ok();
    assert_eq!(none, json!({ "repositories": [] }));
}

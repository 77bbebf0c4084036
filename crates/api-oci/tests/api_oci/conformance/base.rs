//! Determining support.

use super::super::fixture::fixture;
use super::head;

#[tokio::test]
async fn end_1_the_base_says_that_the_api_is_spoken() {
    let fixture = fixture().await;
    for target in ["/v2/", "/v2"] {
        let reply = fixture.get(target).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, "{}"));
        assert_eq!(reply.header("docker-distribution-api-version"), "registry/2.0");
        let head = head(&fixture, target).await;
        assert_eq!((head.status.as_u16(), head.text()), (200, ""));
    }
}

#[tokio::test]
async fn end_1_the_base_asks_for_a_login() {
    let fixture = fixture().await;
    let reply = fixture.request("GET", "/v2/").anonymous().send().await;
    assert_eq!(reply.status.as_u16(), 401);
    assert!(reply.header("www-authenticate").starts_with("Basic realm="));
}

#[tokio::test]
async fn warnings_are_none() {
    let fixture = fixture().await;
    fixture.push_image("team/app", "v1", b"layer").await;
    for target in ["/v2/", "/v2/team/app/manifests/v1", "/v2/team/app/tags/list"] {
        assert!(!fixture.get(target).await.headers.contains_key("warning"));
    }
}

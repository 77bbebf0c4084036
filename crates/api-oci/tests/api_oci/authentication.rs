//! Logins: what is asked for, what is taken, what is refused.

use std::time::Duration;

use wharfinger_iam::KeyOwner;

use super::fixture::{REPOSITORY, base64, fixture};

const CHALLENGE: &str = "\
401
content-length: 15
content-type: text/plain; charset=utf-8
docker-distribution-api-version: registry/2.0
www-authenticate: Basic realm=\"http://localhost:4566/\",service=\"ecr.amazonaws.com\"

Not Authorized
";

#[tokio::test]
async fn docker_login_succeeds_with_any_valid_token() {
    let fixture = fixture().await;
    let expected = "\
200
content-length: 2
content-type: application/json
docker-distribution-api-version: registry/2.0

{}";
    assert_eq!(fixture.get("/v2/").await.whole(), expected);
    assert_eq!(fixture.get("/v2").await.whole(), expected);
    let head = fixture.request("HEAD", "/v2/").send().await;
    assert_eq!((head.header("content-length"), head.text()), ("2", ""));
}

#[tokio::test]
async fn whoever_brings_no_login_is_challenged() {
    let fixture = fixture().await;
    let password = &fixture.password;
    let basic = |text: String| format!("Basic {}", base64(text.as_bytes()));
    let mut altered = password.clone().into_bytes();
    altered[30] = if altered[30] == b'A' { b'B' } else { b'A' };
    let altered = String::from_utf8(altered).unwrap();
    for authorization in [
        String::new(),
        format!("Bearer {password}"),
        format!("Basic {password}"),
        basic(format!("aws:{password}")),
        basic(format!("root:{password}")),
        basic("AWS:".into()),
        basic("AWS:password".into()),
        basic(format!("AWS:{altered}")),
        basic(format!("AWS:{password} ")),
        "AWS4-HMAC-SHA256 Credential=x".into(),
    ] {
        let request = fixture.request("GET", "/v2/").header("authorization", &authorization);
        assert_eq!(request.send().await.whole(), CHALLENGE, "{authorization}");
    }
    let request = fixture.request("GET", "/v2/").anonymous().over_tls().host("r.example");
    let challenge = "Basic realm=\"https://r.example/\",service=\"ecr.amazonaws.com\"";
    assert_eq!(request.send().await.header("www-authenticate"), challenge);
    let head = fixture.request("HEAD", "/v2/").anonymous().send().await;
    assert_eq!((head.status.as_u16(), head.text()), (401, ""));
}

#[tokio::test]
async fn unknown_routes_are_known_to_those_who_are_logged_in() {
    let fixture = fixture().await;
    for target in ["/v2/nothing", "/v2/team/app/manifests", "/v2/_catalog/x", "/v2/a%zz/tags/list"]
    {
        let request = fixture.request("GET", target).anonymous();
        assert_eq!(request.send().await.whole(), CHALLENGE, "{target}");
    }
    fixture.get("/v2/nothing").await.assert_error(404, "UNSUPPORTED", "there is no such route");
}

#[tokio::test]
async fn an_expired_token_is_told_so() {
    let fixture = fixture().await;
    fixture.clock.advance(Duration::from_secs(12 * 3600 - 1));
    assert_eq!(fixture.get("/v2/").await.status.as_u16(), 200);
    fixture.clock.advance(Duration::from_secs(1));
    let message = "Your authorization token has expired. Reauthenticate and try again.";
    fixture.get("/v2/").await.assert_error(403, "DENIED", message);
}

#[tokio::test]
async fn a_deactivated_key_takes_its_tokens_along() {
    let fixture = fixture().await;
    let key = fixture.user("ann", &["ecr:*"]).await;
    let password = fixture.login(&key, super::fixture::REGION).await;
    let login = || fixture.request("GET", "/v2/").login(&password).send();
    assert_eq!(login().await.status.as_u16(), 200);
    let (account, id) = (fixture.account(), &key.access_key_id);
    fixture.people.set_access_key_active(account, id, false).await.unwrap();
    assert_eq!(login().await.whole(), CHALLENGE);
    fixture.people.set_access_key_active(account, id, true).await.unwrap();
    assert_eq!(login().await.status.as_u16(), 200);
    fixture.people.delete_user(account, "ann").await.unwrap();
    assert_eq!(login().await.whole(), CHALLENGE);
    // The owner of the last key is not in this: a user's key is.
    assert!(
        fixture.people.create_access_key(account, &KeyOwner::User("ann".into())).await.is_err()
    );
}

#[tokio::test]
async fn the_host_names_the_registry_if_it_is_one() {
    let fixture = fixture().await;
    let status = async |host: &str| {
        let target = format!("/v2/{REPOSITORY}/tags/list");
        fixture.request("GET", &target).host(host).send().await
    };
    assert_eq!(status("111122223333.dkr.ecr.eu-west-1.example.com:4566").await.status, 200);
    assert_eq!(status("111122223333.dkr-ecr.eu-west-1.on.aws").await.status, 200);
    // A token is good in its region only.
    assert_eq!(status("111122223333.dkr.ecr.us-east-1.example.com").await.status, 401);
    let other = status("444455556666.dkr.ecr.eu-west-1.example.com").await;
    other.assert_error(
        403,
        "DENIED",
        "User: arn:aws:iam::111122223333:root is not authorized to perform: ecr:ListImages on \
         resource: arn:aws:ecr:eu-west-1:444455556666:repository/team/app because no \
         resource-based policy allows the ecr:ListImages action",
    );
}

#[tokio::test]
async fn without_such_a_host_the_token_names_the_registry() {
    let fixture = fixture().await;
    let elsewhere = fixture.login(&fixture.root, "us-east-1").await;
    let target = format!("/v2/{REPOSITORY}/tags/list");
    let reply = fixture.request("GET", &target).login(&elsewhere).send().await;
    reply.assert_error(
        404,
        "NAME_UNKNOWN",
        "The repository with name 'team/app' does not exist in the registry with id '111122223333'",
    );
}

//! Whatever is sent, the answer is the client's fault or a success.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::fixture::{Fixture, HOST_NAME, body, digest_of, fixture};
use super::public_world::{PREFIX, PUBLIC_HOST, world};

#[derive(Debug, Clone)]
struct Sent {
    method: String,
    target: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

fn sent() -> impl Strategy<Value = Sent> {
    let method = prop_oneof![
        Just("GET".to_owned()),
        Just("HEAD".to_owned()),
        Just("PUT".to_owned()),
        Just("POST".to_owned()),
        Just("PATCH".to_owned()),
        Just("DELETE".to_owned()),
        "[A-Z]{1,8}",
    ];
    let digest = digest_of(b"layer").to_string();
    let absent = digest_of(b"absent").to_string();
    let name = prop_oneof![Just("team/app".to_owned()), "[a-zA-Z0-9/._%-]{1,20}"];
    let last = prop_oneof![
        Just(digest),
        Just(absent),
        Just("v1".to_owned()),
        Just("4a1b8b0e-6a0c-4a9e-9c5c-0d6a5a1c2b3d".to_owned()),
        "[a-zA-Z0-9:._%-]{0,40}",
    ];
    let kind = prop_oneof![
        Just("manifests/"),
        Just("blobs/"),
        Just("blobs/uploads/"),
        Just("referrers/"),
        Just("tags/list"),
        Just(""),
    ];
    let known =
        (name, kind, last).prop_map(|(name, kind, last)| format!("/v2/{name}/{kind}{last}"));
    let path = prop_oneof![4 => known, 1 => "/v2/[!-~&&[^?#\"<>`{}\\\\^|]]{0,40}", 1 => Just("/v2/_catalog".to_owned())];
    let query = prop_oneof![
        3 => Just(String::new()),
        1 => "\\?(digest|mount|from|n|last|artifactType)=[a-zA-Z0-9:%+&=./-]{0,30}",
        1 => Just(format!("?digest={}", digest_of(b"body"))),
        1 => "\\?(n|last|artifactType|digest)=([0-9]{0,25}|(%[0-9a-f]{2}){0,9}|%[!-~&&[^#<>\"`]]{0,3})",
        1 => "\\?[!-~&&[^#<>\"`]]{0,60}",
        1 => "\\?X-Amz-Signature=[0-9a-f]{0,8}(&X-Amz-[A-Z][a-z]{3,9}=[A-Za-z0-9/%]{0,9}){0,3}",
    ];
    let name = prop_oneof![
        Just("range"),
        Just("content-range"),
        Just("content-length"),
        Just("content-type"),
        Just("if-none-match"),
        Just("accept"),
        Just("host"),
        Just("x-amz-date"),
    ];
    let value = prop_oneof!["(bytes[= ])?[0-9]{0,4}-[0-9]{0,21}", "[ -~]{0,30}"];
    let headers = prop::collection::vec((name, value), 0..3);
    let body = prop_oneof![Just(Vec::new()), Just(b"body".to_vec()), Just(b"{}".to_vec())];
    (method, path, query, headers, body).prop_map(|(method, path, query, headers, body)| Sent {
        method,
        target: format!("{path}{query}"),
        headers,
        body,
    })
}

async fn status(fixture: &Fixture, sent: &Sent, host: &str) -> Option<u16> {
    // What is no request never gets here.
    sent.target.parse::<http::Uri>().ok()?;
    let mut request = fixture.request(&sent.method, &sent.target).host(host);
    for (name, value) in &sent.headers {
        request = request.header(name, value);
    }
    let reply = request.with_body(body(&sent.body)).send().await;
    assert_eq!(reply.header("docker-distribution-api-version"), "registry/2.0");
    assert!(!reply.broken, "{reply:?}");
    if sent.method == "HEAD" {
        assert!(reply.body.is_empty());
    }
    Some(reply.status.as_u16())
}

#[test]
fn no_request_is_a_server_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fixture = runtime.block_on(async {
        let fixture = fixture().await;
        fixture.push_image("team/app", "v1", b"layer").await;
        fixture
    });
    let hosts = prop_oneof![
        Just("localhost:4566".to_owned()),
        Just("111122223333.dkr.ecr.eu-west-1.example.com".to_owned()),
        ".{0,20}",
    ];
    let mut runner =
        TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    runner
        .run(&(sent(), hosts), |(sent, host)| {
            let Some(status) = runtime.block_on(status(&fixture, &sent, &host)) else {
                return Ok(());
            };
            seen.borrow_mut().insert(status);
            prop_assert!((200..500).contains(&status), "{status}");
            Ok(())
        })
        .unwrap();
    // The generator reaches more than one way out.
    assert!(seen.borrow().len() >= 5, "{seen:?}");
}

#[test]
fn no_request_without_a_login_writes_to_a_public_registry() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(world());
    // What is asked of the private repository is asked of the public one, under both its names.
    let own = format!("/v2/{}/app/", world.alias);
    let prefixed = format!("/v2/{PREFIX}/{}/app/", world.alias);
    let places = prop_oneof![Just((PUBLIC_HOST, own)), Just((HOST_NAME, prefixed))];
    let mut runner =
        TestRunner::new(Config { cases: 600, failure_persistence: None, ..Config::default() });
    let seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    runner
        .run(&(sent(), places, any::<bool>()), |(mut sent, (host, name), token)| {
            sent.target = sent.target.replacen("/v2/team/app/", &name, 1);
            sent.headers.retain(|(name, _)| *name != "host");
            let login = super::fixture::base64(format!("AWS:{}", world.nobody).as_bytes());
            let login = if token { format!("Bearer {login}") } else { "Basic Og==".to_owned() };
            sent.headers.push(("authorization", login));
            let Some(status) = runtime.block_on(status(&world.fixture, &sent, host)) else {
                return Ok(());
            };
            seen.borrow_mut().insert(status);
            let reads = sent.method == "GET" || sent.method == "HEAD";
            prop_assert!((200..500).contains(&status), "{status}");
            prop_assert!(reads || status >= 400, "{status}");
            Ok(())
        })
        .unwrap();
    assert!(seen.borrow().len() >= 5, "{seen:?}");
}

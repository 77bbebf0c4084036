//! Routes, hosts, panics and readiness, without a socket.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use wharfinger_core::{ManualClock, SeededEntropy, Timestamp};
use wharfinger_metadata::{Metadata, OpenMode};

use super::*;

/// An edge that says its name and what it saw, and panics when it is asked to.
struct Named(&'static str);

impl Edge for Named {
    fn handle<'a>(
        &'a self,
        context: &'a RequestContext,
        request: Request<Body>,
    ) -> BoxFuture<'a, Response<Body>> {
        Box::pin(async move {
            assert!(request.uri().path() != "/v2/panic", "asked to");
            let sent_host = request.headers()[header::HOST].to_str().unwrap().to_owned();
            let size = request.into_body().collect().await.unwrap().to_bytes().len();
            let mut seen = format!("{} {} {sent_host} {size}", self.0, context.host);
            seen.extend(context.user_agent.iter().map(|agent| format!(" by {agent}")));
            text(StatusCode::OK, seen)
        })
    }
}

/// A pipeline over a fresh database in `folder` with these edges.
pub(crate) fn pipeline(folder: &Path, oci: impl Edge, aws: impl Edge) -> Pipeline {
    let database = folder.join("metadata.db");
    let metadata = Metadata::open(&database, OpenMode::CreateOrMigrate).unwrap();
    Pipeline {
        oci: Arc::new(oci),
        aws: Arc::new(aws),
        health: Health::new(metadata, folder),
        clock: Arc::new(ManualClock::new(Timestamp::from_seconds(1_800_000_000))),
        entropy: Arc::new(SeededEntropy::new(1)),
        idle_timeout: Duration::from_secs(60),
        secure_transport: false,
        trusted_proxies: TrustedProxies::default(),
        metrics: Metrics::default(),
    }
}

fn client() -> Client {
    Client::new("192.0.2.1:1000".parse().unwrap())
}

async fn answer(pipeline: &Pipeline, request: Request<Full<Bytes>>) -> (Response<()>, String) {
    let (head, body) = pipeline.handle(&client(), request).await.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap())
}

fn request(method: &str, target: &str) -> Request<Full<Bytes>> {
    let request = Request::builder().method(method).uri(target).header(header::HOST, "h:1");
    request.body(Full::new(Bytes::from("body"))).unwrap()
}

#[tokio::test]
async fn each_request_finds_its_edge() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), Named("oci"), Named("aws"));
    for (method, target, status, body) in [
        ("GET", "/v2", 200, "oci h:1 h:1 4"),
        ("PATCH", "/v2/a/b/blobs/uploads/1?x=y", 200, "oci h:1 h:1 4"),
        ("GET", "/token/?service=x", 200, "oci h:1 h:1 4"),
        ("POST", "/token", 200, "oci h:1 h:1 4"),
        ("GET", "/logo/x.png", 200, "oci h:1 h:1 4"),
        ("GET", "/tokens", 404, "There is nothing at this address.\n"),
        ("POST", "/", 200, "aws h:1 h:1 4"),
        ("GET", "/?Version=1&Action=GetCallerIdentity", 200, "aws h:1 h:1 4"),
        ("GET", "/health/live", 200, "live\n"),
        ("GET", "/health/ready", 200, "ready\n"),
        ("POST", "/health/live", 404, "There is nothing at this address.\n"),
        ("GET", "/v20", 404, "There is nothing at this address.\n"),
        ("PUT", "/", 404, "There is nothing at this address.\n"),
    ] {
        let (head, text) = answer(&pipeline, request(method, target)).await;
        assert_eq!((head.status().as_u16(), text.as_str()), (status, body), "{method} {target}");
        assert_eq!(
            head.headers()[header::SERVER],
            concat!("wharfinger/", env!("CARGO_PKG_VERSION"))
        );
        let has_id = head.headers().contains_key("x-amzn-requestid");
        assert_eq!(has_id, body.starts_with("oci"), "{method} {target}");
    }
    let (head, text) = answer(&pipeline, request("GET", "/")).await;
    assert_eq!(head.headers()[header::CONTENT_TYPE], "text/plain; charset=utf-8");
    assert!(text.contains("AWS_ENDPOINT_URL=http://h:1"), "{text}");
}

#[tokio::test]
async fn who_asks_may_say_with_what() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), Named("oci"), Named("aws"));
    let mut asked = request("GET", "/v2/");
    let agent = HeaderValue::from_static("docker/29");
    asked.headers_mut().insert(header::USER_AGENT, agent);
    assert_eq!(answer(&pipeline, asked.clone()).await.1, "oci h:1 h:1 4 by docker/29");
    let no_text = HeaderValue::from_bytes(b"\xff").unwrap();
    asked.headers_mut().insert(header::USER_AGENT, no_text);
    assert_eq!(answer(&pipeline, asked).await.1, "oci h:1 h:1 4");
}

#[tokio::test]
async fn a_panic_is_an_answer() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), Named("oci"), Named("aws"));
    let (head, _) = answer(&pipeline, request("GET", "/v2/panic")).await;
    assert_eq!(head.status(), 500);
    assert!(head.headers().contains_key("x-amzn-requestid"));
    assert_eq!(answer(&pipeline, request("GET", "/v2/")).await.0.status(), 200);
}

#[tokio::test]
async fn a_request_has_exactly_one_host() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), Named("oci"), Named("aws"));
    let without = |version| {
        let builder = Request::builder().uri("/v2/").version(version);
        builder.body(Full::new(Bytes::new())).unwrap()
    };
    assert_eq!(answer(&pipeline, without(http::Version::HTTP_11)).await.0.status(), 400);
    assert_eq!(answer(&pipeline, without(http::Version::HTTP_10)).await.0.status(), 200);
    let mut two = request("GET", "/v2/");
    two.headers_mut().append(header::HOST, HeaderValue::from_static("other"));
    assert_eq!(answer(&pipeline, two).await.0.status(), 400);
    // As HTTP/2 and proxies send it. A signature for another host is none for this one.
    let mut authority = request("GET", "http://real:2/v2/");
    assert_eq!(answer(&pipeline, authority.clone()).await.1, "oci real:2 real:2 4");
    authority.headers_mut().clear();
    assert_eq!(answer(&pipeline, authority).await.1, "oci real:2 real:2 4");
}

#[tokio::test]
async fn a_server_that_cannot_write_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let pipeline = pipeline(&data, Named("oci"), Named("aws"));
    std::fs::remove_dir_all(&data).unwrap();
    let (head, text) = answer(&pipeline, request("GET", "/health/ready")).await;
    assert_eq!(head.status(), 503);
    assert_eq!(text, "not ready: the data directory cannot be written\n");
    assert_eq!(answer(&pipeline, request("GET", "/health/live")).await.0.status(), 200);
}

#[tokio::test]
async fn a_trusted_proxy_says_whose_request_it_is() {
    struct Whose;
    impl Edge for Whose {
        fn handle<'a>(
            &'a self,
            context: &'a RequestContext,
            _request: Request<Body>,
        ) -> BoxFuture<'a, Response<Body>> {
            let RequestContext { source_ip, referer, .. } = context;
            let referer = referer.as_deref().unwrap_or("nowhere");
            let seen = format!("{source_ip} by {} from {referer}", context.scheme());
            Box::pin(async move { text(StatusCode::OK, seen) })
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let mut pipeline = pipeline(folder.path(), Whose, Whose);
    let mut asked = request("GET", "/v2/");
    for (name, value) in [
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-proto", "https"),
        ("referer", "https://a.test/"),
    ] {
        asked.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    let (_, seen) = answer(&pipeline, asked.clone()).await;
    assert_eq!(seen, "192.0.2.1 by http from https://a.test/");
    pipeline.trusted_proxies = TrustedProxies::new(vec!["192.0.2.0/24".parse().unwrap()]);
    let (_, seen) = answer(&pipeline, asked).await;
    assert_eq!(seen, "198.51.100.7 by https from https://a.test/");
}

#[tokio::test]
async fn metrics_are_an_unknown_address_for_whoever_may_not_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let pipeline = pipeline(folder.path(), Named("oci"), Named("aws"));
    let ask = async |from: &str, method: &str, path: &str| {
        let client = Client::new(from.parse().unwrap());
        let answer = pipeline.handle(&client, request(method, path)).await;
        let (head, body) = answer.into_parts();
        (head, body.collect().await.unwrap().to_bytes())
    };
    let (head, body) = ask("127.0.0.1:9", "GET", "/metrics").await;
    assert_eq!(head.status, 200);
    assert_eq!(head.headers[header::CONTENT_TYPE], CONTENT_TYPE);
    assert!(body.starts_with(b"# HELP wharfinger_build_info "));
    let unknown = ask("192.0.2.1:9", "GET", "/nothing").await;
    for (from, method) in [("192.0.2.1:9", "GET"), ("127.0.0.1:9", "POST")] {
        let refused = ask(from, method, "/metrics").await;
        assert_eq!((refused.0.status, &refused.1), (unknown.0.status, &unknown.1));
        assert_eq!(refused.0.headers, unknown.0.headers);
    }
}

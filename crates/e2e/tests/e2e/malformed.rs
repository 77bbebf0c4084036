//! Requests that no client sends on purpose: each gets an answer, and nothing half-written stays.

use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, expect};
use wharfinger_e2e::http::{Body, Request};
use wharfinger_e2e::image::{Blob, Image, OCI_MANIFEST};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;

#[test]
fn half_a_blob_leaves_nothing_behind() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = Blob::new(Seed::new(1).draw_bytes(1_000_000));
    let at = distribution.start_upload("app").expect("an upload");
    let broken = Body::Broken { length: 1_000_000, sent: &blob.bytes[..600_000] };
    let answer = distribution.finish_upload(&at, &blob.digest, broken);
    assert!(answer.map_or(true, |answer| answer.status >= 400), "half a blob was taken as whole");
    distribution.pull_blob("app", &blob.digest).expect_err("it was never whole");
    distribution.push_blob("app", &blob.digest, &blob.bytes).expect("it can be pushed now");
    assert!(distribution.pull_blob("app", &blob.digest).expect("whole") == blob.bytes);
}

#[test]
fn every_route_asks_for_a_token() {
    let server = Server::start();
    let answer = Request::get("/v2/").send(server.port()).expect("an answer");
    assert_eq!(answer.status, 401);
    let challenge = answer.header("www-authenticate").expect("a challenge").to_owned();
    assert!(challenge.starts_with("Basic realm=\""), "{challenge}");
    assert!(challenge.ends_with("service=\"ecr.amazonaws.com\""), "{challenge}");
    assert_eq!(answer.body().expect("a body"), b"Not Authorized\n");
    for authorization in ["Basic QVdTOndyb25n", "Basic ????", "Bearer x", ""] {
        let request = Request::get("/v2/app/tags/list").header("Authorization", authorization);
        let status = request.send(server.port()).expect("an answer").status;
        assert!([400, 401, 403].contains(&status), "{authorization}: {status}");
    }
}

#[test]
fn tokens_of_others_and_altered_ones_are_refused() {
    let (server, other) = (Server::start(), Server::start());
    let own = Api::root(&server).authorization();
    let status = |authorization: &str| {
        let request = Request::get("/v2/").header("Authorization", authorization);
        request.send(server.port()).expect("an answer").status
    };
    assert_eq!(status(&own), 200);
    assert_eq!(status(&Api::root(&other).authorization()), 401);
    let length = own.len();
    for place in [length / 4, length / 2, length * 3 / 4, length - 8] {
        let mut altered = own.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).expect("text");
        assert!([400, 401].contains(&status(&altered)), "{place} of {length}");
    }
}

#[test]
fn the_catalog_comes_in_pages() {
    let server = Server::start();
    let api = Api::root(&server);
    for name in ["c", "a", "team/b", "d", "e"].map(|name| format!("{name}-app")) {
        api.create_repository(&name);
    }
    let distribution = Distribution::root(&server);
    let mut target = "/v2/_catalog?n=2".to_owned();
    let (mut names, mut pages) = (Vec::new(), 0);
    loop {
        let page = expect(200, distribution.send(Request::get(&target)).expect("an answer"));
        let page = page.expect("a page");
        let link = page.header("link").map(str::to_owned);
        let page: serde_json::Value =
            serde_json::from_slice(&page.body().expect("a body")).expect("JSON");
        let page = page["repositories"].as_array().expect("a list");
        assert!(page.len() <= 2);
        names.extend(page.iter().map(|name| name.as_str().expect("a name").to_owned()));
        pages += 1;
        let Some(link) = link else { break };
        let next = link.split(['<', '>']).nth(1).expect("a link");
        target = next[next.find("/v2/").expect("a path")..].to_owned();
    }
    assert_eq!(names, ["a-app", "c-app", "d-app", "e-app", "team/b-app"]);
    assert_eq!(pages, 3);
}

#[test]
fn digests_and_ranges_that_do_not_fit() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = Blob::new(b"content".to_vec());
    let other = Blob::new(b"other".to_vec());

    let at = distribution.start_upload("app").expect("an upload");
    let answer = distribution.finish_upload(&at, &other.digest, Body::Whole(&blob.bytes));
    assert_error(answer, 400, "BLOB_UPLOAD_INVALID");
    let at = distribution.start_upload("app").expect("an upload");
    let request = Request::new("PATCH", &at).header("Content-Range", "5-11");
    assert_error(
        distribution.send(request.body(Body::Whole(&blob.bytes))),
        416,
        "BLOB_UPLOAD_INVALID",
    );
    let answer = distribution.finish_upload(&at, &blob.digest, Body::Whole(&blob.bytes));
    expect(201, answer.expect("an answer")).expect("a wrong range changes nothing");

    let target = format!("/v2/app/blobs/{}", blob.digest);
    let range = |range| distribution.send(Request::get(&target).header("Range", range));
    let part = expect(206, range("bytes=1-3").expect("an answer")).expect("a part");
    assert_eq!(part.header("content-range"), Some("bytes 1-3/7"));
    assert_eq!(part.body().expect("a part"), b"ont");
    assert_eq!(range("bytes=7-").expect("an answer").status, 416);
    assert_error(distribution.send(Request::get("/v2/app/blobs/sha256:12")), 404, "BLOB_UNKNOWN");
}

#[test]
fn manifests_that_cannot_be() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let put = |bytes: &[u8]| distribution.put_manifest("app", "latest", OCI_MANIFEST, bytes);

    let image = Image::new("amd64", b"content");
    assert_error(put(&image.manifest.bytes), 404, "MANIFEST_BLOB_UNKNOWN");
    assert_error(put(b"{"), 405, "UNSUPPORTED");
    let deep = "[".repeat(200_000);
    assert!((400..500).contains(&put(deep.as_bytes()).expect("an answer").status));
    let large = vec![b' '; 5 * 1024 * 1024];
    let status = put(&large).expect("an answer").status;
    assert!([400, 405, 413].contains(&status), "{status}");
    let target = "/v2/app/manifests/latest";
    assert_error(distribution.send(Request::get(target)), 404, "MANIFEST_UNKNOWN");
}

#[test]
fn a_server_goes_on_after_bytes_that_are_not_http() {
    use std::io::{Read as _, Write as _};
    let server = Server::start();
    let mut seed = Seed::new(80);
    for length in [1_usize, 100, 70_000] {
        let mut connection =
            std::net::TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
        // The server may close the connection as soon as it has seen enough.
        let _ = connection.write_all(&seed.draw_bytes(length));
        let _ = connection.shutdown(std::net::Shutdown::Write);
        let _ = connection.read_to_end(&mut Vec::new());
    }
    let distribution = Distribution::root(&server);
    let answer = distribution.send(Request::get("/v2/")).expect("an answer");
    assert_eq!(answer.status, 200);
}

#[track_caller]
fn assert_error(answer: std::io::Result<wharfinger_e2e::http::Response>, status: u16, code: &str) {
    let answer = answer.expect("an answer");
    let found = answer.status;
    let body = String::from_utf8(answer.body().expect("a body")).expect("text");
    assert_eq!(found, status, "{body}");
    assert!(body.contains(&format!("\"code\":\"{code}\"")), "{body}");
}

#[test]
fn an_early_refusal_reaches_a_client_that_is_still_sending() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let body = Seed::new(1).draw_bytes(24_000_000);
    let unknown = "/v2/app/blobs/uploads/00000000-0000-4000-8000-000000000000";
    // docker, podman and every other client in Go report a connection that is closed under their
    // hands as a broken pipe, and never look at the answer that came before.
    for _ in 0..10 {
        let request = Request::new("PATCH", unknown).body(Body::Whole(&body));
        let answer = distribution.send(request).expect("an answer");
        assert_eq!(answer.status, 404);
        assert!(answer.request_taken, "the connection was closed while the request was sent");
    }
}

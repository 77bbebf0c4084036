//! Starting and stopping.

use std::process::Command;
use std::time::Duration;

use serde_json::json;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::http::Request;
use wharfinger_e2e::program;
use wharfinger_e2e::scratch;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::wait;

#[test]
fn the_exports_name_the_port_that_the_system_chose() {
    let server = Server::start_on_any_port();
    assert_ne!(server.port(), 0);
    let endpoint = format!("http://localhost:{}", server.port());
    assert_eq!(server.export("AWS_ENDPOINT_URL"), endpoint);
    Api::root(&server).create_repository("app");
}

#[test]
fn a_first_start_that_was_cut_off_is_made_up_for() {
    for files in [1, 2, 3, 4, 5, 6, 8] {
        let folder = tempfile::tempdir().expect("a folder");
        let data_dir = folder.path().join("data");
        let mut first = Command::new(wharfinger_e2e::client::wharfinger());
        first.env_clear().args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
        let mut first = first
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the server can be started");
        // Whether the files come or the start is over before: the kill comes at that moment.
        wait::poll(Duration::from_secs(1), || {
            (scratch::files(&data_dir).len() >= files).then_some(())
        });
        first.kill().expect("a child can be killed");
        first.wait().expect("a child can be waited for");
        let server = Server::start_on(&data_dir).expect("the second start");
        Api::root(&server).create_repository("app");
    }
}

#[test]
fn a_second_server_on_the_same_directory_is_refused() {
    let server = Server::start();
    let refusal = Server::start_on(server.data_dir()).expect_err("the directory is in use");
    assert!(!refusal.status.success());
    assert!(refusal.log.contains(&server.data_dir().display().to_string()), "{}", refusal.log);
    assert!(refusal.log.contains("in use") || refusal.log.contains("used by"), "{}", refusal.log);
    let ready = Request::get("/health/ready").send(server.port()).expect("an answer");
    assert_eq!(ready.status, 200, "the first one goes on");
}

#[test]
fn a_port_that_is_taken_is_named_with_its_flag() {
    let server = Server::start();
    let other = tempfile::tempdir().expect("a folder");
    let mut second = Command::new(wharfinger_e2e::client::wharfinger());
    second.env_clear().arg("serve").arg("--data-dir").arg(other.path());
    let refused =
        program::run(second.args(["--listen", &format!("127.0.0.1:{}", server.port())])).failure();
    assert!(refused.contains("--listen"), "{refused}");
    assert!(refused.contains(&server.port().to_string()), "{refused}");
}

#[test]
fn a_stopped_server_starts_again_with_everything() {
    let mut server = Server::start();
    let api = Api::root(&server);
    api.create_repository("app");
    assert!(server.stop().success());
    assert!(!server.data_dir().join("server.json").exists(), "a stopped server says so");
    server.restart();
    api.success("DescribeRepositories", &json!({ "repositoryNames": ["app"] }));
}

#[test]
fn no_secret_is_logged() {
    let server = Server::start();
    let api = Api::root(&server);
    let authorization = api.authorization();
    let password = authorization.trim_start_matches("Basic ");
    let distribution = wharfinger_e2e::distribution::Distribution::root(&server);
    api.create_repository("app");
    distribution.push_blob("app", &wharfinger_e2e::image::digest(b"x"), b"x").expect("a blob");
    let log = server.log();
    for secret in [server.export("AWS_SECRET_ACCESS_KEY"), password] {
        assert!(!log.contains(secret), "{log}");
    }
}

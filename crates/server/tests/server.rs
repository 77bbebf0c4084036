//! The assembled server, in this process, on a port and a data directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there and then")]

use std::net::SocketAddr;
use std::path::Path;

use http::{HeaderMap, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use wharfinger_aws_protocol::sigv4::{RequestParts, Signer, body_sha256};
use wharfinger_core::Clock;
use wharfinger_server::{
    Config, Credentials, RunningServer, Server, Settings, Shutdown, StartError, SystemClock,
};

struct Running {
    facts: RunningServer,
    credentials: Credentials,
    shutdown: Shutdown,
    task: JoinHandle<Result<(), StartError>>,
}

impl Running {
    async fn stop(self) {
        self.shutdown.begin();
        self.task.await.unwrap().unwrap();
    }
}

fn config(data_dir: &Path, listen: &str) -> Config {
    let settings = Settings { listen: listen.parse().ok(), ..Settings::default() };
    Config::resolve(Settings::default(), settings, Some(data_dir.to_owned())).unwrap()
}

async fn start(data_dir: &Path) -> Running {
    start_with(config(data_dir, "127.0.0.1:0")).await
}

async fn start_with(config: Config) -> Running {
    let server = Server::start(config).await.unwrap();
    let (facts, shutdown) = (server.running().clone(), Shutdown::new());
    let credentials = server.installation().directory().credentials().unwrap().unwrap();
    let task = tokio::spawn(server.run(shutdown.clone()));
    Running { facts, credentials, shutdown, task }
}

/// What a connection says until it ends.
async fn rest_of(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    rest_of(&mut stream).await
}

/// The head of a signed ECR call.
fn signed(running: &Running, operation: &str, body: &str) -> String {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", running.facts.listen.to_string()),
        ("content-type", "application/x-amz-json-1.1".to_owned()),
        ("x-amz-target", target),
    ] {
        headers.insert(name, HeaderValue::from_str(&value).unwrap());
    }
    let parts = RequestParts { method: "POST", path: "/", query: None, headers: &headers };
    let signer = Signer {
        access_key_id: &running.credentials.access_key_id,
        secret_access_key: running.credentials.secret_access_key.expose(),
        session_token: None,
        region: &running.facts.region.parse().unwrap(),
        service: "ecr",
    };
    let added = signer.sign(&parts, &body_sha256(body.as_bytes()), SystemClock.now()).unwrap();
    headers.extend(added);
    let lines: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {}\r\n", value.to_str().unwrap()))
        .collect();
    let size = body.len();
    format!("POST / HTTP/1.1\r\nconnection: close\r\ncontent-length: {size}\r\n{lines}")
}

async fn call(running: &Running, operation: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(running.facts.listen).await.unwrap();
    let request = format!("{}\r\n{body}", signed(running, operation, body));
    stream.write_all(request.as_bytes()).await.unwrap();
    rest_of(&mut stream).await
}

#[tokio::test]
async fn it_is_ready_and_says_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(&folder.path().join("data")).await;
    let address = running.facts.listen;
    assert!(get(address, "/health/live").await.ends_with("\r\n\r\nlive\n"));
    let ready = get(address, "/health/ready").await;
    assert!(ready.starts_with("HTTP/1.1 200 OK\r\n") && ready.ends_with("ready\n"), "{ready}");
    let welcome = get(address, "/").await;
    assert!(welcome.contains(&format!("--password-stdin {address}\n")), "{welcome}");
    assert!(welcome.contains("server: wharfinger/") && welcome.contains("date: "), "{welcome}");
    let challenge = get(address, "/v2/").await;
    assert!(challenge.starts_with("HTTP/1.1 401"), "{challenge}");
    assert!(challenge.contains("x-amzn-requestid: "), "{challenge}");
    assert!(get(address, "/else").await.starts_with("HTTP/1.1 404"));
    running.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_what_is_in_flight_and_a_restart_has_everything() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let (facts, credentials) = (running.facts.clone(), running.credentials.clone());

    let body = r#"{"repositoryName":"team/app"}"#;
    let (first, second) = body.split_at(10);
    let head = signed(&running, "CreateRepository", body);
    let mut stream = TcpStream::connect(facts.listen).await.unwrap();
    let request = format!("{head}expect: 100-continue\r\n\r\n{first}");
    stream.write_all(request.as_bytes()).await.unwrap();
    // The server says so when it begins to read the body: now the request is in flight.
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    running.shutdown.begin();
    stream.write_all(second.as_bytes()).await.unwrap();
    let answer = rest_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    running.task.await.unwrap().unwrap();
    assert!(!folder.path().join("server.json").exists());

    let again = start(folder.path()).await;
    assert_eq!(again.facts.account, facts.account);
    assert_eq!(again.credentials.access_key_id, credentials.access_key_id);
    let secret = |of: &Credentials| of.secret_access_key.expose().clone();
    assert_eq!(secret(&again.credentials), secret(&credentials));
    let described = call(&again, "DescribeRepositories", "{}").await;
    let uri = format!("{}/team/app", again.facts.listen);
    assert!(described.contains(&uri), "{described}");
    again.stop().await;
}

#[tokio::test]
async fn quotas_of_the_configuration_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path(), "127.0.0.1:0");
    config.quotas.repositories_max = 1;
    let running = start_with(config).await;
    let created = call(&running, "CreateRepository", r#"{"repositoryName":"first"}"#).await;
    assert!(created.starts_with("HTTP/1.1 200 OK\r\n"), "{created}");
    let refused = call(&running, "CreateRepository", r#"{"repositoryName":"second"}"#).await;
    assert!(refused.contains("x-amzn-errortype: LimitExceededException\r\n"), "{refused}");
    assert!(refused.contains("The repositories per registry limit of 1 is exceeded"), "{refused}");
    running.stop().await;
}

#[tokio::test]
async fn a_second_server_gets_a_clear_no() {
    let folder = tempfile::tempdir().unwrap();
    let running = start(folder.path()).await;
    let refused = |config| async { Server::start(config).await.err().unwrap().to_string() };
    let other_port = refused(config(folder.path(), "127.0.0.1:0")).await;
    let pid = std::process::id();
    assert!(other_port.contains(&format!("in use by another server (pid {pid})")), "{other_port}");

    let absent = folder.path().join("absent");
    let listen = running.facts.listen.to_string();
    let same_port = refused(config(&absent, &listen)).await;
    assert!(same_port.contains("--listen"), "{same_port}");
    assert!(!absent.exists(), "the other data directory was touched");
    running.stop().await;
}

//! Connections that are slow, silent, too many, or in flight at the end.

mod http2;
mod tls;

use std::net::SocketAddr;
use std::path::Path;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use wharfinger_core::RequestContext;

use super::*;
use crate::pipeline::{Body, Edge, tests::pipeline};

/// An edge that tells when a request has come, and answers with the size of its body.
#[derive(Clone, Default)]
struct Counting {
    entered: Arc<Notify>,
}

impl Edge for Counting {
    fn handle<'a>(
        &'a self,
        _: &'a RequestContext,
        request: Request<Body>,
    ) -> BoxFuture<'a, Response<Body>> {
        Box::pin(async move {
            self.entered.notify_one();
            assert!(request.uri().path() != "/v2/panic", "asked to");
            let size = request.into_body().collect().await.map(|body| body.to_bytes().len());
            let text = format!("{} bytes", size.unwrap_or(0));
            let body = http_body_util::Full::new(Bytes::from(text));
            Response::new(body.map_err(|never| match never {}).boxed_unsync())
        })
    }
}

struct Running {
    address: SocketAddr,
    entered: Arc<Notify>,
    shutdown: Shutdown,
    task: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

fn limits() -> Limits {
    Limits {
        connections_max: 10,
        connections_per_address_max: None,
        header_read_timeout: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(60),
        shutdown_grace: Duration::from_secs(60),
    }
}

async fn start(limits: Limits) -> Running {
    start_with(limits, |_| None).await
}

/// With what `tls` makes in the server's folder.
async fn start_with(limits: Limits, tls: impl FnOnce(&Path) -> Option<Tls>) -> Running {
    start_within(H2Room::new(WIDE_WINDOWS_MAX, RESTING_MAX), limits, tls).await
}

async fn start_within(
    room: Arc<H2Room>,
    limits: Limits,
    tls: impl FnOnce(&Path) -> Option<Tls>,
) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let edge = Counting::default();
    let entered = Arc::clone(&edge.entered);
    let tls = tls(folder.path());
    let mut pipeline = pipeline(folder.path(), edge.clone(), edge);
    pipeline.secure_transport = tls.is_some();
    let pipeline = Arc::new(pipeline);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = Shutdown::new();
    let told = shutdown.clone();
    let task = tokio::spawn(async move {
        serve_within(room, listener, tls, pipeline, &limits, &told).await;
    });
    Running { address, entered, shutdown, task, _folder: folder }
}

/// A connection on which the first half of a request of ten bytes has been sent and seen.
async fn half_a_request(server: &Running) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head = "PATCH /v2/x HTTP/1.1\r\nhost: h\r\nauthorization: x\r\ncontent-length: 10\r\n";
    stream.write_all(format!("{head}\r\nfirst").as_bytes()).await.unwrap();
    server.entered.notified().await;
    stream
}

async fn rest_of(stream: &mut TcpStream) -> String {
    let mut text = String::new();
    // A connection that was broken off may end with a reset.
    let _ = stream.read_to_string(&mut text).await;
    text
}

#[tokio::test]
async fn what_is_in_flight_is_finished_and_nothing_new_begins() {
    let server = start(limits()).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    let mut stream = half_a_request(&server).await;
    server.shutdown.begin();
    assert_eq!(rest_of(&mut idle).await, "", "an idle connection is closed");
    assert!(TcpStream::connect(server.address).await.is_err(), "a new one is refused");
    stream.write_all(b"secnd").await.unwrap();
    let answer = rest_of(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.ends_with("10 bytes"), "{answer}");
    server.task.await.unwrap();
}

#[tokio::test]
async fn a_second_signal_breaks_off_what_is_in_flight() {
    let server = start(limits()).await;
    let mut stream = half_a_request(&server).await;
    server.shutdown.begin();
    server.shutdown.end();
    server.task.await.unwrap();
    assert_eq!(rest_of(&mut stream).await, "");
}

#[tokio::test]
async fn what_takes_longer_than_the_grace_is_broken_off() {
    let server = start(Limits { shutdown_grace: Duration::from_millis(1), ..limits() }).await;
    let mut stream = half_a_request(&server).await;
    server.shutdown.begin();
    server.task.await.unwrap();
    assert_eq!(rest_of(&mut stream).await, "");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait() {
    let server = start(Limits { connections_max: 1, ..limits() }).await;
    let mut first = half_a_request(&server).await;
    let mut second = TcpStream::connect(server.address).await.unwrap();
    second.write_all(b"GET /v2/ HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(50), server.entered.notified()).await;
    assert!(early.is_err(), "the second connection was served beside the first");
    first.write_all(b"secnd").await.unwrap();
    first.shutdown().await.unwrap();
    assert!(rest_of(&mut first).await.ends_with("10 bytes"));
    assert!(rest_of(&mut second).await.ends_with("0 bytes"));
}

#[tokio::test]
async fn who_asks_for_nothing_gives_up_its_place() {
    let server = start(Limits { connections_max: 4, ..limits() }).await;
    let mut busy = half_a_request(&server).await;
    let mut idle = Vec::new();
    let half_unsigned = "POST /v2/ HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\nfirst";
    for opening in ["GET /v2/ HTTP/1.1\r\nhos", "", half_unsigned] {
        idle.push(TcpStream::connect(server.address).await.unwrap());
        idle.last_mut().unwrap().write_all(opening.as_bytes()).await.unwrap();
    }
    let mut more = Vec::new();
    for left in &mut idle {
        let mut next = TcpStream::connect(server.address).await.unwrap();
        next.write_all(b"GET /v2/ HTTP/1.1\r\nhost: h\r\n").await.unwrap();
        assert_eq!(rest_of(left).await, "", "the one that was idle for longest has left");
        more.push(next);
    }
    let mut next = more.pop().unwrap();
    next.write_all(b"connection: close\r\n\r\n").await.unwrap();
    assert!(rest_of(&mut next).await.ends_with("0 bytes"));
    busy.write_all(b"secnd").await.unwrap();
    busy.shutdown().await.unwrap();
    assert!(rest_of(&mut busy).await.ends_with("10 bytes"));
}

#[tokio::test]
async fn who_sends_nothing_or_half_a_head_is_sent_away() {
    let server = start(Limits { header_read_timeout: Duration::from_millis(10), ..limits() }).await;
    for opening in ["", "PRI * HT", "GET /v2/ HTTP/1.1\r\nhos"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // It may be too late already.
        let _ = stream.write_all(opening.as_bytes()).await;
        assert!(!rest_of(&mut stream).await.contains("200"), "{opening:?}");
    }
}

#[tokio::test]
async fn the_time_for_a_head_does_not_count_for_the_body() {
    let header_read_timeout = Duration::from_millis(500);
    let server = start(Limits { header_read_timeout, ..limits() }).await;
    let mut stream = half_a_request(&server).await;
    let later = tokio::time::timeout(header_read_timeout * 3, server.entered.notified()).await;
    later.expect_err("there was no second request");
    stream.write_all(b"secnd").await.unwrap();
    stream.shutdown().await.unwrap();
    assert!(rest_of(&mut stream).await.ends_with("10 bytes"));
}

#[tokio::test]
async fn a_connection_outlives_a_panic() {
    let server = start(limits()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /v2/panic HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    server.entered.notified().await;
    let again = b"GET /v2/ HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n";
    stream.write_all(again).await.unwrap();
    let answers = rest_of(&mut stream).await;
    assert!(answers.starts_with("HTTP/1.1 500"), "{answers}");
    assert!(answers.contains("\r\ndate: "), "{answers}");
    assert!(answers.contains("HTTP/1.1 200 OK"), "{answers}");
}

#[tokio::test]
async fn http_2_is_spoken_without_tls() {
    let server = start(limits()).await;
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let uri = format!("http://{}/v2/", server.address);
    let request = Request::builder().uri(uri).body(Empty::<Bytes>::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.version()), (200, http::Version::HTTP_2));
    server.shutdown.begin();
    server.task.await.unwrap();
    connection.await.unwrap().unwrap();
}

/// A connection over HTTP/2 that has asked for `path`, and leaves no room for the answer.
async fn asked_without_room(server: &Running, path: &str) -> JoinHandle<Result<(), hyper::Error>> {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    let (mut client, connection) =
        builder.initial_stream_window_size(0).handshake(TokioIo::new(stream)).await.unwrap();
    let uri = format!("http://{}{path}", server.address);
    let request = Request::builder().uri(uri).header("authorization", "x");
    let request = request.body(Empty::<Bytes>::new()).unwrap();
    tokio::spawn(async move {
        let connection = tokio::spawn(connection);
        let answer = client.send_request(request).await;
        let ended = connection.await.unwrap();
        drop(answer);
        ended
    })
}

/// Nothing is written to such a peer, so no write of it takes too long.
#[tokio::test]
async fn who_leaves_no_room_for_answers_is_sent_away() {
    let short = Duration::from_millis(50);
    for (path, limits) in [
        // What was refused, and what anybody is told, does not keep a connection.
        ("/v2/panic", Limits { header_read_timeout: short, ..limits() }),
        ("/health/live", Limits { header_read_timeout: short, ..limits() }),
        ("/v2/", Limits { header_read_timeout: short, idle_timeout: short, ..limits() }),
    ] {
        let server = start(limits).await;
        let held = asked_without_room(&server, path).await;
        let ended = tokio::time::timeout(Duration::from_secs(30), held).await;
        assert!(ended.is_ok(), "{path} holds its connection");
    }
}

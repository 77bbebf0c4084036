//! Many clients, slow ones, and such as vanish: memory stays bounded, and whoever behaves is served.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::http::Request;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::wait;

const MIB: u64 = 1024 * 1024;
/// What 10,000 idle connections may take, less what the server takes without any.
const IDLE_CONNECTION_BYTES_MAX: u64 = (150 - 15) * MIB / 10_000;
/// Longer than the server takes for what is waited for here.
const LIMIT: Duration = Duration::from_secs(60);

/// A request over HTTP/2 for what anybody may ask, with the preface before it.
const HTTP2_REQUEST: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\
    \x00\x00\x00\x04\x00\x00\x00\x00\x00\
    \x00\x00\x0e\x01\x05\x00\x00\x00\x01\x82\x86\x84\x41\x09localhost";

fn connect(server: &Server) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
    stream
}

/// A connection that has asked once over HTTP/1.1, and got its answer.
fn asked(server: &Server) -> TcpStream {
    let mut stream = connect(server);
    ask(&mut stream);
    stream
}

fn ask(stream: &mut TcpStream) {
    stream.write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n").expect("a request");
    let mut answer = [0; 1024];
    let mut count = 0;
    while !answer[..count].ends_with(b"live\n") {
        count += match stream.read(&mut answer[count..]).expect("an answer") {
            0 => panic!("the connection was closed"),
            read => read,
        };
    }
}

/// Waits until the server has no more memory than this.
#[track_caller]
fn wait_for_memory(server: &Server, bytes_max: u64, what: &str) {
    let settled = wait::poll(LIMIT, || (server.memory() <= bytes_max).then_some(()));
    let now = server.memory() / 1024;
    assert!(settled.is_some(), "{what}: {now} KiB, not {} KiB", bytes_max / 1024);
}

#[test]
fn idle_connections_need_little_memory_and_leave_none_behind() {
    const COUNT: usize = 1_500;
    let server = Server::start();
    drop(asked(&server));
    let before = server.memory();
    let most = before + COUNT as u64 * IDLE_CONNECTION_BYTES_MAX;
    for (what, open) in [
        ("silent", connect as fn(&Server) -> TcpStream),
        ("asked once", asked as fn(&Server) -> TcpStream),
    ] {
        let mut connections: Vec<_> = (0..COUNT).map(|_| open(&server)).collect();
        wait_for_memory(&server, most, what);
        // They are as good as new.
        for connection in connections.iter_mut().step_by(COUNT / 10) {
            ask(connection);
        }
        drop(connections);
        wait_for_memory(&server, before + 8 * MIB, "after they have gone");
    }
}

#[test]
fn idle_connections_of_http_2_leave_nothing_behind() {
    const COUNT: usize = 500;
    let server = Server::start();
    drop(asked(&server));
    let before = server.memory();
    let open = || {
        let mut stream = connect(&server);
        stream.write_all(HTTP2_REQUEST).expect("a request");
        assert!(stream.read(&mut [0; 64]).expect("settings") > 0);
        stream
    };
    let connections: Vec<_> = (0..COUNT).map(|_| open()).collect();
    drop(connections);
    wait_for_memory(&server, before + 8 * MIB, "after they have gone");
    assert_eq!(Request::get("/health/ready").send(server.port()).expect("an answer").status, 200);
}

/// Twice as many connections as there are places: whoever comes gets one.
#[test]
fn those_that_ask_for_nothing_give_way() {
    let server = Server::start_with(&["--connections-max", "200"]);
    let idle: Vec<_> = (0..200).map(|_| connect(&server)).collect();
    let newcomers: Vec<_> = (0..200).map(|_| asked(&server)).collect();
    assert_eq!(newcomers.len(), 200);
    let mut closed = idle.into_iter().map(|mut stream| stream.read(&mut [0; 1]));
    assert!(closed.all(|read| matches!(read, Ok(0) | Err(_))), "all of the idle ones have left");
}

#[test]
fn clients_that_vanish_leave_no_memory_no_files_and_no_locks() {
    const COUNT: usize = 200;
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    drop(asked(&server));
    let (memory, files) = (server.memory(), server.open_files());
    let sent = vec![7; 256 * 1024];
    let uploads: Vec<_> =
        (0..COUNT).map(|_| distribution.start_upload("app").expect("an upload")).collect();
    let streams: Vec<_> = uploads
        .iter()
        .map(|at| {
            let mut stream = connect(&server);
            let head = distribution.head("PATCH", at, 64 * MIB);
            stream.write_all(head.as_bytes()).expect("a head");
            // Those beyond the places for writing are not read; what is sent waits in the sockets.
            stream.write_all(&sent[..64 * 1024]).expect("some of the body");
            stream
        })
        .collect();
    for stream in streams {
        let _ = stream.shutdown(Shutdown::Both);
    }
    let settled = wait::poll(LIMIT, || (server.open_files() <= files + 8).then_some(()));
    assert!(settled.is_some(), "{} files instead of {files}", server.open_files());
    wait_for_memory(&server, memory + 24 * MIB, "after they have vanished");
    // Each goes on where it was left: nobody holds its lock.
    for at in uploads.iter().step_by(10) {
        let answer = distribution.send(Request::get(at)).expect("an answer");
        assert_eq!(answer.status, 204);
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(b"")));
        let answer = distribution.send(Request::new("DELETE", at)).expect("an answer");
        assert_eq!(answer.status, 204, "{digest}");
    }
}

/// More slow uploads than may be written at once do not keep a fast one out.
#[test]
fn slow_uploads_give_way_to_those_that_move() {
    const SLOW: usize = 80;
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let slow: Vec<_> = (0..SLOW)
        .map(|_| {
            let at = distribution.start_upload("app").expect("an upload");
            let mut stream = connect(&server);
            let head = distribution.head("PATCH", &at, 64 * MIB);
            stream.write_all(head.as_bytes()).expect("a head");
            stream.write_all(&[7; 100 * 1024]).expect("some of the body");
            stream
        })
        .collect();
    let blob = vec![9; 4 * 1024 * 1024];
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&blob)));
    // At first all places are taken, and it waits.
    distribution.push_blob("app", &digest, &blob).expect("the fast one gets through");
    let mut ousted = 0;
    for mut stream in slow {
        stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a timeout");
        let mut answer = [0; 1024];
        let count = stream.read(&mut answer).unwrap_or(0);
        let text = String::from_utf8_lossy(&answer[..count]).to_lowercase();
        if count > 0 {
            assert!(text.starts_with("http/1.1 400") && text.contains("too slow"), "{text}");
            ousted += 1;
        }
    }
    assert!((1..SLOW).contains(&ousted), "{ousted} had to give way");
    assert!(server.memory_peak() < 200 * MIB, "{} MiB", server.memory_peak() / MIB);
}

/// Readers that take nothing of what they asked for.
#[test]
fn slow_readers_need_little_memory() {
    const COUNT: usize = 300;
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = vec![9; 16 * 1024 * 1024];
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&blob)));
    distribution.push_blob("app", &digest, &blob).expect("a blob");
    let readers: Vec<_> = (0..COUNT)
        .map(|_| {
            let mut stream = connect(&server);
            let head = distribution.head("GET", &format!("/v2/app/blobs/{digest}"), 0);
            stream.write_all(head.as_bytes()).expect("a request");
            assert!(stream.read(&mut [0; 1024]).expect("the beginning") > 0);
            stream
        })
        .collect();
    assert!(server.memory_peak() < 150 * MIB, "{} MiB", server.memory_peak() / MIB);
    assert_eq!(distribution.pull_blob("app", &digest).expect("a blob"), blob, "others are served");
    drop(readers);
}

/// A flood of both, at full speed: nothing fails, and memory stays where it was said to.
#[test]
fn a_flood_of_pushes_and_pulls_is_served() {
    const CLIENTS: usize = 128;
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = |client: usize| vec![u8::try_from(client % 251).expect("a byte"); MIB as usize];
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let distribution = distribution.clone();
            scope.spawn(move || {
                let mut bytes = blob(client);
                bytes.extend_from_slice(&client.to_be_bytes());
                let digest = format!("sha256:{}", hex::encode(Sha256::digest(&bytes)));
                distribution.push_blob("app", &digest, &bytes).expect("a push");
                assert_eq!(distribution.pull_blob("app", &digest).expect("a pull"), bytes);
            });
        }
    });
    assert!(server.memory_peak() < 200 * MIB, "{} MiB", server.memory_peak() / MIB);
}

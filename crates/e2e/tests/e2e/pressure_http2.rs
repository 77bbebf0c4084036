//! What peers of HTTP/2 can do to a server, frame by frame.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::Distribution;
use wharfinger_e2e::http::Request;
use wharfinger_e2e::server::Server;

const MIB: u64 = 1024 * 1024;
const LIMIT: Duration = Duration::from_secs(60);
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET`, `http` and the host, as HPACK has them.
const GET_LOCALHOST: &[u8] = b"\x82\x86\x41\x09localhost";

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A connection that has said which settings it wants.
fn connect(server: &Server, settings: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port())).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
    stream.set_write_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    let opening = [PREFACE, &frame(SETTINGS, 0, 0, settings)].concat();
    stream.write_all(&opening).expect("a preface");
    stream
}

/// The kinds of the frames that come until the server ends the connection.
fn frames_until_the_end(mut stream: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    // It may end with a reset.
    let _ = stream.read_to_end(&mut bytes);
    let (mut kinds, mut rest) = (Vec::new(), &bytes[..]);
    while let [a, b, c, kind, ..] = *rest {
        kinds.push(kind);
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        rest = rest.get(9 + length..).unwrap_or_default();
    }
    kinds
}

#[track_caller]
fn assert_well(server: &Server) {
    let answer = Request::get("/health/ready").send(server.port()).expect("an answer");
    assert_eq!(answer.status, 200);
    assert!(server.memory_peak() < 100 * MIB, "{} MiB", server.memory_peak() / MIB);
}

/// CVE-2023-44487: requests that are taken back at once.
#[test]
fn rapid_resets_end_the_connection() {
    let server = Server::start();
    let mut stream = connect(&server, b"");
    let request = [GET_LOCALHOST, b"\x84"].concat();
    let mut flood = Vec::new();
    for stream in (1..4_000).step_by(2) {
        flood.extend(frame(HEADERS, END_HEADERS | END_STREAM, stream, &request));
        flood.extend(frame(RST_STREAM, 0, stream, &8_u32.to_be_bytes()));
    }
    // The server may have ended it before all of it was sent.
    let _ = stream.write_all(&flood);
    let kinds = frames_until_the_end(stream);
    assert!(kinds.is_empty() || kinds.contains(&GOAWAY), "{kinds:?}");
    assert_well(&server);
}

/// CVE-2024-27316: headers that go on in frame after frame.
#[test]
fn headers_without_end_end_the_connection() {
    let server = Server::start();
    let mut stream = connect(&server, b"");
    // Each a literal that goes into no table.
    let header = [&b"\x00\x01x\x7f\xa1\x1e"[..], &[b'v'; 4_000]].concat();
    let first = [GET_LOCALHOST, b"\x84"].concat();
    stream.write_all(&frame(HEADERS, END_STREAM, 1, &first)).expect("a frame");
    let more = frame(CONTINUATION, 0, 1, &header);
    let sent = (0..20_000).take_while(|_| stream.write_all(&more).is_ok()).count();
    assert!(sent < 20_000, "80 MB of headers were taken");
    assert_well(&server);
}

/// A peer that asks and asks, and never reads what it is answered.
#[test]
fn pings_that_are_not_read_are_not_hoarded() {
    let server = Server::start();
    let mut stream = connect(&server, b"");
    let pings = frame(PING, 0, 0, b"whatever").repeat(1_000);
    let sent = (0..2_000).take_while(|_| stream.write_all(&pings).is_ok()).count();
    assert!(sent < 2_000, "two million answers are kept for it");
    assert_well(&server);
}

/// Peers that ask for large blobs on many streams, and leave no room for any of it.
#[test]
fn streams_without_window_need_little_memory() {
    const CONNECTIONS: usize = 20;
    const STREAMS: u32 = 50;
    let server = Server::start();
    let root = Api::root(&server);
    root.create_repository("app");
    let distribution = Distribution::root(&server);
    let blob = vec![9; 8 * 1024 * 1024];
    let digest = format!("sha256:{}", hex::encode(Sha256::digest(&blob)));
    distribution.push_blob("app", &digest, &blob).expect("a blob");
    let mut request = GET_LOCALHOST.to_vec();
    literal(&mut request, 0x04, &format!("/v2/app/blobs/{digest}"));
    request.extend(b"\x0f\x08");
    value(&mut request, &root.authorization());
    // SETTINGS_INITIAL_WINDOW_SIZE of a single byte.
    let settings = [0, 4, 0, 0, 0, 1];
    let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| connect(&server, &settings)).collect();
    for connection in &mut connections {
        for stream in 0..STREAMS {
            let headers = frame(HEADERS, END_HEADERS | END_STREAM, 2 * stream + 1, &request);
            connection.write_all(&headers).expect("a request");
        }
        assert!(connection.read(&mut [0; 1024]).expect("an answer") > 0);
    }
    // They have their turns: who comes after them waits, and is told so.
    let later = distribution.send(Request::get(&format!("/v2/app/blobs/{digest}")));
    let later = later.expect("an answer");
    assert!(matches!(later.status, 200 | 429), "{}", later.status);
    let peak = server.memory_peak();
    assert!(peak < 200 * MIB, "{} MiB", peak / MIB);
    drop(connections);
    assert_eq!(distribution.pull_blob("app", &digest).expect("a blob"), blob);
}

/// A literal header without indexing, whose name is in the static table (RFC 7541, 6.2.2).
fn literal(block: &mut Vec<u8>, name: u8, text: &str) {
    block.push(name);
    value(block, text);
}

/// A string that is not compressed (RFC 7541, 5.2).
fn value(block: &mut Vec<u8>, text: &str) {
    let length = text.len();
    if length < 127 {
        block.push(u8::try_from(length).expect("a short text"));
    } else {
        block.push(127);
        let mut rest = length - 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128 + 128).expect("seven bits and one"));
            rest /= 128;
        }
        block.push(u8::try_from(rest).expect("seven bits"));
    }
    block.extend(text.as_bytes());
}

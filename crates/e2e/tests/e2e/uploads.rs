//! Uploads through restarts, by hand: what had arrived in the middle of a request is gone on with,
//! and of equal bytes that come at once one object remains.

use std::io::{self, Read};
use std::sync::mpsc;
use std::time::Duration;

use wharfinger_core::limits::UPLOAD_CHECKPOINT_BYTES;
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, expect, location};
use wharfinger_e2e::http::{Body, Request};
use wharfinger_e2e::image::digest;
use wharfinger_e2e::scratch;
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;
use wharfinger_e2e::wait;

const MIB: usize = 1024 * 1024;
const CHECKPOINT: usize = UPLOAD_CHECKPOINT_BYTES as usize;
const LIMIT: Duration = Duration::from_secs(120);
const CLIENTS: usize = 8;

/// A body of which no more comes after these bytes, until it is cut off.
struct Stalled<'a> {
    bytes: &'a [u8],
    cut_off: mpsc::Receiver<()>,
}

impl Read for Stalled<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.bytes.is_empty() {
            // Whoever holds the other end is done: so is the connection.
            let _ = self.cut_off.recv();
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        self.bytes.read(buffer)
    }
}

/// Sends `bytes` in a request that does not end, and meanwhile does `work`.
fn while_sending(distribution: &Distribution, at: &str, bytes: &[u8], work: impl FnOnce()) {
    let (_sender, cut_off) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let mut stalled = Stalled { bytes, cut_off };
        scope.spawn(move || {
            let request = Request::new("PATCH", at).body(Body::Chunked(&mut stalled));
            // The server goes away, so there is no answer, or one that says so.
            let _ = distribution.send(request);
        });
        work();
        drop(_sender);
    });
}

/// How many bytes of an upload are kept.
fn kept(distribution: &Distribution, at: &str) -> usize {
    let answer = distribution.send(Request::get(at)).and_then(|answer| expect(204, answer));
    let answer = answer.expect("the status of an upload");
    let range = answer.header("range").expect("a Range").to_owned();
    match range.strip_prefix("0-").and_then(|last| last.parse::<usize>().ok()) {
        Some(0) => 0,
        Some(last) => last + 1,
        None => panic!("{range}"),
    }
}

/// Goes on where the upload stands, and completes it.
fn finish(distribution: &Distribution, at: &str, bytes: &[u8]) {
    let from = kept(distribution, at);
    let range = format!("{from}-{}", bytes.len() - 1);
    let request = Request::new("PATCH", at).header("Content-Range", &range);
    let answer = distribution.send(request.body(Body::Whole(&bytes[from..])));
    let answer = expect(202, answer.expect("an answer")).expect("the rest of the layer");
    let digest = digest(bytes);
    let completed = distribution.finish_upload(&location(&answer), &digest, Body::None);
    expect(201, completed.expect("an answer")).expect("the layer is complete");
    assert!(distribution.pull_blob("app", &digest).expect("the layer") == bytes);
}

fn objects(server: &Server) -> Vec<u64> {
    let files = scratch::files(&server.data_dir().join("objects"));
    files.iter().filter_map(|file| Some(file.metadata().ok()?.len())).collect()
}

#[test]
fn a_long_request_is_gone_on_with_after_a_kill() {
    let mut server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let bytes = Seed::new(1).draw_bytes(2 * CHECKPOINT + 20 * MIB);
    let at = distribution.start_upload("app").expect("an upload");
    while_sending(&distribution, &at, &bytes[..CHECKPOINT + 10 * MIB], || {
        wait::until("the first checkpoint", LIMIT, || {
            (kept(&distribution, &at) >= CHECKPOINT).then_some(())
        });
        server.kill();
    });
    server.restart();
    assert!(kept(&distribution, &at) >= CHECKPOINT);
    finish(&distribution, &at, &bytes);
    assert_eq!(objects(&server).len(), 1);
}

/// Killed before anything was durable, an upload is begun again from its first byte, and what was
/// written before goes.
#[test]
fn nothing_is_left_of_a_first_request_that_was_killed() {
    let mut server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let bytes = Seed::new(2).draw_bytes(5 * MIB);
    let at = distribution.start_upload("app").expect("an upload");
    while_sending(&distribution, &at, &bytes, || {
        wait::until("the first bytes of a file", LIMIT, || {
            objects(&server).iter().any(|size| *size > MIB as u64).then_some(())
        });
        server.kill();
    });
    server.restart();
    assert_eq!(kept(&distribution, &at), 0);
    assert_eq!(objects(&server).len(), 1);
    finish(&distribution, &at, &bytes);
    let one = wait::poll(LIMIT, || (objects(&server).len() == 1).then_some(()));
    assert!(one.is_some(), "{:?}", objects(&server));
}

/// A server that is asked to stop keeps all that has arrived.
#[test]
fn a_long_request_is_gone_on_with_after_a_stop() {
    let mut server = Server::start_with(&["--shutdown-grace-seconds", "1"]);
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let bytes = Seed::new(3).draw_bytes(30 * MIB);
    let at = distribution.start_upload("app").expect("an upload");
    let sent = 20 * MIB;
    while_sending(&distribution, &at, &bytes[..sent], || {
        // All but what a writer has in its buffers.
        wait::until("the bytes in a file", LIMIT, || {
            objects(&server).iter().any(|size| *size >= (sent - 2 * MIB) as u64).then_some(())
        });
        assert_eq!(kept(&distribution, &at), 0, "nothing is acknowledged yet");
        assert!(server.stop().success());
    });
    server.restart();
    let kept = kept(&distribution, &at);
    assert!((sent - MIB..=sent).contains(&kept), "{kept}");
    finish(&distribution, &at, &bytes);
    assert_eq!(objects(&server).len(), 1);
}

/// The second request brings the whole body again, of which the server needs nothing.
#[test]
fn a_completion_whose_answer_got_lost_is_acknowledged_again() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);
    let bytes = Seed::new(5).draw_bytes(20 * MIB);
    let digest = digest(&bytes);
    let at = distribution.start_upload("app").expect("an upload");
    for _ in 0..3 {
        let completed = distribution.finish_upload(&at, &digest, Body::Whole(&bytes));
        expect(201, completed.expect("an answer")).expect("the layer is there");
    }
    let other = distribution.finish_upload(&at, &digest.replace(['0', '1'], "2"), Body::None);
    assert_eq!(other.expect("an answer").status, 404);
}

#[test]
fn clients_that_push_one_blob_at_once_all_succeed_and_one_object_remains() {
    let server = Server::start();
    for name in ["app", "other"] {
        Api::root(&server).create_repository(name);
    }
    let distribution = Distribution::root(&server);
    let bytes = Seed::new(4).draw_bytes(5 * MIB);
    let digest = digest(&bytes);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (distribution, bytes, digest) = (&distribution, &bytes, &digest);
            let name = if client % 2 == 0 { "app" } else { "other" };
            scope.spawn(move || {
                distribution.push_blob(name, digest, bytes).expect("it is acknowledged");
            });
        }
    });
    for name in ["app", "other"] {
        assert!(distribution.pull_blob(name, &digest).expect("the blob") == bytes);
    }
    let one = wait::poll(LIMIT, || (objects(&server).len() == 1).then_some(()));
    assert!(one.is_some(), "{:?}", objects(&server));
}

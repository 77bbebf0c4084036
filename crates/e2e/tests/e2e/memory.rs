//! Layers stream: memory does not grow with their size.

use std::io::{self, Read as _, Write};

use sha2::{Digest as _, Sha256};
use wharfinger_e2e::api::Api;
use wharfinger_e2e::distribution::{Distribution, expect, location};
use wharfinger_e2e::http::{Body, Request};
use wharfinger_e2e::seed::Seed;
use wharfinger_e2e::server::Server;

const LAYER_BYTES: u64 = 512 * 1024 * 1024;
const MEMORY_BYTES_MAX: u64 = 100 * 1024 * 1024;

#[test]
fn a_large_layer_needs_little_memory() {
    let server = Server::start();
    Api::root(&server).create_repository("app");
    let distribution = Distribution::root(&server);

    let at = distribution.start_upload("app").expect("an upload");
    let mut hashing = Hashing::new(Seed::new(512).take(LAYER_BYTES));
    let answer = distribution.send(Request::new("PATCH", &at).body(Body::Chunked(&mut hashing)));
    let answer = expect(202, answer.expect("an answer")).expect("an accepted layer");
    assert_eq!(answer.header("range"), Some(&*format!("0-{}", LAYER_BYTES - 1)));
    let digest = hashing.digest();
    let answer = distribution.finish_upload(&location(&answer), &digest, Body::None);
    expect(201, answer.expect("an answer")).expect("a completed layer");

    let target = format!("/v2/app/blobs/{digest}");
    let answer = distribution.send(Request::get(&target)).expect("an answer");
    let mut hashing = Hashing::new(io::sink());
    let length = expect(200, answer).expect("a layer").copy_to(&mut hashing).expect("all of it");
    assert_eq!((length, hashing.digest()), (LAYER_BYTES, digest));

    let peak = server.memory_peak();
    assert!(peak < MEMORY_BYTES_MAX, "{} MiB", peak / 1024 / 1024);
}

/// Hashes what passes through.
struct Hashing<T> {
    inner: T,
    hash: Sha256,
}

impl<T> Hashing<T> {
    fn new(inner: T) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    fn digest(self) -> String {
        format!("sha256:{}", hex::encode(self.hash.finalize()))
    }
}

impl<T: io::Read> io::Read for Hashing<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }
}

impl<T: Write> Write for Hashing<T> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let length = self.inner.write(buffer)?;
        self.hash.update(&buffer[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

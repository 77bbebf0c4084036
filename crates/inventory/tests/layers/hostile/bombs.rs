//! Bombs: little that becomes much. And readers that never end.

use std::cell::Cell;
use std::io::{self, Read};
use std::time::Duration;

use wharfinger_inventory::{LayerError, Limits, read_layer};

use super::{Case, bad};
use crate::LAYER;
use crate::archive::{Header, Tar, gzip};

/// Bytes of zeros in one member or frame.
const PART_BYTES: usize = 8 << 20;
const RATIO: &str = "the layer unpacks to more than 100 times its size";

/// A layer with a file of ten gigabytes of zeros, packed part by part.
fn zeros(pack: impl Fn(&[u8]) -> Vec<u8>, path: &str) -> Vec<u8> {
    let parts = (10_usize << 30) / PART_BYTES;
    let mut header = Header::new(path.as_bytes(), b'0', 0);
    header.put(124, b"\x80\0\0\0");
    header.put(128, &(10_u64 << 30).to_be_bytes());
    let part = pack(&vec![0; PART_BYTES]);
    [pack(&Tar::default().block(header).0), part.repeat(parts)].concat()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

pub fn cases() -> Vec<Case> {
    vec![
        bad("ten gigabytes of zeros in gzip", zeros(gzip, "a"), RATIO),
        bad("ten gigabytes of zeros in zstd", zeros(zstd, "a"), RATIO),
        bad(
            "a database of ten gigabytes",
            zeros(gzip, "var/lib/rpm/Packages"),
            "var/lib/rpm/Packages: it is larger than 100663296 bytes",
        ),
        bad("zeros without a file", gzip(&vec![0; PART_BYTES]).repeat(1280), RATIO),
    ]
}

/// Gives the same bytes again and again, for ever.
struct Endless {
    bytes: Vec<u8>,
    at: usize,
}

impl Endless {
    fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, at: 0 }
    }
}

impl Read for Endless {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let here = &self.bytes[self.at..];
        let count = here.len().min(into.len());
        into[..count].copy_from_slice(&here[..count]);
        self.at = (self.at + count) % self.bytes.len();
        Ok(count)
    }
}

/// Reads without an end, by a clock on which each look takes a millisecond.
fn read_endless(bytes: Vec<u8>) -> LayerError {
    let now = Cell::new(0);
    let limits = Limits { entries: 100_000, time: Duration::from_secs(500), ..Limits::default() };
    let elapsed = || {
        now.set(now.get() + 1);
        Duration::from_millis(now.get())
    };
    read_layer(Endless::new(bytes), LAYER, &limits, &elapsed).unwrap_err()
}

#[test]
fn what_never_ends_is_ended() {
    let late = "the layer took longer than 500 seconds to read";
    // Members without content: input goes in, and nothing comes out.
    assert_eq!(read_endless(gzip(b"")).to_string(), late);
    let skippable = [&[0x50, 0x2a, 0x4d, 0x18][..], &[0; 4]].concat();
    assert_eq!(read_endless(skippable).to_string(), late);
    let entries = "the layer has more than 100000 entries";
    assert_eq!(read_endless(Tar::default().file("a", "").0).to_string(), entries);
    assert_eq!(
        read_endless(gzip(&Tar::default().directory("a").0.repeat(99))).to_string(),
        entries
    );
    // The end of an archive, and then more.
    assert_eq!(read_endless(gzip(&[0; 1 << 20])).to_string(), RATIO);
}

#[test]
fn a_million_entries_are_read() {
    let entry = Tar::default().file("a/b", "").0;
    let layer = Endless::new(entry).take(512 * 1_000_000);
    read_layer(layer, LAYER, &Limits::default(), &|| Duration::ZERO).unwrap();
}

#[test]
fn a_reader_that_fails_is_not_the_layers_fault() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    for start in [
        Vec::new(),
        gzip(&Tar::default().file("a", "b").0)[..20].to_vec(),
        Tar::default().file("a", "b").0,
    ] {
        let layer = io::Read::chain(start.as_slice(), Broken);
        let error = read_layer(layer, LAYER, &Limits::default(), &|| Duration::ZERO).unwrap_err();
        assert!(matches!(error, LayerError::Io(_)), "{error}");
        assert_eq!(error.to_string(), "the layer could not be read: the disk is gone");
    }
    let status = Header::new(b"var/lib/dpkg/status", b'0', 5000);
    let start = Tar::default().block(status).0;
    let layer = io::Read::chain(start.as_slice(), Broken);
    let error = read_layer(layer, LAYER, &Limits::default(), &|| Duration::ZERO).unwrap_err();
    assert!(matches!(error, LayerError::Io(_)), "{error}");
}

#[test]
fn what_is_no_layer_is_not_read() {
    let chart = "application/vnd.in-toto+json";
    let error = read_layer(&b"{}"[..], chart, &Limits::default(), &|| Duration::ZERO).unwrap_err();
    assert_eq!(error.to_string(), "application/vnd.in-toto+json is not the media type of a layer");
}

//! Streams of gzip and zstd that are damaged, or larger inside than anybody has room for.

use super::{Case, bad, fine};
use crate::archive::{Tar, gzip};

fn tar() -> Vec<u8> {
    Tar::default().file("a", "text").end()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

/// A frame that decoders pass over.
fn skippable(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_le_bytes();
    [&[0x5a, 0x2a, 0x4d, 0x18][..], &length, content].concat()
}

/// With the byte that far from the end changed.
fn changed(mut bytes: Vec<u8>, from_end: usize) -> Vec<u8> {
    let at = bytes.len() - from_end;
    bytes[at] ^= 0xff;
    bytes
}

fn cut(mut bytes: Vec<u8>, by: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() - by);
    bytes
}

/// A frame of zstd that asks for a window of `2^log` bytes.
fn window(log: u8) -> Vec<u8> {
    [&[0x28, 0xb5, 0x2f, 0xfd, 0x00, (log - 10) << 3][..], &[0x01, 0x00, 0x00]].concat()
}

pub fn cases() -> Vec<Case> {
    let early = "the layer cannot be decompressed: it ends too early";
    let wrong = "the layer cannot be decompressed: …";
    let corrupt =
        "the layer cannot be decompressed: corrupt gzip stream does not have a matching checksum";
    let (mut first, second) = (tar(), tar().split_off(700));
    first.truncate(700);
    vec![
        fine("gzip", gzip(&tar())),
        fine("gzip of nothing", gzip(b"")),
        fine("gzip in members", [gzip(&first), gzip(b""), gzip(&second)].concat()),
        bad("a wrong checksum of gzip", changed(gzip(&tar()), 5), corrupt),
        bad("a wrong length of gzip", changed(gzip(&tar()), 1), corrupt),
        bad(
            "a wrong checksum behind the end",
            [gzip(&tar()), changed(gzip(b"more"), 5)].concat(),
            corrupt,
        ),
        bad("gzip without its checksum", cut(gzip(&tar()), 8), early),
        bad("half of gzip", cut(gzip(&tar()), 30), early),
        bad("the head of gzip", gzip(&tar())[..5].to_vec(), early),
        bad(
            "garbage after gzip",
            [gzip(&tar()), b"garbage, more than a header".to_vec()].concat(),
            "the layer cannot be decompressed: invalid gzip header",
        ),
        bad(
            "zeros after gzip",
            [gzip(&tar()), vec![0; 600]].concat(),
            "the layer cannot be decompressed: invalid gzip header",
        ),
        bad(
            "another method than deflate",
            [&[0x1f, 0x8b, 7][..], &gzip(&tar())[3..]].concat(),
            "the layer cannot be decompressed: invalid gzip header",
        ),
        bad("a stream that is none", [&gzip(&tar())[..10], &[0xff; 90]].concat(), wrong),
        fine("zstd", zstd(&tar())),
        fine(
            "zstd in frames",
            [zstd(&first), skippable(b"index"), zstd(&second), skippable(&[0; 70_000])].concat(),
        ),
        fine("zstd after what is passed over", [skippable(b"\0\0"), zstd(&tar())].concat()),
        bad("a wrong checksum of zstd", changed(zstd(&tar()), 1), wrong),
        bad("half of zstd", cut(zstd(&tar()), 9), early),
        bad("garbage after zstd", [zstd(&tar()), b"garbage".to_vec()].concat(), wrong),
        bad(
            "a window of two gigabytes",
            window(31),
            "the layer cannot be decompressed: Frame requires too much memory for decoding",
        ),
        bad(
            "a window of 64 megabytes",
            window(26),
            "the layer cannot be decompressed: Frame requires too much memory for decoding",
        ),
        fine("a window of 32 megabytes", window(25)),
        bad("gzip in gzip", gzip(&gzip(&tar().repeat(9))), "entry 1: …"),
        bad(
            "xz",
            [&b"\xfd7zXZ\0"[..], &[7; 900]].concat(),
            "entry 1: its header has a wrong checksum",
        ),
        bad(
            "what is encrypted",
            (0..=255).cycle().take(2000).collect(),
            "entry 1: its header has a wrong checksum",
        ),
    ]
}

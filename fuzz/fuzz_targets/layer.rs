//! Layers: whatever is read ends within small limits, and what was read can be composed and kept.
#![no_main]

use std::time::Duration;

use wharfinger_core::Digest;
use wharfinger_inventory::{Limits, compose, read_layer};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits {
        unpacked_bytes: 1 << 20,
        entries: 1000,
        database_bytes: 1 << 18,
        manifest_bytes: 1 << 18,
        binary_bytes: 1 << 18,
        packages: 1000,
        facts_bytes: 1 << 20,
        ..Limits::default()
    };
    let read = |bytes: &[u8]| read_layer(bytes, LAYER, &limits, &|| Duration::ZERO);
    // Two layers, so that the upper one has something to hide.
    let (lower, upper) = data.split_at(data.len() / 1024 * 512);
    let facts = [lower, upper].map(|layer| read(layer).unwrap_or_default());
    let layers = facts.map(|facts| (Digest::Sha256([0; 32]), facts));
    let _ = compose(&layers);
    let _ = read(data);
});

//! Databases of rpm: whatever they are, reading them ends.
#![no_main]

use wharfinger_inventory::{Limits, rpm};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    // The second half stands for a write-ahead log.
    let (file, log) = data.split_at(data.len() / 2);
    let _ = rpm::read(data, &limits);
    let _ = rpm::read_with_log(file, log, &limits);
    let _ = rpm::read_manifest(data, &limits);
});

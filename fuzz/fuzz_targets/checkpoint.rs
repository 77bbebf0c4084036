//! Checkpoints of uploads, as a damaged row might hold them.
#![no_main]

use wharfinger_blobs::UploadCheckpoint;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let _ = UploadCheckpoint::from_bytes(data.to_vec());
});

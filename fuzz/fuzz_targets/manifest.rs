//! Manifests: whatever parses has counted its references without overflow.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(manifest) = wharfinger_oci::Manifest::parse(data, None) {
        let _ = (manifest.size_bytes(), manifest.blob_references().len());
    }
});

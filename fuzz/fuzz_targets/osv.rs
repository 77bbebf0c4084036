//! OSV records: whatever they are, reading them ends, and what is read can be kept.
#![no_main]

use wharfinger_advisories::osv::OsvReader;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    for document in OsvReader::of_bytes(bytes.to_vec()) {
        let Ok(document) = document else { return };
        assert!(!document.source.is_empty() && !document.id.is_empty());
    }
});

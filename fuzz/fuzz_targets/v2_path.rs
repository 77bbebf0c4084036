//! Paths: whatever parses as a route is written back as a path of the same route.
#![no_main]

use wharfinger_oci::{ByteRange, Query, Route};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(route) = Route::parse(text) {
        assert_eq!(Route::parse(&route.to_path()).as_ref(), Ok(&route));
    }
    let _ = Query::parse(text);
    let _ = ByteRange::of_request(text, 1_000);
    let _ = ByteRange::of_chunk(text);
});

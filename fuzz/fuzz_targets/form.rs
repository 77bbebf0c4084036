//! Forms of the Query protocol, and bodies of JSON 1.1.
#![no_main]

use wharfinger_aws_protocol::{json, query::Params};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(params) = Params::parse(None, data) {
        let _ = (params.action().is_ok(), params.list("Tags").len());
    }
    let _ = json::Target::parse(&String::from_utf8_lossy(data));
});

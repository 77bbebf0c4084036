//! Signatures: an Authorization header and a query, both hostile.
#![no_main]

use http::{HeaderMap, HeaderValue};
use wharfinger_aws_protocol::sigv4::{EMPTY_BODY_SHA256, RequestParts, SignedRequest};

libfuzzer_sys::fuzz_target!(|input: (&str, &[u8])| {
    let (query, authorization) = input;
    let mut headers = HeaderMap::new();
    headers.insert("host", HeaderValue::from_static("localhost"));
    headers.insert("x-amz-date", HeaderValue::from_static("20260301T120000Z"));
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        headers.insert("authorization", value);
    }
    let parts = RequestParts { method: "GET", path: "/", query: Some(query), headers: &headers };
    if let Ok(signed) = SignedRequest::from_request(&parts) {
        let now = signed.timestamp();
        assert!(signed.verify(&parts, &EMPTY_BODY_SHA256, "a secret nobody guesses", now).is_err());
    }
});

//! An answer as plain data; the edges put it into whatever body type their HTTP engine has.

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::status::StatusCode;
use wharfinger_core::RequestId;

/// The header that carries the id of a request in every answer of an AWS service.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// A whole answer: status, headers, bytes. `Date` and `Content-Length` are the HTTP engine's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// Content type, request id, and the error's name where the dialect has a header for it.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        request_id: RequestId,
        body: Vec<u8>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // A UUID is always a legal header value.
        if let Ok(id) = HeaderValue::from_str(&request_id.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        Self { status, headers, body }
    }
}

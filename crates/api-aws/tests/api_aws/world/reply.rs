//! Answers, read whole.

use bytes::Bytes;
use http::StatusCode;
use http::header::HeaderMap;
use serde_json::Value;

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
}

impl Reply {
    pub fn json(&self) -> Value {
        assert_eq!(self.headers["content-type"], "application/x-amz-json-1.1");
        serde_json::from_slice(&self.bytes).unwrap()
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    /// The body of a success.
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text());
        self.json()
    }

    /// The message of a refusal with status 400, which must have this `__type`.
    pub fn refused(&self, code: &str) -> String {
        self.refused_with(code, StatusCode::BAD_REQUEST)
    }

    pub fn refused_with(&self, code: &str, status: StatusCode) -> String {
        let body = self.json();
        assert_eq!((self.status, body["__type"].as_str()), (status, Some(code)), "{body}");
        assert_eq!(self.headers["x-amzn-errortype"], code);
        body["message"].as_str().unwrap().to_owned()
    }
}

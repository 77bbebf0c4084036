//! What a client is told when a call fails, and what the log is told.

use std::error::Error;
use std::fmt;

use http::StatusCode;
use serde_json::{Map, Value};
use wharfinger_core::RequestContext;

/// The text for faults of the server; the cause is for the log alone.
pub(crate) const INTERNAL: &str =
    "The registry could not carry out the request because of an internal error";

/// A failed call in the words of its dialect.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// `__type` in JSON, `Code` in Query.
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Members that the exception has beside its message (JSON only).
    pub(crate) members: Map<String, Value>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), members: Map::new() }
    }

    /// Logs the failure once, with its causes. What a client did wrong is worth a debug line only.
    pub(crate) fn log(&self, context: &RequestContext, operation: &str, cause: &dyn Error) {
        let (request_id, code) = (context.request_id, self.code);
        let error = Chain(cause);
        if self.status.is_server_error() {
            tracing::error!(%request_id, operation, code, %error, "request failed");
        } else {
            tracing::debug!(%request_id, operation, code, %error, "request refused");
        }
    }
}

/// An error and its sources in one line.
struct Chain<'a>(&'a dyn Error);

impl fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_log_sees_every_cause() {
        let error = Outer(std::io::Error::other("inner"));
        assert_eq!(Chain(&error).to_string(), "outer: inner");
    }
}

//! What every layer may know of the request it serves.

use std::net::IpAddr;

use crate::{RequestId, Timestamp};

/// The facts of a request that are not in its body: for logs, answers and the condition keys of
/// policies.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// In each log line of the request and in its answer.
    pub request_id: RequestId,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The `Host` the client asked for, with its port, as it was sent.
    pub host: String,
    /// Whether it came over TLS, here or at a trusted proxy.
    pub secure_transport: bool,
    /// Whose request it is: the peer of the socket, or whom a trusted proxy says it is for.
    pub source_ip: IpAddr,
    /// Its `User-Agent`, if it has one that is text.
    pub user_agent: Option<String>,
    /// Its `Referer`, if it has one that is text.
    pub referer: Option<String>,
}

impl RequestContext {
    /// `https` or `http`, for URLs that lead the client back here.
    pub fn scheme(&self) -> &'static str {
        if self.secure_transport { "https" } else { "http" }
    }
}

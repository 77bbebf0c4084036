//! Where a client reached the registry, for the URLs that lead it back.

use wharfinger_core::RequestContext;

/// Characters of a host that are still repeated to the client (a domain name has 253).
const HOST_CHARS_MAX: usize = 300;

/// `scheme://host[:port]` as the client used it; nothing if the host is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// The origin of a request. The host is the client's text, so it is only repeated if it holds
    /// nothing but what hosts and ports are made of.
    pub(crate) fn of(context: &RequestContext) -> Self {
        let host = context.host.as_str();
        let fits = (1..=HOST_CHARS_MAX).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
        Self(if fits { format!("{}://{host}", context.scheme()) } else { String::new() })
    }

    /// The origin's text, or an empty one: URLs are then relative to the host.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of a path of this origin.
    pub(crate) fn url(&self, path: impl std::fmt::Display) -> String {
        format!("{}{path}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::{RequestId, SeededEntropy, Timestamp};

    use super::*;

    fn url(host: &str, secure_transport: bool) -> String {
        let context = RequestContext {
            request_id: RequestId::random(&SeededEntropy::new(1)),
            received_at: Timestamp::default(),
            host: host.to_owned(),
            secure_transport,
            source_ip: [127, 0, 0, 1].into(),
            user_agent: None,
        };
        Origin::of(&context).url("/v2/")
    }

    #[test]
    fn the_host_is_repeated_as_it_was_sent() {
        assert_eq!(url("localhost:4566", false), "http://localhost:4566/v2/");
        assert_eq!(url("[::1]:4566", false), "http://[::1]:4566/v2/");
        assert_eq!(url("Registry.Example.com", true), "https://Registry.Example.com/v2/");
    }

    #[test]
    fn what_is_no_host_is_not_repeated() {
        let long = "a".repeat(301);
        for host in ["", "a b", "a\"b", "user@host", "a/b", "a\r\nX: y", "ä", &long] {
            assert_eq!(url(host, true), "/v2/", "{host:?}");
        }
    }
}

//! Where a client reached the registry, for the URLs that lead it back.

use std::fmt::Display;

use wharfinger_core::RequestContext;
use wharfinger_oci::listing::next_link;
use wharfinger_oci::{Page, Route};

/// Characters of a host that are still repeated to the client (a domain name has 253).
const HOST_CHARS_MAX: usize = 300;

/// `scheme://host[:port]` as the client used it; nothing if the host is not one. URLs are then
/// relative to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    base: String,
    /// What comes before repository names in the paths of this registry.
    mount: String,
}

impl Origin {
    /// The origin of a request. The host is the client's text, so it is only repeated if it holds
    /// nothing but what hosts and ports are made of.
    pub(crate) fn of(context: &RequestContext) -> Self {
        let host = context.host.as_str();
        let fits = (1..=HOST_CHARS_MAX).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b));
        let base = if fits { format!("{}://{host}", context.scheme()) } else { String::new() };
        Self { base, mount: String::new() }
    }

    /// The same origin where `mount` comes before repository names: nothing, or `<alias>/` and its
    /// kin.
    #[must_use]
    pub(crate) fn mounted(self, mount: &str) -> Self {
        Self { mount: mount.to_owned(), ..self }
    }

    /// The host and port, or nothing.
    pub(crate) fn host(&self) -> &str {
        self.base.split_once("://").map_or("", |(_, host)| host)
    }

    /// The URL of a path of this origin, such as one of a route.
    pub(crate) fn url(&self, path: impl Display) -> String {
        format!("{}{}", self.base, self.path(path))
    }

    /// The `Link` to the page of a list of names or tags that comes after `last`.
    pub(crate) fn next_page(&self, page: &Page, route: &Route, last: &str) -> String {
        page.next_link(&self.base, &self.path(route), last)
    }

    /// The `Link` to a route with these parameters.
    pub(crate) fn next_link(&self, route: &Route, parameters: &[(&str, &str)]) -> String {
        next_link(&self.base, &self.path(route), parameters)
    }

    fn path(&self, path: impl Display) -> String {
        let path = path.to_string();
        match path.strip_prefix("/v2/") {
            Some(rest) => format!("/v2/{}{rest}", self.mount),
            None => path,
        }
    }
}

#[cfg(test)]
mod tests {
    use wharfinger_core::{RequestId, SeededEntropy, Timestamp};

    use super::*;

    fn origin(host: &str, secure_transport: bool) -> Origin {
        let context = RequestContext {
            request_id: RequestId::random(&SeededEntropy::new(1)),
            received_at: Timestamp::default(),
            host: host.to_owned(),
            secure_transport,
            source_ip: [127, 0, 0, 1].into(),
            user_agent: None,
            referer: None,
        };
        Origin::of(&context)
    }

    fn url(host: &str, secure_transport: bool) -> String {
        origin(host, secure_transport).url("/v2/")
    }

    #[test]
    fn names_of_public_repositories_begin_with_their_mount() {
        let route = Route::parse("/v2/app/tags/list").unwrap();
        let origin = origin("localhost:4566", false).mounted("pub/a1/");
        assert_eq!(origin.url(&route), "http://localhost:4566/v2/pub/a1/app/tags/list");
        let link = origin.next_page(&Page { limit: 1, last: None }, &route, "v1");
        let target = "<http://localhost:4566/v2/pub/a1/app/tags/list?last=v1&n=1>";
        assert_eq!(link, format!("{target}; rel=\"next\""));
        assert_eq!(origin.url("/token/"), "http://localhost:4566/token/");
        assert_eq!(origin.host(), "localhost:4566");
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

//! Whose request it is when a proxy stands before the server: what its `X-Forwarded-For` (or
//! `Forwarded`, RFC 7239) says, if it is one whose word is taken.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::{FORWARDED, HeaderName};
use wharfinger_core::Network;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// Proxies that are looked behind, one after the other.
const HOPS_MAX: usize = 32;

/// The proxies whose word is taken. Of everybody else these headers mean nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrustedProxies(Vec<Network>);

/// Whose a request is, and whether it came over TLS all the way that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sender {
    pub(super) address: IpAddr,
    pub(super) secure_transport: bool,
}

impl TrustedProxies {
    pub(crate) fn new(networks: Vec<Network>) -> Self {
        Self(networks)
    }

    /// Who sent a request that `peer` brought, over TLS or not.
    ///
    /// Each proxy adds to the right whom it heard it from, so the first from the right that is no
    /// trusted proxy is the client; what stands to its left is its own claim. Where the list ends or
    /// cannot be read, the last proxy is as far as one sees.
    pub(super) fn sender(&self, peer: IpAddr, over_tls: bool, headers: &HeaderMap) -> Sender {
        let peer = peer.to_canonical();
        let mut sender = Sender { address: peer, secure_transport: over_tls };
        if !self.trusts(peer) {
            return sender;
        }
        // A proxy that writes the one may pass on what its client wrote into the other.
        let is_list = headers.contains_key(X_FORWARDED_FOR) || !headers.contains_key(FORWARDED);
        let hops = if is_list { of_list(headers) } else { of_elements(headers) };
        for hop in hops {
            sender.secure_transport = hop.over_tls.unwrap_or(sender.secure_transport);
            let Some(address) = hop.address else { break };
            sender.address = address;
            if !self.trusts(address) {
                break;
            }
        }
        if let Some(over_tls) = protocol(headers).filter(|_| is_list) {
            sender.secure_transport = over_tls;
        }
        sender
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }
}

/// What a proxy says of whom it heard a request from.
#[derive(Default)]
struct Hop {
    /// `None`: it does not say, or not in a way that can be read.
    address: Option<IpAddr>,
    over_tls: Option<bool>,
}

/// The hops of `X-Forwarded-For`, the last proxy's first.
fn of_list(headers: &HeaderMap) -> Vec<Hop> {
    let hop = |text: &str| Hop { address: address(text), over_tls: None };
    elements(headers, &X_FORWARDED_FOR).map(hop).collect()
}

/// The hops of `Forwarded`, the last proxy's first.
fn of_elements(headers: &HeaderMap) -> Vec<Hop> {
    let hop = |text: &str| {
        let mut hop = Hop::default();
        for (name, value) in text.split(';').filter_map(|pair| pair.split_once('=')) {
            let value = value.trim().trim_matches('"');
            match name.trim().to_ascii_lowercase().as_str() {
                "for" => hop.address = address(value),
                "proto" => hop.over_tls = Some(value.eq_ignore_ascii_case("https")),
                _ => {}
            }
        }
        hop
    };
    elements(headers, &FORWARDED).map(hop).collect()
}

/// What the last proxy says the request came by, whose word it is.
fn protocol(headers: &HeaderMap) -> Option<bool> {
    let last = elements(headers, &X_FORWARDED_PROTO).next()?;
    Some(last.eq_ignore_ascii_case("https"))
}

/// The elements of a list that may go on over several lines, the last first.
fn elements<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines: Vec<&str> =
        headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("")).collect();
    lines.into_iter().rev().flat_map(|line| line.rsplit(',')).map(str::trim).take(HOPS_MAX)
}

/// Reads an address with or without a port; those of IPv6 in brackets or, without a port, bare.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse().ok().or_else(|| {
        let with_port: Option<SocketAddr> = text.parse().ok();
        with_port.map(|address| address.ip())
    });
    address.map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn sender(peer: &str, headers: &[(&'static str, &'static str)]) -> (String, bool) {
        let networks = ["10.0.0.0/8", "fd00::/8"].map(|text| text.parse().unwrap());
        let proxies = TrustedProxies::new(networks.to_vec());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        let found = proxies.sender(peer.parse().unwrap(), false, &map);
        (found.address.to_string(), found.secure_transport)
    }

    #[test]
    fn the_client_is_the_first_from_the_right_that_is_no_trusted_proxy() {
        let of = |peer, list| sender(peer, &[("x-forwarded-for", list)]).0;
        assert_eq!(of("10.0.0.1", "203.0.113.7"), "203.0.113.7");
        assert_eq!(of("::ffff:10.0.0.1", "203.0.113.7:4711"), "203.0.113.7");
        assert_eq!(of("10.0.0.1", "1.1.1.1, 203.0.113.7, 10.2.3.4"), "203.0.113.7");
        assert_eq!(of("10.0.0.1", "10.9.9.9, 10.2.3.4"), "10.9.9.9");
        assert_eq!(of("fd00::1", "2001:db8::7"), "2001:db8::7");
        assert_eq!(of("fd00::1", "[2001:db8::7]:80"), "2001:db8::7");
        assert_eq!(of("10.0.0.1", "203.0.113.7, unknown"), "10.0.0.1");
        assert_eq!(of("10.0.0.1", "203.0.113.7, junk, 10.2.3.4"), "10.2.3.4");
        assert_eq!(of("10.0.0.1", ""), "10.0.0.1");
        let lines = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(sender("10.0.0.1", &lines).0, "203.0.113.7");
    }

    #[test]
    fn nobody_else_is_believed() {
        let headers = [
            ("x-forwarded-for", "10.0.0.9"),
            ("x-forwarded-proto", "https"),
            ("forwarded", "for=10.0.0.9;proto=https"),
        ];
        assert_eq!(sender("203.0.113.7", &headers), ("203.0.113.7".into(), false));
        let none = TrustedProxies::default();
        let mut map = HeaderMap::new();
        map.insert(X_FORWARDED_FOR, HeaderValue::from_static("203.0.113.7"));
        let loopback = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(none.sender(loopback, true, &map).address, loopback);
    }

    #[test]
    fn the_standard_header_says_the_same() {
        let of = |value| sender("10.0.0.1", &[("forwarded", value)]);
        assert_eq!(of("for=203.0.113.7;proto=https"), ("203.0.113.7".into(), true));
        assert_eq!(of("for=203.0.113.7;proto=http;by=10.0.0.1"), ("203.0.113.7".into(), false));
        assert_eq!(of("For=\"[2001:db8::7]:4711\"; Proto=HTTPS"), ("2001:db8::7".into(), true));
        assert_eq!(of("for=1.1.1.1, for=203.0.113.7, for=10.2.3.4"), ("203.0.113.7".into(), false));
        assert_eq!(of("for=_hidden;proto=https"), ("10.0.0.1".into(), true));
        let both = [("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "203.0.113.7")];
        assert_eq!(sender("10.0.0.1", &both).0, "203.0.113.7", "what the client may have added");
    }

    #[test]
    fn a_trusted_proxy_says_whether_its_client_came_over_tls() {
        let of = |value| sender("10.0.0.1", &[("x-forwarded-proto", value)]).1;
        assert!(of("https") && of("HTTPS") && of("http, https"));
        assert!(!of("http") && !of("https, http") && !of(""));
    }
}

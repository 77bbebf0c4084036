//! How a client is told to reach a listen address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The `host:port` a client on this machine uses for a listen address.
///
/// `127.0.0.1`, `::1` and the addresses that mean "every interface" become `localhost`: docker
/// talks plain HTTP to that name without further configuration.
pub fn client_host(listen: SocketAddr) -> String {
    let local = match listen.ip() {
        IpAddr::V4(ip) => ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST,
        IpAddr::V6(ip) => ip.is_unspecified() || ip == Ipv6Addr::LOCALHOST,
    };
    if local { format!("localhost:{}", listen.port()) } else { listen.to_string() }
}

/// The URL of [`client_host`]; `scheme` is `http` or `https`.
pub fn client_url(scheme: &str, listen: SocketAddr) -> String {
    format!("{scheme}://{}", client_host(listen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_called_localhost() {
        for (listen, host) in [
            ("127.0.0.1:4566", "localhost:4566"),
            ("0.0.0.0:80", "localhost:80"),
            ("[::1]:4566", "localhost:4566"),
            ("[::]:4566", "localhost:4566"),
            ("127.0.0.2:4566", "127.0.0.2:4566"),
            ("192.0.2.7:4566", "192.0.2.7:4566"),
            ("[2001:db8::1]:4566", "[2001:db8::1]:4566"),
        ] {
            assert_eq!(client_host(listen.parse().unwrap()), host);
        }
        assert_eq!(client_url("http", "127.0.0.1:1".parse().unwrap()), "http://localhost:1");
    }
}

//! Addresses of HTTP, and what follows from them.

use http::Uri;
use tokio::net::TcpStream;

use super::HttpError;

/// Where a request goes.
pub(super) struct Target {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) authority: String,
    pub(super) path: String,
}

impl Target {
    pub(super) fn of(url: &str) -> Result<Self, HttpError> {
        let wrong = || HttpError::Address(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority =
            uri.authority().filter(|it| !it.as_str().contains('@')).ok_or_else(wrong)?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { is_tls, host, port, authority: authority.to_string(), path })
    }

    pub(super) fn is_same_origin(&self, other: &Self) -> bool {
        (self.is_tls, &self.authority) == (other.is_tls, &other.authority)
    }

    pub(super) async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect((self.host.as_str(), self.port)).await
    }

    const fn scheme(&self) -> &'static str {
        if self.is_tls { "https" } else { "http" }
    }

    pub(super) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme(), self.authority, self.path)
    }

    /// The host as it stands in an address, and the port, which may not.
    pub(super) fn host_and_port(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// The address that a redirect from here names.
    pub(super) fn join(&self, location: &str) -> String {
        let scheme = self.scheme();
        let folder = self.path.split('?').next().unwrap_or_default().rsplit_once('/');
        match location {
            _ if location.contains("://") => location.to_owned(),
            _ if location.starts_with("//") => format!("{scheme}:{location}"),
            _ if location.starts_with('/') => format!("{scheme}://{}{location}", self.authority),
            _ => {
                let folder = folder.map_or("", |(folder, _)| folder);
                format!("{scheme}://{}{folder}/{location}", self.authority)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_redirects() {
        let target = Target::of("https://a.test:8443/x/y?z=1").unwrap();
        assert_eq!((target.host.as_str(), target.port, target.is_tls), ("a.test", 8443, true));
        assert_eq!(target.path, "/x/y?z=1");
        for (location, expected) in [
            ("http://b.test/q", "http://b.test/q"),
            ("//b.test/q", "https://b.test/q"),
            ("/q", "https://a.test:8443/q"),
            ("q", "https://a.test:8443/x/q"),
        ] {
            assert_eq!(target.join(location), expected);
        }
        for (url, is_same) in [
            ("https://a.test:8443/", true),
            ("http://a.test:8443/", false),
            ("https://b.test:8443/", false),
        ] {
            assert_eq!(Target::of(url).unwrap().is_same_origin(&target), is_same, "{url}");
        }
        assert_eq!(Target::of("http://[::1]:80/").unwrap().host, "::1");
        for wrong in ["", "a.test/x", "ftp://a.test/", "https://u:p@a.test/", "https://"] {
            assert!(Target::of(wrong).is_err(), "{wrong}");
        }
    }
}

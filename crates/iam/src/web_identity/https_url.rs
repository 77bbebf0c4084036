//! URLs of identity providers: HTTPS, and nothing that could mean two things.

use std::fmt;

/// Characters of a URL that is still one.
const URL_CHARS_MAX: usize = 2_048;
const PORT: u16 = 443;

/// `https://host[:port]/path?query`, without user, password and fragment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpsUrl {
    host: String,
    port: u16,
    target: String,
}

impl HttpsUrl {
    /// Reads a URL; `None` if it is none of this form.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("https://").filter(|_| text.len() <= URL_CHARS_MAX)?;
        let plain = |byte: u8| byte.is_ascii_graphic() && !b"#@\\<>\"`{}|^".contains(&byte);
        if !rest.bytes().all(plain) {
            return None;
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, target) = rest.split_at(end);
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port_of(port)?),
            _ => (authority, PORT),
        };
        let target = match target.as_bytes().first() {
            Some(b'/') => target.to_owned(),
            Some(_) => format!("/{target}"),
            None => "/".to_owned(),
        };
        is_host(host).then(|| Self { host: host.to_ascii_lowercase(), port, target })
    }

    /// The name or the address (an IPv6 address without its brackets).
    pub fn host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, 443 as a rule.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What the request line has: the path and the query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What the `Host` header has: the port only if it is another one.
    pub fn authority(&self) -> String {
        match self.port {
            PORT => self.host.clone(),
            port => format!("{}:{port}", self.host),
        }
    }
}

fn port_of(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?.filter(|port| *port != 0)
}

/// A name of letters, digits, dots and hyphens, an IPv4 address, or an IPv6 address in brackets.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']');
        return address.is_some_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok());
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    host.len() <= 253 && host.split('.').all(is_label)
}

impl fmt::Display for HttpsUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}{}", self.authority(), self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_read_in_one_way_only() {
        for (text, host, port, target) in [
            ("https://a.example", "a.example", 443, "/"),
            ("https://A.Example:8443/x/y?z=1", "a.example", 8443, "/x/y?z=1"),
            ("https://a.example?x", "a.example", 443, "/?x"),
            ("https://[::1]/x", "::1", 443, "/x"),
            ("https://[2001:db8::1]:444/x", "2001:db8::1", 444, "/x"),
            ("https://10.0.0.1:1/", "10.0.0.1", 1, "/"),
        ] {
            let url = HttpsUrl::parse(text).unwrap();
            assert_eq!((url.host(), url.port(), url.target()), (host, port, target), "{text}");
            assert_eq!(HttpsUrl::parse(&url.to_string()), Some(url));
        }
        let long = format!("https://a.example/{}", "x".repeat(URL_CHARS_MAX));
        for text in [
            "",
            "https://",
            "http://a.example",
            "HTTPS://a.example",
            "https:///x",
            "https://a b",
            "https://user@a.example/",
            "https://a.example#x",
            "https://a.example\\@b",
            "https://a..b",
            "https://a:0/",
            "https://a:65536/",
            "https://a:/",
            "https://a:+1/",
            "https://[::1",
            "https://::1/",
            "https://ä.example",
            "https://a.example/\r\nx",
            "file:///etc/passwd",
            "https://a.example.",
            &long,
        ] {
            assert_eq!(HttpsUrl::parse(text), None, "{text}");
        }
    }
}

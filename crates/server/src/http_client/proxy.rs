//! Proxies on the way to a server, as the environment names them for other programs.

use std::fmt;

use bytes::Bytes;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http::{HeaderValue, Request, Uri};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::upgrade::{self, Upgraded};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{BoxError, Target};

/// The proxies that requests go through: an address each (`http://user:password@proxy.example:3128`),
/// empty if there is none. A proxy is spoken to in plain HTTP; what is asked over TLS it only passes on.
#[derive(Clone, Default)]
pub struct Proxies {
    /// For `https` addresses (`HTTPS_PROXY`).
    pub https: String,
    /// For `http` addresses (`HTTP_PROXY`).
    pub http: String,
    /// For those that have none of their own (`ALL_PROXY`).
    pub all: String,
    /// Hosts, domains and networks that are asked directly, separated by commas (`NO_PROXY`).
    pub except: String,
}

/// Which proxy is on the way where.
pub(super) struct Route(Matcher);

/// A proxy.
pub(super) struct Proxy {
    host: String,
    port: u16,
    authorization: Option<HeaderValue>,
}

/// What a proxy refuses.
#[derive(Debug, thiserror::Error)]
enum ProxyError {
    #[error("the proxy {0} speaks no HTTP: name one that begins with http://")]
    Scheme(String),
    #[error("the proxy {proxy} answers {status} when asked for {authority}")]
    Refused { proxy: String, status: u16, authority: String },
}

impl Default for Route {
    fn default() -> Self {
        Self::new(&Proxies::default())
    }
}

impl Route {
    pub(super) fn new(proxies: &Proxies) -> Self {
        let Proxies { https, http, all, except } = proxies;
        let matcher = Matcher::builder().https(https.as_str()).http(http.as_str());
        Self(matcher.all(all.as_str()).no(except.as_str()).build())
    }

    /// The proxy on the way to `target`; none if it is asked directly, as this machine always is.
    pub(super) fn to(&self, target: &Target) -> Result<Option<Proxy>, BoxError> {
        let host = target.host.as_str();
        let address = host.parse::<std::net::IpAddr>();
        if host == "localhost" || address.is_ok_and(|address| address.is_loopback()) {
            return Ok(None);
        }
        let uri: Uri = target.url().parse()?;
        self.0.intercept(&uri).as_ref().map(Proxy::of).transpose()
    }
}

impl Proxy {
    fn of(found: &Intercept) -> Result<Self, BoxError> {
        let uri = found.uri();
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if uri.scheme_str() != Some("http") {
            return Err(ProxyError::Scheme(host).into());
        }
        Ok(Self {
            host,
            port: uri.port_u16().unwrap_or(80),
            authorization: found.basic_auth().cloned(),
        })
    }

    /// A connection with the proxy itself.
    pub(super) async fn connect(&self) -> Result<TcpStream, BoxError> {
        let connected = TcpStream::connect((self.host.as_str(), self.port)).await;
        connected.map_err(|error| format!("the proxy {self}: {error}").into())
    }

    /// What a request in plain HTTP says to be let through.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// A connection with the target that goes through the proxy (RFC 9110, section 9.3.6).
    pub(super) async fn tunnel(&self, target: &Target) -> Result<TokioIo<Upgraded>, BoxError> {
        let authority = target.host_and_port();
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(self.connect().await?)).await?;
        // It ends with the tunnel.
        tokio::spawn(connection.with_upgrades());
        let mut request = Request::connect(&authority).header(HOST, &authority);
        if let Some(authorization) = &self.authorization {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        let response = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
        if !response.status().is_success() {
            let (proxy, status) = (self.to_string(), response.status().as_u16());
            return Err(ProxyError::Refused { proxy, status, authority }.into());
        }
        Ok(TokioIo::new(upgrade::on(response).await?))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(proxies: &Proxies, url: &str) -> Result<String, String> {
        let target = Target::of(url).unwrap();
        let proxy = Route::new(proxies).to(&target).map_err(|error| error.to_string())?;
        Ok(proxy.map(|proxy| proxy.to_string()).unwrap_or_default())
    }

    #[test]
    fn the_environment_says_who_is_on_the_way() {
        let proxies = Proxies {
            https: "http://user:secret@secure.test:3128".into(),
            all: "plain.test".into(),
            except: "inside.test,10.0.0.0/8".into(),
            ..Proxies::default()
        };
        for (url, expected) in [
            ("https://osv.test/x", "secure.test:3128"),
            ("http://osv.test/x", "plain.test:80"),
            ("https://inside.test/", ""),
            ("https://a.inside.test/", ""),
            ("https://10.1.2.3/", ""),
            ("http://localhost:4566/", ""),
            ("http://127.0.0.1:4566/", ""),
            ("http://[::1]:4566/", ""),
        ] {
            assert_eq!(way(&proxies, url).as_deref(), Ok(expected), "{url}");
        }
        assert_eq!(way(&Proxies::default(), "https://osv.test/").as_deref(), Ok(""));
        let socks = Proxies { all: "socks5://a.test:1".into(), ..Proxies::default() };
        assert!(way(&socks, "https://osv.test/").unwrap_err().contains("http://"));
    }
}

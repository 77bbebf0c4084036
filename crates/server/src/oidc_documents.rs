//! The documents of identity providers, fetched from the network: what `iam` asks for when a web
//! identity comes.
//!
//! Whoever may make a provider in an account can name any host, and whoever holds such a host can name
//! any other as the place of its keys. So nothing is connected to but public addresses on port 443, or
//! what the operator has let in by name; no redirect is followed, and bytes and time are bounded.

mod address;
pub(crate) mod roots;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, HOST, HeaderMap, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::{TcpStream, lookup_host};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use wharfinger_core::limits::{OIDC_DOCUMENT_BYTES_MAX, OIDC_FETCH_SECONDS_MAX};
use wharfinger_iam::{BoxFuture, HttpsUrl, OidcDocument, OidcDocuments, OidcFetchError};

use crate::config::OidcConfig;
use crate::tls;
use roots::Certificates;
pub use roots::OidcCaError;

const HTTPS_PORT: u16 = 443;
/// Addresses of one host that are tried.
const ADDRESSES_TRIED_MAX: usize = 4;

/// Fetches documents over HTTPS.
pub(crate) struct NetworkDocuments {
    config: OidcConfig,
    /// What the operator lets in beside what the system believes.
    own: Certificates,
    /// For hosts of the operator's, made on first use, and for all others.
    clients: [OnceCell<Arc<ClientConfig>>; 2],
    time_limit: Duration,
}

impl NetworkDocuments {
    /// Reads the operator's certificates. Those of the system are read when they are needed.
    pub(crate) fn new(config: OidcConfig) -> Result<Self, OidcCaError> {
        let own = match &config.ca {
            Some(path) => roots::read(path)?,
            None => Certificates::new(),
        };
        let time_limit = Duration::from_secs(OIDC_FETCH_SECONDS_MAX);
        Ok(Self { config, own, clients: [OnceCell::new(), OnceCell::new()], time_limit })
    }

    async fn fetch(&self, url: &HttpsUrl) -> Result<OidcDocument, OidcFetchError> {
        let is_allowed = self.config.allowed_hosts.iter().any(|host| host.is_of(url));
        if !is_allowed && url.port() != HTTPS_PORT {
            return Err(OidcFetchError::Forbidden(url.authority()));
        }
        let addresses = resolve(url, is_allowed).await?;
        let connector = TlsConnector::from(self.client(is_allowed).await);
        let name = ServerName::try_from(url.host().to_owned()).map_err(unreachable)?;
        let stream = connect(&addresses).await.map_err(unreachable)?;
        let stream = connector.connect(name, stream).await.map_err(unreachable)?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(unreachable)?;
        let _driven = Driven(tokio::spawn(async move {
            // What goes wrong is told to the request as well.
            let _ = connection.await;
        }));
        let request = Request::get(url.target())
            .header(HOST, url.authority())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, concat!("wharfinger/", env!("CARGO_PKG_VERSION")))
            .body(Empty::<Bytes>::new())
            .map_err(unreachable)?;
        let response = sender.send_request(request).await.map_err(unreachable)?;
        read(response).await
    }

    async fn client(&self, is_allowed: bool) -> Arc<ClientConfig> {
        let cell = &self.clients[usize::from(is_allowed)];
        let own: &[_] = if is_allowed { &self.own } else { &[] };
        let made = cell.get_or_init(|| async {
            let system = tokio::task::spawn_blocking(roots::of_system).await.unwrap_or_default();
            tls::client_config(system.into_iter().chain(own.iter().cloned()))
        });
        Arc::clone(made.await)
    }
}

impl OidcDocuments for NetworkDocuments {
    fn get<'a>(&'a self, url: &'a HttpsUrl) -> BoxFuture<'a, Result<OidcDocument, OidcFetchError>> {
        Box::pin(async move {
            let fetched = tokio::time::timeout(self.time_limit, self.fetch(url)).await;
            fetched.map_err(unreachable)?
        })
    }
}

/// A connection that ends when nobody waits for it any more.
struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The addresses of a host. Unless it is allowed by name all of them must be public: with one that is
/// not, somebody tries where a client would go.
async fn resolve(url: &HttpsUrl, is_allowed: bool) -> Result<Vec<SocketAddr>, OidcFetchError> {
    let found = lookup_host((url.host(), url.port())).await.map_err(unreachable)?;
    let addresses: Vec<SocketAddr> = found.collect();
    if !is_allowed
        && let Some(hidden) = addresses.iter().find(|address| !address::is_public(address.ip()))
    {
        return Err(OidcFetchError::Forbidden(format!("{} of {}", hidden.ip(), url.authority())));
    }
    Ok(addresses)
}

/// Connects to the first address that answers: to these and no others, whatever the name means by now.
async fn connect(addresses: &[SocketAddr]) -> std::io::Result<TcpStream> {
    let mut failure = std::io::Error::from(std::io::ErrorKind::AddrNotAvailable);
    for address in addresses.iter().take(ADDRESSES_TRIED_MAX) {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

async fn read(response: Response<Incoming>) -> Result<OidcDocument, OidcFetchError> {
    if response.status() != StatusCode::OK {
        return Err(OidcFetchError::Status(response.status().as_u16()));
    }
    let max_age = max_age(response.headers());
    let body = Limited::new(response.into_body(), OIDC_DOCUMENT_BYTES_MAX).collect().await;
    let body = body.map_err(|error| match error.is::<LengthLimitError>() {
        true => OidcFetchError::TooLong(OIDC_DOCUMENT_BYTES_MAX),
        false => OidcFetchError::Unreachable(error),
    })?;
    Ok(OidcDocument { bytes: body.to_bytes().to_vec(), max_age })
}

/// How long a document may be kept, if it says so.
fn max_age(headers: &HeaderMap) -> Option<Duration> {
    let texts = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let mut directives = texts.flat_map(|text| text.split(',')).map(str::trim);
    directives.find_map(|directive| match directive.split_once('=') {
        None if directive.eq_ignore_ascii_case("no-store") => Some(Duration::ZERO),
        Some((name, seconds)) if name.eq_ignore_ascii_case("max-age") => {
            seconds.trim_matches('"').parse().ok().map(Duration::from_secs)
        }
        _ => None,
    })
}

fn unreachable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OidcFetchError {
    OidcFetchError::Unreachable(error.into())
}

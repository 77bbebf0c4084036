//! A client for what an operator asks for: lists of advisories, and registries that hold them. HTTP/1.1
//! over TCP or TLS, one connection for a request, redirects of GET followed.
//!
//! Unlike [`crate::oidc_documents`] it goes wherever it is sent, because only the command line sends it.

mod proxy;
mod target;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONTENT_LENGTH, HOST, LOCATION, PROXY_AUTHORIZATION, USER_AGENT,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::oidc_documents::roots::{self, Certificates, OidcCaError};
use crate::tls;

use proxy::Route;
use target::Target;

pub use proxy::Proxies;

/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Without an answer, or without a byte of it, for so long, a server is given up.
const SILENCE_MAX: Duration = Duration::from_secs(60);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The address is none of HTTP.
    #[error("{0} is no address of HTTP")]
    Address(String),
    /// Nobody answered, or the answer broke off.
    #[error("{host} cannot be reached")]
    Unreachable {
        /// Who.
        host: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// One redirect led to the next.
    #[error("{0} redirects in a circle")]
    Redirects(String),
    /// The answer is longer than it may be.
    #[error("the answer of {host} has more than {bytes_max} bytes")]
    TooLong {
        /// Whose.
        host: String,
        /// How long it may be.
        bytes_max: usize,
    },
}

/// Sends requests.
#[derive(Default)]
pub struct HttpClient {
    /// What the operator believes beside what the system does.
    own: Certificates,
    route: Route,
    config: OnceCell<Arc<ClientConfig>>,
}

/// A request.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    method: Method,
    url: String,
    headers: HeaderMap,
    body: Bytes,
}

/// An answer, whose body is read piece by piece.
pub struct HttpResponse {
    host: String,
    status: u16,
    headers: HeaderMap,
    body: Incoming,
    _driven: Driven,
}

impl HttpClient {
    /// A client that believes the certificates of `ca` (PEM) beside those of the system.
    ///
    /// # Errors
    /// [`OidcCaError`] if the file has none.
    pub fn new(ca: Option<&Path>) -> Result<Self, OidcCaError> {
        let own = ca.map(roots::read).transpose()?.unwrap_or_default();
        Ok(Self { own, ..Self::default() })
    }

    /// The same client behind proxies. Nobody is on the way to this machine itself.
    #[must_use]
    pub fn through(self, proxies: &Proxies) -> Self {
        Self { route: Route::new(proxies), ..self }
    }

    /// Sends a request. Any status is an answer.
    ///
    /// # Errors
    /// [`HttpError`].
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let HttpRequest { method, mut url, mut headers, body } = request;
        for _ in 0..=REDIRECTS_MAX {
            let target = Target::of(&url)?;
            let response = self.send_once(&target, &method, &headers, body.clone()).await?;
            let location = response.headers.get(LOCATION).and_then(|value| value.to_str().ok());
            let is_redirect = matches!(response.status, 301 | 302 | 303 | 307 | 308);
            match location {
                Some(location) if is_redirect && method == Method::GET => {
                    let next = target.join(location);
                    // Who may enter here is nobody elsewhere.
                    if !Target::of(&next)?.is_same_origin(&target) {
                        headers.remove(AUTHORIZATION);
                    }
                    url = next;
                }
                _ => return Ok(response),
            }
        }
        Err(HttpError::Redirects(url))
    }

    async fn send_once(
        &self,
        target: &Target,
        method: &Method,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<HttpResponse, HttpError> {
        let unreachable =
            |source| HttpError::Unreachable { host: target.authority.clone(), source };
        let proxy = self.route.to(target).map_err(unreachable)?;
        // A proxy that passes on plain HTTP has to be told where to.
        let plain = proxy.as_ref().filter(|_| !target.is_tls);
        let uri = plain.map_or_else(|| target.path.clone(), |_| target.url());
        let mut request = Request::builder().method(method).uri(uri);
        if let Some(authorization) = plain.and_then(|proxy| proxy.authorization()) {
            request = request.header(PROXY_AUTHORIZATION, authorization);
        }
        request = request.header(HOST, &target.authority).header(CONTENT_LENGTH, body.len());
        request = request.header(USER_AGENT, concat!("wharfinger/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(body)).map_err(|error| unreachable(error.into()))?;
        let answered = tokio::time::timeout(SILENCE_MAX, async {
            if !target.is_tls {
                let stream = match &proxy {
                    Some(proxy) => proxy.connect().await?,
                    None => target.connect().await?,
                };
                return converse(stream, request).await;
            }
            let connector = TlsConnector::from(self.config().await);
            let name = ServerName::try_from(target.host.clone())?;
            match &proxy {
                Some(proxy) => {
                    let tunnel = proxy.tunnel(target).await?;
                    converse(connector.connect(name, tunnel).await?, request).await
                }
                None => {
                    let stream = target.connect().await?;
                    converse(connector.connect(name, stream).await?, request).await
                }
            }
        });
        let answered = answered.await.unwrap_or_else(|silence| Err(silence.into()));
        let (response, driven) = answered.map_err(unreachable)?;
        let (parts, body) = response.into_parts();
        Ok(HttpResponse {
            host: target.authority.clone(),
            status: parts.status.as_u16(),
            headers: parts.headers,
            body,
            _driven: driven,
        })
    }

    async fn config(&self) -> Arc<ClientConfig> {
        let made = self.config.get_or_init(|| async {
            let system = tokio::task::spawn_blocking(roots::of_system).await.unwrap_or_default();
            tls::client_config(system.into_iter().chain(self.own.iter().cloned()))
        });
        Arc::clone(made.await)
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    request: Request<Full<Bytes>>,
) -> Result<(http::Response<Incoming>, Driven), BoxError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driven = Driven(tokio::spawn(async move {
        // What goes wrong is told to the request as well.
        let _ = connection.await;
    }));
    Ok((sender.send_request(request).await?, driven))
}

/// A connection that ends when nobody waits for it any more.
struct Driven(JoinHandle<()>);

impl Drop for Driven {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl HttpRequest {
    /// A request of an address.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }

    /// The address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// With a header. What cannot be one is left out.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(mut value) = HeaderValue::from_str(value) {
            value.set_sensitive(name == AUTHORIZATION);
            self.headers.insert(name, value);
        }
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }
}

impl HttpResponse {
    /// The status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// A header, if it is text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// [`HttpError::Unreachable`] if it broke off.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        let unreachable = |source| HttpError::Unreachable { host: self.host.clone(), source };
        loop {
            let frame = tokio::time::timeout(SILENCE_MAX, self.body.frame()).await;
            let frame = match frame {
                Err(silence) => return Err(unreachable(silence.into())),
                Ok(None) => return Ok(None),
                Ok(Some(frame)) => frame.map_err(|error| unreachable(error.into()))?,
            };
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
    }

    /// All of the body.
    ///
    /// # Errors
    /// [`HttpError::TooLong`], or [`HttpError::Unreachable`].
    pub async fn bytes(mut self, bytes_max: usize) -> Result<Vec<u8>, HttpError> {
        let mut all = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if all.len() + piece.len() > bytes_max {
                return Err(HttpError::TooLong { host: self.host, bytes_max });
            }
            all.extend_from_slice(&piece);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;

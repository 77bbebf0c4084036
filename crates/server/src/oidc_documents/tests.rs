//! Documents from a server with TLS, and what is not fetched.

use std::convert::Infallible;
use std::net::SocketAddr;

use http_body_util::{Full, StreamBody};
use hyper::body::Frame;
use hyper::server::conn::http1 as server;
use hyper::service::service_fn;
use tokio::net::TcpListener;

use super::*;
use crate::tls::self_signed::SelfSigned;

type Body = http_body_util::combinators::BoxBody<Bytes, Infallible>;

/// A provider on loopback, and its certificate in a file.
struct Provider {
    address: SocketAddr,
    signed: SelfSigned,
}

async fn provider() -> Provider {
    let signed = SelfSigned::of("localhost");
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = signed.acceptor.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let answer =
                    service_fn(|request| async move { Ok::<_, Infallible>(answer(&request)) });
                let _ = server::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
            });
        }
    });
    Provider { address, signed }
}

fn answer(request: &Request<Incoming>) -> Response<Body> {
    let text = |text: &'static str| Full::new(Bytes::from(text)).boxed();
    let path = request.uri().path();
    let response = Response::builder();
    let built = match path {
        "/document" => {
            assert!(request.headers()[HOST].to_str().unwrap().starts_with("localhost:"));
            response.header(CACHE_CONTROL, "public, max-age=600").body(text("{}"))
        }
        "/redirect" => response.status(302).header("location", "/document").body(text("")),
        "/long" => {
            response.body(Full::new(Bytes::from(vec![b' '; OIDC_DOCUMENT_BYTES_MAX + 1])).boxed())
        }
        "/never" => {
            let silence = futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>();
            response.body(http_body_util::BodyExt::boxed(SyncStream(StreamBody::new(silence))))
        }
        _ => response.status(404).body(text("")),
    };
    built.unwrap()
}

/// A body that is shared between threads, as a boxed one must be.
struct SyncStream<B>(B);

impl<B: http_body::Body + Unpin> http_body::Body for SyncStream<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(context)
    }
}

impl Provider {
    fn url(&self, path: &str) -> HttpsUrl {
        HttpsUrl::parse(&format!("https://localhost:{}{path}", self.address.port())).unwrap()
    }

    fn documents(&self, trusts: bool) -> NetworkDocuments {
        let host = format!("localhost:{}", self.address.port());
        let ca = trusts.then(|| self.signed.ca.clone());
        let config = OidcConfig { allowed_hosts: vec![host.parse().unwrap()], ca };
        NetworkDocuments::new(config).unwrap()
    }
}

#[tokio::test]
async fn a_document_comes_from_a_host_that_the_operator_lets_in() {
    let provider = provider().await;
    let documents = provider.documents(true);
    let document = documents.get(&provider.url("/document")).await.unwrap();
    let max_age = Some(Duration::from_secs(600));
    assert_eq!(document, OidcDocument { bytes: b"{}".to_vec(), max_age });
}

#[tokio::test]
async fn what_is_no_document_is_not_taken() {
    let provider = provider().await;
    let documents = provider.documents(true);
    let failure = async |path: &str| documents.get(&provider.url(path)).await.unwrap_err();
    assert!(matches!(failure("/absent").await, OidcFetchError::Status(404)));
    assert!(matches!(failure("/redirect").await, OidcFetchError::Status(302)));
    assert!(matches!(failure("/long").await, OidcFetchError::TooLong(_)));
    let mut hasty = provider.documents(true);
    hasty.time_limit = Duration::from_millis(200);
    let late = hasty.get(&provider.url("/never")).await.unwrap_err();
    assert!(matches!(late, OidcFetchError::Unreachable(_)), "{late:?}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let provider = provider().await;
    let failure = provider.documents(false).get(&provider.url("/document")).await.unwrap_err();
    let text = format!("{failure:?}");
    assert!(text.contains("InvalidCertificate"), "{text}");
}

#[tokio::test]
async fn hidden_addresses_and_other_ports_are_not_connected_to() {
    let documents = NetworkDocuments::new(OidcConfig::default()).unwrap();
    for text in [
        "https://localhost/x",
        "https://127.0.0.1/x",
        "https://[::1]/x",
        "https://10.0.0.1/x",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/x",
        "https://8.8.8.8:8443/x",
        "https://0.0.0.0/x",
    ] {
        let failure = documents.get(&HttpsUrl::parse(text).unwrap()).await.unwrap_err();
        assert!(matches!(failure, OidcFetchError::Forbidden(_)), "{text}: {failure:?}");
    }
}

#[test]
fn a_file_without_certificates_is_of_no_use() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    for content in
        [None, Some(""), Some("-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----")]
    {
        if let Some(content) = content {
            std::fs::write(&path, content).unwrap();
        }
        let config = OidcConfig { ca: Some(path.clone()), ..OidcConfig::default() };
        assert!(NetworkDocuments::new(config).is_err(), "{content:?}");
    }
}

#[test]
fn a_document_says_how_long_it_may_be_kept() {
    for (value, seconds) in [
        ("max-age=60", Some(60)),
        ("public, Max-Age=\"60\", must-revalidate", Some(60)),
        ("no-store", Some(0)),
        ("max-age=x", None),
        ("private", None),
    ] {
        let headers = HeaderMap::from_iter([(CACHE_CONTROL, value.parse().unwrap())]);
        assert_eq!(max_age(&headers), seconds.map(Duration::from_secs), "{value}");
    }
}

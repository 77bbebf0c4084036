//! A connection that moves layers over HTTP/2, as the clients of registries do where TLS is spoken
//! and both sides know it. The engine is the one that the server has too; its windows are those of
//! Go's clients, which docker and podman are.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH};
use http::{Method, Version};
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_rustls::TlsConnector;

use crate::client::{Answer, Keep, Request};
use crate::head::Head;

/// Bytes that a stream may have under way towards this client, and all streams together.
const STREAM_WINDOW_BYTES: u32 = 4 << 20;
const CONNECTION_WINDOW_BYTES: u32 = 1 << 30;
/// Pieces of a body that wait to be sent.
const PIECES_WAITING: usize = 1;

/// A connection, with a thread that does nothing else.
pub struct Http2Connection {
    runtime: Runtime,
    sender: http2::SendRequest<Pieces>,
    scheme: &'static str,
}

/// The body of a request.
struct Pieces(mpsc::Receiver<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_closed() && self.0.is_empty()
    }
}

impl Http2Connection {
    /// Connects, over TLS if there is something to trust.
    ///
    /// # Errors
    /// If the other side does not speak it.
    pub fn connect(address: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sender = runtime.block_on(async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut engine = http2::Builder::new(TokioExecutor::new());
            engine
                .initial_stream_window_size(STREAM_WINDOW_BYTES)
                .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
            let Some(config) = tls else {
                let (sender, connection) = engine.handshake(TokioIo::new(stream)).await?;
                tokio::spawn(connection);
                return anyhow::Ok(sender);
            };
            let mut config = ClientConfig::clone(config);
            config.alpn_protocols = vec![b"h2".to_vec()];
            let name = ServerName::IpAddress(address.ip().into());
            let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
            ensure!(stream.get_ref().1.alpn_protocol() == Some(b"h2"), "it speaks no HTTP/2");
            let (sender, connection) = engine.handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            Ok(sender)
        })?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        Ok(Self { runtime, sender, scheme })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    /// If the connection or the stream fails.
    pub fn send(
        &mut self,
        request: &Request<'_>,
        host: &str,
        authorization: Option<&str>,
    ) -> Result<Answer> {
        let (pieces, body) = mpsc::channel(PIECES_WAITING);
        let asked = head_of(request, self.scheme, host, authorization)?.body(Pieces(body))?;
        let Self { runtime, sender, .. } = self;
        runtime.block_on(async {
            sender.ready().await?;
            let answered = sender.send_request(asked);
            let fed = async {
                for piece in request.body {
                    // Whoever refuses a body answers before its end.
                    if pieces.send(Bytes::copy_from_slice(piece)).await.is_err() {
                        break;
                    }
                }
                drop(pieces);
            };
            let (answered, ()) = tokio::join!(answered, fed);
            read(answered?, request.keep).await
        })
    }
}

fn head_of(
    request: &Request<'_>,
    scheme: &str,
    host: &str,
    authorization: Option<&str>,
) -> Result<http::request::Builder> {
    let length: usize = request.body.iter().map(|piece| piece.len()).sum();
    let mut head = http::Request::builder()
        .version(Version::HTTP_2)
        .method(Method::from_bytes(request.method.as_bytes())?)
        .uri(format!("{scheme}://{host}{}", request.target));
    for (name, value) in request.headers {
        head = head.header(*name, *value);
    }
    if let Some(value) = authorization {
        head = head.header(AUTHORIZATION, value);
    }
    Ok(head.header(CONTENT_LENGTH, length))
}

async fn read(answered: http::Response<Incoming>, keep: Keep) -> Result<Answer> {
    let (head, mut body) = answered.into_parts();
    let headers = head.headers.iter().filter_map(|(name, value)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    });
    let head = Head { status: head.status.as_u16(), headers: headers.collect() };
    let mut answer = Answer { head, body: Vec::new(), length: 0 };
    while let Some(frame) =
        std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await
    {
        let frame = frame.context("the answer broke off")?;
        let Some(data) = frame.data_ref() else { continue };
        answer.length += data.len() as u64;
        if keep == Keep::Body {
            answer.body.extend_from_slice(data);
        }
    }
    Ok(answer)
}

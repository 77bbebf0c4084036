//! The sockets: accepting connections, speaking HTTP/1.1 and HTTP/2 on them, with TLS or without,
//! and ending them.
//!
//! `assembly` calls [`serve`]; every request goes to the [`Pipeline`].

mod handshake;
mod patient_stream;
mod places;

use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::pipeline::{Client, Pipeline};
use crate::tls::Tls;
use crate::{Limits, Shutdown};
use handshake::{HANDSHAKE_TIMEOUT, handshake};
use patient_stream::PatientStream;
use places::{Place, Places};

/// Bytes one HTTP/2 stream may have under way: a layer at 80 MB/s over 50 ms of distance.
const H2_STREAM_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
/// Bytes of all streams of one connection, which bounds what a connection can make us hold.
const H2_CONNECTION_WINDOW_BYTES: u32 = 16 * 1024 * 1024;
const H2_FRAME_BYTES_MAX: u32 = 64 * 1024;
/// Requests of one connection at a time.
const H2_STREAMS_MAX: u32 = 128;
/// Bytes read from a connection of HTTP/1.1 at a time, which are copied on while the processor's cache
/// still has them; also what the head of a request may have.
const H1_BUFFER_BYTES: usize = 128 * 1024;
/// Bytes of an answer that are encrypted before they are written: a chunk of a blob.
const TLS_BUFFER_BYTES: usize = 256 * 1024;
/// How often an HTTP/2 peer is asked for a sign of life, and how long it may take to give one.
const H2_PING_INTERVAL: Duration = Duration::from_secs(30);
const H2_PING_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait after a failed accept, when the process is out of files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves connections until `shutdown` begins, then lets those in flight finish within the grace
/// of `limits`. With `tls`, nothing but TLS is spoken.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Tls>,
    pipeline: Arc<Pipeline>,
    limits: &Limits,
    shutdown: &Shutdown,
) {
    let places = Places::new(limits.connections_max);
    let server = Arc::new(ConnectionServer::new(tls, pipeline, limits, shutdown.clone()));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, client, place)) = accepted {
            let server = Arc::clone(&server);
            tokio::spawn(async move {
                server.serve(stream, client).await;
                drop(place);
            });
        }
    }
    drop(listener);
    drain(&places, limits, shutdown).await;
}

/// The next connection, once there is a place for it. One is accepted before its place is looked
/// for, since nobody has to leave before somebody comes.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Places>,
) -> Option<(TcpStream, Arc<Client>, Place)> {
    match listener.accept().await {
        Ok((stream, peer)) => {
            let place = places.take(peer).await?;
            Some((stream, Arc::clone(place.client()), place))
        }
        // The client has gone already.
        Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => None,
        Err(error) => {
            tracing::error!(%error, "a connection could not be accepted");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Waits for the connections to end; ends those that take longer than they may.
async fn drain(places: &Places, limits: &Limits, shutdown: &Shutdown) {
    tokio::select! {
        () = places.all_free() => return,
        () = tokio::time::sleep(limits.shutdown_grace) => {
            let seconds = limits.shutdown_grace.as_secs();
            tracing::warn!(seconds, "requests in flight took too long and are broken off");
        }
        () = shutdown.ended() => tracing::warn!("requests in flight are broken off"),
    }
    shutdown.end();
    places.all_free().await;
}

struct ConnectionServer {
    tls: Option<Tls>,
    http: Builder<TokioExecutor>,
    pipeline: Arc<Pipeline>,
    idle_timeout: Duration,
    header_read_timeout: Duration,
    shutdown: Shutdown,
}

impl ConnectionServer {
    fn new(tls: Option<Tls>, pipeline: Arc<Pipeline>, limits: &Limits, shutdown: Shutdown) -> Self {
        let mut http = Builder::new(TokioExecutor::new());
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read_timeout)
            .keep_alive(true)
            .half_close(true)
            .max_buf_size(H1_BUFFER_BYTES);
        http.http2()
            .timer(TokioTimer::new())
            .initial_stream_window_size(H2_STREAM_WINDOW_BYTES)
            .initial_connection_window_size(H2_CONNECTION_WINDOW_BYTES)
            .max_frame_size(H2_FRAME_BYTES_MAX)
            .max_concurrent_streams(H2_STREAMS_MAX)
            .keep_alive_interval(H2_PING_INTERVAL)
            .keep_alive_timeout(H2_PING_TIMEOUT);
        Self {
            tls,
            http,
            pipeline,
            idle_timeout: limits.idle_timeout,
            header_read_timeout: limits.header_read_timeout,
            shutdown,
        }
    }

    async fn serve(&self, stream: TcpStream, client: Arc<Client>) {
        let peer = client.address;
        // Without it, small answers wait for the acknowledgement of the ones before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%peer, %error, "a connection was lost before its first request");
            return;
        }
        // Below TLS, where bytes go out.
        let stream = PatientStream::new(stream, self.idle_timeout, Arc::clone(&client));
        match &self.tls {
            None => self.serve_http(stream, client).await,
            Some(tls) => {
                if let Some(stream) = self.secure(tls, stream, &client).await {
                    self.serve_http(stream, client).await;
                }
            }
        }
    }

    /// The stream with TLS on it, if the peer manages that in time and nobody wants its place.
    async fn secure(
        &self,
        tls: &Tls,
        stream: PatientStream<TcpStream>,
        client: &Client,
    ) -> Option<TlsStream<PatientStream<TcpStream>>> {
        let limit = HANDSHAKE_TIMEOUT.min(self.header_read_timeout);
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(limit, handshake(tls, stream)) => outcome,
            () = self.shutdown.begun() => return None,
            () = client.asked_to_leave() => return None,
        };
        let peer = client.address;
        match outcome {
            Ok(Ok(stream)) => stream.map(|mut stream| {
                stream.get_mut().1.set_buffer_limit(Some(TLS_BUFFER_BYTES));
                stream
            }),
            Ok(Err(error)) => {
                tracing::debug!(%peer, %error, "a TLS handshake failed");
                None
            }
            Err(_) => {
                tracing::debug!(%peer, "a TLS handshake took too long");
                None
            }
        }
    }

    async fn serve_http<S>(&self, stream: S, client: Arc<Client>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let peer = client.address;
        let service = service_fn(|request| {
            let (pipeline, client) = (Arc::clone(&self.pipeline), Arc::clone(&client));
            async move { Ok::<_, Infallible>(pipeline.handle(&client, request).await) }
        });
        let mut connection = pin!(self.http.serve_connection(TokioIo::new(stream), service));
        let mut idle_check = tokio::time::interval(self.header_read_timeout);
        // The first tick comes at once.
        idle_check.tick().await;
        let mut ending = false;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => {
                    if let Err(error) = outcome {
                        tracing::debug!(%peer, error = &*error as &dyn std::error::Error, "a connection failed");
                    }
                    return;
                }
                () = self.shutdown.begun(), if !ending => {
                    ending = true;
                    connection.as_mut().graceful_shutdown();
                }
                () = self.shutdown.ended() => return,
                () = client.asked_to_leave() => {
                    // It may have asked for something meanwhile.
                    if client.idle_for().is_some() {
                        return;
                    }
                }
                // What speaks no protocol yet, or speaks HTTP/2 and asks for nothing, has no
                // timeout of its own; nor has an HTTP/2 peer that does not answer a goodbye.
                _ = idle_check.tick() => {
                    if client.stuck_for().is_some_and(|stuck| stuck >= self.idle_timeout) {
                        tracing::debug!(%peer, "a connection takes nothing of its answers");
                        return;
                    }
                    if client.idle_for().is_some_and(|idle| idle >= self.header_read_timeout) {
                        if ending {
                            return;
                        }
                        ending = true;
                        connection.as_mut().graceful_shutdown();
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;

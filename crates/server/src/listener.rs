//! The sockets: accepting connections, speaking HTTP/1.1 and HTTP/2 on them, with TLS or without,
//! and ending them.
//!
//! `assembly` calls [`serve`]; every request goes to the [`Pipeline`].

mod connection;
mod h2_room;
mod handshake;
mod opened;
mod patient_stream;
mod places;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;

use crate::memory::Ended;
use crate::pipeline::{Client, Pipeline};
use crate::tls::Tls;
use crate::{Limits, Shutdown};
use h2_room::{H2Room, RESTING_MAX, WIDE_WINDOWS_MAX};
use handshake::{HANDSHAKE_TIMEOUT, handshake};
use patient_stream::PatientStream;
use places::{Place, Places};

/// Bytes that all streams of one HTTP/2 connection may have under way, which is what a connection can
/// make us hold unread: a layer at 80 MB/s over 50 ms of distance. No less for one stream alone, since
/// whoever has several shares the line among them. The first is for [`WIDE_WINDOWS_MAX`] connections,
/// the other, which the protocol begins with (RFC 9113, 6.9.2), for the rest.
const H2_WIDE_WINDOW_BYTES: u32 = 4 * 1024 * 1024;
const H2_NARROW_WINDOW_BYTES: u32 = 65_535;
const H2_FRAME_BYTES_MAX: u32 = 64 * 1024;
/// Requests of one connection at a time.
const H2_STREAMS_MAX: u32 = 128;
/// Bytes read from a connection of HTTP/1.1 at a time, which are copied on while the processor's cache
/// still has them; also what the head of a request may have.
const H1_BUFFER_BYTES: usize = 128 * 1024;
/// Bytes of an answer that are encrypted before they are written: a chunk of a blob.
const TLS_BUFFER_BYTES: usize = 256 * 1024;
/// Bytes of the headers of one request, as HTTP/2 counts them; beyond it, 431.
const H2_HEADER_BYTES_MAX: u32 = 16 * 1024;
/// Bytes of an answer that wait for one stream's peer to make room, beside the piece that was added
/// last.
const H2_SEND_BUFFER_BYTES: usize = 256 * 1024;
/// Requests that a peer took back before they were looked at; one more ends the connection
/// (CVE-2023-44487).
const H2_RESETS_PENDING_MAX: usize = 20;
/// Streams that were reset for what a peer did wrong on them; one more ends the connection.
const H2_ERRORS_MAX: usize = 256;
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
    let room = H2Room::new(WIDE_WINDOWS_MAX, RESTING_MAX);
    serve_within(room, listener, tls, pipeline, limits, shutdown).await;
}

async fn serve_within(
    h2_room: Arc<H2Room>,
    listener: TcpListener,
    tls: Option<Tls>,
    pipeline: Arc<Pipeline>,
    limits: &Limits,
    shutdown: &Shutdown,
) {
    let places = Places::new(limits.connections_max, limits.connections_per_address_max);
    let ended = Arc::new(Ended::default());
    let giving_back = tokio::spawn({
        let ended = Arc::clone(&ended);
        async move { ended.give_back().await }
    });
    let server =
        ConnectionServer::new(h2_room, tls, pipeline, limits, shutdown.clone(), Arc::clone(&ended));
    let server = Arc::new(server);
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.begun() => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, client, place)) = accepted {
            let server = Arc::clone(&server);
            let counted = server.pipeline.metrics.connections.open();
            tokio::spawn(async move {
                server.serve(stream, client).await;
                drop(counted);
                drop(place);
                server.ended.count();
            });
        }
    }
    giving_back.abort();
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
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    h2_room: Arc<H2Room>,
    pipeline: Arc<Pipeline>,
    idle_timeout: Duration,
    header_read_timeout: Duration,
    shutdown: Shutdown,
    /// Told of connections whose memory is free again.
    ended: Arc<Ended>,
}

impl ConnectionServer {
    fn new(
        h2_room: Arc<H2Room>,
        tls: Option<Tls>,
        pipeline: Arc<Pipeline>,
        limits: &Limits,
        shutdown: Shutdown,
        ended: Arc<Ended>,
    ) -> Self {
        let mut http1 = http1::Builder::new();
        http1
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_read_timeout)
            .keep_alive(true)
            .half_close(true)
            .max_buf_size(H1_BUFFER_BYTES);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_frame_size(H2_FRAME_BYTES_MAX)
            .max_concurrent_streams(H2_STREAMS_MAX)
            .max_header_list_size(H2_HEADER_BYTES_MAX)
            .max_send_buf_size(H2_SEND_BUFFER_BYTES)
            .max_pending_accept_reset_streams(H2_RESETS_PENDING_MAX)
            .max_local_error_reset_streams(H2_ERRORS_MAX)
            .keep_alive_interval(H2_PING_INTERVAL)
            .keep_alive_timeout(H2_PING_TIMEOUT);
        Self {
            tls,
            http1,
            http2,
            h2_room,
            pipeline,
            idle_timeout: limits.idle_timeout,
            header_read_timeout: limits.header_read_timeout,
            shutdown,
            ended,
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
        // Each in a box of its own: a connection is as large as what it does, not as the largest of
        // all that it might do. That of a handshake is gone when it is over.
        match &self.tls {
            None => Box::pin(self.serve_http(stream, &client)).await,
            Some(tls) => {
                if let Some(stream) = Box::pin(self.secure(tls, stream, &client)).await {
                    Box::pin(self.serve_http(stream, &client)).await;
                }
            }
        }
    }

    /// The stream with TLS on it, if the peer manages that in time and nobody wants its place. In a
    /// box, so that it is not moved from one engine to the next.
    async fn secure(
        &self,
        tls: &Tls,
        stream: PatientStream<TcpStream>,
        client: &Client,
    ) -> Option<Box<TlsStream<PatientStream<TcpStream>>>> {
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
}

#[cfg(test)]
mod tests;

//! HTTP on one connection, from its first byte to its end.
//!
//! The engine of HTTP/1.1 keeps two buffers for each connection, which is much for the many that
//! ask for nothing. So it is made when a peer says something, and unmade when a connection has been
//! idle for a while; what is left is the socket, until its peer says more. HTTP/2 has a memory of
//! its headers and cannot be unmade.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use hyper::body::Incoming;
use hyper::service::{HttpService, service_fn};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;

use super::h2_room::RESTS_AFTER;
use super::opened::Opened;
use super::{ConnectionServer, H2_NARROW_WINDOW_BYTES, H2_WIDE_WINDOW_BYTES};
use crate::pipeline::{Body, Client};

/// What a client of HTTP/2 says first (RFC 9113, 3.4).
const H2_PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a connection of HTTP/1.1 is idle before its engine is unmade.
const PARKED_AFTER: Duration = Duration::from_millis(250);
/// How long a peer may take to hear that its connection ends.
const GOODBYE: Duration = Duration::from_secs(1);
/// How often it is looked whether a connection of HTTP/2 has to go.
const H2_LOOK: Duration = Duration::from_millis(250);
/// How long one may take to hear it where another connection waits for its window.
const H2_GOODBYE: Duration = Duration::from_millis(20);

/// What a peer said first.
struct Opening {
    bytes: [u8; H2_PREFACE.len()],
    count: usize,
}

impl Opening {
    /// Whether it is HTTP/2, once that is known.
    fn is_http2(&self) -> Option<bool> {
        let said = &self.bytes[..self.count];
        if !H2_PREFACE.starts_with(said) {
            return Some(false);
        }
        (said.len() == H2_PREFACE.len()).then_some(true)
    }
}

impl ConnectionServer {
    /// Serves the requests that come on a stream.
    pub(super) async fn serve_http<S>(&self, mut stream: S, client: &Arc<Client>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut first = Bytes::new();
        loop {
            if first.is_empty() {
                let Some(opening) = self.opening(&mut stream, client).await else {
                    // Whether it hears it or not.
                    let _ = tokio::time::timeout(GOODBYE, stream.shutdown()).await;
                    return;
                };
                first = Bytes::copy_from_slice(&opening.bytes[..opening.count]);
                // Each in a box of its own, so that a connection is not as large as both.
                if opening.is_http2() == Some(true) {
                    let opened = Opened::new(first, stream);
                    return Box::pin(self.serve_http2(opened, client)).await;
                }
            }
            match Box::pin(self.serve_http1(Opened::new(first, stream), client)).await {
                Some(parked) => {
                    (first, stream) = parked;
                    self.ended.count();
                }
                None => return,
            }
        }
    }

    /// Waits until the peer has said which protocol it speaks. `None` if it does not, or if it has
    /// to go.
    async fn opening<S>(&self, stream: &mut S, client: &Client) -> Option<Opening>
    where
        S: AsyncRead + Unpin,
    {
        let mut opening = Opening { bytes: [0; H2_PREFACE.len()], count: 0 };
        let said = async {
            loop {
                match stream.read(&mut opening.bytes[opening.count..]).await {
                    Ok(0) | Err(_) => return false,
                    Ok(count) => opening.count += count,
                }
                if opening.is_http2().is_some() {
                    return true;
                }
            }
        };
        let is_known = tokio::select! {
            said = tokio::time::timeout(self.header_read_timeout, said) => said.unwrap_or(false),
            () = self.shutdown.begun() => false,
            () = client.asked_to_leave() => false,
        };
        is_known.then_some(opening)
    }

    fn service(
        &self,
        client: &Arc<Client>,
    ) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible, Future: Send + 'static> + use<>
    {
        let (pipeline, client) = (Arc::clone(&self.pipeline), Arc::clone(client));
        service_fn(move |request: Request<Incoming>| {
            let (pipeline, client) = (Arc::clone(&pipeline), Arc::clone(&client));
            async move { Ok::<_, Infallible>(pipeline.handle(&client, request).await) }
        })
    }

    /// Serves HTTP/1.1. Gives the stream back when it has been idle for a while after a request,
    /// with the beginning of the next one, should there be any of it.
    async fn serve_http1<S>(&self, stream: Opened<S>, client: &Arc<Client>) -> Option<(Bytes, S)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let service = self.service(client);
        let mut connection = self.http1.serve_connection(TokioIo::new(stream), service);
        let before = client.requests();
        let mut look = tokio::time::interval(PARKED_AFTER.min(self.header_read_timeout));
        // The first tick comes at once.
        look.tick().await;
        let mut ending = false;
        loop {
            tokio::select! {
                outcome = &mut connection => {
                    note_failure(client, outcome);
                    return None;
                }
                () = self.shutdown.begun(), if !ending => {
                    ending = true;
                    Pin::new(&mut connection).graceful_shutdown();
                }
                () = self.shutdown.ended() => return None,
                () = client.asked_to_leave() => if client.idle_for().is_some() { return None },
                _ = look.tick() => {
                    if self.has_lasted(client) {
                        return None;
                    }
                    // Not one that has sent half a head: its time runs in the engine.
                    if !ending && client.requests() > before && client.rests_for(PARKED_AFTER) {
                        break;
                    }
                }
            }
        }
        let parts = connection.into_parts();
        // Copied, since even an empty one is the whole buffer.
        let first = Bytes::copy_from_slice(&parts.read_buf);
        Some((first, parts.io.into_inner().into_inner()))
    }

    async fn serve_http2<S>(&self, stream: Opened<S>, client: &Arc<Client>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut share = self.h2_room.take(client).await;
        let window = if share.is_wide() { H2_WIDE_WINDOW_BYTES } else { H2_NARROW_WINDOW_BYTES };
        let mut http2 = self.http2.clone();
        http2.initial_stream_window_size(window).initial_connection_window_size(window);
        let service = self.service(client);
        let mut connection = pin!(http2.serve_connection(TokioIo::new(stream), service));
        let mut look = tokio::time::interval(H2_LOOK.min(self.header_read_timeout));
        // The first tick comes at once.
        look.tick().await;
        let mut goodbye = None;
        loop {
            tokio::select! {
                outcome = connection.as_mut() => return note_failure(client, outcome),
                () = self.shutdown.begun(), if goodbye.is_none() => {
                    goodbye = Some(Instant::now());
                    connection.as_mut().graceful_shutdown();
                }
                () = self.shutdown.ended() => return,
                () = share.window_wanted() => {
                    if client.rests_for(Duration::ZERO) {
                        connection.as_mut().graceful_shutdown();
                        // Another one waits for the window: whether it has heard that or not.
                        let _ = tokio::time::timeout(H2_GOODBYE, connection.as_mut()).await;
                        return;
                    }
                    share.keep_window();
                }
                // It may have asked for something meanwhile.
                () = client.asked_to_leave() => if client.idle_for().is_some() { return },
                // A peer that asks for nothing has no timeout of its own, nor has one that does not
                // answer a goodbye.
                _ = look.tick() => {
                    if client.stuck_for().is_some_and(|stuck| stuck >= self.idle_timeout) {
                        tracing::debug!(peer = %client.address, "it takes nothing of its answers");
                        return;
                    }
                    let is_too_many = client.rests_for(RESTS_AFTER) && share.is_one_too_many();
                    if self.has_lasted(client) || is_too_many {
                        match goodbye {
                            Some(at) if at.elapsed() >= RESTS_AFTER => return,
                            Some(_) => {}
                            None => {
                                goodbye = Some(Instant::now());
                                connection.as_mut().graceful_shutdown();
                            }
                        }
                    }
                }
            }
        }
    }

    /// Whether a connection has been idle for as long as it may be.
    fn has_lasted(&self, client: &Client) -> bool {
        client.idle_for().is_some_and(|idle| idle >= self.header_read_timeout)
    }
}

fn note_failure(client: &Client, outcome: Result<(), hyper::Error>) {
    if let Err(error) = outcome {
        let (peer, error) = (client.address, &error as &dyn std::error::Error);
        tracing::debug!(%peer, error, "a connection failed");
    }
}

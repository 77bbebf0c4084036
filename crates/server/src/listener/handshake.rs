//! The beginning of a connection that speaks TLS, and the answer to one that does not.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::patient_stream::PatientStream;
use crate::tls::Tls;

/// For the whole handshake: two round trips over the slowest line.
pub(super) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The first byte of a TLS connection: a record of the handshake (RFC 8446, 5.1).
const TLS_HANDSHAKE: u8 = 22;
/// A fatal alert that says `unrecognized_name` (RFC 8446, 6.2; RFC 6066, 3).
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
/// Bytes of a plain request that are read after it was answered.
const PLAIN_BYTES_MAX: usize = 256 * 1024;
const PLAIN_ANSWER: &str = "HTTP/1.1 400 Bad Request\r\n\
    content-type: text/plain; charset=utf-8\r\n\
    content-length: 46\r\n\
    connection: close\r\n\
    \r\n\
    This port speaks TLS: use https:// to reach it";

/// The socket of a connection, as its handshake has it.
type Socket = PatientStream<TcpStream>;

/// Speaks TLS with a peer. `None` if nothing comes of it and the peer was told so.
///
/// # Errors
/// What the peer did wrong, or that it has gone.
pub(super) async fn handshake(
    tls: &Tls,
    stream: Socket,
) -> io::Result<Option<Box<TlsStream<Socket>>>> {
    let mut first = [0];
    let local = stream.get_ref().local_addr()?.ip();
    match stream.get_ref().peek(&mut first).await? {
        0 => Ok(None),
        _ if first[0] == TLS_HANDSHAKE => speak_tls(tls, stream, local).await,
        _ => Box::pin(refuse_plain_text(stream)).await.map(|()| None),
    }
}

async fn speak_tls<S>(tls: &Tls, stream: S, local: IpAddr) -> io::Result<Option<Box<TlsStream<S>>>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello = start.client_hello();
    let Some(config) = tls.config(hello.server_name(), local) else {
        tracing::debug!(name = hello.server_name(), "a client asks for a name of another server");
        start.io.write_all(&UNRECOGNIZED_NAME).await?;
        start.io.shutdown().await?;
        return Ok(None);
    };
    start.into_stream(config).await.map(|stream| Some(Box::new(stream)))
}

/// Says what is wrong with a plain request, when it has begun.
async fn refuse_plain_text<S>(mut stream: S) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut buffer = [0; 4096];
    let begins_with_a_method = |read: &[u8]| read.first().is_some_and(u8::is_ascii_uppercase);
    let size = stream.read(&mut buffer).await?;
    // What is no request of HTTP would not understand the answer either.
    if !begins_with_a_method(&buffer[..size]) {
        return Ok(());
    }
    stream.write_all(PLAIN_ANSWER.as_bytes()).await?;
    stream.shutdown().await?;
    // A socket closed on bytes that were not read is reset, and the answer lost.
    let mut left = PLAIN_BYTES_MAX;
    while left > 0 {
        match stream.read(&mut buffer).await? {
            0 => break,
            size => left = left.saturating_sub(size),
        }
    }
    Ok(())
}

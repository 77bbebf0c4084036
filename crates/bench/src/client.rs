//! A small HTTP/1.1 client over one keep-alive connection: enough for a registry on loopback, and
//! cheap enough not to be what is measured.

use std::io::{BufRead as _, Read as _};
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use rustls::ClientConfig;

use crate::head::{Framing, Head, chunk_size};
use crate::http2::Http2Connection;
use crate::transport::Transport;

/// Bodies up to this many bytes leave with their head, in one write.
const ONE_WRITE_BYTES_MAX: usize = 16 << 10;

/// A connection to a registry.
pub struct Client {
    channel: Channel,
    host: String,
    authorization: Option<String>,
}

enum Channel {
    Http1(Transport),
    Http2(Box<Http2Connection>),
}

/// What was answered.
pub struct Answer {
    /// Status and headers.
    pub head: Head,
    /// The body, unless it was thrown away.
    pub body: Vec<u8>,
    /// How long the body was.
    pub length: u64,
}

impl Answer {
    /// The status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// The answer, if it has that status.
    ///
    /// # Errors
    /// With what was answered instead.
    pub fn expect(self, status: u16, what: &str) -> Result<Self> {
        let (found, text) = (self.status(), String::from_utf8_lossy(&self.body));
        ensure!(found == status, "{what} answered {found}: {text}");
        Ok(self)
    }
}

/// What to do with the body of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Return it.
    Body,
    /// Read it and throw it away.
    Length,
}

/// A request.
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// Headers beside those of the connection.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body, in pieces.
    pub body: &'a [&'a [u8]],
    /// What to do with the answer's body.
    pub keep: Keep,
}

impl<'a> Request<'a> {
    /// A request without headers and body, whose answer is kept.
    pub fn new(method: &'a str, target: &'a str) -> Self {
        Self { method, target, headers: &[], body: &[], keep: Keep::Body }
    }
}

impl Client {
    /// Connects to `address`, over TLS if there is something to trust.
    pub fn connect(
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        authorization: Option<String>,
    ) -> Result<Self> {
        let transport = Transport::connect(address, tls)?;
        Ok(Self::over(transport, address, authorization))
    }

    /// Speaks over a connection that stands.
    pub fn over(transport: Transport, address: SocketAddr, authorization: Option<String>) -> Self {
        Self { channel: Channel::Http1(transport), host: address.to_string(), authorization }
    }

    /// The same over HTTP/2.
    ///
    /// # Errors
    /// If the other side does not speak it.
    pub fn connect_http2(
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        authorization: Option<String>,
    ) -> Result<Self> {
        let channel = Channel::Http2(Box::new(Http2Connection::connect(address, tls)?));
        Ok(Self { channel, host: address.to_string(), authorization })
    }

    /// The `Host` this client sends.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request and reads its answer.
    pub fn send(&mut self, request: &Request<'_>) -> Result<Answer> {
        let authorization = self.authorization.as_deref();
        match &mut self.channel {
            Channel::Http1(transport) => send_http1(transport, request, &self.host, authorization),
            Channel::Http2(connection) => connection.send(request, &self.host, authorization),
        }
    }
}

fn send_http1(
    transport: &mut Transport,
    request: &Request<'_>,
    host: &str,
    authorization: Option<&str>,
) -> Result<Answer> {
    let length: usize = request.body.iter().map(|piece| piece.len()).sum();
    let mut head = head_of(request, host, authorization, length);
    if length <= ONE_WRITE_BYTES_MAX {
        request.body.iter().for_each(|piece| head.extend_from_slice(piece));
        transport.write_all(&head)?;
    } else {
        transport.write_all(&head)?;
        for piece in request.body {
            transport.write_all(piece)?;
        }
    }
    transport.flush()?;
    answer(transport, request.method, request.keep)
}

fn answer(transport: &mut Transport, method: &str, keep: Keep) -> Result<Answer> {
    let mut start = Vec::new();
    let head = loop {
        let known = start.len();
        let got = transport.fill()?;
        ensure!(!got.is_empty(), "the connection was closed");
        start.extend_from_slice(got);
        let got = got.len();
        match Head::parse(&start)? {
            Some((head, used)) => {
                transport.consume(used - known);
                break head;
            }
            None => transport.consume(got),
        }
    };
    let framing = head.framing(method)?;
    let mut answer = Answer { head, body: Vec::new(), length: 0 };
    match framing {
        Framing::Length(length) => body(transport, length, keep, &mut answer)?,
        Framing::Chunked => loop {
            let size = chunk_size(&line(transport)?)?;
            body(transport, size, keep, &mut answer)?;
            line(transport)?;
            if size == 0 {
                break;
            }
        },
    }
    Ok(answer)
}

fn body(transport: &mut Transport, length: u64, keep: Keep, answer: &mut Answer) -> Result<()> {
    answer.length += length;
    if keep == Keep::Body {
        let read = transport.reader().take(length).read_to_end(&mut answer.body)?;
        ensure!(read as u64 == length, "the answer broke off");
        return Ok(());
    }
    let mut left = length;
    while left > 0 {
        let got = transport.fill()?.len();
        ensure!(got > 0, "the answer broke off, {left} bytes before its end");
        let used = got.min(usize::try_from(left).unwrap_or(usize::MAX));
        transport.consume(used);
        left -= used as u64;
    }
    Ok(())
}

fn line(transport: &mut Transport) -> Result<String> {
    let mut line = String::new();
    let read = transport.reader().read_line(&mut line).context("reading a line")?;
    ensure!(read > 0, "the connection was closed");
    Ok(line.trim_end().to_owned())
}

/// The head of a request with a body of `length` bytes.
pub fn head_of(
    request: &Request<'_>,
    host: &str,
    authorization: Option<&str>,
    length: usize,
) -> Vec<u8> {
    let Request { method, target, headers, .. } = request;
    let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {host}\r\n");
    let own = authorization.map(|value| ("authorization", value));
    for (name, value) in own.iter().chain(headers.iter()) {
        head += &format!("{name}: {value}\r\n");
    }
    if length > 0 || !matches!(*method, "GET" | "HEAD") {
        head += &format!("content-length: {length}\r\n");
    }
    head += "\r\n";
    head.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::TcpListener;

    use super::*;

    /// What a client makes of an answer that arrives byte by byte.
    fn answered(bytes: &'static [u8], keep: Keep) -> Result<Answer> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut request = [0; 512];
            assert!(stream.read(&mut request).unwrap() > 0);
            for byte in bytes {
                stream.write_all(&[*byte]).unwrap();
            }
        });
        let mut client = Client::connect(address, None, None).unwrap();
        let answer = client.send(&Request { keep, ..Request::new("GET", "/") });
        server.join().unwrap();
        answer
    }

    #[test]
    fn bodies_of_known_length_and_in_chunks_are_read() {
        let known = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        let chunks =
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
        for bytes in [&known[..], &chunks[..]] {
            let answer = answered(bytes, Keep::Body).unwrap();
            assert_eq!((answer.status(), &answer.body[..], answer.length), (200, &b"abc"[..], 3));
            let answer = answered(bytes, Keep::Length).unwrap();
            assert_eq!((answer.body.len(), answer.length), (0, 3));
        }
    }

    #[test]
    fn an_answer_that_breaks_off_is_an_error() {
        for keep in [Keep::Body, Keep::Length] {
            assert!(answered(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nab", keep).is_err());
            assert!(answered(b"HTTP/1.1 200 OK\r\n", keep).is_err());
        }
    }

    #[test]
    fn a_request_says_how_long_its_body_is() {
        let head = |method| {
            let head = head_of(&Request::new(method, "/v2/"), "h:1", Some("Basic x"), 0);
            String::from_utf8(head).unwrap()
        };
        assert_eq!(head("GET"), "GET /v2/ HTTP/1.1\r\nhost: h:1\r\nauthorization: Basic x\r\n\r\n");
        assert!(head("POST").ends_with("content-length: 0\r\n\r\n"));
    }
}

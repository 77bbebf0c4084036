//! Connections of HTTP/2. Beside: one that moves layers. Here: one of thousands that asks without TLS and
//! without having asked whether it may (RFC 9113, 3.3), which takes no more of the protocol than to ask
//! for something that has no body worth reading.

mod connection;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Result, ensure};

pub use connection::Http2Connection;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Types of frames (RFC 9113, 6).
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
/// `END_STREAM` and `END_HEADERS`.
const WHOLE_REQUEST: u8 = 5;
/// `:method: GET` and `:scheme: http`, by their numbers (RFC 7541, appendix A).
const GET_OVER_HTTP: [u8; 2] = [0x82, 0x86];
/// Numbers of the names of headers, likewise.
const AUTHORITY: usize = 1;
const PATH: usize = 4;
const AUTHORIZATION: usize = 23;
/// `:status: 200`, likewise.
const STATUS_200: u8 = 0x88;

/// A connection.
pub struct Http2Client {
    stream: TcpStream,
    headers: Vec<u8>,
    /// The number of the next request.
    next: u32,
}

impl Http2Client {
    /// Connects, with that much patience for each step, to ask for `path`.
    pub fn connect(
        address: SocketAddr,
        patience: Duration,
        path: &str,
        authorization: Option<&str>,
    ) -> Result<Self> {
        let mut stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        let mut headers = GET_OVER_HTTP.to_vec();
        header(&mut headers, PATH, path);
        header(&mut headers, AUTHORITY, &address.to_string());
        if let Some(value) = authorization {
            header(&mut headers, AUTHORIZATION, value);
        }
        stream.write_all(&[PREFACE, &frame(SETTINGS, 0, 0, &[])].concat())?;
        Ok(Self { stream, headers, next: 1 })
    }

    /// Asks once.
    ///
    /// # Errors
    /// Unless the answer is 200.
    pub fn ask(&mut self) -> Result<()> {
        let number = self.next;
        self.next += 2;
        self.stream.write_all(&frame(HEADERS, WHOLE_REQUEST, number, &self.headers))?;
        loop {
            let mut head = [0; 9];
            self.stream.read_exact(&mut head)?;
            let [high, middle, low, kind, _, stream @ ..] = head;
            let length = u32::from_be_bytes([0, high, middle, low]);
            let mut body = vec![0; usize::try_from(length)?];
            self.stream.read_exact(&mut body)?;
            ensure!(kind != GOAWAY, "the server says goodbye");
            if kind == HEADERS && u32::from_be_bytes(stream) == number {
                ensure!(body.first() == Some(&STATUS_200), "not answered with 200");
                return Ok(());
            }
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags];
    [&head[..], &stream.to_be_bytes(), body].concat()
}

/// A header that is not to be remembered (RFC 7541, 6.2.2).
fn header(headers: &mut Vec<u8>, name: usize, value: &str) {
    integer(headers, 15, name);
    integer(headers, 127, value.len());
    headers.extend_from_slice(value.as_bytes());
}

/// A number in a byte that can hold less than `limit`, and in those after it (RFC 7541, 5.1).
fn integer(bytes: &mut Vec<u8>, limit: u8, number: usize) {
    match u8::try_from(number) {
        Ok(small) if small < limit => bytes.push(small),
        _ => {
            bytes.push(limit);
            let mut rest = number - usize::from(limit);
            while rest >= 128 {
                bytes.push((rest % 128) as u8 | 128);
                rest /= 128;
            }
            bytes.push(rest as u8);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of RFC 7541, C.1.
    #[test]
    fn numbers_are_as_the_standard_has_them() {
        for (limit, number, expected) in
            [(31, 10, &[10][..]), (31, 1337, &[31, 154, 10]), (255, 42, &[42])]
        {
            let mut bytes = Vec::new();
            integer(&mut bytes, limit, number);
            assert_eq!(bytes, expected);
        }
    }

    #[test]
    fn a_frame_says_how_long_it_is() {
        assert_eq!(frame(SETTINGS, 1, 0, &[]), [0, 0, 0, 4, 1, 0, 0, 0, 0]);
        assert_eq!(frame(HEADERS, 5, 3, &[7; 256])[..10], [0, 1, 0, 1, 5, 0, 0, 0, 3, 7]);
    }
}

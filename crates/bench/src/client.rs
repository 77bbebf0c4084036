//! A small HTTP/1.1 client over one keep-alive connection: enough for a registry on loopback, and
//! cheap enough not to be what is measured.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, bail, ensure};

/// A connection to a registry.
pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    authorization: Option<String>,
}

/// What was answered.
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body, unless it was thrown away.
    pub body: Vec<u8>,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What to do with the body of an answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Return it.
    Body,
    /// Read it and throw it away; `body` then holds only its length as eight bytes.
    Length,
}

impl Client {
    /// Connects to `address`.
    pub fn connect(address: SocketAddr, authorization: Option<String>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let stream = BufReader::with_capacity(1 << 20, stream);
        Ok(Self { stream, host: address.to_string(), authorization })
    }

    /// The `Host` this client sends.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Sends a request and reads its answer.
    pub fn send(
        &mut self,
        method: &str,
        target: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        keep: Keep,
    ) -> Result<Answer> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nhost: {}\r\n", self.host);
        if let Some(authorization) = &self.authorization {
            head += &format!("authorization: {authorization}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("content-length: {}\r\n\r\n", body.len());
        let mut stream = self.stream.get_ref();
        stream.write_all(head.as_bytes())?;
        for piece in body.chunks(1 << 20) {
            stream.write_all(piece)?;
        }
        self.answer(method, keep)
    }

    fn answer(&mut self, method: &str, keep: Keep) -> Result<Answer> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status: u16 = status.with_context(|| format!("not a status line: {line:?}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer { status, headers, body: Vec::new() };
        if method == "HEAD" || matches!(status, 204 | 304) {
            return Ok(answer);
        }
        ensure!(answer.header("transfer-encoding").is_none(), "chunked answers are not read");
        let length: u64 = answer.header("content-length").unwrap_or("0").parse()?;
        match keep {
            Keep::Body => {
                let read = (&mut self.stream).take(length).read_to_end(&mut answer.body)?;
                ensure!(read as u64 == length, "the answer broke off");
            }
            Keep::Length => {
                let mut left = length;
                while left > 0 {
                    let got = self.stream.fill_buf()?.len();
                    if got == 0 {
                        bail!("the answer broke off, {left} bytes before its end");
                    }
                    let used = got.min(usize::try_from(left).unwrap_or(usize::MAX));
                    self.stream.consume(used);
                    left -= used as u64;
                }
                answer.body = length.to_be_bytes().to_vec();
            }
        }
        Ok(answer)
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the connection was closed");
        Ok(line.trim_end().to_owned())
    }
}

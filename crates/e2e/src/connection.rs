//! A connection to `/v2` that stays: for clients that ask a hundred thousand times.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::api::Api;
use crate::server::Server;

/// Without a byte for so long, the server hangs.
const SILENCE_LIMIT: Duration = Duration::from_secs(120);

/// The connection, logged in with the root key.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    /// The headers of all requests.
    head: String,
}

/// What was answered.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Where the client is to go on, if it is.
    pub location: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Connection {
    /// Connects and logs in.
    ///
    /// # Errors
    /// If there is no connection.
    pub fn root(server: &Server) -> io::Result<Self> {
        let (port, authorization) = (server.port(), Api::root(server).authorization());
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(SILENCE_LIMIT))?;
        stream.set_nodelay(true)?;
        let head = format!("Host: localhost:{port}\r\nAuthorization: {authorization}\r\n");
        Ok(Self { stream: BufReader::new(stream), head })
    }

    /// Asks for something.
    ///
    /// # Errors
    /// If no whole answer comes.
    pub fn ask(
        &mut self,
        method: &str,
        target: &str,
        media_type: Option<&str>,
        body: &[u8],
    ) -> io::Result<Reply> {
        let (head, length) = (&self.head, body.len());
        let media_type = media_type.map_or(String::new(), |it| format!("Content-Type: {it}\r\n"));
        let head = format!(
            "{method} {target} HTTP/1.1\r\n{head}{media_type}Content-Length: {length}\r\n\r\n"
        );
        let request = [head.as_bytes(), body].concat();
        self.stream.get_mut().write_all(&request)?;
        self.reply(method == "HEAD")
    }

    fn reply(&mut self, to_head: bool) -> io::Result<Reply> {
        let status = self.line()?;
        let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or(io::ErrorKind::InvalidData)?;
        let (mut length, mut location, mut chunked) = (0, None, false);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            match &*name.to_ascii_lowercase() {
                "content-length" => {
                    length = value.parse().map_err(|_| io::ErrorKind::InvalidData)?;
                }
                "transfer-encoding" => chunked = true,
                "location" => location = Some(value.to_owned()),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if !to_head && chunked {
            while self.chunk(&mut body)? {}
        } else if !to_head {
            body.resize(length, 0);
            self.stream.read_exact(&mut body)?;
        }
        Ok(Reply { status, location, body })
    }

    /// Reads a chunk; answers whether more follow.
    fn chunk(&mut self, body: &mut Vec<u8>) -> io::Result<bool> {
        let line = self.line()?;
        let length = usize::from_str_radix(&line, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        let from = body.len();
        body.resize(from + length, 0);
        self.stream.read_exact(&mut body[from..])?;
        self.line()?;
        Ok(length > 0)
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.stream.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

//! HTTP/1.1 by hand: a connection a request, and nothing hidden. What clients would not send, a
//! body that breaks off for one, can be sent with it.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Without a byte for so long, the server hangs.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);

/// A request to a server on this machine.
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Path and query.
    pub target: String,
    /// Headers, besides `Host` and what tells the length of the body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body<'a>,
}

/// The body of a request.
pub enum Body<'a> {
    /// None at all.
    None,
    /// All at once, with its length.
    Whole(&'a [u8]),
    /// As much as is there, in chunks.
    Chunked(&'a mut dyn Read),
    /// The connection is closed after these bytes, though the length that was told is another.
    Broken {
        /// What `Content-Length` says.
        length: u64,
        /// What is sent.
        sent: &'a [u8],
    },
}

/// An answer, its body not read yet.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// Headers in lower case, as they came.
    pub headers: Vec<(String, String)>,
    /// Whether the server took the whole request, or closed the connection while it was sent.
    pub request_taken: bool,
    connection: BufReader<TcpStream>,
    to_head: bool,
}

impl<'a> Request<'a> {
    /// A request of any method without a body.
    pub fn new(method: &'a str, target: &str) -> Self {
        Self { method, target: target.to_owned(), headers: Vec::new(), body: Body::None }
    }

    /// A `GET`.
    pub fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(self, body: Body<'a>) -> Self {
        Self { body, ..self }
    }

    /// Sends it.
    ///
    /// # Errors
    /// If there is no connection, or no whole head of an answer.
    pub fn send(self, port: u16) -> io::Result<Response> {
        let to_head = self.method == "HEAD";
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(SILENCE_LIMIT))?;
        stream.set_write_timeout(Some(SILENCE_LIMIT))?;
        stream.set_nodelay(true)?;
        let sent = self.write(&mut stream, port);
        let answer = Response::read(stream, to_head);
        // A server may answer before it has read the whole body, and close the connection.
        match (sent, answer) {
            (sent, Ok(answer)) => Ok(Response { request_taken: sent.is_ok(), ..answer }),
            (Err(error), Err(_)) | (Ok(()), Err(error)) => Err(error),
        }
    }

    fn write(self, stream: &mut TcpStream, port: u16) -> io::Result<()> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        head += &format!("Host: localhost:{port}\r\nConnection: close\r\n");
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        match self.body {
            Body::None if matches!(self.method, "GET" | "HEAD" | "DELETE") => {
                write!(stream, "{head}\r\n")
            }
            Body::None => write!(stream, "{head}Content-Length: 0\r\n\r\n"),
            Body::Whole(bytes) => {
                write!(stream, "{head}Content-Length: {}\r\n\r\n", bytes.len())?;
                stream.write_all(bytes)
            }
            Body::Chunked(reader) => {
                write!(stream, "{head}Transfer-Encoding: chunked\r\n\r\n")?;
                write_chunks(stream, reader)
            }
            Body::Broken { length, sent } => {
                write!(stream, "{head}Content-Length: {length}\r\n\r\n")?;
                stream.write_all(sent)?;
                stream.shutdown(std::net::Shutdown::Write)
            }
        }
    }
}

fn write_chunks(stream: &mut TcpStream, reader: &mut dyn Read) -> io::Result<()> {
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let length = reader.read(&mut chunk)?;
        write!(stream, "{length:x}\r\n")?;
        stream.write_all(&chunk[..length])?;
        stream.write_all(b"\r\n")?;
        if length == 0 {
            return Ok(());
        }
    }
}

impl Response {
    fn read(stream: TcpStream, to_head: bool) -> io::Result<Self> {
        let mut connection = BufReader::with_capacity(64 * 1024, stream);
        loop {
            let status = line(&mut connection)?;
            let status = status.split(' ').nth(1).and_then(|status| status.parse().ok());
            let status: u16 = status.ok_or(io::ErrorKind::InvalidData)?;
            let mut headers = Vec::new();
            loop {
                let line = line(&mut connection)?;
                let Some((name, value)) = line.split_once(':') else { break };
                headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            }
            if status != 100 {
                return Ok(Self { status, headers, request_taken: true, connection, to_head });
            }
        }
    }

    /// A header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The whole body.
    ///
    /// # Errors
    /// If the body breaks off.
    pub fn body(self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        self.copy_to(&mut body)?;
        Ok(body)
    }

    /// Copies the body; answers its length in bytes.
    ///
    /// # Errors
    /// If the body breaks off; what came of it was copied.
    pub fn copy_to(mut self, target: &mut impl Write) -> io::Result<u64> {
        if self.to_head || self.status == 204 || self.status == 304 {
            return Ok(0);
        }
        if self.header("transfer-encoding") == Some("chunked") {
            return self.copy_chunks(target);
        }
        match self.header("content-length").map(str::parse) {
            Some(Ok(length)) => copy_exactly(&mut self.connection, target, length),
            Some(Err(_)) => Err(io::ErrorKind::InvalidData.into()),
            None => io::copy(&mut self.connection, target),
        }
    }

    fn copy_chunks(&mut self, target: &mut impl Write) -> io::Result<u64> {
        let mut total = 0;
        loop {
            let length = line(&mut self.connection)?;
            let length =
                u64::from_str_radix(&length, 16).map_err(|_| io::ErrorKind::InvalidData)?;
            total += copy_exactly(&mut self.connection, target, length)?;
            line(&mut self.connection)?;
            if length == 0 {
                return Ok(total);
            }
        }
    }
}

fn copy_exactly(from: &mut impl Read, to: &mut impl Write, length: u64) -> io::Result<u64> {
    let copied = io::copy(&mut from.take(length), to)?;
    if copied < length { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(copied) }
}

fn line(connection: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    if connection.read_line(&mut line)? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(line.trim_end().to_owned())
}

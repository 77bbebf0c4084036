//! A blocking connection to a registry, plain or over TLS, with large reads and writes, so that the
//! client is not what is measured.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Bytes read from a socket at a time.
const READ_BYTES: usize = 256 << 10;
/// The same where thousands of connections are held.
const READ_BYTES_OF_MANY: usize = 512;
/// Bytes of plain text that are sealed before they are written.
const TLS_WRITE_BYTES: usize = 256 << 10;

/// A connection, whose bytes are read through a buffer.
pub struct Transport(BufReader<Socket>);

enum Socket {
    Plain(TcpStream),
    Tls(Box<StreamOwned<ClientConnection, BufferedTcp>>),
}

/// A socket that is read in large pieces: what seals the bytes asks for a few KiB at a time.
struct BufferedTcp(BufReader<TcpStream>);

impl Transport {
    /// Connects, and shakes hands if there is something to trust.
    pub fn connect(address: SocketAddr, tls: Option<&Arc<ClientConfig>>) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        Self::over(stream, address, tls, READ_BYTES)
    }

    /// One of thousands: with small buffers, and with `patience` for each step and no more.
    pub fn connect_one_of_many(
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        patience: Duration,
    ) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        Self::over(stream, address, tls, READ_BYTES_OF_MANY)
    }

    fn over(
        stream: TcpStream,
        address: SocketAddr,
        tls: Option<&Arc<ClientConfig>>,
        read_bytes: usize,
    ) -> Result<Self> {
        stream.set_nodelay(true)?;
        let Some(config) = tls else {
            return Ok(Self(BufReader::with_capacity(read_bytes, Socket::Plain(stream))));
        };
        let name = ServerName::IpAddress(address.ip().into());
        let mut connection = ClientConnection::new(config.clone(), name)?;
        connection.set_buffer_limit(Some(TLS_WRITE_BYTES));
        let mut stream = BufferedTcp(BufReader::with_capacity(read_bytes, stream));
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        let socket = Socket::Tls(Box::new(StreamOwned::new(connection, stream)));
        Ok(Self(BufReader::with_capacity(read_bytes, socket)))
    }

    /// Writes all of it.
    pub fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.0.get_mut() {
            Socket::Plain(stream) => stream.write_all(bytes),
            Socket::Tls(stream) => stream.write_all(bytes),
        }
    }

    /// Hands over what is buffered.
    pub fn flush(&mut self) -> io::Result<()> {
        match self.0.get_mut() {
            Socket::Plain(_) => Ok(()),
            Socket::Tls(stream) => stream.flush(),
        }
    }

    /// What has been read and not consumed; reads if that is nothing.
    pub fn fill(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    /// Marks that many bytes of [`fill`](Self::fill) as used.
    pub fn consume(&mut self, count: usize) {
        self.0.consume(count);
    }

    /// The bytes, to be read.
    pub fn reader(&mut self) -> &mut impl BufRead {
        &mut self.0
    }
}

impl Read for Socket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Read for BufferedTcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl Write for BufferedTcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.get_mut().write(bytes)
    }

    fn write_vectored(&mut self, slices: &[io::IoSlice<'_>]) -> io::Result<usize> {
        self.0.get_mut().write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A certificate for loopback, which all registries are given alike, and what trusts it.
pub struct Certificate {
    /// The certificate, PEM.
    pub cert_pem: String,
    /// Its key, PEM.
    pub key_pem: String,
    /// A client that trusts it and nothing else.
    pub client: Arc<ClientConfig>,
}

impl Certificate {
    /// Makes one (ECDSA, P-256).
    pub fn generate() -> Result<Self> {
        let names = ["127.0.0.1".to_owned(), "localhost".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names)?;
        let mut roots = RootCertStore::empty();
        roots.add(cert.der().clone()).context("the certificate is not trusted")?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            cert_pem: cert.pem(),
            key_pem: signing_key.serialize_pem(),
            client: Arc::new(client),
        })
    }
}

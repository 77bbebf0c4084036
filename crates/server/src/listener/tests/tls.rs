//! TLS as its clients meet it, and what meets it without.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{AlertDescription, ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::{Config, DataDir, Settings, SystemClock, TlsLayer, TlsMode};

fn tls(folder: &Path, layer: TlsLayer) -> Option<Tls> {
    let settings =
        Settings { data_dir: Some(folder.to_owned()), tls: layer, ..Settings::default() };
    let config = Config::resolve(Settings::default(), settings, None).unwrap();
    let account = "123456789012".parse().unwrap();
    let clock: Arc<dyn wharfinger_core::Clock> = Arc::new(SystemClock);
    Tls::open(&config, &DataDir::new(folder), account, &clock).unwrap()
}

async fn start_tls(limits: Limits) -> Running {
    let auto = TlsLayer { mode: Some(TlsMode::Auto), ..TlsLayer::default() };
    start_with(limits, |folder| tls(folder, auto)).await
}

/// Connects as a client that trusts the CA of the server and speaks these protocols.
async fn connect(
    server: &Running,
    name: &str,
    protocols: &[&[u8]],
) -> io::Result<TlsStream<TcpStream>> {
    let pem = std::fs::read(server._folder.path().join("ca.crt")).unwrap();
    connect_trusting(&pem, server, name, protocols).await
}

async fn connect_trusting(
    pem: &[u8],
    server: &Running,
    name: &str,
    protocols: &[&[u8]],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(pem).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name).unwrap().to_owned();
    let stream = TcpStream::connect(server.address).await.unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

async fn answer_over_http_1(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"GET /v2/ HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn every_name_of_the_server_gets_a_certificate_that_clients_believe() {
    let server = start_tls(limits()).await;
    for name in [
        "localhost",
        "127.0.0.1",
        "sts.amazonaws.com",
        "api.ecr.us-east-1.amazonaws.com",
        "123456789012.dkr.ecr.us-east-1.amazonaws.com",
    ] {
        let mut stream = connect(&server, name, &[]).await.unwrap();
        let answer = answer_over_http_1(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{name}: {answer}");
        assert!(answer.ends_with("0 bytes"), "{name}: {answer}");
    }
}

#[tokio::test]
async fn other_names_are_refused_by_an_alert() {
    let server = start_tls(limits()).await;
    let error = connect(&server, "s3.amazonaws.com", &[]).await.unwrap_err();
    let error = error.into_inner().unwrap().downcast::<rustls::Error>().unwrap();
    assert_eq!(*error, rustls::Error::AlertReceived(AlertDescription::UnrecognisedName));
}

#[tokio::test]
async fn a_certificate_from_files_is_presented_whatever_the_name() {
    let pair = rcgen::generate_simple_self_signed(["a.test".to_owned()]).unwrap();
    let server = start_with(limits(), |folder| {
        let (cert, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&cert, pair.cert.pem()).unwrap();
        std::fs::write(&key, pair.signing_key.serialize_pem()).unwrap();
        tls(folder, TlsLayer { cert: Some(cert), key: Some(key), ..TlsLayer::default() })
    });
    let server = server.await;
    let pem = pair.cert.pem();
    let mut stream = connect_trusting(pem.as_bytes(), &server, "a.test", &[]).await.unwrap();
    assert!(answer_over_http_1(&mut stream).await.ends_with("0 bytes"));
    let other = connect_trusting(pem.as_bytes(), &server, "b.test", &[]).await;
    assert!(other.unwrap_err().to_string().contains("not valid for name"));
    assert!(!server._folder.path().join("ca.key").exists(), "no CA is made");
}

#[tokio::test]
async fn the_protocol_is_the_one_that_was_agreed_on() {
    let server = start_tls(limits()).await;
    let stream = connect(&server, "localhost", &[b"http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let stream = connect(&server, "localhost", &[b"http/1.1", b"h2"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::builder().uri("https://localhost/").body(Empty::<Bytes>::new()).unwrap();
    let answer = client.send_request(request).await.unwrap();
    assert_eq!(answer.version(), http::Version::HTTP_2);
    let text = answer.into_body().collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(text.contains("AWS_ENDPOINT_URL=https://localhost and"), "{text}");
    server.shutdown.begin();
    server.task.await.unwrap();
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn plain_http_is_told_that_this_is_tls() {
    let server = start_tls(limits()).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let body = "x".repeat(100_000);
    let head = format!("PUT /v2/ HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all((head + &body).as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 400 Bad Request\r\n"), "{head}");
    assert!(head.contains(&format!("content-length: {}\r\n", text.len())), "{head}");
    assert!(text.starts_with("This port speaks TLS"), "{text}");
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"\x00\x01 nothing known").await.unwrap();
    assert_eq!(rest_of(&mut stream).await, "");
}

#[tokio::test]
async fn a_slow_handshake_keeps_nobody_waiting_and_ends() {
    let header_read_timeout = Duration::from_millis(300);
    let server = start_tls(Limits { header_read_timeout, ..limits() }).await;
    let mut slow = Vec::new();
    for opening in [&b""[..], b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET"] {
        slow.push(TcpStream::connect(server.address).await.unwrap());
        slow.last_mut().unwrap().write_all(opening).await.unwrap();
    }
    let mut stream = connect(&server, "localhost", &[]).await.unwrap();
    assert!(answer_over_http_1(&mut stream).await.ends_with("0 bytes"));
    for stream in &mut slow {
        assert!(!rest_of(stream).await.contains("200"));
    }
}

#[tokio::test]
async fn who_does_not_finish_its_handshake_gives_up_its_place() {
    let server = start_tls(Limits { connections_max: 1, ..limits() }).await;
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"\x16\x03\x01").await.unwrap();
    let mut stream = connect(&server, "localhost", &[]).await.unwrap();
    assert!(answer_over_http_1(&mut stream).await.ends_with("0 bytes"));
    assert_eq!(rest_of(&mut slow).await, "");
    // Nor does it hold up the end.
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"\x16\x03\x01").await.unwrap();
    server.shutdown.begin();
    server.task.await.unwrap();
    assert_eq!(rest_of(&mut slow).await, "");
}

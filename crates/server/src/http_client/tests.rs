//! Requests that go through a proxy.

use std::sync::Mutex;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::tls::self_signed::SelfSigned;

/// A proxy that reaches one server, which says hello.
struct World {
    proxies: Proxies,
    signed: SelfSigned,
    /// What was asked of the proxy: the first line, and who is let through.
    asked: Arc<Mutex<Vec<String>>>,
}

/// Reads a request without a body; answers its first line and the named header.
async fn request_of<S: AsyncRead + Unpin>(stream: &mut S, header: &str) -> String {
    let mut lines = BufReader::with_capacity(1, stream).lines();
    let mut told = lines.next_line().await.unwrap().unwrap_or_default();
    while let Some(line) = lines.next_line().await.unwrap().filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        if name.eq_ignore_ascii_case(header) {
            told = format!("{told} {value}");
        }
    }
    told
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, head: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
}

async fn serve(mut client: TcpStream, acceptor: TlsAcceptor, asked: Arc<Mutex<Vec<String>>>) {
    let request = request_of(&mut client, "proxy-authorization").await;
    asked.lock().unwrap().push(request.clone());
    if !request.starts_with("CONNECT ") {
        return say(&mut client, "200 OK", "in plain").await;
    }
    if request.contains("closed.test") {
        return say(&mut client, "403 Forbidden", "").await;
    }
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
    let mut inner = acceptor.accept(client).await.unwrap();
    assert_eq!(request_of(&mut inner, "host").await, "GET /x?y HTTP/1.1 osv.test");
    say(&mut inner, "200 OK", "over TLS").await;
}

async fn world() -> World {
    let signed = SelfSigned::of("osv.test");
    let acceptor = signed.acceptor.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(client, acceptor.clone(), Arc::clone(&told)));
        }
    });
    let all = format!("http://user:secret@{address}");
    World { proxies: Proxies { all, ..Proxies::default() }, signed, asked }
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let world = world().await;
    let client = HttpClient::new(Some(&world.signed.ca)).unwrap().through(&world.proxies);
    for (url, expected, line) in [
        ("http://osv.test/x?y", "in plain", "GET http://osv.test/x?y HTTP/1.1"),
        ("https://osv.test/x?y", "over TLS", "CONNECT osv.test:443 HTTP/1.1"),
    ] {
        let response = client.send(HttpRequest::get(url)).await.unwrap();
        assert_eq!(response.bytes(100).await.unwrap(), expected.as_bytes());
        let asked = std::mem::take(&mut *world.asked.lock().unwrap());
        assert_eq!(asked, [format!("{line} Basic dXNlcjpzZWNyZXQ=")]);
    }
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told() {
    let world = world().await;
    let client = HttpClient::new(None).unwrap().through(&world.proxies);
    let refused = client.send(HttpRequest::get("https://closed.test/")).await;
    let Err(HttpError::Unreachable { host, source }) = refused else { panic!("it went through") };
    assert_eq!(host, "closed.test");
    let told = source.to_string();
    assert!(told.ends_with("answers 403 when asked for closed.test:443"), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

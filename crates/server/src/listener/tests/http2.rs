//! What connections of HTTP/2 have to share.

use hyper::client::conn::http2::{SendRequest, handshake};

use super::*;

type Asking = (SendRequest<Empty<Bytes>>, JoinHandle<Result<(), hyper::Error>>);

async fn connect(server: &Running) -> Asking {
    let stream = TcpStream::connect(server.address).await.unwrap();
    let (client, connection) = handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    (client, tokio::spawn(connection))
}

async fn ask(server: &Running, client: &mut SendRequest<Empty<Bytes>>) -> u16 {
    let uri = format!("http://{}/v2/", server.address);
    let request = Request::builder().uri(uri).body(Empty::<Bytes>::new()).unwrap();
    client.send_request(request).await.unwrap().status().as_u16()
}

/// A connection that says it speaks HTTP/2 and nothing more, and the window it is given.
async fn window(server: &Running) -> (TcpStream, u32) {
    const INITIAL_WINDOW_SIZE: u16 = 4;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let mut opening = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    opening.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    stream.write_all(&opening).await.unwrap();
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[3], 4, "its settings");
    let mut settings = vec![0; head[2].into()];
    stream.read_exact(&mut settings).await.unwrap();
    let window = settings.chunks(6).find_map(|setting| {
        let is_window = setting[..2] == INITIAL_WINDOW_SIZE.to_be_bytes();
        is_window.then(|| u32::from_be_bytes(setting[2..].try_into().unwrap()))
    });
    (stream, window.unwrap_or(H2_NARROW_WINDOW_BYTES))
}

/// The types of frames.
fn frames(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [high, middle, low, kind, ..] = bytes {
        let length = u32::from_be_bytes([0, *high, *middle, *low]) as usize;
        types.push(*kind);
        bytes = bytes.get(9 + length..).unwrap_or_default();
    }
    types
}

#[tokio::test]
async fn who_rests_is_told_goodbye_when_there_are_too_many() {
    let server = start_within(H2Room::new(2, 1), limits(), |_| None).await;
    let (mut first, mut first_connection) = connect(&server).await;
    let (mut second, mut second_connection) = connect(&server).await;
    assert_eq!(ask(&server, &mut first).await, 200);
    assert_eq!(ask(&server, &mut second).await, 200);
    let stays = tokio::select! {
        ended = &mut first_connection => {
            ended.unwrap().unwrap();
            &mut second
        }
        ended = &mut second_connection => {
            ended.unwrap().unwrap();
            &mut first
        }
    };
    assert_eq!(ask(&server, stays).await, 200, "one may stay");
}

#[tokio::test]
async fn a_wide_window_goes_to_who_comes_from_who_rests() {
    let server = start_within(H2Room::new(1, 10), limits(), |_| None).await;
    let (mut first, wide) = window(&server).await;
    assert_eq!(wide, H2_WIDE_WINDOW_BYTES);
    assert_eq!(window(&server).await.1, H2_NARROW_WINDOW_BYTES);
    // Until the first one has rested for long enough.
    let last = loop {
        let (stream, window) = window(&server).await;
        if window == H2_WIDE_WINDOW_BYTES {
            break stream;
        }
    };
    let mut rest = Vec::new();
    first.read_to_end(&mut rest).await.unwrap();
    const GOAWAY: u8 = 7;
    assert!(frames(&rest).contains(&GOAWAY), "it is told so");
    drop(last);
}

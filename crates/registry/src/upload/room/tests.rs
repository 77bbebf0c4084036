//! Who is let in, who waits, and who gives way. Time is paused: it goes on when all wait for it.

use futures_util::FutureExt;

use super::*;

const PIECE: u64 = 64 * 1024;

/// A body that sends `piece_bytes` after each `pause`, for ever.
fn body(
    piece_bytes: u64,
    pause: Duration,
) -> impl Stream<Item = Result<Bytes, BodyError>> + Send + 'static {
    stream::repeat(()).then(move |()| async move {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from(vec![0; piece_bytes as usize]))
    })
}

/// A body that has a place, and the turn that holds it.
async fn admitted(
    room: &UploadRoom,
    piece_bytes: u64,
    pause: Duration,
) -> (Turn, Pin<Box<dyn Stream<Item = Result<Bytes, BodyError>> + Send>>) {
    let turn = room.begin().unwrap();
    let first = stream::once(async { Ok(Bytes::from(vec![0; PIECE as usize])) });
    let mut body = Box::pin(room.admit(&turn, first.chain(body(piece_bytes, pause))));
    for _ in 0..2 {
        body.next().await.unwrap().unwrap();
    }
    (turn, body)
}

#[tokio::test(start_paused = true)]
async fn a_small_body_needs_no_place() {
    let room = UploadRoom::with_places(10, 0);
    let turn = room.begin().unwrap();
    let mut body = Box::pin(room.admit(&turn, body(UPLOAD_BYTES_WITHOUT_PLACE, Duration::ZERO)));
    assert!(body.next().await.unwrap().is_ok());
    let begin = Instant::now();
    let refused = body.next().await.unwrap().expect_err("its second piece does");
    assert_eq!(begin.elapsed().as_secs(), UPLOAD_PLACE_WAIT_SECONDS_MAX);
    assert!(body.next().await.is_none());
    assert!(matches!(body_failure(&refused), Error::Throttling));
}

#[tokio::test(start_paused = true)]
async fn who_waits_gets_the_place_that_is_given_back() {
    let room = UploadRoom::with_places(10, 1);
    let fast = admitted(&room, PIECE, Duration::from_millis(10)).await;
    let mut waits = Box::pin(admitted(&room, PIECE, Duration::from_millis(10)));
    assert!(waits.as_mut().now_or_never().is_none());
    drop(fast);
    drop(waits.await);
}

/// The turn holds the place when the body has been read: what was read is still being written.
#[tokio::test(start_paused = true)]
async fn a_place_is_kept_until_the_work_is_done() {
    let room = UploadRoom::with_places(10, 1);
    let (turn, body) = admitted(&room, PIECE, Duration::ZERO).await;
    drop(body);
    assert!(room.place().now_or_never().is_none());
    drop(turn);
    assert!(room.place().now_or_never().unwrap().is_ok());
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_are_refused_at_once() {
    let room = UploadRoom::with_places(2, 1);
    let turns = [room.begin().unwrap(), room.begin().unwrap()];
    assert!(matches!(room.begin(), Err(Error::Throttling)));
    drop(turns);
    assert!(room.begin().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_next_to_nothing_gives_way() {
    let room = UploadRoom::with_places(10, 2);
    let second = Duration::from_secs(1);
    let (slow, mut slow_body) = admitted(&room, 1_000, second).await;
    let (_steady, mut steady_body) = admitted(&room, 32 * 1024, second).await;
    let steady = tokio::spawn(async move {
        for _ in 0..600 {
            steady_body.next().await.unwrap().unwrap();
        }
    });
    // Nobody else wants its place: it keeps it.
    for _ in 0..300 {
        slow_body.next().await.unwrap().unwrap();
    }
    let newcomer = tokio::spawn(async move {
        let begin = Instant::now();
        let admitted = admitted(&room, PIECE, Duration::ZERO).await;
        (begin.elapsed(), admitted.0)
    });
    let ousted = loop {
        if let Err(error) = slow_body.next().await.unwrap() {
            break body_failure(&error);
        }
    };
    assert!(matches!(ousted, Error::BodyInterrupted(reason) if reason == TOO_SLOW));
    drop((slow, slow_body));
    assert!(newcomer.await.unwrap().0 <= 2 * LOOK_INTERVAL);
    steady.await.unwrap();
}

/// The server itself may be slow: while it writes, nobody waits for the client.
#[tokio::test(start_paused = true)]
async fn the_time_the_server_takes_is_not_the_clients() {
    let room = UploadRoom::with_places(10, 1);
    let (_turn, mut body) = admitted(&room, PIECE, Duration::from_millis(100)).await;
    let newcomer = tokio::spawn(async move { room.place().await.map(drop) });
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        body.next().await.unwrap().unwrap();
    }
    assert!(matches!(newcomer.await.unwrap(), Err(Error::Throttling)));
}

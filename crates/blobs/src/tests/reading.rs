//! Streams that read ahead, and those that may not.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;

use super::{Scratch, sample};
use crate::conformance::{drain, publish};
use crate::read_room::ReadRoom;
use crate::{BlobStore, CHUNK_BYTES, SEGMENT_BYTES};

const SIZE: usize = 5 * CHUNK_BYTES + 1;

#[tokio::test]
async fn a_stream_that_may_not_read_ahead_yields_the_same_in_segments() {
    let Scratch { folder: _folder, store } = Scratch::new();
    let store = store.with_read_room(ReadRoom::of(0));
    let object = publish(&store, sample(SIZE, 1)).await;
    let reader = store.open(&object).await.unwrap();
    let mut stream = pin!(reader.read_all());
    // Copied: the next one comes when this one was let go of.
    let first = stream.next().await.unwrap().unwrap().to_vec();
    assert_eq!(first.len(), SEGMENT_BYTES);
    let (rest, end) = drain(stream).await;
    end.unwrap();
    assert_eq!([&first[..], &rest].concat(), sample(SIZE, 1));
    let (from, to) = (SEGMENT_BYTES + 5, CHUNK_BYTES + 9);
    let (range, end) = drain(reader.read_range(from as u64, to as u64).unwrap()).await;
    end.unwrap();
    assert_eq!(range, sample(SIZE, 1)[from..=to]);
}

#[tokio::test(start_paused = true)]
async fn who_reads_slowly_gives_the_right_to_read_ahead_to_others() {
    let Scratch { folder: _folder, store } = Scratch::new();
    let room = ReadRoom::of(1);
    let store = store.with_read_room(room.clone());
    let object = publish(&store, sample(SIZE, 1)).await;
    let reader = store.open(&object).await.unwrap();
    let mut slow = Box::pin(reader.read_all());
    assert_eq!(slow.next().await.unwrap().unwrap().len(), CHUNK_BYTES);
    assert_eq!(room.left(), 0);
    let mut other = Box::pin(reader.read_all());
    assert_eq!(other.next().await.unwrap().unwrap().len(), SEGMENT_BYTES);
    tokio::time::advance(Duration::from_secs(1)).await;
    // What was read ahead already comes whole.
    assert_eq!(slow.next().await.unwrap().unwrap().len(), CHUNK_BYTES);
    assert_eq!(room.left(), 1);
    assert_eq!(slow.next().await.unwrap().unwrap().len(), CHUNK_BYTES, "it was fast again");
    let mut third = Box::pin(reader.read_all());
    assert_eq!(third.next().await.unwrap().unwrap().len(), SEGMENT_BYTES);
    drop(slow);
    assert_eq!(room.left(), 1);
}

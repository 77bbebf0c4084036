//! Ranges of blobs (RFC 9110 §14).

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::super::fixture::{Fixture, REPOSITORY, Reply, fixture, sample};
use super::head;

const LENGTH: usize = 200_000;

async fn with_blob() -> (Fixture, String, Vec<u8>) {
    let fixture = fixture().await;
    let bytes = sample(LENGTH);
    let digest = fixture.push_blob(REPOSITORY, &bytes).await;
    (fixture, format!("/v2/team/app/blobs/{digest}"), bytes)
}

async fn ask(fixture: &Fixture, target: &str, range: &str) -> Reply {
    fixture.request("GET", target).header("range", range).send().await
}

#[tokio::test]
async fn end_2_a_single_range_is_206() {
    let (fixture, target, bytes) = with_blob().await;
    for (range, first, last) in [
        ("bytes=500-1499", 500, 1499),
        ("bytes=0-0", 0, 0),
        ("bytes=500-", 500, LENGTH - 1),
        ("bytes=-500", LENGTH - 500, LENGTH - 1),
        ("bytes=-9999999", 0, LENGTH - 1),
        ("bytes=199000-500000", 199_000, LENGTH - 1),
        ("bytes=65535-65536", 65_535, 65_536),
    ] {
        let reply = ask(&fixture, &target, range).await;
        assert_eq!(reply.status.as_u16(), 206, "{range}");
        assert_eq!(reply.body, bytes[first..=last], "{range}");
        assert_eq!(reply.header("content-range"), format!("bytes {first}-{last}/{LENGTH}"));
        assert_eq!(reply.header("content-length"), (last - first + 1).to_string());
        assert_eq!(reply.header("accept-ranges"), "bytes");
    }
}

#[tokio::test]
async fn end_2_a_range_of_nothing_is_416() {
    let (fixture, target, _) = with_blob().await;
    for range in ["bytes=200000-", "bytes=200000-300000", "bytes=-0", "bytes=500-0"] {
        let reply = ask(&fixture, &target, range).await;
        assert_eq!(super::refused(&reply), (416, "RANGE_INVALID".into()), "{range}");
        assert_eq!(reply.header("content-range"), format!("bytes */{LENGTH}"));
    }
}

#[tokio::test]
async fn end_2_what_is_no_single_range_of_bytes_means_the_whole() {
    let (fixture, target, bytes) = with_blob().await;
    for range in ["bytes=0-1,4-5", "bytes=-1,0-0", "items=0-1", "bytes=a-b", "bytes", ""] {
        let reply = ask(&fixture, &target, range).await;
        assert_eq!((reply.status.as_u16(), &reply.body[..]), (200, &bytes[..]), "{range}");
    }
    let asked = fixture.request("HEAD", &target).header("range", "bytes=0-1").send().await;
    assert_eq!(asked.header("content-length"), LENGTH.to_string());
    assert_eq!(head(&fixture, &target).await.header("accept-ranges"), "bytes");
}

#[tokio::test]
async fn end_2_ranges_of_the_empty_blob() {
    let fixture = fixture().await;
    let digest = fixture.push_blob(REPOSITORY, b"").await;
    let target = format!("/v2/team/app/blobs/{digest}");
    assert_eq!(ask(&fixture, &target, "bytes=0-").await.status.as_u16(), 416);
    let suffix = ask(&fixture, &target, "bytes=-5").await;
    assert_eq!((suffix.status.as_u16(), suffix.header("content-length")), (200, "0"));
}

/// What a range of that form is of content of [`LENGTH`] bytes: `None` is 416.
fn slice(first: Option<usize>, last: Option<usize>) -> Option<std::ops::Range<usize>> {
    match (first, last) {
        (Some(first), last) => {
            let end = last.unwrap_or(usize::MAX).min(LENGTH - 1) + 1;
            (first < LENGTH && last.is_none_or(|last| first <= last)).then_some(first..end)
        }
        (None, Some(0)) => None,
        (None, Some(count)) => Some(LENGTH.saturating_sub(count)..LENGTH),
        (None, None) => Some(0..LENGTH),
    }
}

#[test]
fn end_2_any_range_equals_the_slice_of_the_blob() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (fixture, target, bytes) = runtime.block_on(with_blob());
    let offset = prop_oneof![
        0..LENGTH + 20,
        LENGTH - 20..LENGTH + 20,
        // About the ends of the segments that blobs are sealed in.
        (1..4_usize, 0..40_usize).prop_map(|(segment, more)| segment * 65_536 + more - 20),
    ];
    let offset = prop::option::of(offset);
    let config = Config { cases: 150, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&(offset.clone(), offset), |(first, last)| {
            let text = |offset: Option<usize>| offset.map_or(String::new(), |it| it.to_string());
            let range = format!("bytes={}-{}", text(first), text(last));
            let reply = runtime.block_on(ask(&fixture, &target, &range));
            match slice(first, last) {
                None => prop_assert_eq!(reply.status.as_u16(), 416),
                Some(slice) => {
                    let status = if (first, last) == (None, None) { 200 } else { 206 };
                    prop_assert_eq!(reply.status.as_u16(), status);
                    prop_assert!(reply.body == bytes[slice], "{}", range);
                }
            }
            Ok(())
        })
        .unwrap();
}

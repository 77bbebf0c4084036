//! `wharfinger fsck`: what is damaged is found, by its code, and nothing else is.

use wharfinger_registry::{CheckOptions, CheckReport, FindingCode};

use super::fixture::{Fixture, index_of};

/// Bytes of a layer that is a file: several segments.
pub fn large(seed: u8) -> Vec<u8> {
    (0..300_000_u32).map(|index| (index.wrapping_mul(31) >> 3) as u8 ^ seed).collect()
}

pub async fn check(fixture: &Fixture, read_data: bool) -> CheckReport {
    fixture.registry.check(CheckOptions { read_data, repair: false }).await.unwrap()
}

pub fn codes(report: &CheckReport) -> Vec<FindingCode> {
    report.findings.iter().map(|finding| finding.code).collect()
}

#[tokio::test]
async fn what_is_sound_is_clean() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.layer("app", &large(1)).await;
    let first = fixture.image("app", "one", Some("v1")).await;
    let second = fixture.image("app", "two", None).await;
    fixture.put("app", &index_of(&[first, second]), Some("all")).await.unwrap();
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, &large(2)).await.unwrap();
    let report = check(&fixture, true).await;
    assert_eq!(report.findings, []);
    assert_eq!((report.blob_count, report.image_count), (5, 3));
}

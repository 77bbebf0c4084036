//! Indexes in lists of images: they show what `DescribeImageScanFindings` answers of them, and never as a
//! result what is old or not all of it.

use std::time::Duration;

use wharfinger_core::limits::INDEX_IMAGES_SCANNED_MAX;
use wharfinger_core::{Digest, Upkeep};
use wharfinger_registry::{
    Error, ImageScan, ScanFindings, ScanFrequency, ScanStatus, ScanType, Severity, StorageClass,
};

use super::fixture::{Fixture, by_digest, digest_of, index_of, permit_for};
use super::scanned::{OS_RELEASE, STATUS, layer, push, tar};
use super::scanning::{configure, rule};
use super::scans::{describe, scanning};
use super::suppressing::{attach, document};
use super::work::run_jobs;

/// What a list shows.
async fn listed(fixture: &Fixture, digest: &Digest) -> Option<ImageScan> {
    let (permit, ids) = (permit_for("app"), vec![by_digest(digest)]);
    fixture.registry.describe_images_by_id(&permit, ids).await.unwrap().remove(0).scan
}

/// What is shown of an image, in lists and by itself.
async fn shown(fixture: &Fixture, digest: &Digest) -> Option<ImageScan> {
    let listed = listed(fixture, digest).await;
    let described = match describe(fixture, by_digest(digest), None, None).await {
        Ok(described) => Some(described.scan),
        Err(Error::ScanNotFound { .. }) => None,
        Err(error) => panic!("{error}"),
    };
    assert_eq!(listed, described);
    listed
}

fn count(scan: &Option<ImageScan>, severity: Severity) -> u64 {
    let summary = scan.as_ref().unwrap().summary.as_ref().unwrap();
    summary.counts.get(&severity).copied().unwrap_or_default()
}

async fn index(fixture: &Fixture, children: &[Digest]) -> Digest {
    fixture.put("app", &index_of(children), None).await.unwrap().id.digest
}

/// A layer of Debian without packages that anything is known of.
fn clean() -> Vec<u8> {
    let status = "Package: tini\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1-1\n";
    let release = b"ID=debian\nVERSION_ID=\"12\"\n";
    tar(&[("etc/os-release", release), ("var/lib/dpkg/status", status.as_bytes())])
}

async fn scan_on_push(fixture: &Fixture, on: bool) {
    let permit = permit_for("app");
    fixture.registry.put_image_scanning_configuration(&permit, on).await.unwrap();
}

#[tokio::test]
async fn an_index_is_listed_with_what_its_images_have() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let two = push(&fixture, "two", &[clean()], None).await;
    let before = index(&fixture, &[one, two]).await;
    run_jobs(&fixture).await;
    let found = shown(&fixture, &before).await;
    assert_eq!(found.as_ref().unwrap().status, ScanStatus::Complete);
    assert_eq!((count(&found, Severity::Critical), count(&found, Severity::Low)), (1, 1));
    // One that is pushed after its images were scanned; at first it shows nothing.
    let after = index(&fixture, &[two]).await;
    assert_eq!(listed(&fixture, &after).await, None);
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &after).await, Severity::Critical), 0);
    // Nothing is done again without a change.
    fixture.clock.advance(Duration::from_secs(60));
    let done = run_jobs(&fixture).await;
    let indexes = done.iter().find(|(row, _)| row.kind == "count-indexes").unwrap();
    assert_eq!(indexes.1.as_ref().unwrap().report, None);
}

#[tokio::test]
async fn one_package_of_several_architectures_is_found_once() {
    let fixture = scanning().await;
    let of = |architecture| {
        let status = STATUS.replace("amd64", architecture);
        let release = OS_RELEASE.as_bytes();
        tar(&[("etc/os-release", release), ("var/lib/dpkg/status", status.as_bytes())])
    };
    let one = push(&fixture, "one", &[of("amd64")], None).await;
    let two = push(&fixture, "two", &[of("arm64")], None).await;
    let all = index(&fixture, &[one, two]).await;
    run_jobs(&fixture).await;
    let found = shown(&fixture, &all).await;
    assert_eq!((count(&found, Severity::Critical), count(&found, Severity::Low)), (1, 1));
    // Suppressed in one of them it is there twice, on whichever page.
    let text = document("urn:x", "2026-01-01T00:00:00Z", "fixed", "");
    attach(&fixture, &one, &text, 1).await;
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 1);
    let first = describe(&fixture, by_digest(&all), Some(1), None).await.unwrap();
    let second = describe(&fixture, by_digest(&all), Some(1), first.next_token).await.unwrap();
    let (Some(ScanFindings::Basic(first)), Some(ScanFindings::Basic(second))) =
        (first.findings, second.findings)
    else {
        panic!("it is basic scanning");
    };
    assert_eq!(first[0].name, second[0].name);
    assert_ne!(first[0].attributes, second[0].attributes);
}

#[tokio::test]
async fn what_is_not_all_of_it_is_not_shown() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[clean()], None).await;
    run_jobs(&fixture).await;
    scan_on_push(&fixture, false).await;
    let two = push(&fixture, "two", &[layer()], None).await;
    let all = index(&fixture, &[one, two]).await;
    let nested = index(&fixture, &[one, all]).await;
    run_jobs(&fixture).await;
    assert_eq!(shown(&fixture, &all).await, None, "one was not scanned");
    let permit = permit_for("app");
    fixture.registry.start_image_scan(&permit, by_digest(&two)).await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 1);
    assert_eq!(shown(&fixture, &nested).await, None, "nobody looks into an index within it");
}

#[tokio::test]
async fn an_index_of_more_images_than_are_looked_at_shows_nothing() {
    let fixture = scanning().await;
    let mut images = Vec::new();
    for number in 0..=INDEX_IMAGES_SCANNED_MAX {
        images.push(push(&fixture, &number.to_string(), &[layer()], None).await);
    }
    let all = index(&fixture, &images).await;
    images.pop();
    let most = index(&fixture, &images).await;
    run_jobs(&fixture).await;
    assert_eq!(shown(&fixture, &all).await, None);
    assert_eq!(count(&shown(&fixture, &most).await, Severity::Critical), 1);
}

#[tokio::test]
async fn an_index_waits_for_the_scan_of_its_image() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let all = index(&fixture, &[one]).await;
    run_jobs(&fixture).await;
    let first = shown(&fixture, &all).await.unwrap();
    fixture.clock.advance(Duration::from_secs(86_400));
    let permit = permit_for("app");
    fixture.registry.start_image_scan(&permit, by_digest(&one)).await.unwrap();
    let pending = listed(&fixture, &all).await.unwrap();
    assert_eq!((pending.status, pending.summary), (ScanStatus::InProgress, None));
    run_jobs(&fixture).await;
    let second = shown(&fixture, &all).await.unwrap();
    assert!(second.summary.unwrap().completed_at > first.summary.unwrap().completed_at);
}

#[tokio::test]
async fn an_index_follows_what_is_stated_of_its_image() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let all = index(&fixture, &[one]).await;
    run_jobs(&fixture).await;
    let text = document("urn:x", "2026-01-01T00:00:00Z", "fixed", "");
    let attached = attach(&fixture, &one, &text, 1).await;
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 0);
    fixture.delete("app", &attached).await;
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 1);
}

#[tokio::test]
async fn attestations_in_an_index_have_nothing_to_be_found() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let (config, statement) = (br#"{"os":"unknown"}"#, br#"{"_type":"statement"}"#);
    fixture.layer("app", config).await;
    fixture.layer("app", statement).await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{}","size":{}}},"layers":[{{"mediaType":"application/vnd.in-toto+json","digest":"{}","size":{}}}]}}"#,
        digest_of(config),
        config.len(),
        digest_of(statement),
        statement.len()
    );
    let attestation = fixture.put("app", &manifest, None).await.unwrap().id.digest;
    let all = index(&fixture, &[one, attestation]).await;
    let only = index(&fixture, &[attestation]).await;
    run_jobs(&fixture).await;
    assert_eq!(shown(&fixture, &attestation).await.unwrap().status, ScanStatus::Failed);
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 1);
    assert_eq!(shown(&fixture, &only).await, None);
}

#[tokio::test]
async fn an_index_in_the_archive_shows_nothing_of_its_images() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let all = index(&fixture, &[one]).await;
    run_jobs(&fixture).await;
    let permit = permit_for("app");
    let to = async |class| {
        fixture.registry.update_image_storage_class(&permit, by_digest(&all), class).await.unwrap()
    };
    to(StorageClass::Archive).await;
    assert_eq!(shown(&fixture, &all).await.unwrap().status, ScanStatus::ImageArchived);
    // Its image follows it.
    fixture.clock.advance(Upkeep::default().orphan_delay);
    run_jobs(&fixture).await;
    assert_eq!(shown(&fixture, &one).await.unwrap().status, ScanStatus::ImageArchived);
    assert_eq!(shown(&fixture, &all).await.unwrap().status, ScanStatus::ImageArchived);
    to(StorageClass::Standard).await;
    run_jobs(&fixture).await;
    let back = shown(&fixture, &all).await;
    assert_eq!(back.as_ref().unwrap().status, ScanStatus::Complete);
    assert_eq!(count(&back, Severity::Critical), 1);
}

#[tokio::test]
async fn an_index_that_was_deleted_and_is_back_shows_what_is_scanned_since() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let all = index(&fixture, &[one]).await;
    run_jobs(&fixture).await;
    for digest in [&all, &one] {
        fixture.delete("app", digest).await;
    }
    run_jobs(&fixture).await;
    fixture.registry.undelete_image(&permit_for("app"), all, false).await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(shown(&fixture, &all).await, None);
    fixture.registry.start_image_scan(&permit_for("app"), by_digest(&one)).await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(count(&shown(&fixture, &all).await, Severity::Critical), 1);
}

#[tokio::test]
async fn an_index_shows_each_mode_its_own() {
    let fixture = scanning().await;
    let one = push(&fixture, "one", &[layer()], None).await;
    let all = index(&fixture, &[one]).await;
    run_jobs(&fixture).await;
    let basic = shown(&fixture, &all).await;
    let rules = vec![rule(ScanFrequency::ContinuousScan, &["app"])];
    configure(&fixture, ScanType::Enhanced, rules).await;
    assert_eq!(shown(&fixture, &all).await, None);
    run_jobs(&fixture).await;
    let enhanced = shown(&fixture, &all).await;
    assert_eq!(enhanced.as_ref().unwrap().status, ScanStatus::Active);
    assert_eq!(count(&enhanced, Severity::Critical), 2, "one of them of Python");
    configure(&fixture, ScanType::Basic, vec![]).await;
    assert_eq!(shown(&fixture, &all).await, basic);
}

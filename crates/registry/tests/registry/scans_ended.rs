//! Scans that end without findings, and say why.

use std::time::Duration;

use wharfinger_registry::{Error, JobKind, ScanFrequency, ScanStatus, ScanType, StorageClass};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, permit_for};
use super::scanned::{TAR, import, import_all, layer, manifest, push, tar, with_advisories};
use super::scanning::{configure, rule};
use super::scans::{describe, scanning, status};
use super::work::run_jobs;

async fn start(fixture: &Fixture, tag: &str) -> Result<ScanStatus, Error> {
    let started = fixture.registry.start_image_scan(&permit_for("app"), by_tag(tag)).await;
    started.map(|(_, scan)| scan.status)
}

#[tokio::test]
async fn without_advisories_nothing_is_called_clean() {
    let (fixture, store) = with_advisories(Fixture::with_repository("MUTABLE").await);
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    for _ in 0..2 {
        assert_eq!(start(&fixture, "v1").await.unwrap(), ScanStatus::InProgress);
        run_jobs(&fixture).await;
        let (found, why) = status(&fixture, &digest).await;
        assert_eq!(found, ScanStatus::Failed, "{why}");
        let found = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
        assert_eq!((found.findings, found.scan.summary), (None, None));
        // Those of another distribution say nothing of this one.
        import(&store, "other", vec![]);
    }
    // What failed has used up nothing.
    import_all(&store);
    start(&fixture, "v1").await.unwrap();
    run_jobs(&fixture).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Complete);
}

#[tokio::test]
async fn what_cannot_be_read_has_failed() {
    let fixture = scanning().await;
    let damaged_database = tar(&[("var/lib/dpkg/status", b"Package: a\nVers")]);
    let no_archive = b"this is no archive at all, but long enough to be one".repeat(40);
    for (mark, layer) in [("archive", no_archive), ("status", damaged_database)] {
        let digest = push(&fixture, mark, std::slice::from_ref(&layer), None).await;
        run_jobs(&fixture).await;
        let (found, why) = status(&fixture, &digest).await;
        assert_eq!(found, ScanStatus::Failed, "{mark}: {why}");
        if mark == "archive" {
            assert!(why.contains(&digest_of(&layer).to_string()), "{why}");
        }
    }
}

#[tokio::test]
async fn what_is_elsewhere_or_no_layer_is_said() {
    let fixture = scanning().await;
    let config = br#"{"architecture":"amd64"}"#;
    let foreign = b"not pushed";
    let attestation = br#"{"predicate":{}}"#;
    for bytes in [&config[..], attestation, &layer()] {
        fixture.layer("app", bytes).await;
    }
    let elsewhere = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let whole = layer();
    let windows = manifest(config, &[(elsewhere, foreign), (TAR, &whole)]).replace(
        &format!(r#""size":{}}},{{"#, foreign.len()),
        &format!(r#""size":{},"urls":["https://example.com/layer"]}},{{"#, foreign.len()),
    );
    let built = manifest(config, &[("application/vnd.in-toto+json", attestation)]);
    for (manifest, basic, enhanced, words) in [
        (windows, ScanStatus::Failed, ScanStatus::Failed, "is not kept here"),
        (built, ScanStatus::Failed, ScanStatus::UnsupportedImage, "UnsupportedImageError: "),
    ] {
        configure(&fixture, ScanType::Basic, vec![]).await;
        let digest = fixture.put("app", &manifest, Some("v1")).await.unwrap().id.digest;
        run_jobs(&fixture).await;
        let (found, why) = status(&fixture, &digest).await;
        assert_eq!(found, basic, "{why}");
        assert!(why.contains(words), "{why}");
        let rules = vec![rule(ScanFrequency::ScanOnPush, &["*"])];
        configure(&fixture, ScanType::Enhanced, rules).await;
        fixture
            .registry
            .batch_delete_image(&permit_for("app"), vec![by_digest(&digest)])
            .await
            .unwrap();
        fixture.put("app", &manifest, Some("v1")).await.unwrap();
        run_jobs(&fixture).await;
        assert_eq!(status(&fixture, &digest).await.0, enhanced);
    }
}

#[tokio::test]
async fn a_damaged_layer_is_no_clean_layer() {
    let fixture = scanning().await;
    // Larger than what is kept in the database.
    let large = tar(&[("large", &vec![b'x'; 200_000])]);
    let digest = push(&fixture, "a", &[layer(), large.clone()], None).await;
    for path in fixture.objects() {
        let mut bytes = std::fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }
    run_jobs(&fixture).await;
    let (found, why) = status(&fixture, &digest).await;
    assert_eq!(found, ScanStatus::Failed);
    assert!(why.contains("is damaged"), "{why}");
}

#[tokio::test]
async fn an_archived_image_is_scanned_when_it_is_back() {
    let fixture = scanning().await;
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    let move_to = async |class| {
        let permit = permit_for("app");
        fixture.registry.update_image_storage_class(&permit, by_tag("v1"), class).await.unwrap();
    };
    move_to(StorageClass::Archive).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::ImageArchived);
    assert!(matches!(start(&fixture, "v1").await, Err(Error::ImageArchived { .. })));
    fixture.clock.advance(Duration::from_secs(25 * 3600));
    move_to(StorageClass::Standard).await;
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_tag("v1"), None, None).await.unwrap();
    assert_eq!(found.scan.status, ScanStatus::Complete);
    assert_eq!(found.scan.summary.unwrap().completed_at, fixture.now(), "it is a new scan");

    // One that is archived while its scan waits.
    push(&fixture, "b", &[layer()], Some("v2")).await;
    let permit = permit_for("app");
    let archive = StorageClass::Archive;
    fixture.registry.update_image_storage_class(&permit, by_tag("v2"), archive).await.unwrap();
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_tag("v2"), None, None).await.unwrap();
    assert_eq!(found.scan.status, ScanStatus::ImageArchived);
}

#[tokio::test]
async fn a_registry_begins_so_many_scans_a_day() {
    let fixture = scanning().await;
    push(&fixture, "a", &[layer()], Some("v1")).await;
    let path = fixture.folder.path().join("metadata.db");
    let rows = rusqlite::Connection::open(path).unwrap();
    let changed = rows.execute("UPDATE scan_tally SET scans = 100000", []).unwrap();
    assert_eq!(changed, 1, "the push was counted");
    let digest = push(&fixture, "b", &[layer()], Some("v2")).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::LimitExceeded);
    assert!(matches!(start(&fixture, "v2").await, Err(Error::ScanQuotaExceeded)));
    fixture.clock.advance(Duration::from_secs(25 * 3600));
    assert_eq!(start(&fixture, "v2").await.unwrap(), ScanStatus::InProgress);
}

#[tokio::test]
async fn a_scan_that_was_given_up_has_failed() {
    let fixture = scanning().await;
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    let path = fixture.folder.path().join("metadata.db");
    let rows = rusqlite::Connection::open(path).unwrap();
    let given_up = "UPDATE job SET status = 'GIVEN_UP' WHERE kind = ?1";
    assert_eq!(rows.execute(given_up, [JobKind::ScanImage.as_str()]).unwrap(), 1);
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Failed);
    assert_eq!(start(&fixture, "v1").await.unwrap(), ScanStatus::InProgress);
    run_jobs(&fixture).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Complete);
}

//! What scans keep: layers are read once, packages are there once, and all of it goes with the images.

use std::time::Duration;

use wharfinger_registry::{Error, RequestedImage, ScanFrequency, ScanStatus, ScanType};

use super::fixture::{Fixture, by_digest, by_tag, index_of, permit_for};
use super::scanned::{import_all, layer, push, tar, with_advisories};
use super::scanning::{configure, rule};
use super::scans::{basic, describe, scanning, status};
use super::work::run_jobs;

fn count(fixture: &Fixture, table: &str) -> i64 {
    let rows = rusqlite::Connection::open(fixture.folder.path().join("metadata.db")).unwrap();
    let sql = format!("SELECT COUNT(*) FROM {table}");
    rows.query_row(&sql, [], |row| row.get(0)).unwrap()
}

async fn delete(fixture: &Fixture, image: RequestedImage) {
    let permit = permit_for("app");
    let deleted = fixture.registry.batch_delete_image(&permit, vec![image]).await.unwrap();
    assert!(deleted.failures.is_empty());
}

#[tokio::test]
async fn layers_are_read_once_and_packages_are_there_once() {
    let fixture = scanning().await;
    let one = push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    assert_eq!((count(&fixture, "layer_facts"), count(&fixture, "package")), (1, 3));
    // Whoever reads the base anew has nothing to read it from.
    let broken = rusqlite::Connection::open(fixture.folder.path().join("metadata.db")).unwrap();
    let sql = "UPDATE blob SET damaged_at = 1 WHERE digest = (SELECT digest FROM layer_facts)";
    let top = tar(&[("etc/motd", b"hello")]);
    let two = push(&fixture, "b", &[layer(), top], Some("v2")).await;
    assert_eq!(broken.execute(sql, []).unwrap(), 1);
    run_jobs(&fixture).await;
    assert_eq!(status(&fixture, &two).await.0, ScanStatus::Complete);
    assert_eq!((count(&fixture, "layer_facts"), count(&fixture, "package")), (2, 3));
    assert_eq!((count(&fixture, "inventory"), count(&fixture, "inventory_package")), (2, 6));

    delete(&fixture, by_digest(&one)).await;
    fixture.registry.collect_garbage().await.unwrap();
    assert_eq!((count(&fixture, "package"), count(&fixture, "inventory_package")), (3, 3));
    delete(&fixture, by_digest(&two)).await;
    fixture.registry.collect_garbage().await.unwrap();
    for table in
        ["package", "package_vulnerability", "inventory", "inventory_package", "retired_inventory"]
    {
        assert_eq!(count(&fixture, table), 0, "{table}");
    }
}

#[tokio::test]
async fn an_image_that_was_deleted_and_is_back_is_scanned_when_asked() {
    let fixture = scanning().await;
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    run_jobs(&fixture).await;
    delete(&fixture, by_digest(&digest)).await;
    fixture.registry.undelete_image(&permit_for("app"), digest, false).await.unwrap();
    let gone = describe(&fixture, by_digest(&digest), None, None).await;
    assert!(matches!(gone, Err(Error::ScanNotFound { .. })));
    fixture.registry.start_image_scan(&permit_for("app"), by_digest(&digest)).await.unwrap();
    run_jobs(&fixture).await;
    let found = describe(&fixture, by_digest(&digest), None, None).await.unwrap();
    assert_eq!(basic(found).len(), 2);
}

#[tokio::test]
async fn an_inventory_is_had_without_a_scan() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    push(&fixture, "ann", &[layer()], Some("v1")).await;
    for _ in 0..2 {
        let permit = permit_for("app");
        let (_, found) = fixture.registry.inventory(&permit, by_tag("v1")).await.unwrap();
        let names: Vec<_> =
            found.inventory.packages.iter().map(|it| it.identity.name.as_str()).collect();
        assert_eq!(names, ["openssl", "zlib1g", "jinja2"]);
        assert_eq!(found.author.as_deref(), Some("ann"));
        assert_eq!(count(&fixture, "inventory"), 1);
    }
    let never = describe(&fixture, by_tag("v1"), None, None).await;
    assert!(matches!(never, Err(Error::ScanNotFound { .. })));
}

#[tokio::test]
async fn enhanced_scanning_begins_with_what_is_there() {
    let (fixture, store) = with_advisories(Fixture::with_repository("MUTABLE").await);
    let digest = push(&fixture, "a", &[layer()], Some("v1")).await;
    let other = fixture.put("app", &index_of(&[digest]), Some("all")).await.unwrap().id.digest;
    let rules = vec![rule(ScanFrequency::ScanOnPush, &["*"])];
    configure(&fixture, ScanType::Enhanced, rules).await;
    run_jobs(&fixture).await;
    let (found, why) = status(&fixture, &digest).await;
    assert_eq!(found, ScanStatus::Failed, "{why}");
    // The index is as its image is.
    assert_eq!(status(&fixture, &other).await, (found, why));

    // Advisories come, and the scan is done again by itself; what is done is not.
    import_all(&store);
    for begun in [1, 0] {
        fixture.clock.advance(Duration::from_secs(601));
        let done = run_jobs(&fixture).await;
        let scans = done.iter().filter(|(row, _)| row.kind == "scan-image").count();
        assert_eq!(scans, begun);
        assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Complete);
    }
    let rules = vec![rule(ScanFrequency::ContinuousScan, &["*"])];
    configure(&fixture, ScanType::Enhanced, rules).await;
    run_jobs(&fixture).await;
    assert_eq!(status(&fixture, &digest).await.0, ScanStatus::Active);
    configure(&fixture, ScanType::Basic, vec![]).await;
    fixture.clock.advance(Duration::from_secs(601));
    run_jobs(&fixture).await;
    assert!(
        fixture
            .registry
            .find_job("scan-registry", "111122223333/eu-west-1")
            .await
            .unwrap()
            .is_none()
    );
}

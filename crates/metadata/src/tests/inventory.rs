//! Inventories and packages: each package once, and gone with the last image that has it.

use std::time::Duration;

use wharfinger_core::{SeededEntropy, Timestamp};

use super::{digest, image_row, now, open, with_repository, write};
use crate::inventory::{self, InventoryRow};
use crate::package::{self, PackageId, PackageName, PackageRow};
use crate::package_vulnerability::{self, PackageVulnerabilityRow};
use crate::{MetadataError, RepositoryId, Tx, blob, image, layer_facts, scan_tally};

fn later() -> Timestamp {
    now().plus(Duration::from_secs(3600))
}

fn of_debian(name: &str) -> PackageName {
    PackageName { ecosystem: "debian:12".into(), name: name.into() }
}

async fn package_named(tx: &mut Tx, name: &str) -> Result<PackageId, MetadataError> {
    let identity = format!(r#"{{"name":"{name}"}}"#);
    if let Some(row) = package::find_by_identity(tx, &identity).await? {
        return Ok(row.package_id);
    }
    let last = package::list(tx, 0, 100).await?.last().map_or(0, |row| row.package_id);
    let row = PackageRow { package_id: last + 1, identity, database_id: None };
    package::insert(tx, &row, &[of_debian(name)]).await?;
    Ok(row.package_id)
}

/// An inventory of the image `byte` with these packages.
pub(super) async fn with_inventory(
    tx: &mut Tx,
    repository: RepositoryId,
    byte: u8,
    inventory_id: i64,
    names: &[&str],
) -> Result<InventoryRow, MetadataError> {
    let mut package_ids = Vec::new();
    for name in names {
        package_ids.push(package_named(tx, name).await?);
    }
    let first = package_ids.len() / 2;
    inventory::add_packages(tx, inventory_id, &package_ids[..first], 0, later()).await?;
    inventory::add_packages(tx, inventory_id, &package_ids, first, later()).await?;
    let row = InventoryRow {
        inventory_id,
        repository,
        digest: digest(byte),
        reader_version: 1,
        package_count: package_ids.len() as u64,
        package_ids,
        created_at: now(),
    };
    assert!(inventory::put(tx, &row, b"content").await?);
    Ok(row)
}

fn vulnerability(name: &str, severity: &str, at: Timestamp) -> PackageVulnerabilityRow {
    PackageVulnerabilityRow {
        vulnerability: name.into(),
        severity: severity.into(),
        detail: "{}".into(),
        first_seen_at: at,
        updated_at: at,
    }
}

/// Every statement once.
pub(super) async fn run(tx: &mut Tx, id: RepositoryId) -> Result<(), MetadataError> {
    let registry = super::repository_row("app").registry;
    image::insert(tx, id, &image_row(31, 1), b"", &[], &[]).await?;
    let row = with_inventory(tx, id, 31, 1, &["zlib", "openssl"]).await?;
    inventory::find(tx, id, &digest(31)).await?;
    inventory::find_by_id(tx, row.inventory_id).await?;
    inventory::content(tx, row.inventory_id).await?;
    inventory::with_package(tx, row.package_ids[0], 0, 10).await?;
    package::find(tx, row.package_ids[0]).await?;
    package::named(tx, "debian:12", "zlib", 0, 10).await?;
    package::mark_matched(tx, row.package_ids[0], "db").await?;
    package::set_matching_mark(tx, "db").await?;
    package::matching_mark(tx).await?;
    let found = vulnerability("CVE-1", "HIGH", now());
    package_vulnerability::put(tx, row.package_ids[0], &found).await?;
    package_vulnerability::of_package(tx, row.package_ids[0]).await?;
    package_vulnerability::packages_with(tx, "CVE-1", 0, 10).await?;
    package_vulnerability::delete(tx, row.package_ids[0], "CVE-1").await?;
    layer_facts::put(tx, "domain", &digest(1), 1, b"facts").await?;
    layer_facts::find(tx, "domain", &digest(1), 1).await?;
    scan_tally::add(tx, &registry, now()).await?;
    scan_tally::of_last_day(tx, &registry, now()).await?;
    image::delete(tx, id, &digest(31)).await?;
    while inventory::discard_some(tx, now(), 1).await? {}
    Ok(())
}

#[tokio::test]
async fn a_package_is_there_as_long_as_an_image_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            for byte in [1, 2] {
                image::insert(tx, id, &image_row(byte, 1), b"", &[], &[]).await?;
            }
            let one = with_inventory(tx, id, 1, 11, &["openssl", "zlib"]).await?;
            let two = with_inventory(tx, id, 2, 12, &["zlib"]).await?;
            assert_eq!(one.package_ids[1], two.package_ids[0]);
            assert_eq!(inventory::find(tx, id, &digest(1)).await?, Some(one.clone()));
            assert_eq!(inventory::find_by_id(tx, 12).await?, Some(two.clone()));
            assert_eq!(inventory::content(tx, 11).await?.as_deref(), Some(&b"content"[..]));
            let zlib = two.package_ids[0];
            assert_eq!(inventory::with_package(tx, zlib, 0, 10).await?, [11, 12]);
            assert_eq!(inventory::with_package(tx, zlib, 11, 10).await?, [12]);
            let found = vulnerability("CVE-1", "HIGH", now());
            package_vulnerability::put(tx, one.package_ids[0], &found).await?;
            assert!(image::delete(tx, id, &digest(1)).await?);
            assert_eq!(inventory::find(tx, id, &digest(1)).await?, None);
            // One row at a time, so that no step is long.
            for more in [true, true, false] {
                assert_eq!(inventory::discard_some(tx, now(), 1).await?, more);
            }
            assert_eq!(inventory::with_package(tx, zlib, 0, 10).await?, [12]);
            let left: Vec<_> =
                package::list(tx, 0, 9).await?.iter().map(|it| it.package_id).collect();
            assert_eq!(left, [zlib]);
            assert_eq!(package_vulnerability::packages_with(tx, "CVE-1", 0, 9).await?, []);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn what_was_begun_and_never_finished_goes_when_its_time_is_over() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    let id = with_repository(&metadata).await;
    write(&metadata, move |tx| {
        Box::pin(async move {
            image::insert(tx, id, &image_row(1, 1), b"", &[], &[]).await?;
            let zlib = package_named(tx, "zlib").await?;
            inventory::add_packages(tx, 11, &[zlib], 0, later()).await?;
            assert!(!inventory::discard_some(tx, now(), 9).await?, "it may still be finished");
            assert!(inventory::discard_some(tx, later(), 9).await?);
            assert_eq!(package::find(tx, zlib).await?, None);
            let row = InventoryRow {
                inventory_id: 11,
                repository: id,
                digest: digest(1),
                reader_version: 1,
                package_ids: vec![zlib],
                package_count: 1,
                created_at: now(),
            };
            assert!(!inventory::put(tx, &row, b"").await?, "its packages are gone");
            assert_eq!(inventory::find(tx, id, &digest(1)).await?, None);
            // One that is read anew takes the place of what was read before.
            with_inventory(tx, id, 1, 12, &["zlib", "bash"]).await?;
            with_inventory(tx, id, 1, 13, &["zlib"]).await?;
            while inventory::discard_some(tx, now(), 9).await? {}
            let names: Vec<_> =
                package::list(tx, 0, 9).await?.into_iter().map(|it| it.identity).collect();
            assert_eq!(names, [r#"{"name":"zlib"}"#]);
            assert_eq!(inventory::find_by_id(tx, 12).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn packages_are_found_by_what_advisories_call_them() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, move |tx| {
        Box::pin(async move {
            let zlib = package_named(tx, "zlib").await?;
            let row = package::find(tx, zlib).await?.unwrap();
            let other = PackageRow { package_id: 9, identity: "other".into(), ..row.clone() };
            let elsewhere = PackageName { ecosystem: "debian:13".into(), name: "z".into() };
            package::insert(tx, &other, &[of_debian("zlib"), elsewhere]).await?;
            let again = PackageRow { package_id: 10, ..other.clone() };
            let again = package::insert(tx, &again, &[]).await;
            assert!(matches!(again, Err(MetadataError::Duplicate(_))));
            assert_eq!(package::named(tx, "debian:12", "zlib", 0, 9).await?, [row, other.clone()]);
            let other = [other];
            assert_eq!(package::named(tx, "debian:12", "zlib", zlib, 9).await?, other);
            assert_eq!(package::named(tx, "debian:13", "z", 0, 9).await?, other);
            assert_eq!(package::named(tx, "debian:11", "zlib", 0, 9).await?, []);
            package::mark_matched(tx, 9, "db").await?;
            assert_eq!(package::find(tx, 9).await?.unwrap().database_id.as_deref(), Some("db"));
            assert_eq!(package::matching_mark(tx).await?, None);
            package::set_matching_mark(tx, "db").await?;
            assert_eq!(package::matching_mark(tx).await?.as_deref(), Some("db"));

            let first = vulnerability("CVE-1", "HIGH", now());
            let changed = vulnerability("CVE-1", "LOW", later());
            for row in [&first, &changed] {
                package_vulnerability::put(tx, 9, row).await?;
            }
            let kept = PackageVulnerabilityRow { first_seen_at: now(), ..changed };
            assert_eq!(package_vulnerability::of_package(tx, 9).await?, [kept]);
            assert!(package_vulnerability::delete(tx, 9, "CVE-1").await?);
            assert!(!package_vulnerability::delete(tx, 9, "CVE-1").await?);
            let (one, two) = (SeededEntropy::new(1), SeededEntropy::new(1));
            assert!(package::first_id(later(), &one) > package::first_id(now(), &two));
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn facts_of_a_layer_go_with_its_blob() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, move |tx| {
        Box::pin(async move {
            assert!(!layer_facts::put(tx, "domain", &digest(1), 1, b"one").await?, "no blob");
            let row = blob::BlobRow {
                digest: digest(1),
                object_id: wharfinger_core::ObjectId::random(&SeededEntropy::new(1)),
                size_bytes: 1,
                damaged_at: None,
            };
            blob::insert(tx, "domain", &row, now()).await?;
            for content in [&b"one"[..], b"two"] {
                assert!(layer_facts::put(tx, "domain", &digest(1), 1, content).await?);
                let found = layer_facts::find(tx, "domain", &digest(1), 1).await?;
                assert_eq!(found.as_deref(), Some(content));
            }
            assert_eq!(layer_facts::find(tx, "domain", &digest(1), 2).await?, None);
            assert_eq!(layer_facts::find(tx, "other", &digest(1), 1).await?, None);
            tx.connection().execute("DELETE FROM blob", []).unwrap();
            assert_eq!(layer_facts::find(tx, "domain", &digest(1), 1).await?, None);
            Ok(())
        })
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn scans_are_counted_for_a_day() {
    let folder = tempfile::tempdir().unwrap();
    let metadata = open(&folder);
    write(&metadata, move |tx| {
        Box::pin(async move {
            let registry = super::repository_row("app").registry;
            let at = |hours: u64| now().plus(Duration::from_secs(hours * 3600));
            for hours in [0, 0, 1, 24] {
                scan_tally::add(tx, &registry, at(hours)).await?;
            }
            for (hours, scans) in [(24, 4), (25, 2), (48, 1), (49, 0)] {
                let found = scan_tally::of_last_day(tx, &registry, at(hours)).await?;
                assert_eq!(found, scans, "{hours}");
            }
            Ok(())
        })
    })
    .await
    .unwrap();
}

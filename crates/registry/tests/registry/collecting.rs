//! What is collected, when, and what is told of it before and after.

use std::time::Duration;

use wharfinger_core::limits::PUSH_LEASE_SECONDS;
use wharfinger_registry::{Error, GarbageEstimate, GarbageReport};

use super::fixture::{Fixture, digest_of, manifest_of, permit_for};

/// More than is kept in the database.
const LARGE: usize = 200_000;

fn large(byte: u8) -> Vec<u8> {
    vec![byte; LARGE]
}

/// Pushes an image of a small config and large layers.
async fn push(
    fixture: &Fixture,
    name: &str,
    config: &[u8],
    layer: &[u8],
) -> wharfinger_core::Digest {
    fixture.layer(name, config).await;
    fixture.layer(name, layer).await;
    fixture.put(name, &manifest_of(config, layer), None).await.unwrap().id.digest
}

async fn collect(fixture: &Fixture) -> GarbageReport {
    fixture.registry.collect_garbage().await.unwrap()
}

#[tokio::test]
async fn what_no_image_uses_goes_when_no_push_relies_on_it() {
    let fixture = Fixture::without_undo().await;
    let shared = large(1);
    let first = push(&fixture, "app", b"first", &shared).await;
    let second = push(&fixture, "app", b"second", &shared).await;
    let third = push(&fixture, "app", b"third", &large(3)).await;
    assert_eq!(fixture.objects().len(), 2);
    fixture.delete("app", &first).await;
    fixture.delete("app", &third).await;
    let lease_end = fixture.now().plus(Duration::from_secs(PUSH_LEASE_SECONDS));
    let kept = GarbageReport { next_lease_end: Some(lease_end), ..GarbageReport::default() };
    assert_eq!(collect(&fixture).await, kept);
    assert!(kept.is_nothing());

    fixture.leases_end();
    let freed = GarbageReport {
        links: 3,
        blobs: 3,
        blob_bytes: (LARGE + b"first".len() + b"third".len()) as u64,
        objects: 3,
        ..GarbageReport::default()
    };
    assert_eq!(collect(&fixture).await, freed);
    assert_eq!(collect(&fixture).await, GarbageReport::default());
    assert_eq!(fixture.objects().len(), 1);
    assert_eq!(fixture.download("app", digest_of(&shared)).await.unwrap(), shared);
    let gone = fixture.download("app", digest_of(b"first")).await;
    assert!(matches!(gone, Err(Error::LayerNotFound { .. })), "{gone:?}");
    let counters = fixture.registry.counters();
    assert_eq!((counters.blobs_freed.get(), counters.objects_freed.get()), (3, 3));
    assert_eq!(counters.blob_bytes_freed.get(), freed.blob_bytes);

    // The very same can be pushed again, and is there as if it had never gone.
    push(&fixture, "app", b"third", &large(3)).await;
    fixture.delete("app", &second).await;
    fixture.leases_end();
    assert_eq!(collect(&fixture).await.blobs, 2);
    assert_eq!(fixture.download("app", digest_of(&large(3))).await.unwrap(), large(3));
}

#[tokio::test]
async fn a_blob_stays_for_the_other_repository_of_its_key_domain_and_for_no_other() {
    let fixture = Fixture::without_undo().await;
    fixture.create("twin", "MUTABLE").await.unwrap();
    fixture.create_encrypted("secret", "KMS", None).await.unwrap();
    let layer = large(1);
    let mut images = Vec::new();
    for name in ["app", "twin", "secret"] {
        images.push((name, push(&fixture, name, b"{}", &layer).await));
    }
    assert_eq!(fixture.objects().len(), 2, "one for each key domain");
    fixture.leases_end();
    for ((name, image), (blobs, left)) in images.iter().zip([(0, 2), (2, 1), (2, 0)]) {
        fixture.delete(name, image).await;
        let report = collect(&fixture).await;
        assert_eq!((report.links, report.blobs), (2, blobs), "{name}");
        assert_eq!(fixture.objects().len(), left, "{name}");
        for (name, _) in images.iter().skip_while(|(other, _)| other != name).skip(1) {
            assert_eq!(fixture.download(name, digest_of(&layer)).await.unwrap(), layer, "{name}");
        }
    }
}

#[tokio::test]
async fn a_repository_leaves_nothing_behind() {
    let fixture = Fixture::without_undo().await;
    push(&fixture, "app", b"{}", &large(1)).await;
    fixture.layer("app", &large(2)).await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, &large(3)).await.unwrap();
    assert_eq!(fixture.objects().len(), 3);
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    let report = collect(&fixture).await;
    assert_eq!(report.blobs, 3, "a lease is no claim on what a repository took along");
    assert_eq!(fixture.objects().len(), 0);
    assert_eq!(report.next_lease_end, None);
}

#[tokio::test]
async fn an_object_that_cannot_be_deleted_is_tried_again() {
    let fixture = Fixture::without_undo().await;
    fixture.layer("app", &large(1)).await;
    fixture.leases_end();
    let file = fixture.objects().remove(0);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    let report = collect(&fixture).await;
    assert_eq!((report.blobs, report.objects, report.undeleted_objects), (1, 0, 1));
    assert_eq!(fixture.registry.estimate_garbage().await.unwrap().discarded_objects, 1);
    std::fs::remove_dir(&file).unwrap();
    let report = collect(&fixture).await;
    assert_eq!((report.blobs, report.objects, report.undeleted_objects), (0, 1, 0));
}

#[tokio::test]
async fn abandoned_uploads_go_with_their_objects() {
    let fixture = Fixture::without_undo().await;
    let idle = fixture.begin("app").await;
    fixture.append("app", idle, None, &large(1)).await.unwrap();
    fixture.clock.advance(Duration::from_secs(86_401));
    let estimate = fixture.registry.estimate_garbage().await.unwrap();
    assert_eq!((estimate.uploads, estimate.upload_bytes), (1, LARGE as u64));
    let report = collect(&fixture).await;
    assert_eq!((report.uploads, report.objects), (1, 1));
    assert_eq!(fixture.objects().len(), 0);
    assert_eq!(fixture.registry.counters().uploads_abandoned.get(), 1);
}

/// The estimate is what the collection then does, and changes nothing.
#[tokio::test]
async fn an_estimate_says_what_the_collection_will_do() {
    let fixture = Fixture::without_undo().await;
    fixture.create("twin", "MUTABLE").await.unwrap();
    for byte in 0..5 {
        push(&fixture, "app", &[b'a', byte], &large(byte)).await;
    }
    // Of two repositories, and unused in both; unused in one; unlinked by hand.
    fixture.layer("app", b"of two").await;
    fixture.layer("twin", b"of two").await;
    fixture.layer("twin", &large(0)).await;
    let alone = fixture.layer("app", &large(9)).await;
    fixture.registry.delete_blob(&permit_for("app"), alone).await.unwrap();
    let file = fixture.objects().remove(0);
    let left_behind = file.with_file_name(format!("{}{}", &file_name(&file)[..2], "0".repeat(30)));
    std::fs::write(left_behind, vec![0; 77]).unwrap();
    std::fs::write(file.with_file_name("notes"), "mine").unwrap();

    let before = GarbageEstimate {
        blobs: 1,
        blob_bytes: LARGE as u64,
        unknown_objects: 1,
        unknown_object_bytes: 77,
        foreign_files: 1,
        leased_blobs: 1,
        leased_blob_bytes: 6,
        leased_until_first: Some(fixture.now().plus(Duration::from_secs(PUSH_LEASE_SECONDS))),
        leased_until_last: Some(fixture.now().plus(Duration::from_secs(PUSH_LEASE_SECONDS))),
        ..GarbageEstimate::default()
    };
    assert_eq!(fixture.registry.estimate_garbage().await.unwrap(), before);
    fixture.leases_end();
    let now = fixture.registry.estimate_garbage().await.unwrap();
    let expected = GarbageEstimate {
        links: 3,
        blobs: 2,
        blob_bytes: LARGE as u64 + 6,
        leased_blobs: 0,
        leased_blob_bytes: 0,
        leased_until_first: None,
        leased_until_last: None,
        ..before
    };
    assert_eq!(now, expected);
    assert_eq!(fixture.registry.estimate_garbage().await.unwrap(), now, "nothing was changed");
    let report = collect(&fixture).await;
    let done = GarbageReport {
        links: now.links,
        blobs: now.blobs,
        blob_bytes: now.blob_bytes,
        objects: now.blobs + now.unknown_objects,
        unknown_objects: now.unknown_objects,
        unknown_object_bytes: now.unknown_object_bytes,
        foreign_files: now.foreign_files,
        ..GarbageReport::default()
    };
    assert_eq!(report, done);
    assert!(file.with_file_name("notes").exists());
    let after = fixture.registry.estimate_garbage().await.unwrap();
    assert_eq!(after, GarbageEstimate { foreign_files: 1, ..GarbageEstimate::default() });
}

fn file_name(path: &std::path::Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// More than one step of everything.
#[tokio::test]
async fn several_collectors_at_once_free_everything_once() {
    let fixture = Fixture::without_undo().await;
    const BLOBS: u64 = 230;
    for number in 0..BLOBS {
        fixture.layer("app", format!("layer {number}").as_bytes()).await;
    }
    fixture.leases_end();
    let collect = || async { fixture.registry.collect_garbage().await.unwrap() };
    let (one, two, three) = tokio::join!(collect(), collect(), collect());
    let all = [one, two, three];
    assert_eq!(all.iter().map(|report| report.links).sum::<u64>(), BLOBS);
    assert_eq!(all.iter().map(|report| report.blobs).sum::<u64>(), BLOBS);
    assert_eq!(fixture.registry.counters().blobs_freed.get(), BLOBS);
}

#[test]
fn reports_are_json() {
    let report = GarbageReport { blobs: 2, blob_bytes: 10, ..GarbageReport::default() };
    assert!(report.to_json().contains(r#""blobBytes":10,"blobs":2"#), "{}", report.to_json());
    let estimate = GarbageEstimate { leased_blobs: 2, ..GarbageEstimate::default() };
    assert!(estimate.to_json().contains(r#""dryRun":true"#), "{}", estimate.to_json());
}

//! Whoever is told that a blob is there can rely on it, for as long as the lease says.

use std::sync::mpsc;
use std::time::Duration;

use wharfinger_core::limits::PUSH_LEASE_SECONDS;
use wharfinger_core::{Digest, RegistryId, Timestamp};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{MetadataError, Tx, blob, repository};
use wharfinger_registry::Error;

use super::fixture::{Fixture, digest_of, manifest_of, permit_for};

const LEASE: Duration = Duration::from_secs(PUSH_LEASE_SECONDS);

async fn find(tx: &mut Tx, name: &str) -> Result<RepositoryRow, MetadataError> {
    let registry = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let name = name.parse().unwrap();
    Ok(repository::find(tx, &registry, &name).await?.unwrap())
}

/// Until when the link of a blob is leased.
async fn leased_until(fixture: &Fixture, name: &'static str, digest: Digest) -> Timestamp {
    let found: Result<_, MetadataError> = fixture
        .metadata()
        .read(move |tx| {
            Box::pin(async move {
                let row = find(tx, name).await?;
                blob::find_link(tx, row.id, &row.key_domain, &digest).await
            })
        })
        .await;
    found.unwrap().unwrap().leased_until
}

#[tokio::test]
async fn every_way_to_learn_of_a_blob_leases_it() {
    let fixture = Fixture::without_undo().await;
    fixture.create("twin", "MUTABLE").await.unwrap();
    let image = fixture.image("app", "one", None).await;
    let layer = digest_of(b"layer of one");
    assert_eq!(leased_until(&fixture, "app", layer).await, fixture.now().plus(LEASE), "completed");
    fixture.leases_end();
    assert_eq!(fixture.told_of("app", &[layer]).await, [true]);
    assert_eq!(leased_until(&fixture, "app", layer).await, fixture.now().plus(LEASE), "asked for");
    fixture.leases_end();
    fixture.layer("app", b"layer of one").await;
    assert_eq!(leased_until(&fixture, "app", layer).await, fixture.now().plus(LEASE), "again");
    fixture.leases_end();
    fixture.layer("twin", b"layer of one").await;
    assert_eq!(leased_until(&fixture, "twin", layer).await, fixture.now().plus(LEASE), "linked");
    fixture.leases_end();
    let (target, source) = (permit_for("twin"), permit_for("app"));
    assert!(fixture.registry.mount_blob(&target, &source, layer).await.unwrap());
    assert_eq!(leased_until(&fixture, "twin", layer).await, fixture.now().plus(LEASE), "mounted");

    // A download promises nothing.
    let before = leased_until(&fixture, "app", layer).await;
    fixture.download("app", layer).await.unwrap();
    assert_eq!(leased_until(&fixture, "app", layer).await, before);
    fixture.delete("app", &image).await;
}

#[tokio::test]
async fn telling_writes_once_in_half_a_lease() {
    let fixture = Fixture::without_undo().await;
    let layer = fixture.layer("app", b"layer").await;
    let first = leased_until(&fixture, "app", layer).await;
    fixture.clock.advance(LEASE / 2);
    assert_eq!(fixture.told_of("app", &[layer]).await, [true]);
    assert_eq!(leased_until(&fixture, "app", layer).await, first, "half of it is left");
    fixture.clock.advance(Duration::from_millis(1));
    assert_eq!(fixture.told_of("app", &[layer]).await, [true]);
    assert_eq!(leased_until(&fixture, "app", layer).await, fixture.now().plus(LEASE));
}

/// An image may go right after a push was told of its layer.
#[tokio::test]
async fn a_layer_that_was_told_of_outlives_its_image() {
    let fixture = Fixture::without_undo().await;
    let image = fixture.image("app", "one", None).await;
    let blobs = [digest_of(b"{\"content\":\"one\"}"), digest_of(b"layer of one")];
    fixture.leases_end();
    assert_eq!(fixture.told_of("app", &blobs).await, [true, true]);
    fixture.delete("app", &image).await;
    fixture.clock.advance(LEASE - Duration::from_millis(1));
    assert_eq!(fixture.registry.collect_garbage().await.unwrap().links, 0);
    let manifest = manifest_of(b"{\"content\":\"one\"}", b"layer of one");
    fixture.put("app", &manifest, None).await.unwrap();
    fixture.leases_end();
    assert_eq!(fixture.registry.collect_garbage().await.unwrap().links, 0, "an image has them");
}

#[tokio::test]
async fn what_is_damaged_or_absent_is_not_promised() {
    let fixture = Fixture::without_undo().await;
    let layer = fixture.layer("app", b"layer").await;
    let before = leased_until(&fixture, "app", layer).await;
    let damaged: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let domain = "aes256/111122223333/eu-west-1";
                let row = blob::find(tx, domain, &layer).await?.unwrap();
                blob::mark_damaged(tx, &row.object_id, domain, &layer, before).await
            })
        })
        .await;
    damaged.unwrap();
    fixture.leases_end();
    assert_eq!(fixture.told_of("app", &[layer, digest_of(b"absent")]).await, [false, false]);
    assert_eq!(leased_until(&fixture, "app", layer).await, before);
    assert_eq!(fixture.registry.collect_garbage().await.unwrap().blobs, 1, "damaged ones go too");
    let again = fixture.layer("app", b"layer").await;
    assert_eq!(fixture.download("app", again).await.unwrap(), b"layer");
}

/// Two processes: one has the link in its hands when the other is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_is_collected_between_look_and_lease_is_not_told_of() {
    for collected in [true, false] {
        let fixture = Fixture::without_undo().await;
        let layer = fixture.layer("app", b"layer").await;
        fixture.leases_end();
        let (holds, is_held) = mpsc::channel();
        let (lets_go, may_go) = mpsc::channel::<()>();
        let other = fixture.metadata();
        let collection = tokio::spawn(async move {
            let unlinked: Result<(), MetadataError> = other
                .write(move |tx| {
                    Box::pin(async move {
                        let app = find(tx, "app").await?.id;
                        if collected {
                            assert!(blob::unlink(tx, app, &layer).await?);
                        }
                        holds.send(()).unwrap();
                        // The writer's thread may wait; nothing but this test is on it.
                        may_go.recv().unwrap();
                        Ok(())
                    })
                })
                .await;
            unlinked.unwrap();
        });
        tokio::task::spawn_blocking(move || is_held.recv().unwrap()).await.unwrap();
        // It sees the link, which is in nobody's commit yet, and waits to lease it.
        let asked = async {
            let asked_for = [layer];
            let told = fixture.told_of("app", &asked_for);
            let release = async { lets_go.send(()).unwrap() };
            tokio::join!(told, release).0
        };
        assert_eq!(asked.await, [!collected]);
        collection.await.unwrap();
        let gone = fixture.put("app", &manifest_of(b"layer", b"layer"), None).await;
        assert_eq!(matches!(gone, Err(Error::LayersNotFound { .. })), collected, "{gone:?}");
    }
}

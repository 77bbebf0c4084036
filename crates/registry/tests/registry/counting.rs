//! Pushes, tags, deletions, archives, mounts and whole repositories that come and go, at random and at
//! once: whatever the order was, each list shows what is there, each count counts it, and what an
//! active index lists is active.

use futures_util::future::join_all;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::blob::{self, BlobUse};
use wharfinger_metadata::image::{self, ImagePosition, ImageRow, ImageStatus, TagStatus};
use wharfinger_metadata::repository::{self, RepositoryRow};
use wharfinger_metadata::{Metadata, Tx, tag};
use wharfinger_registry::{Error, RequestedImage, StorageClass};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, manifest_of, permit_for};

const NAMES: [&str; 2] = ["app", "other"];
const TAGS: [&str; 3] = ["t0", "t1", "t2"];
/// Manifests 0 to 3 are images, 4 lists two of them, 5 lists 4 and another one.
const MANIFESTS: usize = 6;
const STATUSES: [ImageStatus; 2] = [ImageStatus::Active, ImageStatus::Archived];

#[derive(Clone, Debug)]
enum Change {
    Put { manifest: usize, tag: Option<usize> },
    DeleteTag { tag: usize },
    Delete { manifest: usize },
    Archive { manifest: usize },
    Restore { manifest: usize },
    Mount { layer: usize },
    Replace,
    Reclaim,
}

fn change() -> impl Strategy<Value = (usize, Change)> {
    let (manifest, tag) = (0..MANIFESTS, 0..TAGS.len());
    let change = prop_oneof![
        8 => (manifest.clone(), prop::option::of(tag.clone()))
            .prop_map(|(manifest, tag)| Change::Put { manifest, tag }),
        2 => tag.prop_map(|tag| Change::DeleteTag { tag }),
        2 => manifest.clone().prop_map(|manifest| Change::Delete { manifest }),
        4 => manifest.clone().prop_map(|manifest| Change::Archive { manifest }),
        3 => manifest.prop_map(|manifest| Change::Restore { manifest }),
        1 => (0..4_usize).prop_map(|layer| Change::Mount { layer }),
        1 => Just(Change::Replace),
        1 => Just(Change::Reclaim),
    ];
    (0..NAMES.len(), change)
}

/// The blobs of an image: two that other images have as well.
fn blobs(image: usize) -> [Vec<u8>; 2] {
    [format!("{{\"config\":{}}}", image % 2), format!("layer {}", image / 2)]
        .map(String::into_bytes)
}

fn manifest(number: usize) -> String {
    match number {
        4 => index_of(&[0, 1].map(digest)),
        5 => index_of(&[4, 2].map(digest)),
        image => {
            let [config, layer] = blobs(image);
            // Images differ although their blobs do not.
            let manifest = manifest_of(&config, &layer);
            manifest.replacen('{', &format!("{{\"annotations\":{{\"n\":\"{image}\"}},"), 1)
        }
    }
}

fn digest(number: usize) -> Digest {
    digest_of(manifest(number).as_bytes())
}

async fn apply(fixture: &Fixture, name: &str, change: &Change) -> Result<(), Error> {
    let registry = &fixture.registry;
    let update = |manifest: usize, class| async move {
        let (permit, id) = (permit_for(name), by_digest(&digest(manifest)));
        registry.update_image_storage_class(&permit, id, class).await.map(|_| ())
    };
    let delete = |id: RequestedImage| async move {
        registry.batch_delete_image(&permit_for(name), vec![id]).await.map(|_| ())
    };
    match change {
        Change::Put { manifest: number, tag } => {
            if *number < 4 {
                for blob in blobs(*number) {
                    upload(fixture, name, &blob).await?;
                }
            }
            fixture.put(name, &manifest(*number), tag.map(|tag| TAGS[tag])).await.map(|_| ())
        }
        Change::DeleteTag { tag } => delete(by_tag(TAGS[*tag])).await,
        Change::Delete { manifest } => delete(by_digest(&digest(*manifest))).await,
        Change::Archive { manifest } => update(*manifest, StorageClass::Archive).await,
        Change::Restore { manifest } => update(*manifest, StorageClass::Standard).await,
        Change::Mount { layer } => {
            let source = NAMES.iter().find(|other| **other != name).unwrap();
            let digest = digest_of(&blobs(*layer)[1]);
            registry.mount_blob(&permit_for(name), &permit_for(source), digest).await.map(|_| ())
        }
        Change::Replace => {
            registry.delete_repository(&permit_for(name), true).await?;
            fixture.create(name, "MUTABLE").await
        }
        Change::Reclaim => registry.collect_garbage().await.map(|_| ()),
    }
}

/// Pushes a layer to a repository that may be replaced meanwhile.
async fn upload(fixture: &Fixture, name: &str, bytes: &[u8]) -> Result<(), Error> {
    let begun = fixture.registry.initiate_layer_upload(&permit_for(name)).await?;
    fixture.append(name, begun.upload_id, None, bytes).await?;
    match fixture.complete(name, begun.upload_id, digest_of(bytes)).await {
        Err(Error::LayerAlreadyExists { .. }) => Ok(()),
        outcome => outcome,
    }
}

/// Applies changes one after the other; all that may go wrong is that something is not there (or is
/// there already).
async fn apply_all(fixture: &Fixture, changes: &[(usize, Change)]) {
    for (which, change) in changes {
        let outcome = apply(fixture, NAMES[*which], change).await;
        let broken = matches!(outcome, Err(Error::Server(_) | Error::StorageFull(_)));
        assert!(!broken, "{change:?}: {outcome:?}");
    }
}

async fn check(metadata: &Metadata) {
    let checked: Result<(), Error> = metadata
        .read(|tx| {
            Box::pin(async move {
                let region = "eu-west-1".parse().unwrap();
                let registry = RegistryId::new("111122223333".parse().unwrap(), region);
                let rows = repository::list(tx, &registry, "", 9).await?;
                assert_eq!(repository::count(tx, &registry).await?, rows.len() as u64);
                for row in rows {
                    check_images(tx, &row).await;
                    check_blobs(tx, &row).await;
                }
                Ok(())
            })
        })
        .await;
    checked.unwrap();
}

async fn images(tx: &mut Tx, row: &RepositoryRow) -> Vec<ImageRow> {
    let first = ImagePosition::default();
    image::list(tx, row.id, TagStatus::Any, None, &first, 100).await.unwrap()
}

async fn check_images(tx: &mut Tx, row: &RepositoryRow) {
    let (id, first) = (row.id, ImagePosition::default());
    let all = images(tx, row).await;
    assert_eq!(row.image_count, all.len() as u64);
    for image in &all {
        let tags = tag::of_image(tx, id, &image.digest).await.unwrap();
        assert_eq!(image.tag_count, tags.len() as u64);
        if image.status == ImageStatus::Active {
            let inactive = image::inactive_children(tx, id, &image.digest).await.unwrap();
            assert_eq!(inactive, [], "an active index lists them");
        }
    }
    for status in [None, Some(STATUSES[0]), Some(STATUSES[1])] {
        let fits = |image: &&ImageRow| status.is_none_or(|status| image.status == status);
        let tags: u64 = all.iter().filter(fits).map(|image| image.tag_count).sum();
        let bare = all.iter().filter(fits).filter(|image| image.tag_count == 0).count() as u64;
        let listed = tag::list(tx, id, status, "", 100).await.unwrap();
        assert_eq!(listed.len() as u64, tags);
        let pairs = image::list_pairs(tx, id, status, &first, "", 100).await.unwrap();
        assert_eq!(pairs.len() as u64, tags + bare);
        for tag_status in [TagStatus::Any, TagStatus::Tagged, TagStatus::Untagged] {
            let expected = all.iter().filter(fits).filter(|image| match tag_status {
                TagStatus::Any => true,
                TagStatus::Tagged => image.tag_count > 0,
                TagStatus::Untagged => image.tag_count == 0,
            });
            let listed = image::list(tx, id, tag_status, status, &first, 100).await.unwrap();
            assert_eq!(listed, expected.cloned().collect::<Vec<_>>());
        }
    }
}

async fn check_blobs(tx: &mut Tx, row: &RepositoryRow) {
    let all = images(tx, row).await;
    let status = |image: usize| {
        let found = all.iter().find(|row| row.digest == digest(image));
        found.map(|row| row.status)
    };
    for bytes in (0..4).flat_map(blobs) {
        let users = (0..4).filter(|image| blobs(*image).contains(&bytes));
        let statuses: Vec<_> = users.filter_map(status).collect();
        let expected = match statuses.contains(&ImageStatus::Active) {
            true => BlobUse::Active,
            false if statuses.is_empty() => BlobUse::Unused,
            false => BlobUse::Archived,
        };
        let found = blob::find_use(tx, row.id, &digest_of(&bytes)).await.unwrap();
        assert_eq!(found, expected);
    }
}

#[test]
fn whatever_was_done_at_once_lists_and_counts_agree() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(3).build().unwrap();
    let writers = prop::collection::vec(prop::collection::vec(change(), 1..25), 1..4);
    let config = ProptestConfig { cases: 16, failure_persistence: None, ..Default::default() };
    let outcome = TestRunner::new(config).run(&writers, |writers| {
        runtime.block_on(async {
            let fixture = Fixture::new();
            for name in NAMES {
                fixture.create(name, "MUTABLE").await.unwrap();
            }
            join_all(writers.iter().map(|changes| apply_all(&fixture, changes))).await;
            check(&fixture.metadata()).await;
        });
        Ok(())
    });
    outcome.unwrap();
}

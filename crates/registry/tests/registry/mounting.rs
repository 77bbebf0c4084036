//! Mounting blobs of other repositories: when it is done, and that it lasts.

use wharfinger_auth::{Permit, RepositoryResource, actions};
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::{Metadata, MetadataError, OpenMode, registry_setting};
use wharfinger_registry::{LayerAvailability, StorageClass};

use super::fixture::{Fixture, by_digest, digest_of, permit_for};
use super::work::run_jobs;

async fn mounts(fixture: &Fixture, from: &str, digest: Digest) -> bool {
    let (target, source) = (permit_for("target"), permit_for(from));
    let mounted = fixture.registry.mount_blob(&target, &source, digest).await.unwrap();
    let texts = vec![digest.to_string()];
    let permit = permit_for("target");
    let found = fixture.registry.batch_check_layer_availability(&permit, texts);
    let is_there = matches!(found.await.unwrap()[0], LayerAvailability::Available { .. });
    assert!(is_there || !mounted);
    mounted
}

async fn with_two_repositories() -> Fixture {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("target", "MUTABLE").await.unwrap();
    fixture
}

async fn set_mounting(fixture: &Fixture, value: &'static str) {
    let path = fixture.folder.path().join("metadata.db");
    let metadata = Metadata::open(&path, OpenMode::Existing).unwrap();
    let written: Result<(), MetadataError> = metadata
        .write(move |tx| {
            Box::pin(async move {
                let registry =
                    RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
                let name = "account-setting/BLOB_MOUNTING";
                registry_setting::put(tx, &registry, name, value, Default::default()).await
            })
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn a_layer_of_an_image_is_mounted_and_outlives_its_source() {
    let fixture = with_two_repositories().await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("v1")).await.unwrap();
    let objects = fixture.objects().len();
    for blob in [&b"layer of one"[..], b"{\"content\":\"one\"}"] {
        assert!(mounts(&fixture, "app", digest_of(blob)).await);
        assert!(mounts(&fixture, "app", digest_of(blob)).await, "once more is no harm");
    }
    assert_eq!(fixture.objects().len(), objects);
    fixture.put("target", &manifest, Some("v1")).await.unwrap();
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    fixture.registry.collect_garbage().await.unwrap();
    fixture.registry.open_blob(&permit_for("target"), digest_of(b"layer of one")).await.unwrap();
}

#[tokio::test]
async fn nothing_else_is_mounted() {
    let fixture = with_two_repositories().await;
    let unused = fixture.layer("app", b"layer no image uses").await;
    assert!(!mounts(&fixture, "app", unused).await);
    assert!(!mounts(&fixture, "app", digest_of(b"absent")).await);
    assert!(!mounts(&fixture, "absent", unused).await);
    // Only archived images use it.
    let image = fixture.image("app", "one", None).await;
    let permit = permit_for("app");
    let update =
        |class| fixture.registry.update_image_storage_class(&permit, by_digest(&image), class);
    let layer = digest_of(b"layer of one");
    update(StorageClass::Archive).await.unwrap();
    assert!(!mounts(&fixture, "app", layer).await);
    update(StorageClass::Standard).await.unwrap();
    assert!(!mounts(&fixture, "app", layer).await, "it is on its way");
    run_jobs(&fixture).await;
    // Another registry, and a target that is not there.
    let elsewhere = RepositoryResource {
        registry: RegistryId::new("111122223333".parse().unwrap(), "us-east-1".parse().unwrap()),
        name: "app".parse().unwrap(),
    };
    let elsewhere = Permit::<actions::GetDownloadUrlForLayer>::system(elsewhere);
    let registry = &fixture.registry;
    assert!(!registry.mount_blob(&permit_for("target"), &elsewhere, layer).await.unwrap());
    let absent = registry.mount_blob(&permit_for("absent"), &permit_for("app"), layer).await;
    assert!(!absent.unwrap());
    assert!(mounts(&fixture, "app", layer).await);
}

#[tokio::test]
async fn the_account_setting_turns_mounting_off_and_on() {
    let fixture = with_two_repositories().await;
    fixture.image("app", "one", None).await;
    let (config, layer) = (digest_of(b"{\"content\":\"one\"}"), digest_of(b"layer of one"));
    assert!(mounts(&fixture, "app", config).await);
    set_mounting(&fixture, "DISABLED").await;
    assert!(!mounts(&fixture, "app", layer).await);
    fixture.registry.open_blob(&permit_for("target"), config).await.unwrap();
    set_mounting(&fixture, "ENABLED").await;
    assert!(mounts(&fixture, "app", layer).await);
}

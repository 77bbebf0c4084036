//! An archive with a store of its own: what moves there, what comes back, and what goes wrong.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::TryStreamExt;
use wharfinger_blobs::{BlobStore, LocalBlobStore};
use wharfinger_core::{Digest, Entropy, ObjectId, RegistryId, SeededEntropy};
use wharfinger_metadata::blob::{self, ObjectStore};
use wharfinger_metadata::moving_object::{self, MovingObjectRow};
use wharfinger_metadata::{MetadataError, Tx, repository};
use wharfinger_registry::{Error, ImageStatus, StorageClass, StoreUsage, Usage};

use super::fixture::{Fixture, by_digest, digest_of, index_of, manifest_of, permit_for};
use super::work::run_jobs;

/// Too long for a row.
const LAYER_BYTES: usize = 200_000;

fn with_archive(fixture: Fixture) -> Fixture {
    let Fixture { folder, clock, kms, registry, seed } = fixture;
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(seed + 1_000));
    let root = folder.path().join("archive");
    let store = LocalBlobStore::open(&root, Arc::new(kms.clone()), entropy).unwrap();
    let store: Arc<dyn BlobStore> = Arc::new(store);
    Fixture { folder, clock, kms, registry: registry.with_archive(Some(store)), seed }
}

async fn fixture() -> Fixture {
    with_archive(Fixture::with_repository("MUTABLE").await)
}

fn layer_of(name: &str) -> Vec<u8> {
    name.bytes().cycle().take(LAYER_BYTES).collect()
}

/// Pushes an image with one large layer.
async fn image(fixture: &Fixture, repository: &str, layer: &str, tag: &str) -> Digest {
    let config = format!("{{\"of\":\"{tag}\"}}");
    fixture.layer(repository, config.as_bytes()).await;
    fixture.layer(repository, &layer_of(layer)).await;
    let manifest = manifest_of(config.as_bytes(), &layer_of(layer));
    fixture.put(repository, &manifest, Some(tag)).await.unwrap().id.digest
}

async fn set_class(fixture: &Fixture, name: &str, digest: &Digest, class: StorageClass) {
    let permit = permit_for(name);
    let update =
        fixture.registry.update_image_storage_class(&permit, by_digest(digest), class).await;
    update.unwrap();
}

async fn work(fixture: &Fixture) {
    for (row, outcome) in run_jobs(fixture).await {
        assert!(outcome.is_ok(), "{}: {outcome:?}", row.kind);
    }
    settle(fixture).await;
}

/// Until the objects that rows have let go of are gone.
async fn settle(fixture: &Fixture) {
    let metadata = fixture.metadata();
    loop {
        let left = metadata
            .read(|tx| Box::pin(async move { blob::discarded_objects(tx, "", 10).await }))
            .await
            .unwrap();
        if left.is_empty() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn store_of(fixture: &Fixture, layer: &str) -> ObjectStore {
    let digest = digest_of(&layer_of(layer));
    let metadata = fixture.metadata();
    let found = metadata.read(move |tx| {
        Box::pin(async move {
            let domain = domain(tx).await?;
            let row = blob::find(tx, &domain, &digest).await?;
            blob::store_of(tx, &row.unwrap().object_id).await
        })
    });
    found.await.unwrap().unwrap()
}

/// The key domain of the repositories, all of which have the registry's own key.
async fn domain(tx: &mut Tx) -> Result<String, MetadataError> {
    let (account, region) = ("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let name = "app".parse().unwrap();
    let found = repository::find(tx, &RegistryId::new(account, region), &name).await?;
    Ok(found.unwrap().key_domain)
}

async fn read(fixture: &Fixture, name: &str, layer: &str) -> Result<Vec<u8>, Error> {
    let digest = digest_of(&layer_of(layer));
    let content = fixture.registry.open_blob(&permit_for(name), digest).await?;
    let parts: Vec<_> = content.read_all().try_collect().await?;
    Ok(parts.concat())
}

async fn status(fixture: &Fixture, digest: &Digest) -> ImageStatus {
    let permit = permit_for("app");
    let ids = vec![by_digest(digest)];
    fixture.registry.describe_images_by_id(&permit, ids).await.unwrap()[0].status
}

/// The files of the archive.
fn archived(fixture: &Fixture) -> Vec<PathBuf> {
    files(&fixture.folder.path().join("archive").join("objects"))
}

fn files(root: &Path) -> Vec<PathBuf> {
    let folders = std::fs::read_dir(root).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path());
    folders
        .flat_map(|folder| std::fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[tokio::test]
async fn bytes_move_into_the_archive_and_back() {
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "one", "v1").await;
    let other = image(&fixture, "app", "two", "v2").await;
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (2, 0));
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    // The layer has moved; its config is a row, and stays one.
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (1, 1));
    assert_eq!(store_of(&fixture, "one").await, ObjectStore::Archive);
    assert!(matches!(read(&fixture, "app", "one").await, Err(Error::LayerInaccessible { .. })));
    assert_eq!(read(&fixture, "app", "two").await.unwrap(), layer_of("two"));
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    assert_eq!(status(&fixture, &digest).await, ImageStatus::Activating);
    work(&fixture).await;
    assert_eq!(status(&fixture, &digest).await, ImageStatus::Active);
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (2, 0));
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
    assert_eq!(status(&fixture, &other).await, ImageStatus::Active);
}

#[tokio::test]
async fn the_archive_is_accounted_apart() {
    let fixture = fixture().await;
    fixture.create("second", "MUTABLE").await.unwrap();
    let digest = image(&fixture, "app", "one", "v1").await;
    image(&fixture, "app", "two", "v2").await;
    image(&fixture, "second", "two", "v2").await;
    fixture.layer("second", &layer_of("pushed")).await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    let mut steps = 0;
    let report = fixture.registry.usage(|_| steps += 1).await.unwrap();
    let (layer, config) = (LAYER_BYTES as u64, b"{\"of\":\"v1\"}".len() as u64);
    let manifest = report.total.manifest_bytes / 3;
    let usage = |active: u64, archived: u64, unreferenced: u64| Usage {
        active_images: active,
        archived_images: archived,
        manifest_bytes: (active + archived) * manifest,
        active_bytes: active * (layer + config),
        archived_bytes: archived * (layer + config),
        unreferenced_bytes: unreferenced * layer,
    };
    let found: Vec<_> =
        report.repositories.iter().map(|found| (found.name.as_str(), found.usage)).collect();
    assert_eq!(found, [("app", usage(1, 1, 0)), ("second", usage(1, 0, 1))]);
    // The blobs of the second image are those of the third.
    let total = Usage { active_images: 2, manifest_bytes: 3 * manifest, ..usage(1, 1, 1) };
    assert_eq!((report.total, report.blobs), (total, 5));
    let stores =
        StoreUsage { main_bytes: 2 * layer, archive_bytes: layer, database_bytes: 2 * config };
    assert_eq!((report.stores, steps), (stores, 3));
}

#[tokio::test]
async fn what_an_active_image_uses_stays() {
    let fixture = fixture().await;
    fixture.create("second", "MUTABLE").await.unwrap();
    let digest = image(&fixture, "app", "shared", "v1").await;
    let elsewhere = image(&fixture, "second", "shared", "v1").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    assert_eq!(archived(&fixture).len(), 0, "another repository has it active");
    set_class(&fixture, "second", &elsewhere, StorageClass::Archive).await;
    work(&fixture).await;
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (0, 1));
}

#[tokio::test]
async fn a_push_restores_at_once_and_the_bytes_follow() {
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "one", "v1").await;
    let index = fixture.put("app", &index_of(&[digest]), Some("multi")).await.unwrap().id.digest;
    set_class(&fixture, "app", &index, StorageClass::Archive).await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    assert_eq!(store_of(&fixture, "one").await, ObjectStore::Archive);
    fixture.put("app", &index_of(&[digest]), Some("multi")).await.unwrap();
    assert_eq!(status(&fixture, &digest).await, ImageStatus::Active);
    // It is read from where it lies.
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
    work(&fixture).await;
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (1, 0));
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
}

#[tokio::test]
async fn a_push_of_an_archived_layer_needs_no_bytes_and_a_damaged_one_is_healed() {
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "one", "v1").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    let [file] = &archived(&fixture)[..] else { panic!("one file") };
    let mut bytes = std::fs::read(file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(file, bytes).unwrap();
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    work(&fixture).await;
    // It could not move; the image is back all the same, and says what it lacks.
    assert_eq!(status(&fixture, &digest).await, ImageStatus::Active);
    assert_eq!(store_of(&fixture, "one").await, ObjectStore::Archive);
    assert!(matches!(read(&fixture, "app", "one").await, Err(Error::LayerDamaged { .. })));
    fixture.layer("app", &layer_of("one")).await;
    settle(&fixture).await;
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (1, 0));
    assert_eq!(store_of(&fixture, "one").await, ObjectStore::Main);
}

#[tokio::test]
async fn a_job_that_was_broken_off_begins_again() {
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "one", "v1").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    // The process ended when the copy was written, and nothing knew of it but its row.
    let copy = ObjectId::random(&SeededEntropy::new(77));
    let name = copy.to_string();
    let left = fixture.folder.path().join("archive/objects").join(&name[..2]).join(&name);
    std::fs::write(&left, b"half a copy").unwrap();
    let now = fixture.now();
    let noted: Result<(), MetadataError> = fixture
        .metadata()
        .write(move |tx| {
            Box::pin(async move {
                let row = MovingObjectRow {
                    object_id: copy,
                    store: ObjectStore::Archive,
                    key_domain: domain(tx).await?,
                    digest: digest_of(&layer_of("one")),
                    begun_at: now,
                };
                moving_object::insert(tx, &row).await
            })
        })
        .await;
    noted.unwrap();
    work(&fixture).await;
    assert!(!left.exists());
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (0, 1));
    // Twice is once.
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    work(&fixture).await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    work(&fixture).await;
    assert_eq!(status(&fixture, &digest).await, ImageStatus::Active);
    assert_eq!((fixture.objects().len(), archived(&fixture).len()), (1, 0));
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
}

#[tokio::test]
async fn an_archive_that_cannot_be_written_loses_nothing() {
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "one", "v1").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    let objects = fixture.folder.path().join("archive/objects");
    let aside = fixture.folder.path().join("aside");
    std::fs::rename(&objects, &aside).unwrap();
    let done = run_jobs(&fixture).await;
    let failed = done.iter().filter(|(_, outcome)| outcome.is_err()).count();
    assert_eq!(failed, 1, "{done:?}");
    assert_eq!((fixture.objects().len(), store_of(&fixture, "one").await), (1, ObjectStore::Main));
    std::fs::rename(&aside, &objects).unwrap();
    // The image comes back whatever became of its move.
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    work(&fixture).await;
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
}

#[tokio::test]
async fn without_a_store_of_its_own_nothing_moves() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = image(&fixture, "app", "one", "v1").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    assert!(run_jobs(&fixture).await.is_empty(), "there is nothing to do");
    assert_eq!(fixture.objects().len(), 1);
    set_class(&fixture, "app", &digest, StorageClass::Standard).await;
    work(&fixture).await;
    assert_eq!(read(&fixture, "app", "one").await.unwrap(), layer_of("one"));
}

/// A check looks into both stores, and puts what is damaged aside where it lies.
#[tokio::test]
async fn a_check_finds_damage_in_the_archive() {
    use wharfinger_registry::{CheckOptions, FindingCode};
    let fixture = fixture().await;
    let digest = image(&fixture, "app", "cold", "v1").await;
    image(&fixture, "app", "warm", "v2").await;
    set_class(&fixture, "app", &digest, StorageClass::Archive).await;
    work(&fixture).await;
    assert_eq!(store_of(&fixture, "cold").await, ObjectStore::Archive);
    let look = CheckOptions { read_data: true, repair: false };
    let report = fixture.registry.check(look).await.unwrap();
    assert_eq!((report.findings, report.object_count), (vec![], 2));

    let root = fixture.folder.path().join("archive");
    let shelves = std::fs::read_dir(root.join("objects")).unwrap();
    let mut files = shelves.flat_map(|shelf| std::fs::read_dir(shelf.unwrap().path()).unwrap());
    let file = files.next().unwrap().unwrap().path();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[90_000] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let report = fixture.registry.check(look).await.unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(found, [FindingCode::BlobDamaged]);
    let repair = CheckOptions { repair: true, ..look };
    fixture.registry.check(repair).await.unwrap();
    assert_eq!(std::fs::read_dir(root.join("quarantine")).unwrap().count(), 1);

    image_again(&fixture, "cold", "v1").await;
    work(&fixture).await;
    let report = fixture.registry.check(look).await.unwrap();
    let found: Vec<_> = report.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(found, [FindingCode::Quarantined]);
}

/// Pushes the large layer of an image and its manifest, as a client does that was asked for it.
async fn image_again(fixture: &Fixture, layer: &str, tag: &str) {
    fixture.layer("app", &layer_of(layer)).await;
    let manifest = manifest_of(format!("{{\"of\":\"{tag}\"}}").as_bytes(), &layer_of(layer));
    fixture.put("app", &manifest, Some(tag)).await.unwrap();
}

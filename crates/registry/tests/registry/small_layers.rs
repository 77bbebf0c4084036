//! Layers of one segment of the object store at the most: rows, not files, and otherwise like all
//! others.

use std::fs;
use std::sync::Arc;

use futures_util::TryStreamExt;
use wharfinger_auth::actions::GetDownloadUrlForLayer;
use wharfinger_blobs::{BlobStore, LocalBlobStore, StoredObject};
use wharfinger_core::{Digest, ObjectId, SeededEntropy, UploadId};
use wharfinger_metadata::blob::{self, BlobRow};
use wharfinger_metadata::upload::{self, UploadRow};
use wharfinger_metadata::{BoxFuture, MetadataError, Tx, repository};
use wharfinger_registry::{Error, LayerAvailability};

use super::fixture::{Fixture, digest_of, permit_for};

/// The largest layer that is a row.
const SMALL: usize = 65_536;

async fn download(fixture: &Fixture, name: &str, digest: Digest) -> Result<Vec<u8>, Error> {
    let content = fixture.registry.open_blob(&permit_for(name), digest).await?;
    let parts: Vec<_> = content.read_all().try_collect().await?;
    Ok(parts.concat())
}

async fn is_available(fixture: &Fixture, digest: Digest) -> bool {
    let texts = vec![digest.to_string()];
    let service = &fixture.registry;
    let layers = service.batch_check_layer_availability(&permit_for("app"), texts).await.unwrap();
    matches!(layers[0], LayerAvailability::Available { .. })
}

async fn write<T: Send + 'static>(
    fixture: &Fixture,
    body: impl for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, MetadataError>> + Send + 'static,
) -> T {
    fixture.metadata().write(body).await.unwrap()
}

/// The row of a blob of `app`, with the bytes it keeps.
async fn stored(fixture: &Fixture, digest: Digest) -> (BlobRow, Option<Vec<u8>>) {
    let domain = key_domain(fixture).await;
    write(fixture, move |tx| {
        Box::pin(async move {
            let row = blob::find(tx, &domain, &digest).await?.unwrap();
            let sealed = blob::find_inline(tx, &row.object_id).await?;
            Ok((row, sealed))
        })
    })
    .await
}

async fn key_domain(fixture: &Fixture) -> String {
    let resource = permit_for::<GetDownloadUrlForLayer>("app").resource().clone();
    write(fixture, move |tx| {
        Box::pin(async move {
            let row = repository::find(tx, &resource.registry, &resource.name).await?;
            Ok(row.unwrap().key_domain)
        })
    })
    .await
}

#[tokio::test]
async fn a_small_layer_is_a_row_from_its_first_byte_to_its_last() {
    let fixture = Fixture::new();
    for (name, kind) in [("plain", "AES256"), ("kms", "KMS"), ("dsse", "KMS_DSSE")] {
        fixture.create_encrypted(name, kind, None).await.unwrap();
    }
    let mut uploads = Vec::new();
    for name in ["plain", "kms", "dsse"] {
        for size in [1, 4_096, SMALL] {
            let bytes: Vec<u8> = (0..size).map(|place| (place % 251) as u8).collect();
            let upload = fixture.begin(name).await;
            fixture.append(name, upload, None, &bytes[..size / 2]).await.unwrap();
            uploads.push((name, upload, bytes));
        }
    }
    let fixture = fixture.restarted();
    for (name, upload, bytes) in &uploads {
        fixture.append(name, *upload, None, &bytes[bytes.len() / 2..]).await.unwrap();
        fixture.complete(name, *upload, digest_of(bytes)).await.unwrap();
    }
    for (name, _, bytes) in &uploads {
        let digest = digest_of(bytes);
        assert_eq!(&download(&fixture, name, digest).await.unwrap(), bytes);
        let content = fixture.registry.open_blob(&permit_for(name), digest).await.unwrap();
        let (first, last) = (bytes.len() as u64 / 3, bytes.len() as u64 - 1);
        let range: Vec<_> = content.read_range(first, last).unwrap().try_collect().await.unwrap();
        assert_eq!(range.concat(), bytes[bytes.len() / 3..]);
    }
    assert!(fixture.objects().is_empty());
    // One byte more needs a file.
    fixture.layer("plain", &[1; SMALL + 1]).await;
    assert_eq!(fixture.objects().len(), 1);
}

#[tokio::test]
async fn a_small_layer_is_kept_once_and_only_its_repositories_serve_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    fixture.create("third", "MUTABLE").await.unwrap();
    let digest = fixture.layer("app", b"shared").await;
    let (before, sealed) = stored(&fixture, digest).await;
    assert!(sealed.is_some_and(|sealed| !sealed.windows(6).any(|window| window == b"shared")));
    fixture.layer("other", b"shared").await;
    fixture.layer("app", b"shared").await;
    assert_eq!(stored(&fixture, digest).await.0, before);
    for name in ["app", "other"] {
        assert_eq!(download(&fixture, name, digest).await.unwrap(), b"shared");
    }
    let refused = download(&fixture, "third", digest).await;
    assert!(matches!(refused, Err(Error::LayerNotFound { .. })));
}

#[tokio::test]
async fn two_clients_that_push_one_small_digest_at_once_both_succeed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let (first, second) = (fixture.begin("app").await, fixture.begin("app").await);
    for upload in [first, second] {
        fixture.append("app", upload, None, b"same").await.unwrap();
    }
    let digest = digest_of(b"same");
    let (a, b) = tokio::join!(
        fixture.complete("app", first, digest),
        fixture.complete("app", second, digest)
    );
    assert!(a.is_ok() != b.is_ok(), "one of them was first");
    let existed = a.and(b).unwrap_err();
    assert!(matches!(existed, Error::LayerAlreadyExists { .. }), "{existed}");
    assert_eq!(download(&fixture, "app", digest).await.unwrap(), b"same");
}

/// As a disk does that rots: one bit of the row is another.
async fn damage(fixture: &Fixture, digest: Digest) -> ObjectId {
    let (row, sealed) = stored(fixture, digest).await;
    let (object_id, mut sealed) = (row.object_id, sealed.unwrap());
    *sealed.last_mut().unwrap() ^= 1;
    let now = fixture.now();
    write(fixture, move |tx| {
        Box::pin(async move {
            blob::discard_object(tx, &object_id, now).await?;
            blob::insert_inline(tx, &object_id, &sealed).await
        })
    })
    .await;
    object_id
}

/// A damaged layer is not served, until a push brings its `content` again.
async fn is_refused_and_healed(fixture: &Fixture, digest: Digest, content: &'static [u8]) {
    let refused = download(fixture, "app", digest).await;
    assert!(matches!(refused, Err(Error::LayerDamaged { .. })), "{refused:?}");
    // The damage is noted beside the answer; wait for the note itself, not for time.
    while is_available(fixture, digest).await {
        tokio::task::yield_now().await;
    }
    fixture.layer("app", content).await;
    assert_eq!(download(fixture, "app", digest).await.unwrap(), content);
}

#[tokio::test]
async fn a_damaged_row_is_not_served_and_a_push_heals_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.layer("app", b"content").await;
    let damaged = damage(&fixture, digest).await;
    is_refused_and_healed(&fixture, digest, b"content").await;
    let left = write(&fixture, move |tx| {
        Box::pin(async move {
            let waiting = blob::discarded_objects(tx, "", 10).await?;
            Ok((blob::find_inline(tx, &damaged).await?, waiting))
        })
    });
    assert_eq!(left.await, (None, vec![]), "the damaged row is gone, and no file is looked for");
}

#[tokio::test]
async fn a_row_that_is_gone_is_damage_too() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.layer("app", b"content").await;
    let (row, _) = stored(&fixture, digest).await;
    let now = fixture.now();
    write(&fixture, move |tx| {
        Box::pin(async move { blob::discard_object(tx, &row.object_id, now).await })
    })
    .await;
    is_refused_and_healed(&fixture, digest, b"content").await;
}

/// A file of the store as releases wrote it that had no small rows.
async fn file_of(fixture: &Fixture, bytes: &'static [u8]) -> StoredObject {
    let keys = Arc::new(fixture.kms.clone());
    let entropy = Arc::new(SeededEntropy::new(77 << 40));
    let store = LocalBlobStore::open(fixture.folder.path(), keys, entropy).unwrap();
    let domain = key_domain(fixture).await.parse().unwrap();
    let mut writer = store.begin(&domain).await.unwrap();
    writer.write(bytes.into()).await.unwrap();
    writer.finish().await.unwrap().publish().await.unwrap()
}

#[tokio::test]
async fn a_small_file_of_an_older_release_is_served_and_healed_as_a_row() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.layer("app", b"old").await;
    let (row, _) = stored(&fixture, digest).await;
    let file = file_of(&fixture, b"old").await;
    let (domain, now) = (key_domain(&fixture).await, fixture.now());
    write(&fixture, move |tx| {
        Box::pin(async move {
            blob::replace_object(tx, &domain, &digest, &file.object_id).await?;
            blob::discard_object(tx, &row.object_id, now).await
        })
    })
    .await;
    assert_eq!(download(&fixture, "app", digest).await.unwrap(), b"old");
    let [object] = &fixture.objects()[..] else { panic!("one object") };
    fs::write(object, b"damage").unwrap();
    let refused = download(&fixture, "app", digest).await;
    assert!(matches!(refused, Err(Error::LayerDamaged { .. })), "{refused:?}");
    while is_available(&fixture, digest).await {
        tokio::task::yield_now().await;
    }
    fixture.layer("app", b"old").await;
    assert_eq!(download(&fixture, "app", digest).await.unwrap(), b"old");
    assert!(stored(&fixture, digest).await.1.is_some());
    while !fixture.objects().is_empty() {
        tokio::task::yield_now().await;
    }
}

/// Such a release left a file behind every upload that had received a byte.
async fn give_a_file(fixture: &Fixture, upload: UploadId) {
    let file = file_of(fixture, b"unfinished").await.object_id;
    let resource = permit_for::<GetDownloadUrlForLayer>("app").resource().clone();
    write(fixture, move |tx| {
        Box::pin(async move {
            let row = repository::find(tx, &resource.registry, &resource.name).await?.unwrap();
            let found = upload::find(tx, row.id, &upload).await?.unwrap();
            let received = found.received_bytes;
            let changed = UploadRow { object_id: Some(file), ..found };
            assert!(upload::advance(tx, &changed, received).await?);
            Ok(())
        })
    })
    .await;
}

#[tokio::test]
async fn a_small_upload_of_an_older_release_goes_on_and_its_file_goes() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for rest in [&b""[..], b"rest", &[9; SMALL]] {
        let upload = fixture.begin("app").await;
        fixture.append("app", upload, None, b"start").await.unwrap();
        give_a_file(&fixture, upload).await;
        fixture.append("app", upload, None, rest).await.unwrap();
        let whole = [b"start", rest].concat();
        fixture.complete("app", upload, digest_of(&whole)).await.unwrap();
        assert_eq!(download(&fixture, "app", digest_of(&whole)).await.unwrap(), whole);
        fixture.registry.collect_garbage().await.unwrap();
        while fixture.objects().len() > usize::from(whole.len() > SMALL) {
            tokio::task::yield_now().await;
        }
    }
}

/// A layer pushed by another process completes against what this one has read.
#[tokio::test]
async fn a_session_that_moved_on_meanwhile_is_not_completed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let upload = fixture.begin("app").await;
    fixture.append("app", upload, None, b"content").await.unwrap();
    let resource = permit_for::<GetDownloadUrlForLayer>("app").resource().clone();
    let ended = write(&fixture, move |tx| {
        Box::pin(async move {
            let row = repository::find(tx, &resource.registry, &resource.name).await?.unwrap();
            let stale = upload::end(tx, row.id, &upload, 3).await?;
            Ok((stale, upload::end(tx, row.id, &upload, 7).await?))
        })
    });
    assert_eq!(ended.await, (None, Some(None)));
    let refused = fixture.complete("app", upload, digest_of(b"content")).await;
    assert!(matches!(refused, Err(Error::UploadNotFound { .. })));
}

//! Layers: served as they were pushed, never damaged, healed by another push.

use std::io::{Seek, SeekFrom, Write};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use wharfinger_core::Digest;
use wharfinger_registry::{BlobDeletion, Error, LayerAvailability};

use super::fixture::{Fixture, by_digest, permit_for};

async fn download(fixture: &Fixture, digest: Digest) -> Result<Vec<u8>, String> {
    let content = fixture.registry.open_blob(&permit_for("app"), digest).await;
    let content = content.map_err(|error| error.to_string())?;
    let parts: Vec<Bytes> =
        content.read_all().try_collect().await.map_err(|error| error.to_string())?;
    Ok(parts.concat())
}

#[tokio::test]
async fn a_layer_comes_back_whole_and_in_ranges() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let bytes: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    let digest = fixture.layer("app", &bytes).await;
    assert_eq!(download(&fixture, digest).await.unwrap(), bytes);
    let content = fixture.registry.open_blob(&permit_for("app"), digest).await.unwrap();
    let range: Vec<Bytes> =
        content.read_range(65_530, 200_001).unwrap().try_collect().await.unwrap();
    assert_eq!(range.concat(), bytes[65_530..=200_001]);
}

#[tokio::test]
async fn layers_are_of_one_repository() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    let digest = fixture.layer("other", b"secret of other").await;
    let refused = fixture.registry.open_blob(&permit_for("app"), digest).await;
    assert!(matches!(refused, Err(Error::LayerNotFound { .. })));
    let texts = vec![digest.to_string(), "nonsense".into(), " ".into()];
    let layers =
        fixture.registry.batch_check_layer_availability(&permit_for("app"), texts).await.unwrap();
    assert_eq!(
        layers,
        [
            LayerAvailability::Unavailable { digest },
            LayerAvailability::Invalid { text: "nonsense".into() },
            LayerAvailability::Missing
        ]
    );
}

#[tokio::test]
async fn a_layer_no_image_uses_has_no_download_url() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.layer("app", b"layer of one").await;
    let refused = fixture.registry.check_layer_download(&permit_for("app"), digest).await;
    assert!(matches!(refused, Err(Error::LayerInaccessible { .. })));
    fixture.image("app", "one", None).await;
    fixture.registry.check_layer_download(&permit_for("app"), digest).await.unwrap();
}

#[tokio::test]
async fn a_damaged_layer_is_not_served_and_a_push_heals_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let bytes = vec![42; 200_000];
    let digest = fixture.layer("app", &bytes).await;
    let [object] = &fixture.objects()[..] else { panic!("one object") };
    let mut file = std::fs::OpenOptions::new().write(true).open(object).unwrap();
    file.seek(SeekFrom::Start(100_000)).unwrap();
    file.write_all(b"damage").unwrap();
    drop(file);
    let content = fixture.registry.open_blob(&permit_for("app"), digest).await.unwrap();
    let parts: Vec<_> = content.read_all().collect().await;
    let served: usize = parts.iter().filter_map(|part| part.as_ref().ok()).map(Bytes::len).sum();
    assert!(parts.iter().any(Result::is_err) && served < bytes.len());
    // The damage is noted beside the answer; wait for the note itself, not for time.
    let texts = || vec![digest.to_string()];
    while fixture
        .registry
        .batch_check_layer_availability(&permit_for("app"), texts())
        .await
        .unwrap()
        != [LayerAvailability::Unavailable { digest }]
    {
        tokio::task::yield_now().await;
    }
    let told = download(&fixture, digest).await.unwrap_err();
    assert!(told.contains("push it again"), "{told}");
    fixture.layer("app", &bytes).await;
    assert_eq!(download(&fixture, digest).await.unwrap(), bytes);
}

#[tokio::test]
async fn a_layer_is_deleted_from_its_repository_alone_and_not_while_an_image_uses_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    let digest = fixture.layer("app", b"layer of one").await;
    fixture.layer("other", b"layer of one").await;
    let image = fixture.image("app", "one", None).await;
    let permit = permit_for("app");
    let delete = || fixture.registry.delete_blob(&permit, digest);
    assert_eq!(delete().await.unwrap(), BlobDeletion::InUse);

    let ids = vec![by_digest(&image)];
    fixture.registry.batch_delete_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(delete().await.unwrap(), BlobDeletion::Deleted);
    assert!(matches!(delete().await, Err(Error::LayerNotFound { .. })));
    let gone = fixture.registry.open_blob(&permit_for("app"), digest).await;
    assert!(matches!(gone, Err(Error::LayerNotFound { .. })));
    let kept = fixture.registry.open_blob(&permit_for("other"), digest).await.unwrap();
    assert_eq!(kept.size_bytes, 12);

    // Pushed again, it is there again.
    fixture.layer("app", b"layer of one").await;
    assert_eq!(download(&fixture, digest).await.unwrap(), b"layer of one");
    let absent = fixture.registry.delete_blob(&permit_for("absent"), digest).await;
    assert!(matches!(absent, Err(Error::RepositoryNotFound { .. })));
}

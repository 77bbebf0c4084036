//! Storage classes: what may be archived, what an archived image still does, and how it comes back.

use std::time::Duration;

use wharfinger_core::Digest;
use wharfinger_registry::{
    Error, ImageDetail, ImageStatus, LayerAvailability, ListImagesFilter, PageRequest,
    RequestedImage, StorageClass,
};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};
use super::work::run_jobs;

async fn update(
    fixture: &Fixture,
    id: RequestedImage,
    target: StorageClass,
) -> Result<ImageStatus, Error> {
    let change =
        fixture.registry.update_image_storage_class(&permit_for("app"), id, target).await?;
    Ok(change.status)
}

async fn archive(fixture: &Fixture, digest: &Digest) {
    let status = update(fixture, by_digest(digest), StorageClass::Archive).await.unwrap();
    assert_eq!(status, ImageStatus::Archived);
}

async fn describe(fixture: &Fixture, digest: &Digest) -> ImageDetail {
    let (permit, ids) = (permit_for("app"), vec![by_digest(digest)]);
    fixture.registry.describe_images_by_id(&permit, ids).await.unwrap().remove(0)
}

async fn can_be_pulled(fixture: &Fixture, digest: &Digest) -> bool {
    let (permit, id) = (permit_for("app"), by_digest(digest));
    let head = fixture.registry.head_image(&permit, id.clone()).await.unwrap().is_some();
    let (images, failures) = fixture.registry.batch_get_image(&permit, vec![id]).await.unwrap();
    assert_eq!((head, images.len() + failures.len()), (images.len() == 1, 1));
    let code = failures.first().map(|failure| failure.code.as_str());
    assert_eq!(code, (!head).then_some("ImageInaccessible"));
    head
}

async fn layer_states(fixture: &Fixture, content: &str) -> (LayerAvailability, bool, bool) {
    let digest = digest_of(format!("layer of {content}").as_bytes());
    let registry = &fixture.registry;
    let texts = vec![digest.to_string()];
    let layers = registry.batch_check_layer_availability(&permit_for("app"), texts).await.unwrap();
    let url = registry.check_layer_download(&permit_for("app"), digest).await;
    let served = registry.open_blob(&permit_for("app"), digest).await;
    for error in [url.as_ref().err(), served.as_ref().err()].into_iter().flatten() {
        assert!(matches!(error, Error::LayerInaccessible { .. }), "{error}");
    }
    (layers[0].clone(), url.is_ok(), served.is_ok())
}

#[tokio::test]
async fn an_archived_image_is_kept_and_not_pulled() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    fixture.clock.advance(Duration::from_secs(60));
    archive(&fixture, &digest).await;
    assert!(!can_be_pulled(&fixture, &digest).await);
    let detail = describe(&fixture, &digest).await;
    assert_eq!(detail.status, ImageStatus::Archived);
    assert_eq!(detail.archived_at, Some(detail.pushed_at.plus(Duration::from_secs(60))));
    assert_eq!((detail.activated_at, detail.tags.len()), (None, 1));
    // Hidden from lists that do not ask for it, and still in the way of a deletion.
    let (filter, page) = (ListImagesFilter::default(), PageRequest::default());
    let registry = &fixture.registry;
    let listed = registry.list_images(&permit_for("app"), filter, &page).await.unwrap();
    assert_eq!(listed.items, []);
    assert_eq!(registry.list_tags(&permit_for("app"), "", 10).await.unwrap().names.len(), 0);
    let filter = ListImagesFilter { status: Some(ImageStatus::Archived), ..filter };
    let listed = registry.describe_images(&permit_for("app"), filter, &page).await.unwrap();
    assert_eq!(listed.items, [detail]);
    let refused = registry.delete_repository(&permit_for("app"), false).await;
    assert!(matches!(refused, Err(Error::RepositoryNotEmpty { .. })));
    // It comes back as it was.
    fixture.clock.advance(Duration::from_secs(60));
    let status = update(&fixture, by_tag("v1"), StorageClass::Standard).await.unwrap();
    assert_eq!(status, ImageStatus::Activating);
    assert!(!can_be_pulled(&fixture, &digest).await, "not yet");
    for class in [StorageClass::Standard, StorageClass::Archive] {
        let refused = update(&fixture, by_tag("v1"), class).await.unwrap_err();
        assert!(refused.to_string().ends_with("is being restored"), "{refused}");
    }
    let filter = ListImagesFilter { status: Some(ImageStatus::Activating), ..filter };
    let listed = registry.describe_images(&permit_for("app"), filter, &page).await.unwrap();
    assert_eq!(listed.items.len(), 1);
    assert_eq!(listed.items[0].status, ImageStatus::Activating);
    run_jobs(&fixture).await;
    assert!(can_be_pulled(&fixture, &digest).await);
    let detail = describe(&fixture, &digest).await;
    assert_eq!(detail.activated_at, Some(detail.pushed_at.plus(Duration::from_secs(120))));
    assert_eq!(registry.list_tags(&permit_for("app"), "", 10).await.unwrap().names.len(), 1);
}

#[tokio::test]
async fn each_update_that_cannot_be_says_why() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let child = fixture.image("app", "child", None).await;
    let index = fixture.put("app", &index_of(&[child]), Some("multi")).await.unwrap().id.digest;
    let archived = fixture.image("app", "two", Some("old")).await;
    archive(&fixture, &archived).await;
    let within = "in the repository with name 'app' in the registry with id '111122223333'";
    for (id, target, told) in [
        (
            by_tag("old"),
            StorageClass::Archive,
            format!(
                "The image with imageId {{imageDigest:'null', imageTag:'old'}} {within} is already \
                 in the storage class ARCHIVE"
            ),
        ),
        (
            by_digest(&digest),
            StorageClass::Standard,
            format!(
                "The image with imageId {{imageDigest:'{digest}', imageTag:'null'}} {within} is \
                 already in the storage class STANDARD"
            ),
        ),
        (
            by_digest(&child),
            StorageClass::Archive,
            format!(
                "The image with imageId {{imageDigest:'{child}', imageTag:'null'}} {within} cannot \
                 be archived because it is referenced by manifest list: [{index}]"
            ),
        ),
    ] {
        let refused = update(&fixture, id, target).await.unwrap_err();
        assert!(matches!(refused, Error::ImageStorageClassUpdateNotSupported { .. }));
        assert_eq!(refused.to_string(), told);
    }
    let absent = update(&fixture, by_tag("nope"), StorageClass::Archive).await;
    assert!(matches!(absent, Err(Error::ImageNotFound { .. })));
}

#[tokio::test]
async fn an_index_goes_first_and_comes_back_with_what_it_lists() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", None).await;
    let inner = fixture.put("app", &index_of(&[child]), None).await.unwrap().id.digest;
    let outer_text = index_of(&[inner]);
    let outer = fixture.put("app", &outer_text, Some("multi")).await.unwrap().id.digest;
    archive(&fixture, &outer).await;
    assert!(can_be_pulled(&fixture, &child).await, "children stay where they are");
    archive(&fixture, &inner).await;
    archive(&fixture, &child).await;
    update(&fixture, by_digest(&outer), StorageClass::Standard).await.unwrap();
    run_jobs(&fixture).await;
    for digest in [&outer, &inner, &child] {
        assert!(can_be_pulled(&fixture, digest).await);
    }
    // A push brings back what it lists as well, whether the index is new or was archived.
    for digest in [&outer, &inner, &child] {
        archive(&fixture, digest).await;
    }
    fixture.put("app", &index_of(&[child, child]), None).await.unwrap();
    assert!(can_be_pulled(&fixture, &child).await && !can_be_pulled(&fixture, &inner).await);
    fixture.put("app", &outer_text, Some("multi")).await.unwrap();
    assert!(can_be_pulled(&fixture, &outer).await && can_be_pulled(&fixture, &inner).await);
}

#[tokio::test]
async fn a_push_of_an_archived_image_restores_it() {
    let fixture = Fixture::with_repository("IMMUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let manifest = fixture.manifest("app", "one").await;
    for tag in [Some("v1"), None, Some("v2")] {
        archive(&fixture, &digest).await;
        fixture.clock.advance(Duration::from_secs(1));
        fixture.put("app", &manifest, tag).await.unwrap();
        let detail = describe(&fixture, &digest).await;
        assert_eq!(detail.status, ImageStatus::Active, "{tag:?}");
        assert!(detail.activated_at > detail.archived_at, "{tag:?}");
        let again = fixture.put("app", &manifest, tag).await;
        assert!(matches!(again, Err(Error::ImageAlreadyExists { .. })), "{tag:?}");
    }
    // An immutable tag of an archived image stays where it is.
    archive(&fixture, &digest).await;
    let other = fixture.manifest("app", "two").await;
    let refused = fixture.put("app", &other, Some("v1")).await;
    assert!(matches!(refused, Err(Error::ImageTagAlreadyExists { .. })));
}

#[tokio::test]
async fn layers_are_archived_when_no_active_image_uses_them() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let manifest = fixture.manifest("app", "one").await;
    // Another image of the same blobs.
    let twin = manifest.replacen('{', r#"{"annotations":{"a":"b"},"#, 1);
    let twin_digest = fixture.put("app", &twin, None).await.unwrap().id.digest;
    let (layer, size_bytes) = (digest_of(b"layer of one"), 12);
    let available = LayerAvailability::Available { digest: layer, size_bytes };
    let archived = LayerAvailability::Archived { digest: layer, size_bytes };
    archive(&fixture, &digest).await;
    assert_eq!(layer_states(&fixture, "one").await, (available.clone(), true, true));
    archive(&fixture, &twin_digest).await;
    assert_eq!(layer_states(&fixture, "one").await, (archived, false, false));
    // A push needs no upload: a new image of the archived layers is all it takes.
    let third = manifest.replacen('{', r#"{"annotations":{"c":"d"},"#, 1);
    let third = fixture.put("app", &third, None).await.unwrap().id.digest;
    assert_eq!(layer_states(&fixture, "one").await, (available.clone(), true, true));
    let ids = [&digest, &twin_digest, &third].map(by_digest).to_vec();
    let permit = permit_for("app");
    let outcome = fixture.registry.batch_delete_image(&permit, ids).await.unwrap();
    assert_eq!((outcome.deleted.len(), outcome.failures.len()), (3, 0));
    assert_eq!(layer_states(&fixture, "one").await, (available, false, true), "used by none");
}

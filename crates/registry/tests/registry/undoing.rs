//! Undo of images: what was deleted comes back as it was.

use std::time::Duration;

use futures_util::TryStreamExt;
use wharfinger_auth::Permit;
use wharfinger_core::{Digest, Quotas, Tag, Timestamp};
use wharfinger_metadata::repository::RepositoryRow;
use wharfinger_metadata::{MetadataError, deleted_image, repository};
use wharfinger_registry::{
    Error, ImageDetail, ImageStatus, ListImagesFilter, PageRequest, RequestedImage, StorageClass,
    TagState, UndeletedImages, UndoError,
};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};

pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

pub(super) fn tag_of(name: &str) -> Tag {
    name.parse().unwrap()
}

pub(super) async fn delete(fixture: &Fixture, id: RequestedImage) {
    let permit = permit_for("app");
    let outcome = fixture.registry.batch_delete_image(&permit, vec![id]).await.unwrap();
    assert_eq!(outcome.failures, []);
}

pub(super) async fn undelete(
    fixture: &Fixture,
    digest: Digest,
) -> Result<UndeletedImages, UndoError> {
    fixture.registry.undelete_image(&permit_for("app"), digest, false).await
}

pub(super) async fn undelete_tag(
    fixture: &Fixture,
    tag: &str,
    at: Option<Timestamp>,
    move_tags: bool,
) -> Result<UndeletedImages, UndoError> {
    fixture.registry.undelete_tag(&permit_for("app"), tag_of(tag), at, move_tags).await
}

pub(super) async fn describe(fixture: &Fixture) -> Vec<ImageDetail> {
    let (permit, page) = (permit_for("app"), PageRequest::default());
    let filter = ListImagesFilter { status: None, ..ListImagesFilter::default() };
    fixture.registry.describe_images(&permit, filter, &page).await.unwrap().items
}

/// Where a tag leads now.
pub(super) async fn points_to(fixture: &Fixture, tag: &str) -> Option<Digest> {
    let head = fixture.registry.head_image(&permit_for("app"), by_tag(tag)).await.unwrap();
    head.map(|head| head.digest)
}

pub(super) async fn deleted(fixture: &Fixture) -> Vec<Digest> {
    let page = PageRequest::default();
    let listed = fixture.registry.deleted_images(&permit_for("app"), &page).await.unwrap();
    listed.items.into_iter().map(|image| image.digest).collect()
}

pub(super) async fn history(fixture: &Fixture, tag: &str) -> Vec<TagState> {
    let (permit, page) = (permit_for("app"), PageRequest::default());
    fixture.registry.tag_history(&permit, tag_of(tag), &page).await.unwrap().items
}

pub(super) async fn blob(fixture: &Fixture, bytes: &[u8]) -> Vec<u8> {
    let digest = digest_of(bytes);
    let content = fixture.registry.open_blob(&permit_for("app"), digest).await.unwrap();
    content.read_all().try_collect::<Vec<_>>().await.unwrap().concat()
}

#[tokio::test]
async fn a_deleted_image_comes_back_as_it_was() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("latest")).await.unwrap();
    let before = describe(&fixture).await;
    fixture.clock.advance(HOUR);
    delete(&fixture, by_digest(&digest)).await;
    assert_eq!(describe(&fixture).await, []);
    let page = PageRequest::default();
    let listed = fixture.registry.deleted_images(&permit_for("app"), &page).await.unwrap().items;
    let [kept] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!(kept.tags, [tag_of("latest"), tag_of("v1")]);
    assert_eq!((kept.deleted_at, kept.expires_at), (fixture.now(), fixture.now().plus(WEEK)));
    assert_eq!(kept.cause, "wharfinger");
    fixture.clock.advance(WEEK - HOUR);
    fixture.registry.collect_garbage().await.unwrap();
    let back = undelete(&fixture, digest).await.unwrap();
    assert_eq!(back.images, listed);
    assert_eq!(back.tags, [(tag_of("latest"), digest), (tag_of("v1"), digest)]);
    assert_eq!(describe(&fixture).await, before);
    let permit = permit_for("app");
    let (images, _) = fixture.registry.batch_get_image(&permit, vec![by_tag("v1")]).await.unwrap();
    assert_eq!(images[0].manifest, manifest);
    assert_eq!(blob(&fixture, b"layer of one").await, b"layer of one");
    assert_eq!(deleted(&fixture).await, []);
    let again = undelete(&fixture, digest).await;
    assert!(matches!(again, Err(UndoError::ImageThere(_))), "{again:?}");
}

#[tokio::test]
async fn what_is_back_is_seen_at_once_beside_a_running_server() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let beside = fixture.beside();
    let tags = || async {
        let page = fixture.registry.list_tags(&permit_for("app"), "", 10).await.unwrap();
        page.names.iter().map(str::to_owned).collect::<Vec<_>>()
    };
    for _ in 0..3 {
        assert_eq!(
            (points_to(&fixture, "v1").await, tags().await),
            (Some(digest), vec!["v1".into()])
        );
        delete(&fixture, by_tag("v1")).await;
        assert_eq!((points_to(&fixture, "v1").await, tags().await), (None, vec![]));
        beside.undelete_tag(&permit_for("app"), tag_of("v1"), None, false).await.unwrap();
    }
    assert_eq!(points_to(&fixture, "v1").await, Some(digest));
}

#[tokio::test]
async fn an_index_brings_along_what_it_lists() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut children = vec![];
    for content in ["arm", "intel", "other"] {
        children.push(fixture.image("app", content, None).await);
    }
    let inner = fixture.put("app", &index_of(&children[..2]), None).await.unwrap().id.digest;
    let outer = index_of(&[inner, children[1], children[2]]);
    let outer = fixture.put("app", &outer, Some("multi")).await.unwrap().id.digest;
    let before = describe(&fixture).await;
    for id in [by_tag("multi"), by_digest(&inner), by_digest(&children[0]), by_digest(&children[1])]
    {
        delete(&fixture, id).await;
    }
    assert_eq!(describe(&fixture).await.len(), 1);
    let back = undelete_tag(&fixture, "multi", None, false).await.unwrap();
    assert_eq!(back.images[0].digest, outer);
    assert_eq!(back.images.len(), 4);
    let mut after = describe(&fixture).await;
    after.sort_by_key(|image| image.digest);
    let mut before = before;
    before.sort_by_key(|image| image.digest);
    assert_eq!(after, before);
    let permit = permit_for("app");
    let protected =
        fixture.registry.batch_delete_image(&permit, vec![by_digest(&inner)]).await.unwrap();
    assert_eq!(protected.failures.len(), 1, "it is listed again");
}

#[tokio::test]
async fn an_index_whose_children_are_gone_is_refused_with_their_names() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", None).await;
    let index = fixture.put("app", &index_of(&[child]), Some("multi")).await.unwrap().id.digest;
    delete(&fixture, by_tag("multi")).await;
    delete(&fixture, by_digest(&child)).await;
    forget(&fixture, child).await;
    let refused = undelete(&fixture, index).await;
    let Err(UndoError::ChildrenGone { digest, children }) = refused else { panic!("{refused:?}") };
    assert_eq!((digest, children), (index, vec![child]));
    assert_eq!(describe(&fixture).await, [], "nothing is done by halves");
    let gone = undelete(&fixture, child).await;
    assert!(matches!(gone, Err(UndoError::ImageGone(_))), "{gone:?}");
}

/// As if the time of one deleted image were over.
pub(super) async fn forget(fixture: &Fixture, digest: Digest) {
    let row = row_of(fixture).await;
    let forgotten: Result<bool, MetadataError> = fixture
        .metadata()
        .write(move |tx| Box::pin(async move { deleted_image::remove(tx, row.id, &digest).await }))
        .await;
    assert!(forgotten.unwrap());
}

async fn row_of(fixture: &Fixture) -> RepositoryRow {
    let permit: Permit<wharfinger_auth::actions::PutImage> = permit_for("app");
    let resource = permit.resource().clone();
    let row: Result<_, MetadataError> = fixture
        .metadata()
        .read(move |tx| {
            Box::pin(async move { repository::find(tx, &resource.registry, &resource.name).await })
        })
        .await;
    row.unwrap().unwrap()
}

#[tokio::test]
async fn archived_images_come_back_archived_unless_an_active_index_lists_them() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", Some("child")).await;
    let (registry, permit) = (&fixture.registry, permit_for("app"));
    registry
        .update_image_storage_class(&permit, by_digest(&child), StorageClass::Archive)
        .await
        .unwrap();
    delete(&fixture, by_digest(&child)).await;
    assert_eq!(undelete(&fixture, child).await.unwrap().images[0].status, ImageStatus::Archived);
    assert_eq!(describe(&fixture).await[0].status, ImageStatus::Archived);
    // An index that is pushed brings its children out of the archive; so does one that comes back.
    let index = fixture.put("app", &index_of(&[child]), Some("multi")).await.unwrap().id.digest;
    delete(&fixture, by_digest(&index)).await;
    registry
        .update_image_storage_class(&permit_for("app"), by_digest(&child), StorageClass::Archive)
        .await
        .unwrap();
    undelete(&fixture, index).await.unwrap();
    for image in describe(&fixture).await {
        assert_eq!(image.status, ImageStatus::Active, "{image:?}");
    }
}

#[tokio::test]
async fn what_is_pushed_again_is_no_more_deleted() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, by_digest(&digest)).await;
    fixture.image("app", "one", Some("v2")).await;
    assert_eq!(deleted(&fixture).await, []);
    fixture.clock.advance(HOUR);
    delete(&fixture, by_digest(&digest)).await;
    let page = PageRequest::default();
    let listed = fixture.registry.deleted_images(&permit_for("app"), &page).await.unwrap().items;
    assert_eq!((listed.len(), &listed[0].tags[..]), (1, &[tag_of("v2")][..]));
    assert_eq!(listed[0].deleted_at, fixture.now());
}

#[tokio::test]
async fn layers_that_were_deleted_by_themselves_are_named() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, by_digest(&digest)).await;
    let layer = digest_of(b"layer of one");
    fixture.registry.delete_blob(&permit_for("app"), layer).await.unwrap();
    let refused = undelete_tag(&fixture, "v1", None, false).await;
    let Err(UndoError::LayersGone { layers, .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(layers, [layer]);
    fixture.layer("app", b"layer of one").await;
    undelete_tag(&fixture, "v1", None, false).await.unwrap();
}

#[tokio::test]
async fn a_full_repository_takes_nothing_back() {
    let quotas = Quotas { images_per_repository_max: 2, ..Quotas::default() };
    let fixture = Fixture::with_quotas(quotas);
    fixture.create("app", "MUTABLE").await.unwrap();
    let first = fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, by_digest(&first)).await;
    fixture.image("app", "two", Some("v2")).await;
    let third = fixture.image("app", "three", Some("v3")).await;
    let full = undelete(&fixture, first).await;
    assert!(
        matches!(full, Err(UndoError::Registry(Error::LimitExceeded { limit: 2, .. }))),
        "{full:?}"
    );
    delete(&fixture, by_digest(&third)).await;
    undelete(&fixture, first).await.unwrap();
}

//! Archived images as clients of `/v2` see them, and the time of a pull.

use wharfinger_auth::{Permit, RepositoryResource, actions};
use wharfinger_core::{RegistryId, Timestamp};
use wharfinger_registry::{ImageDetail, JobsUnderWay, RequestedImage, StorageClass};

use super::fixture::{Fixture, REGION, REPOSITORY, digest_of, fixture};

fn repository(fixture: &Fixture) -> RepositoryResource {
    let registry = RegistryId::new(fixture.account(), REGION.parse().unwrap());
    RepositoryResource { registry, name: REPOSITORY.parse().unwrap() }
}

fn by_tag(tag: &str) -> RequestedImage {
    RequestedImage { digest: None, tag: Some(tag.into()) }
}

async fn archive(fixture: &Fixture, tag: &str) {
    let permit = Permit::<actions::UpdateImageStorageClass>::system(repository(fixture));
    let class = StorageClass::Archive;
    fixture.registry.update_image_storage_class(&permit, by_tag(tag), class).await.unwrap();
}

async fn described(fixture: &Fixture, tag: &str) -> ImageDetail {
    let permit = Permit::<actions::DescribeImages>::system(repository(fixture));
    let ids = vec![by_tag(tag)];
    fixture.registry.describe_images_by_id(&permit, ids).await.unwrap().remove(0)
}

#[tokio::test]
async fn an_archived_image_is_gone_until_it_is_pushed() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    let layer = format!("/v2/team/app/blobs/{}", digest_of(b"layer"));
    let by_digest = format!("/v2/team/app/manifests/{}", digest_of(&manifest));
    archive(&fixture, "v1").await;
    for target in ["/v2/team/app/manifests/v1", &by_digest] {
        fixture.get(target).await.assert_error(
            404,
            "MANIFEST_UNKNOWN",
            "Requested image is archived and must be restored before it is pulled",
        );
        assert_eq!(fixture.request("HEAD", target).send().await.status.as_u16(), 404);
    }
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":[]}"#);
    // A pull does not get the layer; a push need not send it.
    fixture.get(&layer).await.assert_error(
        404,
        "BLOB_UNKNOWN",
        &format!(
            "The layer with digest '{}' in the repository with name 'team/app' in the registry \
             with id '111122223333' is not referenced by any active image",
            digest_of(b"layer")
        ),
    );
    let head = fixture.request("HEAD", &layer).send().await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, "5"));
    let pushed = fixture.put_manifest("/v2/team/app/manifests/v1", &manifest).await;
    assert_eq!(pushed.status.as_u16(), 201);
    assert_eq!(fixture.get(&by_digest).await.body, manifest);
    assert_eq!(fixture.get(&layer).await.text(), "layer");
    let tags = fixture.get("/v2/team/app/tags/list").await;
    assert_eq!(tags.text(), r#"{"name":"team/app","tags":["v1"]}"#);
}

#[tokio::test]
async fn an_image_on_its_way_back_is_gone_until_it_is_there() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    archive(&fixture, "v1").await;
    let permit = Permit::<actions::UpdateImageStorageClass>::system(repository(&fixture));
    let class = StorageClass::Standard;
    let registry = &fixture.registry;
    registry.update_image_storage_class(&permit, by_tag("v1"), class).await.unwrap();
    let target = "/v2/team/app/manifests/v1";
    fixture.get(target).await.assert_error(
        404,
        "MANIFEST_UNKNOWN",
        "Requested image is archived and must be restored before it is pulled",
    );
    assert_eq!(fixture.request("HEAD", target).send().await.status.as_u16(), 404);
    let layer = format!("/v2/team/app/blobs/{}", digest_of(b"layer"));
    assert_eq!(fixture.get(&layer).await.status.as_u16(), 404);
    for job in registry.lease_jobs(&JobsUnderWay::default()).await.unwrap().jobs {
        registry.run_job(&job.row).await.unwrap();
    }
    assert_eq!(fixture.get(target).await.body, manifest);
    assert_eq!(fixture.get(&layer).await.text(), "layer");
}

#[tokio::test]
async fn an_archived_image_is_deleted_as_any_other() {
    let fixture = fixture().await;
    let manifest = fixture.push_image(REPOSITORY, "v1", b"layer").await;
    archive(&fixture, "v1").await;
    let target = format!("/v2/team/app/manifests/{}", digest_of(&manifest));
    assert_eq!(fixture.request("DELETE", &target).send().await.status.as_u16(), 202);
    let gone = "Requested image not found";
    fixture.get(&target).await.assert_error(404, "MANIFEST_UNKNOWN", gone);
}

#[tokio::test]
async fn getting_a_manifest_is_a_pull_and_asking_for_its_head_is_not() {
    let fixture = fixture().await;
    for tag in ["asked", "pulled"] {
        fixture.push_image(REPOSITORY, tag, tag.as_bytes()).await;
    }
    fixture.request("HEAD", "/v2/team/app/manifests/asked").send().await;
    fixture.get("/v2/team/app/manifests/pulled").await;
    // The record is written beside the answer; wait for the record itself, not for time.
    let recorded = loop {
        match described(&fixture, "pulled").await.last_pulled_at {
            Some(time) => break time,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(recorded, Timestamp::from_seconds(1_800_000_000));
    assert_eq!(described(&fixture, "asked").await.last_pulled_at, None);
}

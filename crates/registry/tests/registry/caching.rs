//! What is pulled again comes from memory, and is what it would be without: each change of a tag, an
//! image, its repository or its key holds for the very next pull.

use std::sync::Arc;

use wharfinger_core::limits::{
    CACHED_MANIFEST_BYTES_MAX, MANIFEST_CACHE_BYTES_MAX, REFERENCE_CACHE_BYTES_MAX,
    TAG_PAGE_CACHE_BYTES_MAX,
};
use wharfinger_core::{Digest, RegistryId};
use wharfinger_metadata::MetadataError;
use wharfinger_registry::{Error, ImageFailureCode, RequestedImage, StorageClass, StoredImage};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};
use super::work::run_jobs;

/// Pulls three times, so that the answer comes from memory if it ever does; all are the same.
async fn pull(
    fixture: &Fixture,
    name: &str,
    id: RequestedImage,
) -> Result<Result<StoredImage, &'static str>, Error> {
    let mut answers = Vec::new();
    for _ in 0..3 {
        let permit = permit_for(name);
        let (mut images, failures) =
            fixture.registry.batch_get_image(&permit, vec![id.clone()]).await?;
        answers.push(match images.pop() {
            Some(image) => {
                assert_eq!(digest_of(&image.manifest), image.id.digest);
                Ok(image)
            }
            None => Err(failures[0].code.as_str()),
        });
        let head = fixture.registry.head_image(&permit_for(name), id.clone()).await;
        match &answers[0] {
            Ok(image) => assert_eq!(head.unwrap().unwrap().digest, image.id.digest),
            Err("KmsError") => assert!(matches!(head, Err(Error::Kms { .. }))),
            Err(_) => assert_eq!(head.unwrap(), None),
        }
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    Ok(answers.remove(0))
}

async fn digest_by_tag(fixture: &Fixture, tag: &str) -> Result<Digest, &'static str> {
    pull(fixture, "app", by_tag(tag)).await.unwrap().map(|image| image.id.digest)
}

#[tokio::test]
async fn a_tag_that_moves_or_goes_is_followed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let first = fixture.image("app", "one", Some("v1")).await;
    assert_eq!(digest_by_tag(&fixture, "v1").await, Ok(first));
    let second = fixture.image("app", "two", Some("v1")).await;
    assert_ne!(first, second);
    assert_eq!(digest_by_tag(&fixture, "v1").await, Ok(second));
    assert!(pull(&fixture, "app", by_digest(&first)).await.unwrap().is_ok());
    fixture.image("app", "one", Some("other")).await;
    let ids = vec![by_tag("v1")];
    fixture.registry.batch_delete_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(digest_by_tag(&fixture, "v1").await, Err("ImageNotFound"));
    assert_eq!(digest_by_tag(&fixture, "other").await, Ok(first));
}

#[tokio::test]
async fn an_image_that_is_deleted_or_archived_is_not_pulled() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let id = by_digest(&digest);
    assert!(pull(&fixture, "app", id.clone()).await.unwrap().is_ok());
    for (target, expected) in
        [(StorageClass::Archive, Err("ImageInaccessible")), (StorageClass::Standard, Ok(digest))]
    {
        let permit = permit_for("app");
        fixture.registry.update_image_storage_class(&permit, id.clone(), target).await.unwrap();
        run_jobs(&fixture).await;
        assert_eq!(digest_by_tag(&fixture, "v1").await, expected);
    }
    fixture.registry.batch_delete_image(&permit_for("app"), vec![id.clone()]).await.unwrap();
    let gone = pull(&fixture, "app", id.clone()).await.unwrap();
    assert_eq!(gone.unwrap_err(), "ImageNotFound");
    // Pushed again, it may be served from memory; it is the same.
    fixture.image("app", "one", Some("v1")).await;
    assert!(pull(&fixture, "app", id).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_repository_that_is_made_again_has_no_images_of_the_first() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    assert_eq!(digest_by_tag(&fixture, "v1").await, Ok(digest));
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    for id in [by_tag("v1"), by_digest(&digest)] {
        let gone = pull(&fixture, "app", id).await;
        assert!(matches!(gone, Err(Error::RepositoryNotFound { .. })));
    }
    fixture.create("app", "MUTABLE").await.unwrap();
    for id in [by_tag("v1"), by_digest(&digest)] {
        let gone = pull(&fixture, "app", id).await.unwrap();
        assert_eq!(gone.unwrap_err(), "ImageNotFound");
    }
    // What one repository may serve, another one may not.
    fixture.create("other", "MUTABLE").await.unwrap();
    fixture.image("app", "one", Some("v1")).await;
    assert_eq!(digest_by_tag(&fixture, "v1").await, Ok(digest));
    let foreign = pull(&fixture, "other", by_digest(&digest)).await.unwrap();
    assert_eq!(foreign.unwrap_err(), "ImageNotFound");
}

#[tokio::test]
async fn without_its_key_a_repository_serves_nothing_from_memory() {
    let fixture = Fixture::new();
    let registry = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let key = fixture.kms.create_key(&registry, "for tests", None).await.unwrap();
    for kind in ["KMS", "KMS_DSSE"] {
        let name = kind.to_ascii_lowercase();
        fixture.create_encrypted(&name, kind, Some(&key.arn)).await.unwrap();
        let digest = fixture.image(&name, "one", Some("v1")).await;
        for id in [by_tag("v1"), by_digest(&digest)] {
            assert!(pull(&fixture, &name, id.clone()).await.unwrap().is_ok());
            fixture.kms.set_key_enabled(&registry, &key.arn, false).await.unwrap();
            let refused = pull(&fixture, &name, id.clone()).await.unwrap();
            assert_eq!(refused.unwrap_err(), "KmsError");
            fixture.kms.set_key_enabled(&registry, &key.arn, true).await.unwrap();
            assert!(pull(&fixture, &name, id).await.unwrap().is_ok());
        }
    }
}

#[tokio::test]
async fn changes_of_another_process_are_seen() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    assert_eq!(digest_by_tag(&fixture, "v1").await, Ok(digest));
    let other = fixture.metadata();
    let registry = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let gone: Result<bool, MetadataError> = other
        .write(move |tx| {
            Box::pin(async move {
                let name = "app".parse().unwrap();
                let found = wharfinger_metadata::repository::find(tx, &registry, &name).await?;
                let tag = "v1".parse().unwrap();
                wharfinger_metadata::tag::delete(tx, found.unwrap().id, &tag).await
            })
        })
        .await;
    assert!(gone.unwrap());
    assert_eq!(digest_by_tag(&fixture, "v1").await, Err("ImageNotFound"));
}

#[tokio::test]
async fn many_images_of_one_request_are_all_from_one_moment() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digests =
        [fixture.image("app", "one", Some("a")).await, fixture.image("app", "two", None).await];
    let ids = vec![by_tag("a"), by_digest(&digests[1]), by_tag("a")];
    for _ in 0..3 {
        let permit = permit_for("app");
        let (images, failures) =
            fixture.registry.batch_get_image(&permit, ids.clone()).await.unwrap();
        let found: Vec<_> = images.iter().map(|image| image.id.digest).collect();
        assert_eq!(
            (found.as_slice(), failures.len()),
            (&[digests[0], digests[1], digests[0]][..], 0)
        );
    }
    // One that is not there makes all of them be read; those that are, are the same.
    let mut ids = ids;
    ids.push(by_tag("b"));
    let permit = permit_for("app");
    let (images, failures) = fixture.registry.batch_get_image(&permit, ids).await.unwrap();
    assert_eq!(images.len(), 3);
    assert!(matches!(failures[0].code, ImageFailureCode::ImageNotFound));
}

#[tokio::test]
async fn what_is_kept_has_a_bound() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let padding = "x".repeat(200 * 1024);
    let mut digests = Vec::new();
    for number in 0..120 {
        let manifest = fixture.manifest("app", "one").await;
        let annotations = format!(r#","annotations":{{"n":"{number}","p":"{padding}"}}}}"#);
        let manifest = format!("{}{annotations}", manifest.trim_end_matches('}'));
        let manifest = match manifest.contains("}]") {
            true => manifest,
            false => manifest.replace(",\"annotations\"", "}],\"annotations\""),
        };
        digests.push(fixture.put("app", &manifest, None).await.unwrap().id.digest);
    }
    for digest in &digests {
        assert!(pull(&fixture, "app", by_digest(digest)).await.unwrap().is_ok());
    }
    let kept = fixture.registry.cached_manifest_bytes();
    let most = MANIFEST_CACHE_BYTES_MAX + REFERENCE_CACHE_BYTES_MAX;
    assert!((MANIFEST_CACHE_BYTES_MAX / 2..=most).contains(&kept), "{kept}");
    assert!(120 * padding.len() as u64 > MANIFEST_CACHE_BYTES_MAX);
    assert!(padding.len() < CACHED_MANIFEST_BYTES_MAX);
    let index = fixture.put("app", &index_of(&digests[..2]), Some("index")).await.unwrap();
    assert_eq!(digest_by_tag(&fixture, "index").await, Ok(index.id.digest));
}

/// Lists three times, so that the answer comes from memory if it ever does; all are the same.
async fn tags(fixture: &Fixture, last: &str, limit: u32) -> (String, bool) {
    let mut pages = Vec::new();
    for _ in 0..3 {
        pages.push(fixture.registry.list_tags(&permit_for("app"), last, limit).await.unwrap());
    }
    assert!(pages.iter().all(|page| *page == pages[0]), "{pages:?}");
    (pages[0].names.iter().collect::<Vec<_>>().join(" "), pages[0].more)
}

#[tokio::test]
async fn each_change_of_tags_is_in_the_next_list() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    assert_eq!(tags(&fixture, "", 10).await, (String::new(), false));
    fixture.image("app", "one", Some("b")).await;
    assert_eq!(tags(&fixture, "", 10).await, ("b".into(), false));
    fixture.image("app", "two", Some("a")).await;
    assert_eq!(tags(&fixture, "", 10).await, ("a b".into(), false));
    assert_eq!(tags(&fixture, "", 1).await, ("a".into(), true));
    assert_eq!(tags(&fixture, "a", 10).await, ("b".into(), false));
    fixture.registry.batch_delete_image(&permit_for("app"), vec![by_tag("a")]).await.unwrap();
    assert_eq!(tags(&fixture, "", 10).await, ("b".into(), false));
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    let gone = fixture.registry.list_tags(&permit_for("app"), "", 10).await;
    assert!(matches!(gone, Err(Error::RepositoryNotFound { .. })), "{gone:?}");
}

#[tokio::test]
async fn a_list_of_tags_is_read_again_when_it_says_something_else_and_not_before() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let list = || async { fixture.registry.list_tags(&permit_for("app"), "", 10).await.unwrap() };
    fixture.image("app", "one", Some("a")).await;
    let first = list().await;
    fixture.image("app", "two", None).await;
    fixture.registry.initiate_layer_upload(&permit_for("app")).await.unwrap();
    assert!(Arc::ptr_eq(&first, &list().await), "no commit changed a tag");
    fixture.image("app", "three", Some("a")).await;
    assert!(Arc::ptr_eq(&first, &list().await), "the tag points elsewhere");
    fixture.image("app", "four", Some("b")).await;
    assert_eq!(list().await.names.iter().collect::<Vec<_>>(), ["a", "b"]);
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    fixture.create("app", "MUTABLE").await.unwrap();
    assert!(list().await.names.is_empty(), "another repository has the name now");
}

#[tokio::test]
async fn pages_of_tags_take_up_no_more_than_they_may() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.image("app", "one", Some("v1")).await;
    let long = "a".repeat(64 * 1024);
    for number in 0..300 {
        let last = format!("{long}{number}");
        let page = fixture.registry.list_tags(&permit_for("app"), &last, 10).await.unwrap();
        assert_eq!(page.names.last(), Some("v1"));
    }
    let kept = fixture.registry.cached_tag_page_bytes();
    let most = TAG_PAGE_CACHE_BYTES_MAX;
    assert!((most / 2..=most).contains(&kept), "{kept}");
}

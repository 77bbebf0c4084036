//! Deleting images: by tag, by digest, and what an index protects.

use wharfinger_registry::{ImageFailureCode, RequestedImage};

use super::fixture::{Fixture, by_digest, by_tag, index_of, permit_for};

#[tokio::test]
async fn the_last_tag_takes_the_image_along() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("latest")).await.unwrap();
    let registry = &fixture.registry;
    let ids = vec![by_tag("v1"), by_tag("nope"), by_tag("v1")];
    let outcome = registry.batch_delete_image(&permit_for("app"), ids).await.unwrap();
    assert_eq!(outcome.deleted.len(), 1);
    assert_eq!(outcome.failures.len(), 2, "{outcome:?}");
    assert_eq!(outcome.failures[0].code.to_string(), "Requested image not found");
    assert!(registry.head_image(&permit_for("app"), by_digest(&digest)).await.unwrap().is_some());
    let both = RequestedImage { digest: Some(digest.to_string()), tag: Some("latest".into()) };
    let outcome = registry.batch_delete_image(&permit_for("app"), vec![both]).await.unwrap();
    assert_eq!(outcome.deleted[0].digest, digest);
    assert!(registry.head_image(&permit_for("app"), by_digest(&digest)).await.unwrap().is_none());
}

#[tokio::test]
async fn a_digest_takes_all_its_tags_along() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("a")).await;
    let manifest = fixture.manifest("app", "one").await;
    fixture.put("app", &manifest, Some("b")).await.unwrap();
    let registry = &fixture.registry;
    let outcome =
        registry.batch_delete_image(&permit_for("app"), vec![by_digest(&digest)]).await.unwrap();
    let tags: Vec<_> =
        outcome.deleted.iter().map(|id| id.tag.as_ref().unwrap().to_string()).collect();
    assert_eq!(tags, ["a", "b"]);
    assert!(registry.head_image(&permit_for("app"), by_tag("a")).await.unwrap().is_none());
}

#[tokio::test]
async fn an_index_protects_its_children_until_it_goes() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let child = fixture.image("app", "child", Some("child")).await;
    let index = fixture.put("app", &index_of(&[child]), Some("multi")).await.unwrap().id.digest;
    let registry = &fixture.registry;
    for id in [by_tag("child"), by_digest(&child)] {
        let outcome = registry.batch_delete_image(&permit_for("app"), vec![id]).await.unwrap();
        assert_eq!(
            outcome.failures[0].code,
            ImageFailureCode::ImageReferencedByManifestList(vec![index])
        );
        assert_eq!(
            outcome.failures[0].code.to_string(),
            format!("Requested image referenced by manifest list: [{index}]")
        );
    }
    assert!(
        registry.head_image(&permit_for("app"), by_tag("child")).await.unwrap().is_some(),
        "the tag stays"
    );
    let both = vec![by_tag("multi"), by_digest(&child)];
    let outcome = registry.batch_delete_image(&permit_for("app"), both).await.unwrap();
    assert!(outcome.failures.is_empty(), "indexes first, then children: {outcome:?}");
}

#[tokio::test]
async fn each_bad_id_of_a_batch_has_its_own_reason() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.image("app", "one", Some("v1")).await;
    let other = fixture.image("app", "two", Some("v2")).await;
    let id = |digest: Option<&str>, tag: Option<&str>| RequestedImage {
        digest: digest.map(str::to_owned),
        tag: tag.map(str::to_owned),
    };
    let other = other.to_string();
    let ids = vec![
        id(None, None),
        id(Some("nonsense"), None),
        id(None, Some("bad tag")),
        id(Some(&other), Some("v1")),
        id(Some(&other), Some("nope")),
        // ECR's own pattern admits these two, so that they are tags which nothing has.
        id(None, Some("-x")),
        id(Some(&other), Some(&"x".repeat(200))),
    ];
    let outcome = fixture.registry.batch_delete_image(&permit_for("app"), ids).await.unwrap();
    let codes: Vec<_> = outcome.failures.iter().map(|failure| failure.code.as_str()).collect();
    assert_eq!(
        codes,
        [
            "MissingDigestAndTag",
            "InvalidImageDigest",
            "InvalidImageTag",
            "ImageTagDoesNotMatchDigest",
            "ImageTagDoesNotMatchDigest",
            "ImageNotFound",
            "ImageTagDoesNotMatchDigest"
        ]
    );
}

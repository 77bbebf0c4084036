//! Pushing images: tags move or stay, references must exist, bytes come back as they went in.

use sha2::{Digest as _, Sha512};
use wharfinger_core::Digest;
use wharfinger_registry::{Error, NewImage, TagMutability};

use super::fixture::{Fixture, by_digest, by_tag, digest_of, index_of, permit_for};

#[tokio::test]
async fn a_manifest_comes_back_byte_for_byte_after_a_restart() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = fixture.manifest("app", "one").await.replace(',', " ,\n");
    let digest = fixture.put("app", &manifest, Some("v1")).await.unwrap().id.digest;
    assert_eq!(digest, digest_of(manifest.as_bytes()));
    let fixture = fixture.restarted();
    let ids = vec![by_tag("v1"), by_digest(&digest)];
    let (images, failures) =
        fixture.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
    assert!(failures.is_empty());
    assert_eq!(images.len(), 2);
    for image in images {
        assert_eq!(image.manifest, manifest);
        assert_eq!(image.media_type, "application/vnd.oci.image.manifest.v1+json");
    }
}

#[tokio::test]
async fn a_tag_moves_and_leaves_the_old_image_untagged() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let old = fixture.image("app", "old", Some("latest")).await;
    let new = fixture.image("app", "new", Some("latest")).await;
    let registry = &fixture.registry;
    let found = registry.head_image(&permit_for("app"), by_tag("latest")).await.unwrap().unwrap();
    assert_eq!(found.digest, new);
    let details =
        registry.describe_images_by_id(&permit_for("app"), vec![by_digest(&old)]).await.unwrap();
    assert!(details[0].tags.is_empty());
}

#[tokio::test]
async fn an_immutable_tag_stays() {
    let fixture = Fixture::with_repository("IMMUTABLE").await;
    let first = fixture.image("app", "first", Some("v1.0.0")).await;
    let manifest = fixture.manifest("app", "second").await;
    let refused = fixture.put("app", &manifest, Some("v1.0.0")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "The image tag 'v1.0.0' already exists in the 'app' repository and cannot be overwritten \
         because the tag is immutable."
    );
    let same = fixture.manifest("app", "first").await;
    let again = fixture.put("app", &same, Some("v1.0.0")).await.unwrap_err();
    assert!(matches!(again, Error::ImageAlreadyExists { digest, .. } if digest == first));
    // Another tag for the same image, and the tag again once it is gone, are no overwriting.
    fixture.put("app", &same, Some("v1.0")).await.unwrap();
    let registry = &fixture.registry;
    registry.batch_delete_image(&permit_for("app"), vec![by_tag("v1.0.0")]).await.unwrap();
    fixture.put("app", &manifest, Some("v1.0.0")).await.unwrap();
    assert!(
        registry
            .describe_images_by_id(&permit_for("app"), vec![by_digest(&first)])
            .await
            .is_ok_and(|details| details[0].tags.len() == 1)
    );
}

#[tokio::test]
async fn exclusions_turn_the_rule_round() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let set = |mode: &'static str| {
        let filters = Some(vec!["dev-*".to_owned()]);
        let mutability = TagMutability::new(mode, filters).unwrap();
        async { fixture.registry.put_image_tag_mutability(&permit_for("app"), mutability).await }
    };
    fixture.image("app", "one", Some("dev-1")).await;
    fixture.image("app", "two", Some("v1")).await;
    let three = fixture.manifest("app", "three").await;
    set("IMMUTABLE_WITH_EXCLUSION").await.unwrap();
    assert!(matches!(
        fixture.put("app", &three, Some("v1")).await,
        Err(Error::ImageTagAlreadyExists { .. })
    ));
    fixture.put("app", &three, Some("dev-1")).await.unwrap();
    set("MUTABLE_WITH_EXCLUSION").await.unwrap();
    fixture.put("app", &three, Some("v1")).await.unwrap();
    let four = fixture.manifest("app", "four").await;
    assert!(matches!(
        fixture.put("app", &four, Some("dev-1")).await,
        Err(Error::ImageTagAlreadyExists { .. })
    ));
}

#[tokio::test]
async fn an_image_needs_its_layers_and_an_index_its_children() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = super::fixture::manifest_of(b"{}", b"missing");
    let refused = fixture.put("app", &manifest, Some("v1")).await.unwrap_err();
    assert!(refused.to_string().starts_with("Layers with digests '[sha256:"), "{refused}");
    let unknown = digest_of(b"unknown child");
    let refused = fixture.put("app", &index_of(&[unknown]), Some("v1")).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "Images with digests '[{unknown}]' required for pushing image into repository with \
             name 'app' in the registry with id '111122223333' do not exist"
        )
    );
    let child = fixture.image("app", "child", None).await;
    fixture.put("app", &index_of(&[child]), Some("v1")).await.unwrap();
    // Blobs of another repository do not count.
    fixture.create("other", "MUTABLE").await.unwrap();
    let manifest = fixture.manifest("app", "child").await;
    let refused = fixture.put("other", &manifest, None).await;
    assert!(matches!(refused, Err(Error::LayersNotFound { .. })));
}

#[tokio::test]
async fn a_digest_that_does_not_match_is_refused() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = fixture.manifest("app", "one").await;
    let new = NewImage {
        manifest: manifest.into_bytes().into(),
        media_type: None,
        tag: None,
        digest: Some(Digest::Sha256([0; 32])),
    };
    let refused = fixture.registry.put_image(&permit_for("app"), new).await;
    assert!(matches!(refused, Err(Error::ImageDigestDoesNotMatch { .. })));
}

#[tokio::test]
async fn what_is_no_manifest_is_told_so() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for bad in ["", "{}", "[]", "{\"schemaVersion\":2}", "not json"] {
        let refused = fixture.put("app", bad, Some("v1")).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        );
    }
}

#[tokio::test]
async fn a_missing_child_is_named_once() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let missing = digest_of(b"missing");
    let refused = fixture.put("app", &index_of(&[missing, missing]), None).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "Images with digests '[{missing}]' required for pushing image into repository with name \
             'app' in the registry with id '111122223333' do not exist"
        )
    );
}

#[tokio::test]
async fn a_manifest_is_stored_under_the_algorithm_that_names_it() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = fixture.manifest("app", "one").await;
    let hash = Sha512::digest(manifest.as_bytes());
    let sha512 = Digest::Sha512(hash.into());
    let put = |digest: Digest| {
        let new = NewImage {
            manifest: manifest.clone().into(),
            media_type: None,
            tag: None,
            digest: Some(digest),
        };
        async { fixture.registry.put_image(&permit_for("app"), new).await }
    };
    assert_eq!(put(sha512).await.unwrap().id.digest, sha512);
    let other = put(Digest::Sha512([7; 64])).await.unwrap_err();
    assert!(matches!(
        other,
        Error::ImageDigestDoesNotMatch { provided: Digest::Sha512(_), calculated } if calculated == sha512
    ));
    let sha256 = digest_of(manifest.as_bytes());
    let ids = vec![by_digest(&sha512), by_digest(&sha256)];
    let fixture = fixture.restarted();
    let (images, failures) =
        fixture.registry.batch_get_image(&permit_for("app"), ids.clone()).await.unwrap();
    assert_eq!((images.len(), failures.len()), (1, 1));
    assert_eq!((images[0].id.digest, &images[0].manifest[..]), (sha512, manifest.as_bytes()));
    // The same bytes by tag are another image, of the same layers.
    fixture.put("app", &manifest, Some("v1")).await.unwrap();
    let (images, _) = fixture.registry.batch_get_image(&permit_for("app"), ids).await.unwrap();
    let digests: Vec<Digest> = images.iter().map(|image| image.id.digest).collect();
    assert_eq!(digests, [sha512, sha256]);
}

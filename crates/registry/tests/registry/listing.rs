//! Lists of images: every filter, page by page, each image and tag once.

use std::collections::BTreeSet;

use wharfinger_registry::{Error, ListImagesFilter, PageRequest, TagStatus};

use super::fixture::{Fixture, by_digest, permit_for};

async fn listed(fixture: &Fixture, tag_status: TagStatus) -> Vec<(String, Option<String>)> {
    let (mut found, mut page) = (Vec::new(), PageRequest::default());
    page.max_results = Some(3);
    loop {
        let filter = ListImagesFilter { tag_status, ..ListImagesFilter::default() };
        let part = fixture.registry.list_images(&permit_for("app"), filter, &page).await.unwrap();
        assert!(part.items.len() <= 3);
        found.extend(
            part.items.into_iter().map(|id| (id.digest.to_string(), id.tag.map(|t| t.to_string()))),
        );
        let Some(token) = part.next_token else { return found };
        page.next_token = Some(token);
    }
}

#[tokio::test]
async fn pairs_of_image_and_tag_are_listed_once_each() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let mut tagged = BTreeSet::new();
    let mut untagged = BTreeSet::new();
    for number in 0..4 {
        let content = format!("tagged {number}");
        let digest = fixture.image("app", &content, Some(&format!("t{number}"))).await;
        tagged.insert((digest.to_string(), Some(format!("t{number}"))));
        if number == 1 {
            let manifest = fixture.manifest("app", &content).await;
            for extra in ["x", "y", "z", "u", "w"] {
                fixture.put("app", &manifest, Some(extra)).await.unwrap();
                tagged.insert((digest.to_string(), Some(extra.into())));
            }
        }
        let digest = fixture.image("app", &format!("untagged {number}"), None).await;
        untagged.insert((digest.to_string(), None));
        fixture.clock.advance(std::time::Duration::from_secs(u64::from(number % 2 == 0)));
    }
    let once = |found: Vec<(String, Option<String>)>| {
        let set: BTreeSet<_> = found.iter().cloned().collect();
        assert_eq!(set.len(), found.len(), "listed twice: {found:?}");
        set
    };
    assert_eq!(once(listed(&fixture, TagStatus::Tagged).await), tagged);
    assert_eq!(once(listed(&fixture, TagStatus::Untagged).await), untagged);
    let all: BTreeSet<_> = tagged.union(&untagged).cloned().collect();
    assert_eq!(once(listed(&fixture, TagStatus::Any).await), all);
}

#[tokio::test]
async fn a_list_goes_on_while_images_come_and_go() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    for number in 0..6 {
        fixture.image("app", &format!("image {number}"), None).await;
        fixture.clock.advance(std::time::Duration::from_secs(1));
    }
    let (filter, registry) = (ListImagesFilter::default(), &fixture.registry);
    let mut page = PageRequest { max_results: Some(3), next_token: None };
    let first = registry.describe_images(&permit_for("app"), filter, &page).await.unwrap();
    let last = super::fixture::by_digest(&first.items[2].digest);
    registry.batch_delete_image(&permit_for("app"), vec![last]).await.unwrap();
    page.next_token = first.next_token;
    let second = registry.describe_images(&permit_for("app"), filter, &page).await.unwrap();
    assert_eq!(second.items.len(), 3, "what was deleted does not shift the rest");
    assert_eq!(second.next_token, None);
}

#[tokio::test]
async fn tags_for_the_data_plane_are_in_order_of_their_bytes() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = fixture.manifest("app", "one").await;
    for tag in ["b", "a", "Z", "_x", "1"] {
        fixture.put("app", &manifest, Some(tag)).await.unwrap();
    }
    for (last, expected, more) in [("", &["1", "Z", "_x"][..], true), ("_x", &["a", "b"], false)] {
        let page = fixture.registry.list_tags(&permit_for("app"), last, 3).await.unwrap();
        assert_eq!(page.names.iter().collect::<Vec<_>>(), expected);
        assert_eq!(page.more, more);
    }
}

/// 100 manifests of 4 MiB, decrypted and written as JSON, would take more than a gigabyte.
#[tokio::test]
async fn one_call_does_not_get_manifests_without_end() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let manifest = fixture.manifest("app", "large").await;
    let padding = format!(r#"{{"annotations":{{"x":"{}"}},"#, "x".repeat(3 * 1024 * 1024));
    let manifest = manifest.replacen('{', &padding, 1);
    let digest = fixture.put("app", &manifest, None).await.unwrap().id.digest;
    let permit = permit_for("app");
    let get = |count| fixture.registry.batch_get_image(&permit, vec![by_digest(&digest); count]);
    let (images, failures) = get(5).await.unwrap();
    assert_eq!((images.len(), failures.len()), (5, 0));
    assert!(images.iter().all(|image| image.manifest == manifest.as_bytes()));
    let refused = get(6).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "imageIds", .. })));
}

#[tokio::test]
async fn an_artifact_is_described_by_its_artifact_type() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let config = fixture.layer("app", b"{}").await;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","artifactType":"application/x","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},"layers":[]}}"#
    );
    fixture.put("app", &manifest, Some("artifact")).await.unwrap();
    fixture.image("app", "one", Some("image")).await;
    let ids = vec![super::fixture::by_tag("artifact"), super::fixture::by_tag("image")];
    let details = fixture.registry.describe_images_by_id(&permit_for("app"), ids).await.unwrap();
    let types: Vec<_> =
        details.iter().filter_map(|detail| detail.artifact_media_type.as_deref()).collect();
    assert_eq!(types, ["application/x", "application/vnd.oci.image.config.v1+json"]);
}

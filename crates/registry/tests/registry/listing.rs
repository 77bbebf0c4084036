//! Lists of images: every filter, page by page, each image and tag once.

use std::collections::BTreeSet;

use wharfinger_registry::{ListImagesFilter, PageRequest, TagStatus};

use super::fixture::{Fixture, permit_for};

async fn listed(fixture: &Fixture, tag_status: TagStatus) -> Vec<(String, Option<String>)> {
    let (mut found, mut page) = (Vec::new(), PageRequest::default());
    page.max_results = Some(3);
    loop {
        let filter = ListImagesFilter { tag_status };
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
    let (tags, more) = fixture.registry.list_tags(&permit_for("app"), "", 3).await.unwrap();
    assert_eq!(tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["1", "Z", "_x"]);
    assert!(more);
    let (tags, more) = fixture.registry.list_tags(&permit_for("app"), "_x", 3).await.unwrap();
    assert_eq!(tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a", "b"]);
    assert!(!more);
}

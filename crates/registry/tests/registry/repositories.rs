//! Repositories: names are taken once, contents protect them, tags have limits.

use wharfinger_registry::{Encryption, Error, NewRepository, PageRequest, TagMutability};

use super::fixture::{Fixture, permit_for};

#[tokio::test]
async fn of_two_that_create_one_name_at_once_one_succeeds() {
    let fixture = Fixture::new();
    let (first, second) =
        tokio::join!(fixture.create("app", "MUTABLE"), fixture.create("app", "MUTABLE"));
    assert_eq!([&first, &second].iter().filter(|result| result.is_ok()).count(), 1);
    let error = first.or(second).err();
    assert!(error.is_none());
    let error = fixture.create("app", "IMMUTABLE").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "The repository with name 'app' already exists in the registry with id '111122223333'"
    );
}

#[tokio::test]
async fn a_repository_is_described_until_it_is_deleted() {
    let fixture = Fixture::with_repository("IMMUTABLE").await;
    let page = PageRequest::default();
    let found = fixture.registry.describe_repositories(&permit_for("app"), &page).await.unwrap();
    assert_eq!(found.items[0].tag_mutability, TagMutability::Immutable);
    let unknown = fixture.registry.describe_repositories(&permit_for("app nope"), &page).await;
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "The repository with name 'nope' does not exist in the registry with id '111122223333'"
    );
    fixture.registry.delete_repository(&permit_for("app"), false).await.unwrap();
    let gone = fixture.registry.describe_repositories(&permit_for("app"), &page).await;
    assert!(matches!(gone, Err(Error::RepositoryNotFound { .. })));
}

#[tokio::test]
async fn images_keep_a_repository_from_being_deleted_unless_forced() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.image("app", "one", Some("v1")).await;
    let refused = fixture.registry.delete_repository(&permit_for("app"), false).await;
    assert!(matches!(refused, Err(Error::RepositoryNotEmpty { .. })));
    fixture.registry.delete_repository(&permit_for("app"), true).await.unwrap();
    // Made again under the same name it is empty: nothing of its predecessor shows through.
    fixture.create("app", "MUTABLE").await.unwrap();
    let manifest = super::fixture::manifest_of(b"{\"content\":\"one\"}", b"layer of one");
    let refused = fixture.put("app", &manifest, Some("v1")).await;
    assert!(matches!(refused, Err(Error::LayersNotFound { digests, .. }) if digests.len() == 2));
}

#[tokio::test]
async fn all_repositories_are_listed_page_by_page() {
    let fixture = Fixture::new();
    for number in 0..25 {
        fixture.create(&format!("team/app-{number:02}"), "MUTABLE").await.unwrap();
    }
    let (mut names, mut page) = (Vec::new(), PageRequest::default());
    page.max_results = Some(10);
    loop {
        let found = fixture.registry.describe_repositories(&permit_for(""), &page).await.unwrap();
        assert!(found.items.len() <= 10);
        names.extend(found.items.into_iter().map(|repository| repository.name.to_string()));
        let Some(token) = found.next_token else { break };
        page.next_token = Some(token);
    }
    let expected: Vec<String> = (0..25).map(|number| format!("team/app-{number:02}")).collect();
    assert_eq!(names, expected);
}

#[tokio::test]
async fn resource_tags_are_written_listed_and_limited() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let registry = &fixture.registry;
    let tag = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    registry.tag_resource(&permit_for("app"), vec![tag("a", "1"), tag("b", "2")]).await.unwrap();
    registry.tag_resource(&permit_for("app"), vec![tag("a", "3")]).await.unwrap();
    let keys = ["b", "nope", "b", "B", ""].map(str::to_owned).to_vec();
    registry.untag_resource(&permit_for("app"), keys).await.unwrap();
    let tags = registry.list_tags_for_resource(&permit_for("app")).await.unwrap();
    assert_eq!(tags, vec![tag("a", "3")]);
    let many = (0..50).map(|number| tag(&format!("k{number}"), "")).collect();
    let refused = registry.tag_resource(&permit_for("app"), many).await;
    assert!(matches!(refused, Err(Error::TooManyTags { limit: 50 })));
    let tags = registry.list_tags_for_resource(&permit_for("app")).await.unwrap();
    assert_eq!(tags.len(), 1, "a refused call writes nothing");
    for bad in
        [tag("", ""), tag("aws:x", ""), tag(&"k".repeat(129), ""), tag("k", &"v".repeat(257))]
    {
        let refused = registry.tag_resource(&permit_for("app"), vec![bad]).await;
        assert!(matches!(refused, Err(Error::InvalidTagParameter { .. })));
    }
}

#[tokio::test]
async fn tags_of_a_new_repository_need_their_own_permit() {
    let fixture = Fixture::new();
    let new = || NewRepository {
        tag_mutability: TagMutability::Mutable,
        scan_on_push: true,
        encryption: Encryption::new(Some("AES256"), None).unwrap(),
        tags: vec![("team".into(), "news".into())],
    };
    let refused = fixture.registry.create_repository(&permit_for("app"), None, new()).await;
    assert!(refused.is_err());
    let other = fixture
        .registry
        .create_repository(&permit_for("app"), Some(&permit_for("other")), new())
        .await;
    assert!(other.is_err());
    let created = fixture
        .registry
        .create_repository(&permit_for("app"), Some(&permit_for("app")), new())
        .await
        .unwrap();
    assert!(created.scan_on_push);
}

#[test]
fn a_key_is_for_the_kms_types_only() {
    assert!(Encryption::new(Some("AES256"), Some("key")).is_err());
}

//! Public registries: the rules of all registries, in registries that no private one is near.

use bytes::Bytes;
use wharfinger_auth::{Action, Permit, PublicRegistryResource, RepositoryResource, actions};
use wharfinger_core::{AccountId, PublicEndpoint, RegistryId};
use wharfinger_registry::{
    CatalogData, EmptyBlob, Error, LayerPart, NewCatalogData, NewImage, PageRequest,
};

use super::fixture::{Fixture, by_tag, digest_of, manifest_of, permit_for};

fn account() -> AccountId {
    "111122223333".parse().unwrap()
}

fn public<A: Action<Resource = RepositoryResource>>(name: &str) -> Permit<A> {
    let name = name.parse().unwrap();
    Permit::system(RepositoryResource { registry: RegistryId::public(account()), name })
}

fn whole<A: Action<Resource = PublicRegistryResource>>() -> Permit<A> {
    Permit::system(PublicRegistryResource::new(account()))
}

fn logo() -> Vec<u8> {
    let mut image = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    image.extend_from_slice(&[0, 0, 0, 60, 0, 0, 0, 60]);
    image
}

async fn create(fixture: &Fixture, name: &str) {
    let permit = public(name);
    fixture.registry.create_public_repository(&permit, None, vec![], None).await.unwrap();
}

/// Pushes an image of two blobs to a public repository.
async fn push(fixture: &Fixture, name: &str, tag: &str) {
    let registry = &fixture.registry;
    for bytes in [b"{}".as_slice(), b"layer"] {
        let upload = registry.initiate_layer_upload(&public(name)).await.unwrap().upload_id;
        let part = LayerPart {
            first_byte: 0,
            last_byte: bytes.len() as u64 - 1,
            bytes: Bytes::copy_from_slice(bytes),
        };
        registry.upload_layer_part(&public(name), upload, part).await.unwrap();
        let digests = vec![digest_of(bytes)];
        let done = registry
            .complete_layer_upload(&public(name), upload, digests, EmptyBlob::Refused)
            .await;
        assert!(matches!(done, Ok(_) | Err(Error::LayerAlreadyExists { .. })));
    }
    let new = NewImage {
        manifest: manifest_of(b"{}", b"layer").into(),
        media_type: None,
        tag: Some(tag.parse().unwrap()),
        digest: None,
    };
    registry.put_image(&public(name), new).await.unwrap();
}

#[tokio::test]
async fn a_private_and_a_public_repository_of_one_name_share_nothing() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.image("app", "secret", Some("v1")).await;
    create(&fixture, "app").await;
    let secret = digest_of(b"layer of secret");
    let registry = &fixture.registry;
    let (images, _) = registry.batch_get_image(&public("app"), vec![by_tag("v1")]).await.unwrap();
    assert!(images.is_empty());
    let blob = registry.open_blob(&public("app"), secret).await;
    assert!(matches!(blob, Err(Error::LayerNotFound { .. })));
    // Not even for those who know what a private manifest refers to.
    let config = br#"{"content":"secret"}"#;
    let new = NewImage {
        manifest: manifest_of(config, b"layer of secret").into(),
        media_type: None,
        tag: None,
        digest: None,
    };
    let stolen = registry.put_image(&public("app"), new).await;
    assert!(matches!(stolen, Err(Error::LayersNotFound { digests, .. }) if digests.len() == 2));

    push(&fixture, "app", "v2").await;
    let (images, _) =
        registry.batch_get_image(&permit_for("app"), vec![by_tag("v2")]).await.unwrap();
    assert!(images.is_empty());
    registry.delete_repository(&public("app"), true).await.unwrap();
    let (images, _) =
        registry.batch_get_image(&permit_for("app"), vec![by_tag("v1")]).await.unwrap();
    assert_eq!(images.len(), 1);
}

#[tokio::test]
async fn an_alias_is_made_once_and_kept() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    let unknown = registry.registry_of_alias("a1b2c3d4").await.unwrap_err();
    assert_eq!(unknown.to_string(), "The registry with id or alias 'a1b2c3d4' does not exist");
    assert!(registry.registry_of_alias(&"a".repeat(100_000)).await.is_err());
    let other: AccountId = "444455556666".parse().unwrap();
    let (first, again, second) = tokio::join!(
        registry.alias_of(account()),
        registry.alias_of(account()),
        registry.alias_of(other)
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(again.unwrap(), first);
    assert_ne!(first, second);
    assert_eq!(first.len(), 8);
    assert!(first.starts_with(|first: char| first.is_ascii_lowercase()), "{first}");
    assert!(first.parse::<AccountId>().is_err());
    assert_eq!(registry.registry_of_alias(&second).await.unwrap(), RegistryId::public(other));
    let described = registry.describe_registries(&whole(), &PageRequest::default()).await.unwrap();
    assert_eq!((described.items[0].account, &described.items[0].alias), (account(), &first));
    assert_eq!((described.items.len(), described.next_token), (1, None));
    let page = PageRequest { max_results: None, next_token: Some("AAAA".into()) };
    let refused = registry.describe_registries(&whole(), &page).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "nextToken", .. })));
}

#[tokio::test]
async fn the_display_name_of_a_registry_comes_and_goes() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    for name in [None, Some("Team".to_owned()), Some("Crew".to_owned()), None] {
        registry.put_registry_catalog_data(&whole(), name.clone()).await.unwrap();
        assert_eq!(registry.get_registry_catalog_data(&whole()).await.unwrap(), name);
    }
}

#[tokio::test]
async fn catalog_data_is_replaced_and_the_logo_kept_until_it_is_taken_away() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    let said = CatalogData {
        description: Some("An app".into()),
        architectures: Some(vec!["ARM 64".into()]),
        operating_systems: Some(vec!["Linux".into()]),
        about_text: Some("# About".into()),
        usage_text: Some("# Use".into()),
        logo: None,
    };
    let new = NewCatalogData { texts: said.clone(), logo_image: Some(logo()) };
    let (_, created) =
        registry.create_public_repository(&public("app"), None, vec![], Some(new)).await.unwrap();
    let digest = digest_of(&logo());
    let said = CatalogData { logo: Some(digest), ..said };
    assert_eq!(created.unwrap(), said);
    assert_eq!(registry.get_repository_catalog_data(&public("app")).await.unwrap(), said);
    assert_eq!(registry.logo(digest).await.unwrap().unwrap(), logo());

    let texts = CatalogData { description: Some("Other".into()), ..CatalogData::default() };
    let put = async |texts: &CatalogData, logo_image| {
        let new = NewCatalogData { texts: texts.clone(), logo_image };
        registry.put_repository_catalog_data(&public("app"), new).await
    };
    let kept = put(&texts, None).await.unwrap();
    assert_eq!(kept, CatalogData { logo: Some(digest), ..texts.clone() });
    let refused = put(&CatalogData::default(), Some(b"GIF89a".to_vec())).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "logoImageBlob", .. })));
    assert_eq!(registry.get_repository_catalog_data(&public("app")).await.unwrap(), kept);
    assert_eq!(put(&texts, Some(vec![])).await.unwrap(), texts);
    assert_eq!(registry.logo(digest).await.unwrap(), None);
    put(&CatalogData::default(), None).await.unwrap();
    let nothing = registry.get_repository_catalog_data(&public("app")).await.unwrap_err();
    assert_eq!(
        nothing.to_string(),
        "Repository catalog data does not exist for the repository with name 'app' in the registry \
         with id '111122223333'"
    );
}

#[tokio::test]
async fn what_the_catalog_refuses_creates_nothing() {
    let fixture = Fixture::new();
    let new = NewCatalogData { logo_image: Some(b"no image".to_vec()), ..Default::default() };
    let registry = &fixture.registry;
    let refused = registry.create_public_repository(&public("app"), None, vec![], Some(new)).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "logoImageBlob", .. })));
    let gone = registry.delete_repository(&public("app"), false).await;
    assert!(matches!(gone, Err(Error::RepositoryNotFound { .. })));
}

#[tokio::test]
async fn no_catalog_shows_a_private_repository() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let registry = &fixture.registry;
    let new = NewCatalogData { logo_image: Some(logo()), ..Default::default() };
    let put = registry.put_repository_catalog_data(&permit_for("app"), new.clone()).await;
    assert!(matches!(put, Err(Error::InvalidParameter { member: "repositoryName", .. })));
    let created =
        registry.create_public_repository(&permit_for("other"), None, vec![], Some(new)).await;
    assert!(matches!(created, Err(Error::InvalidParameter { member: "repositoryName", .. })));
    assert_eq!(registry.logo(digest_of(&logo())).await.unwrap(), None);
}

#[tokio::test]
async fn tags_are_described_page_by_page() {
    let fixture = Fixture::new();
    create(&fixture, "app").await;
    for tag in ["c", "a", "b"] {
        push(&fixture, "app", tag).await;
    }
    let (mut seen, mut page) = (Vec::new(), PageRequest::default());
    page.max_results = Some(2);
    let permit = public::<actions::DescribeImageTags>("app");
    loop {
        let found = fixture.registry.describe_image_tags(&permit, &page).await.unwrap();
        for detail in found.items {
            assert_eq!(detail.digest, digest_of(manifest_of(b"{}", b"layer").as_bytes()));
            assert_eq!(detail.created_at.seconds(), 1_800_000_000);
            seen.push(detail.tag.to_string());
        }
        page.next_token = found.next_token;
        if page.next_token.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["a", "b", "c"]);
    let other = PageRequest { max_results: None, next_token: Some("AAAA".into()) };
    let refused = fixture.registry.describe_image_tags(&permit, &other).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "nextToken", .. })));
}

#[tokio::test]
async fn a_layer_of_a_public_repository_has_a_thousand_parts_at_the_most() {
    let fixture = Fixture::new();
    create(&fixture, "app").await;
    let registry = &fixture.registry;
    let upload = registry.initiate_layer_upload(&public("app")).await.unwrap().upload_id;
    for offset in 0..=1_000 {
        let bytes = Bytes::from_static(b"x");
        let part = LayerPart { first_byte: offset, last_byte: offset, bytes };
        match registry.upload_layer_part(&public("app"), upload, part).await {
            Ok(_) => assert!(offset < 1_000),
            Err(error) => {
                assert_eq!(offset, 1_000);
                assert_eq!(error.to_string(), "The parts per layer limit of 1000 is exceeded");
            }
        }
    }
}

#[tokio::test]
async fn no_private_repository_is_made_where_it_could_not_be_reached() {
    let fixture = Fixture::new();
    fixture.create("public.ecr.aws/early", "MUTABLE").await.unwrap();
    let endpoint = PublicEndpoint::new(None, Some("public.ecr.aws")).unwrap();
    let Fixture { registry, folder, clock, kms, seed } = fixture;
    let registry = registry.with_public(endpoint);
    let fixture = Fixture { registry, folder, clock, kms, seed };
    for name in ["public.ecr.aws", "public.ecr.aws/app"] {
        let refused = fixture.create(name, "MUTABLE").await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'Names that begin \
             with 'public.ecr.aws' are those of public repositories in this installation'"
        );
    }
    fixture.create("public.ecr.aws2/app", "MUTABLE").await.unwrap();
    create(&fixture, "public.ecr.aws/app").await;
}

//! OpenID Connect providers.

use wharfinger_core::Arn;
use wharfinger_iam::{Error, NewOidcProvider, OidcProvider};

use super::fixture::{ACCOUNT, Fixture, fixture, page, refusal, tags};

const GITHUB: &str = "https://token.actions.githubusercontent.com";

async fn create(fixture: &Fixture, new: NewOidcProvider) -> Result<OidcProvider, Error> {
    fixture.iam.create_oidc_provider(&fixture.permit(), new).await
}

async fn github(fixture: &Fixture) -> Arn {
    let new = NewOidcProvider {
        url: GITHUB.into(),
        client_ids: vec!["sts.amazonaws.com".into(), "sts.amazonaws.com".into()],
        thumbprints: vec!["AB".repeat(20)],
        tags: tags(&[("k", "v")]),
    };
    create(fixture, new).await.unwrap().arn
}

/// Texts of forty characters.
fn texts(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{number:040}")).collect()
}

#[tokio::test]
async fn a_provider_is_made_read_listed_and_deleted() {
    let fixture = fixture().await;
    let iam = &fixture.iam;
    let arn = github(&fixture).await;
    let host = "token.actions.githubusercontent.com";
    assert_eq!(arn.as_str(), format!("arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"));
    assert_eq!(iam.oidc_provider_arn(fixture.account, GITHUB), arn);
    let found = iam.get_oidc_provider(&fixture.permit(), &arn).await.unwrap();
    assert_eq!((found.url.as_str(), found.client_ids), (host, vec!["sts.amazonaws.com".into()]));
    assert_eq!((found.thumbprints, found.tags), (vec!["ab".repeat(20)], tags(&[("k", "v")])));
    let bare = NewOidcProvider { url: "https://a.example.com/x".into(), ..Default::default() };
    let bare = create(&fixture, bare).await.unwrap();
    assert_eq!((bare.thumbprints.len(), bare.client_ids.len()), (0, 0));
    let listed = iam.list_oidc_providers(&fixture.permit()).await.unwrap();
    assert_eq!(listed, [bare.arn, arn.clone()]);

    let again = NewOidcProvider { url: GITHUB.into(), ..Default::default() };
    let sentence = format!("Provider with url {GITHUB} already exists.");
    let refused = refusal(create(&fixture, again.clone()).await);
    assert_eq!(refused, ("EntityAlreadyExists".into(), sentence));
    for _ in 0..2 {
        iam.delete_oidc_provider(&fixture.permit(), &arn).await.unwrap();
    }
    let gone = refusal(iam.get_oidc_provider(&fixture.permit(), &arn).await);
    let sentence = format!("OpenIDConnect Provider not found for arn {arn}");
    assert_eq!(gone, ("NoSuchEntity".into(), sentence));
    assert_eq!(create(&fixture, again).await.unwrap().tags, [], "nothing of the old one is left");
}

#[tokio::test]
async fn client_ids_come_and_go() {
    let fixture = fixture().await;
    let arn = github(&fixture).await;
    let iam = &fixture.iam;
    for id in ["app", "app"] {
        iam.add_client_id(&fixture.permit(), &arn, id.into()).await.unwrap();
    }
    for id in ["sts.amazonaws.com", "absent"] {
        iam.remove_client_id(&fixture.permit(), &arn, id.into()).await.unwrap();
    }
    let found = iam.get_oidc_provider(&fixture.permit(), &arn).await.unwrap();
    assert_eq!(found.client_ids, ["app"]);
    for number in 1..100 {
        iam.add_client_id(&fixture.permit(), &arn, format!("app{number}")).await.unwrap();
    }
    let over = refusal(iam.add_client_id(&fixture.permit(), &arn, "more".into()).await);
    let sentence = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100".to_owned();
    assert_eq!(over, ("LimitExceeded".into(), sentence));
    iam.add_client_id(&fixture.permit(), &arn, "app".into()).await.unwrap();
    let many = NewOidcProvider {
        url: "https://b.example.com".into(),
        client_ids: texts(101),
        ..Default::default()
    };
    assert_eq!(refusal(create(&fixture, many).await).0, "LimitExceeded");
}

#[tokio::test]
async fn thumbprints_are_replaced_as_a_whole() {
    let fixture = fixture().await;
    let arn = github(&fixture).await;
    let iam = &fixture.iam;
    let update = async |list: Vec<String>| {
        iam.update_oidc_provider_thumbprint(&fixture.permit(), &arn, list).await
    };
    update(texts(5)).await.unwrap();
    let found = iam.get_oidc_provider(&fixture.permit(), &arn).await.unwrap();
    assert_eq!(found.thumbprints, texts(5));
    let invalid = |text: &str| ("InvalidInput".to_owned(), text.to_owned());
    let many = invalid("Thumbprint list must contain fewer than 5 entries.");
    assert_eq!(refusal(update(texts(6)).await), many);
    let none = invalid("Thumbprint list must contain at least one entry.");
    assert_eq!(refusal(update(Vec::new()).await), none);
    let short = invalid("Thumbprint must be exactly 40 characters.");
    assert_eq!(refusal(update(vec!["ab".into()]).await), short);
}

#[tokio::test]
async fn an_account_has_a_hundred_providers_at_the_most() {
    let fixture = fixture().await;
    let provider = |number: usize| NewOidcProvider {
        url: format!("https://idp{number}.example.com"),
        ..Default::default()
    };
    for number in 0..100 {
        create(&fixture, provider(number)).await.unwrap();
    }
    let over = refusal(create(&fixture, provider(100)).await);
    let sentence = "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100".to_owned();
    assert_eq!(over, ("LimitExceeded".into(), sentence));
    assert_eq!(fixture.iam.list_oidc_providers(&fixture.permit()).await.unwrap().len(), 100);
}

#[tokio::test]
async fn an_arn_of_something_else_finds_nothing() {
    let fixture = fixture().await;
    let arn = github(&fixture).await;
    let foreign = arn.as_str().replace(ACCOUNT, "999988887777");
    for other in [foreign.as_str(), "arn:aws:iam::111122223333:role/x"] {
        let other: Arn = other.parse().unwrap();
        let get = fixture.iam.get_oidc_provider(&fixture.permit(), &other).await;
        assert_eq!(refusal(get).0, "NoSuchEntity");
        fixture.iam.delete_oidc_provider(&fixture.permit(), &other).await.unwrap();
    }
    fixture.iam.get_oidc_provider(&fixture.permit(), &arn).await.unwrap();
    let no_arn = fixture.iam.tagged_oidc_provider(fixture.account, "provider").await;
    let sentence = "ARN provider is not valid.".to_owned();
    assert_eq!(refusal(no_arn), ("InvalidInput".into(), sentence));
}

#[tokio::test]
async fn providers_have_tags() {
    let fixture = fixture().await;
    let arn = github(&fixture).await;
    let iam = &fixture.iam;
    iam.tag_oidc_provider(&fixture.permit(), &arn, tags(&[("a", "1")])).await.unwrap();
    iam.untag_oidc_provider(&fixture.permit(), &arn, vec!["k".into()]).await.unwrap();
    let listed = iam.list_oidc_provider_tags(&fixture.permit(), &arn, &page("", 10)).await;
    assert_eq!(listed.unwrap().items, tags(&[("a", "1")]));
    let seen = iam.tagged_oidc_provider(fixture.account, arn.as_str()).await.unwrap();
    assert_eq!(seen.tags, tags(&[("a", "1")]));
}

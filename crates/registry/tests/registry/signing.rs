//! Signing: which images a rule is about.

use wharfinger_registry::{Error, SigningConfiguration, SigningRule};

use super::fixture::{Fixture, by_digest, by_tag, permit_for};

fn profile(region: &str) -> String {
    format!("arn:aws:signer:{region}:111122223333:/signing-profiles/ours")
}

fn configuration(region: &str, filters: Option<&[&str]>) -> SigningConfiguration {
    let filters = filters.map(|filters| filters.iter().map(|&filter| filter.into()).collect());
    let rule = SigningRule { signing_profile_arn: profile(region), repository_filters: filters };
    SigningConfiguration { rules: vec![rule] }
}

#[tokio::test]
async fn a_rule_is_about_the_repositories_it_matches() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let statuses = async || {
        let permit = permit_for("app");
        let found = fixture.registry.describe_image_signing_status(&permit, by_tag("v1")).await;
        let (id, statuses) = found.unwrap();
        assert_eq!(id.digest, digest);
        statuses.len()
    };
    assert_eq!(statuses().await, 0);
    for (filters, matching) in [
        (None, 1),
        (Some(&["app"][..]), 1),
        (Some(&["other", "a*"]), 1),
        (Some(&["*p*"]), 1),
        (Some(&["ap", "pp*", "app/*"]), 0),
    ] {
        let configuration = configuration("eu-west-1", filters);
        fixture.registry.put_signing_configuration(&permit_for(""), &configuration).await.unwrap();
        assert_eq!(statuses().await, matching, "{filters:?}");
    }
    let foreign = configuration("us-east-1", None);
    let refused = fixture.registry.put_signing_configuration(&permit_for(""), &foreign).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "signingProfileArn", .. })));
}

#[tokio::test]
async fn signatures_themselves_are_not_signed() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let every = configuration("eu-west-1", None);
    fixture.registry.put_signing_configuration(&permit_for(""), &every).await.unwrap();
    let image = fixture.manifest("app", "one").await;
    let signature =
        image.replacen('{', r#"{"artifactType":"application/vnd.cncf.notary.signature","#, 1);
    let signature = fixture.put("app", &signature, None).await.unwrap().id.digest;
    let permit = permit_for("app");
    let found =
        fixture.registry.describe_image_signing_status(&permit, by_digest(&signature)).await;
    assert_eq!(found.unwrap().1, []);
    let missing = fixture.registry.describe_image_signing_status(&permit, by_tag("none")).await;
    assert!(matches!(missing, Err(Error::ImageNotFound { .. })));
}

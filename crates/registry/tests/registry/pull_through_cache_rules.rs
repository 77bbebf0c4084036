//! Pull through cache rules: what may be kept, how it is found, and that nothing more happens.

use std::time::Duration;

use wharfinger_registry::{
    Error, NewPullThroughCacheRule, PageRequest, PullThroughCacheRule, UpstreamRegistry,
};

use super::fixture::{Fixture, permit_for};

const SECRET: &str =
    "arn:aws:secretsmanager:eu-west-1:111122223333:secret:ecr-pullthroughcache/hub-AbCdEf";
const ROLE: &str = "arn:aws:iam::111122223333:role/pull";

fn new(prefix: &str, url: &str) -> NewPullThroughCacheRule {
    NewPullThroughCacheRule {
        prefix: prefix.into(),
        upstream_registry_url: url.into(),
        ..Default::default()
    }
}

async fn create(
    fixture: &Fixture,
    new: NewPullThroughCacheRule,
) -> Result<PullThroughCacheRule, Error> {
    fixture.registry.create_pull_through_cache_rule(&permit_for(""), new).await
}

async fn describe(
    fixture: &Fixture,
    prefixes: &[&str],
) -> Result<Vec<PullThroughCacheRule>, Error> {
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    let (permit, page) = (permit_for(""), PageRequest::default());
    let page = fixture.registry.describe_pull_through_cache_rules(&permit, prefixes, &page).await?;
    Ok(page.items)
}

async fn update(
    fixture: &Fixture,
    prefix: &str,
    secret: Option<&str>,
    role: Option<&str>,
) -> Result<PullThroughCacheRule, Error> {
    let (secret, role) = (secret.map(str::to_owned), role.map(str::to_owned));
    let (registry, permit) = (&fixture.registry, permit_for(""));
    registry.update_pull_through_cache_rule(&permit, prefix.into(), secret, role).await
}

fn invalid_member(outcome: Result<PullThroughCacheRule, Error>) -> &'static str {
    match outcome {
        Err(Error::InvalidParameter { member, .. }) => member,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn rules_are_one_for_each_prefix_with_its_implied_slash() {
    let fixture = Fixture::new();
    let quay = create(&fixture, new("quay/", "quay.io")).await.unwrap();
    assert_eq!((quay.prefix.as_str(), &quay.upstream_prefix), ("quay/", &None));
    assert_eq!(quay.upstream_registry, UpstreamRegistry::Quay);
    let again = create(&fixture, new("quay", "registry.k8s.io")).await;
    assert!(matches!(
        again,
        Err(Error::PullThroughCacheRuleAlreadyExists { prefix, .. }) if prefix == "quay"
    ));
    let upstream = Some("kube".to_owned());
    let k8s =
        NewPullThroughCacheRule { upstream_prefix: upstream, ..new("k8s", "registry.k8s.io") };
    let k8s = create(&fixture, k8s).await.unwrap();
    assert_eq!(describe(&fixture, &[]).await.unwrap(), [k8s, quay.clone()]);
    assert_eq!(describe(&fixture, &["quay"]).await.unwrap(), std::slice::from_ref(&quay));
    let unknown = describe(&fixture, &["quay", "none"]).await;
    assert!(matches!(
        unknown,
        Err(Error::PullThroughCacheRuleNotFound { prefix, .. }) if prefix == "none"
    ));
    let (registry, permit) = (&fixture.registry, permit_for(""));
    let deleted = registry.delete_pull_through_cache_rule(&permit, "quay".into()).await;
    assert_eq!(deleted.unwrap(), quay);
    let gone = registry.delete_pull_through_cache_rule(&permit, "quay".into()).await;
    assert!(matches!(gone, Err(Error::PullThroughCacheRuleNotFound { .. })));
}

#[tokio::test]
async fn upstream_registries_must_be_known_and_have_what_they_need() {
    let fixture = Fixture::new();
    for url in ["example.com", "https://quay.io", ""] {
        let unsupported = create(&fixture, new("cache", url)).await;
        assert!(matches!(unsupported, Err(Error::UnsupportedUpstreamRegistry { .. })), "{url}");
    }
    let wrong = NewPullThroughCacheRule { upstream_registry: Some("k8s"), ..new("q", "quay.io") };
    assert_eq!(invalid_member(create(&fixture, wrong).await), "upstreamRegistry");
    for url in
        ["registry-1.docker.io", "ghcr.io", "acme.azurecr.io", "registry.gitlab.com", "cgr.dev"]
    {
        assert_eq!(invalid_member(create(&fixture, new("cache", url)).await), "credentialArn");
        let foreign = SECRET.replace("eu-west-1", "us-east-1");
        let secret = NewPullThroughCacheRule { credential_arn: Some(foreign), ..new("c", url) };
        assert!(matches!(create(&fixture, secret).await, Err(Error::SecretNotFound { .. })));
        let prefix = url.split('.').next().unwrap();
        let secret = Some(SECRET.to_owned());
        let rule = NewPullThroughCacheRule { credential_arn: secret, ..new(prefix, url) };
        create(&fixture, rule).await.unwrap();
    }
    let root =
        NewPullThroughCacheRule { upstream_prefix: Some("team".into()), ..new("ROOT", "quay.io") };
    assert_eq!(invalid_member(create(&fixture, root).await), "upstreamRepositoryPrefix");
    let root = NewPullThroughCacheRule {
        upstream_prefix: Some("ROOT".into()),
        upstream_registry: Some("quay"),
        ..new("ROOT", "quay.io")
    };
    create(&fixture, root).await.unwrap();
}

#[tokio::test]
async fn another_accounts_registry_needs_a_role_of_this_one() {
    let fixture = Fixture::new();
    let own = "111122223333.dkr.ecr.us-east-1.amazonaws.com";
    create(&fixture, new("own", own)).await.unwrap();
    let other = "999999999999.dkr.ecr.us-east-1.amazonaws.com";
    assert_eq!(invalid_member(create(&fixture, new("other", other)).await), "customRoleArn");
    let foreign = ROLE.replace("111122223333", "999999999999");
    for (role, good) in [(foreign.as_str(), false), ("", false), (ROLE, true)] {
        let role = Some(role.to_owned());
        let rule = NewPullThroughCacheRule { custom_role_arn: role, ..new("other", other) };
        let created = create(&fixture, rule).await;
        assert_eq!(created.is_ok(), good, "{created:?}");
    }
    assert_eq!(invalid_member(update(&fixture, "other", None, Some("")).await), "customRoleArn");
}

#[tokio::test]
async fn an_update_changes_secret_and_role_only() {
    let fixture = Fixture::new();
    let created = create(&fixture, new("quay", "quay.io")).await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    let updated = update(&fixture, "quay/", Some(SECRET), Some(ROLE)).await.unwrap();
    let expected = PullThroughCacheRule {
        credential_arn: Some(SECRET.into()),
        custom_role_arn: Some(ROLE.into()),
        updated_at: updated.updated_at,
        ..created.clone()
    };
    assert_eq!(updated, expected);
    assert_eq!(updated.updated_at.millis(), created.created_at.millis() + 5_000);
    let cleared = update(&fixture, "quay", None, Some("")).await.unwrap();
    assert_eq!(cleared, PullThroughCacheRule { custom_role_arn: None, ..updated });
    assert_eq!(invalid_member(update(&fixture, "quay", None, Some("x")).await), "customRoleArn");
    assert_eq!(describe(&fixture, &["quay"]).await.unwrap(), [cleared]);
    let missing = update(&fixture, "none", Some(SECRET), None).await;
    assert!(matches!(missing, Err(Error::PullThroughCacheRuleNotFound { .. })));
}

#[tokio::test]
async fn a_registry_has_fifty_rules_and_no_more() {
    let fixture = Fixture::new();
    for number in 0..50 {
        create(&fixture, new(&format!("q{number:02}"), "quay.io")).await.unwrap();
    }
    let limit = create(&fixture, new("one-more", "quay.io")).await;
    assert!(matches!(limit, Err(Error::LimitExceeded { limit: 50, .. })));
    let again = create(&fixture, new("q00", "quay.io")).await;
    assert!(matches!(again, Err(Error::PullThroughCacheRuleAlreadyExists { .. })));
    assert_eq!(describe(&fixture, &[]).await.unwrap().len(), 50);
}

#[tokio::test]
async fn a_rule_is_not_valid_and_its_repositories_are_ordinary() {
    let fixture = Fixture::new();
    let rule = create(&fixture, new("quay", "quay.io")).await.unwrap();
    let (registry, permit) = (&fixture.registry, permit_for(""));
    let validated = registry.validate_pull_through_cache_rule(&permit, "quay/".into()).await;
    let (validated, failure) = validated.unwrap();
    assert_eq!(validated, rule);
    assert!(failure.contains("does not contact upstream registries yet"), "{failure}");
    let missing = registry.validate_pull_through_cache_rule(&permit, "none".into()).await;
    assert!(matches!(missing, Err(Error::PullThroughCacheRuleNotFound { .. })));
    fixture.create("quay/app", "MUTABLE").await.unwrap();
    fixture.image("quay/app", "content", Some("v1")).await;
}

//! Repository creation templates: kept, patched, limited, and creating repositories.

use std::time::Duration;

use wharfinger_core::limits::CREATION_TEMPLATES_MAX;
use wharfinger_registry::{
    CreationTemplate, CreationTemplateSettings, Error, PageRequest, TemplateEncryption,
    TemplateScenario,
};

use super::fixture::{Fixture, permit_for};

const POLICY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
    "Principal":{"AWS":"111122223333"},"Action":"ecr:BatchGetImage"}]}"#;
const LIFECYCLE: &str = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any",
    "countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/abc";
const ROLE: &str = "arn:aws:iam::111122223333:role/ecr";

fn settings(applied_for: &[TemplateScenario]) -> CreationTemplateSettings {
    CreationTemplateSettings { applied_for: Some(applied_for.to_vec()), ..Default::default() }
}

fn replication() -> CreationTemplateSettings {
    settings(&[TemplateScenario::Replication])
}

fn kms(encryption_type: &str, key: &str) -> Option<TemplateEncryption> {
    Some(TemplateEncryption {
        encryption_type: encryption_type.into(),
        kms_key: Some(key.to_owned()),
    })
}

/// Settings with a value for every member.
fn full() -> CreationTemplateSettings {
    CreationTemplateSettings {
        description: Some("words".into()),
        encryption: kms("KMS", KEY),
        resource_tags: Some(vec![("owner".into(), "team".into())]),
        tag_mutability: Some("IMMUTABLE_WITH_EXCLUSION"),
        exclusion_filters: Some(vec!["dev-*".into()]),
        repository_policy: Some(POLICY.into()),
        lifecycle_policy: Some(LIFECYCLE.into()),
        custom_role_arn: Some(ROLE.into()),
        ..replication()
    }
}

async fn create(
    fixture: &Fixture,
    prefix: &str,
    settings: CreationTemplateSettings,
) -> Result<CreationTemplate, Error> {
    let permit = permit_for("");
    fixture.registry.create_repository_creation_template(&permit, prefix.into(), settings).await
}

async fn update(
    fixture: &Fixture,
    prefix: &str,
    settings: CreationTemplateSettings,
) -> Result<CreationTemplate, Error> {
    let permit = permit_for("");
    fixture.registry.update_repository_creation_template(&permit, prefix.into(), settings).await
}

async fn describe(fixture: &Fixture, prefixes: &[&str]) -> Vec<CreationTemplate> {
    let prefixes = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
    let page = PageRequest::default();
    let permit = permit_for("");
    let service = &fixture.registry;
    service.describe_repository_creation_templates(&permit, prefixes, &page).await.unwrap().items
}

fn invalid_member<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    match outcome {
        Err(Error::InvalidParameter { member, .. }) => member,
        Err(Error::InvalidLifecyclePolicy(_)) => "lifecyclePolicy",
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_template_has_defaults_and_keeps_what_it_is_given() {
    let fixture = Fixture::new();
    let twice = [TemplateScenario::CreateOnPush, TemplateScenario::CreateOnPush];
    let created = create(&fixture, "team/", settings(&twice)).await.unwrap();
    assert_eq!(created.prefix, "team/");
    assert_eq!(created.applied_for, [TemplateScenario::CreateOnPush]);
    assert_eq!(created.encryption.encryption_type, "AES256");
    assert_eq!(created.tag_mutability.mode(), "MUTABLE");
    assert_eq!(created.created_at, created.updated_at);
    let whole = create(&fixture, "all", full()).await.unwrap();
    assert_eq!(whole.encryption, kms("KMS", KEY).unwrap());
    assert_eq!(whole.tag_mutability.filters(), Some(&["dev-*".to_owned()][..]));
    assert_eq!(describe(&fixture, &[]).await, [whole, created.clone()]);
    assert_eq!(describe(&fixture, &["team", "unknown"]).await, [created]);
    let again = create(&fixture, "team", replication()).await;
    assert!(matches!(again, Err(Error::TemplateAlreadyExists { prefix, .. }) if prefix == "team"));
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_empty_texts_clear() {
    let fixture = Fixture::new();
    let created = create(&fixture, "team", full()).await.unwrap();
    fixture.clock.advance(Duration::from_secs(5));
    let now = update(&fixture, "team/", CreationTemplateSettings::default()).await.unwrap();
    assert_eq!(now.updated_at.millis(), created.updated_at.millis() + 5_000);
    assert_eq!(CreationTemplate { updated_at: created.updated_at, ..now }, created);
    let cleared = CreationTemplateSettings {
        applied_for: None,
        description: Some(String::new()),
        encryption: kms("KMS_DSSE", ""),
        resource_tags: Some(Vec::new()),
        tag_mutability: Some("IMMUTABLE"),
        exclusion_filters: None,
        repository_policy: Some(String::new()),
        lifecycle_policy: Some(String::new()),
        custom_role_arn: Some(String::new()),
    };
    let now = update(&fixture, "team", cleared).await.unwrap();
    assert_eq!(now.applied_for, [TemplateScenario::Replication]);
    assert_eq!((now.description.as_ref(), now.custom_role_arn.as_ref()), (None, None));
    assert_eq!((now.repository_policy.as_ref(), now.lifecycle_policy.as_ref()), (None, None));
    assert_eq!((now.resource_tags.as_slice(), now.encryption.kms_key.as_ref()), (&[][..], None));
    assert_eq!((now.tag_mutability.mode(), now.tag_mutability.filters()), ("IMMUTABLE", None));
    assert_eq!(describe(&fixture, &["team"]).await, [now]);
    let missing = update(&fixture, "other", replication()).await;
    assert!(matches!(missing, Err(Error::TemplateNotFound { prefix, .. }) if prefix == "other"));
}

#[tokio::test]
async fn mode_and_filters_are_patched_together() {
    let fixture = Fixture::new();
    create(&fixture, "team", full()).await.unwrap();
    let patch = async |mode: Option<&'static str>, filters: Option<&str>| {
        let settings = CreationTemplateSettings {
            tag_mutability: mode,
            exclusion_filters: filters.map(|filter| vec![filter.to_owned()]),
            ..Default::default()
        };
        let patched = update(&fixture, "team", settings).await;
        patched.map(|it| (it.tag_mutability.mode(), it.tag_mutability.filters().map(<[_]>::len)))
    };
    let excluding = "MUTABLE_WITH_EXCLUSION";
    assert_eq!(patch(Some(excluding), None).await.unwrap(), (excluding, Some(1)));
    assert_eq!(patch(None, Some("v*")).await.unwrap(), (excluding, Some(1)));
    let filters = "imageTagMutabilityExclusionFilters";
    assert_eq!(invalid_member(patch(Some("MUTABLE"), Some("v*")).await), filters);
    assert_eq!(patch(Some("MUTABLE"), None).await.unwrap(), ("MUTABLE", None));
    assert_eq!(invalid_member(patch(None, Some("v*")).await), filters);
    assert_eq!(invalid_member(patch(Some(excluding), None).await), filters);
}

#[tokio::test]
async fn bad_settings_are_refused_and_change_nothing() {
    let fixture = Fixture::new();
    let created = create(&fixture, "team", replication()).await.unwrap();
    let other_region = KEY.replace("eu-west-1", "us-east-1");
    let tag = |key: &str| (key.to_owned(), String::new());
    let many: Vec<_> = (0..51).map(|number| tag(&format!("k{number}"))).collect();
    let bad = |change: &dyn Fn(&mut CreationTemplateSettings)| {
        let mut settings = replication();
        change(&mut settings);
        settings
    };
    let key = "encryptionConfiguration.kmsKey";
    let cases = [
        ("appliedFor", bad(&|it| it.applied_for = Some(vec![]))),
        (key, bad(&|it| it.encryption = kms("AES256", KEY))),
        (key, bad(&|it| it.encryption = kms("KMS", &other_region))),
        (key, bad(&|it| it.encryption = kms("KMS", "alias/aws/ecr"))),
        ("resourceTags", bad(&|it| it.resource_tags = Some(many.clone()))),
        ("resourceTags", bad(&|it| it.resource_tags = Some(vec![tag("aws:x")]))),
        ("resourceTags", bad(&|it| it.resource_tags = Some(vec![tag("a"), tag("a")]))),
        (
            "filter",
            bad(&|it| {
                it.tag_mutability = Some("MUTABLE_WITH_EXCLUSION");
                it.exclusion_filters = Some(vec!["a b".into()]);
            }),
        ),
        ("repositoryPolicy", bad(&|it| it.repository_policy = Some("[]".into()))),
        ("lifecyclePolicy", bad(&|it| it.lifecycle_policy = Some("no".into()))),
        ("customRoleArn", bad(&|it| it.custom_role_arn = Some("role".into()))),
    ];
    for (member, settings) in cases {
        assert_eq!(invalid_member(create(&fixture, "new", settings.clone()).await), member);
        assert_eq!(invalid_member(update(&fixture, "team", settings).await), member);
    }
    assert_eq!(describe(&fixture, &[]).await, [created]);
}

#[tokio::test]
async fn a_registry_has_so_many_templates_and_no_more() {
    let fixture = Fixture::new();
    for number in 0..CREATION_TEMPLATES_MAX {
        create(&fixture, &format!("team-{number:02}"), replication()).await.unwrap();
    }
    let limit = create(&fixture, "one-more", replication()).await;
    assert!(matches!(limit, Err(Error::LimitExceeded { limit: 50, .. })));
    let again = create(&fixture, "team-00", replication()).await;
    assert!(matches!(again, Err(Error::TemplateAlreadyExists { .. })));
    assert_eq!(describe(&fixture, &[]).await.len(), 50);
    let permit = permit_for("");
    let deleted = fixture.registry.delete_repository_creation_template(&permit, "team-07/".into());
    assert_eq!(deleted.await.unwrap().prefix, "team-07");
    let gone = fixture.registry.delete_repository_creation_template(&permit, "team-07".into());
    assert!(matches!(gone.await, Err(Error::TemplateNotFound { .. })));
    create(&fixture, "one-more", replication()).await.unwrap();
}

#[tokio::test]
async fn a_push_finds_the_template_that_is_for_it() {
    let fixture = Fixture::new();
    let on_push = || settings(&[TemplateScenario::CreateOnPush]);
    create(&fixture, "ROOT", on_push()).await.unwrap();
    create(&fixture, "team", on_push()).await.unwrap();
    create(&fixture, "team/a", replication()).await.unwrap();
    for (name, expected) in [("team/a/app", "team"), ("team/app", "team"), ("team", "ROOT")] {
        let permit = permit_for::<wharfinger_auth::actions::PutImage>(name);
        let found = fixture.registry.template_on_push(&permit).await.unwrap();
        assert_eq!(found.unwrap().prefix, expected, "{name}");
    }
}

#[tokio::test]
async fn a_repository_from_a_template_is_made_whole_or_not_at_all() {
    let fixture = Fixture::new();
    let tagged = CreationTemplateSettings { encryption: None, ..full() };
    let template = create(&fixture, "team", tagged).await.unwrap();
    let make = async |tagging: bool| {
        let tagging = tagging.then(|| permit_for("team/app"));
        let permit = permit_for("team/app");
        let service = &fixture.registry;
        service.create_repository_from_template(&permit, tagging.as_ref(), template.clone()).await
    };
    assert_eq!(invalid_member(make(false).await), "tags");
    let made = make(true).await.unwrap();
    assert_eq!(made.tag_mutability, template.tag_mutability);
    let tags = fixture.registry.list_tags_for_resource(&permit_for("team/app")).await.unwrap();
    assert_eq!(tags, template.resource_tags);
    assert!(matches!(make(true).await, Err(Error::RepositoryAlreadyExists { .. })));
}

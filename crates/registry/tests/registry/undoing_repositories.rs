//! Undo of repositories: a deleted one has no name and nobody sees it, and it comes back whole.

use std::time::Duration;

use wharfinger_auth::{Action, Permit, RepositoryResource, actions};
use wharfinger_core::{Quotas, RegistryId};
use wharfinger_metadata::{MetadataError, job, repository};
use wharfinger_registry::{DeletedRepository, Error, JobKind, PageRequest, UndoError};

use super::fixture::{Fixture, by_tag, digest_of, permit_for};

const HOUR: Duration = Duration::from_secs(3_600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3_600);

async fn delete(fixture: &Fixture, name: &str) {
    fixture.registry.delete_repository(&permit_for(name), true).await.unwrap();
}

async fn undelete(fixture: &Fixture, name: &str, new_name: &str) -> Result<(), UndoError> {
    let (permit, deleted) = (permit_for(new_name), name.parse().unwrap());
    fixture.registry.undelete_repository(&permit, deleted, None).await.map(|_| ())
}

async fn deleted(fixture: &Fixture) -> Vec<DeletedRepository> {
    let (permit, page) = (permit_for(""), PageRequest::default());
    fixture.registry.deleted_repositories(&permit, &page).await.unwrap().items
}

async fn names(fixture: &Fixture) -> Vec<String> {
    let (names, _) = fixture.registry.catalog(&permit_for(""), "", 100).await.unwrap();
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn a_deleted_repository_comes_back_with_all_it_had() {
    let fixture = Fixture::with_repository("IMMUTABLE").await;
    let registry = &fixture.registry;
    let digest = fixture.image("app", "one", Some("v1")).await;
    let lifecycle = r#"{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":"imageCountMoreThan","countNumber":9},"action":{"type":"expire"}}]}"#;
    registry.put_lifecycle_policy(&permit_for("app"), lifecycle.into()).await.unwrap();
    let tags = vec![("team".to_owned(), "news".to_owned())];
    registry.tag_resource(&permit_for("app"), tags.clone()).await.unwrap();
    let before = registry.describe_repositories(&permit_for("app"), &PageRequest::default()).await;
    delete(&fixture, "app").await;
    assert_eq!(names(&fixture).await, Vec::<String>::new());
    let listed = deleted(&fixture).await;
    let [kept] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((kept.name.as_str(), kept.image_count), ("app", 1));
    assert_eq!((kept.deleted_at, kept.expires_at), (fixture.now(), fixture.now().plus(WEEK)));
    // Whoever makes one of that name begins anew.
    fixture.create("app", "MUTABLE").await.unwrap();
    let (images, _) =
        registry.batch_get_image(&permit_for("app"), vec![by_tag("v1")]).await.unwrap();
    assert!(images.is_empty());
    let layer = digest_of(b"layer of one");
    let shared = registry.open_blob(&permit_for("app"), layer).await;
    assert!(matches!(shared, Err(Error::LayerNotFound { .. })));
    let taken = undelete(&fixture, "app", "app").await;
    assert!(matches!(taken, Err(UndoError::NameTaken(_))), "{taken:?}");
    fixture.clock.advance(WEEK - HOUR);
    registry.collect_garbage().await.unwrap();
    undelete(&fixture, "app", "old").await.unwrap();
    assert_eq!(names(&fixture).await, ["app", "old"]);
    let (images, _) =
        registry.batch_get_image(&permit_for("old"), vec![by_tag("v1")]).await.unwrap();
    assert_eq!(images[0].id.digest, digest);
    registry.open_blob(&permit_for("old"), layer).await.unwrap();
    let after = registry.describe_repositories(&permit_for("old"), &PageRequest::default()).await;
    let (mut before, after) = (before.unwrap().items, after.unwrap().items);
    before[0].name = "old".parse().unwrap();
    assert_eq!(before, after);
    assert_eq!(registry.list_tags_for_resource(&permit_for("old")).await.unwrap(), tags);
    let kept = registry.get_lifecycle_policy(&permit_for("old")).await.unwrap();
    assert!(kept.text.contains("imageCountMoreThan"), "{}", kept.text);
    assert!(deleted(&fixture).await.is_empty());
    let permit = permit_for::<actions::CreateRepository>("old");
    let resource = permit.resource().clone();
    let job: Result<_, MetadataError> = fixture
        .metadata()
        .read(move |tx| {
            Box::pin(async move {
                let row = repository::find(tx, &resource.registry, &resource.name).await?.unwrap();
                let kind = JobKind::EvaluateLifecyclePolicy.as_str();
                job::find_by_subject(tx, kind, &row.id.to_string()).await
            })
        })
        .await;
    assert!(job.unwrap().is_some(), "its lifecycle policy is evaluated again");
}

#[tokio::test]
async fn an_empty_one_is_kept_as_well_and_each_of_one_name_by_its_time() {
    let fixture = Fixture::new();
    let mut times = Vec::new();
    for _ in 0..3 {
        fixture.create("app", "MUTABLE").await.unwrap();
        fixture.clock.advance(HOUR);
        times.push(fixture.now());
        fixture.clock.advance(HOUR);
        delete(&fixture, "app").await;
        fixture.clock.advance(HOUR);
    }
    let listed: Vec<_> = deleted(&fixture).await.iter().map(|row| row.created_at).collect();
    assert_eq!(listed, times.iter().map(|time| time.minus(HOUR)).collect::<Vec<_>>());
    for (number, at) in times.iter().enumerate() {
        let (permit, name) = (permit_for(&format!("back{number}")), "app".parse().unwrap());
        let back = fixture.registry.undelete_repository(&permit, name, Some(*at)).await.unwrap();
        assert_eq!(back.created_at, at.minus(HOUR));
    }
    let between = Some(times[0].plus(HOUR * 2));
    let name = "app".parse().unwrap();
    let gone = fixture.registry.undelete_repository(&permit_for("none"), name, between).await;
    assert!(matches!(gone, Err(UndoError::RepositoryGone(_))), "{gone:?}");
}

#[tokio::test]
async fn when_its_time_is_over_it_is_purged() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, "app").await;
    fixture.clock.advance(WEEK);
    fixture.registry.collect_garbage().await.unwrap();
    assert!(deleted(&fixture).await.is_empty());
    let gone = undelete(&fixture, "app", "app").await;
    assert!(matches!(gone, Err(UndoError::RepositoryGone(_))), "{gone:?}");
    let fixture = fixture.with_undo_window(Duration::ZERO);
    fixture.create("app", "MUTABLE").await.unwrap();
    delete(&fixture, "app").await;
    assert!(deleted(&fixture).await.is_empty(), "off");
}

#[tokio::test]
async fn a_full_registry_takes_none_back() {
    let fixture = Fixture::with_quotas(Quotas { repositories_max: 1, ..Quotas::default() });
    fixture.create("app", "MUTABLE").await.unwrap();
    delete(&fixture, "app").await;
    fixture.create("other", "MUTABLE").await.unwrap();
    let full = undelete(&fixture, "app", "app").await;
    assert!(
        matches!(full, Err(UndoError::Registry(Error::LimitExceeded { limit: 1, .. }))),
        "{full:?}"
    );
    delete(&fixture, "other").await;
    undelete(&fixture, "app", "app").await.unwrap();
}

#[tokio::test]
async fn one_whose_key_is_off_waits_for_it() {
    let fixture = Fixture::new();
    let account = RegistryId::new("111122223333".parse().unwrap(), "eu-west-1".parse().unwrap());
    let key = fixture.kms.create_key(&account, "for tests", None).await.unwrap();
    fixture.create_encrypted("app", "KMS", Some(&key.arn)).await.unwrap();
    let digest = fixture.image("app", "one", Some("v1")).await;
    delete(&fixture, "app").await;
    fixture.kms.set_key_enabled(&account, &key.arn, false).await.unwrap();
    let refused = undelete(&fixture, "app", "app").await;
    let Err(UndoError::Registry(error @ Error::Kms { .. })) = refused else {
        panic!("{refused:?}")
    };
    assert!(error.to_string().contains("is disabled"), "{error}");
    fixture.kms.set_key_enabled(&account, &key.arn, true).await.unwrap();
    undelete(&fixture, "app", "app").await.unwrap();
    let permit = permit_for("app");
    fixture.registry.batch_delete_image(&permit, vec![by_tag("v1")]).await.unwrap();
    fixture.kms.set_key_enabled(&account, &key.arn, false).await.unwrap();
    let refused = fixture.registry.undelete_image(&permit_for("app"), digest, false).await;
    assert!(matches!(refused, Err(UndoError::Registry(Error::Kms { .. }))), "{refused:?}");
    fixture.kms.set_key_enabled(&account, &key.arn, true).await.unwrap();
    fixture.registry.undelete_image(&permit_for("app"), digest, false).await.unwrap();
}

#[tokio::test]
async fn public_ones_come_back_to_public_registries() {
    fn public<A: Action<Resource = RepositoryResource>>(name: &str) -> Permit<A> {
        let registry = RegistryId::public("111122223333".parse().unwrap());
        Permit::system(RepositoryResource { registry, name: name.parse().unwrap() })
    }
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    registry.create_public_repository(&public("app"), None, vec![], None).await.unwrap();
    registry.delete_repository(&public("app"), false).await.unwrap();
    assert!(deleted(&fixture).await.is_empty(), "it was in no private registry");
    let gone = undelete(&fixture, "app", "app").await;
    assert!(matches!(gone, Err(UndoError::RepositoryGone(_))), "{gone:?}");
    let name = "app".parse().unwrap();
    let back = registry.undelete_repository(&public("app"), name, None).await.unwrap();
    assert!(back.registry.is_public());
}

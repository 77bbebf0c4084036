//! Lifecycle policies: put, read, deleted.

use wharfinger_core::Timestamp;
use wharfinger_registry::Error;

use super::fixture::{Fixture, permit_for};

const POLICY: &str = r#"{"rules": [{"rulePriority": 1, "selection": {"tagStatus": "any",
    "countType": "imageCountMoreThan", "countNumber": 1}, "action": {"type": "expire"}}]}"#;

#[tokio::test]
async fn a_policy_is_kept_as_it_was_put() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let registry = &fixture.registry;
    let missing = registry.get_lifecycle_policy(&permit_for("app")).await;
    assert!(matches!(missing, Err(Error::LifecyclePolicyNotFound { .. })));
    registry.put_lifecycle_policy(&permit_for("app"), POLICY.into()).await.unwrap();
    let spaced = format!("  {POLICY}\n");
    registry.put_lifecycle_policy(&permit_for("app"), spaced.clone()).await.unwrap();
    let fixture = fixture.restarted();
    let found = fixture.registry.get_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!((found.text, found.last_evaluated_at), (spaced.clone(), Timestamp::default()));
    let removed = fixture.registry.delete_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!((removed.text, removed.last_evaluated_at), (spaced, Timestamp::default()));
    let missing = fixture.registry.delete_lifecycle_policy(&permit_for("app")).await;
    assert_eq!(
        missing.unwrap_err().to_string(),
        "Lifecycle policy does not exist for the repository with name 'app' in the registry with \
         id '111122223333'"
    );
}

#[tokio::test]
async fn a_bad_policy_changes_nothing() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let registry = &fixture.registry;
    registry.put_lifecycle_policy(&permit_for("app"), POLICY.into()).await.unwrap();
    let bad = POLICY.replace("\"any\"", "\"tagged\"");
    let refused = registry.put_lifecycle_policy(&permit_for("app"), bad).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle \
         policy validation failure: Must specify tagPrefixList or tagPatternList when \
         tagStatus=TAGGED."
    );
    let found = registry.get_lifecycle_policy(&permit_for("app")).await.unwrap();
    assert_eq!(found.text, POLICY);
}

#[tokio::test]
async fn a_policy_goes_with_its_repository() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let registry = &fixture.registry;
    registry.put_lifecycle_policy(&permit_for("app"), POLICY.into()).await.unwrap();
    registry.delete_repository(&permit_for("app"), false).await.unwrap();
    for missing in [
        registry.get_lifecycle_policy(&permit_for("app")).await.map(|_| ()),
        registry.delete_lifecycle_policy(&permit_for("app")).await.map(|_| ()),
        registry.put_lifecycle_policy(&permit_for("app"), POLICY.into()).await,
    ] {
        assert!(matches!(missing, Err(Error::RepositoryNotFound { .. })));
    }
    fixture.create("app", "MUTABLE").await.unwrap();
    let missing = fixture.registry.get_lifecycle_policy(&permit_for("app")).await;
    assert!(matches!(missing, Err(Error::LifecyclePolicyNotFound { .. })));
}

//! Policies of repositories and registries, as they are kept.

use wharfinger_registry::{Error, LockOut};

use super::fixture::{Fixture, permit_for};

const ALLOWS: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}]}"#;
const DENIES: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Deny","Principal":"*","Action":"ecr:*","Resource":"*"}]}"#;

async fn set(fixture: &Fixture, name: &str, text: &str) -> Result<(), Error> {
    fixture.registry.set_repository_policy(&permit_for(name), text, LockOut::Accepted).await
}

#[tokio::test]
async fn a_repository_has_one_policy_and_takes_it_along() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    let get = async |name| fixture.registry.get_repository_policy(&permit_for(name)).await;
    assert!(matches!(get("app").await, Err(Error::RepositoryPolicyNotFound { .. })));
    assert!(matches!(get("none").await, Err(Error::RepositoryNotFound { .. })));
    set(&fixture, "app", ALLOWS).await.unwrap();
    set(&fixture, "app", DENIES).await.unwrap();
    assert_eq!(get("app").await.unwrap(), DENIES);
    let missing = set(&fixture, "none", ALLOWS).await;
    assert!(matches!(missing, Err(Error::RepositoryNotFound { .. })));

    let fixture = fixture.restarted();
    let registry = &fixture.registry;
    assert_eq!(registry.get_repository_policy(&permit_for("app")).await.unwrap(), DENIES);
    registry.delete_repository(&permit_for("app"), false).await.unwrap();
    fixture.create("app", "MUTABLE").await.unwrap();
    let none = registry.get_repository_policy(&permit_for("app")).await;
    assert!(matches!(none, Err(Error::RepositoryPolicyNotFound { .. })));
    let none = registry.delete_repository_policy(&permit_for("app")).await;
    assert!(matches!(none, Err(Error::RepositoryPolicyNotFound { .. })));
    set(&fixture, "app", ALLOWS).await.unwrap();
    assert_eq!(registry.delete_repository_policy(&permit_for("app")).await.unwrap(), ALLOWS);
}

#[tokio::test]
async fn what_was_refused_leaves_the_policy_that_was_there() {
    let fixture = Fixture::with_repository("MUTABLE").await;
    set(&fixture, "app", ALLOWS).await.unwrap();
    for bad in ["", "{}", &ALLOWS.replace("ecr:", "s3:"), &ALLOWS.replace("ecr:", "ecr-public:")] {
        let refused = set(&fixture, "app", bad).await;
        assert!(matches!(refused, Err(Error::InvalidParameter { member: "PolicyText", .. })));
    }
    let kept = fixture.registry.get_repository_policy(&permit_for("app")).await;
    assert_eq!(kept.unwrap(), ALLOWS);
}

#[tokio::test]
async fn a_registry_has_one_policy_with_resources() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    let none = registry.delete_registry_policy(&permit_for("")).await;
    assert!(matches!(none, Err(Error::RegistryPolicyNotFound { .. })));
    let refused = registry.put_registry_policy(&permit_for(""), ALLOWS).await;
    assert!(matches!(refused, Err(Error::InvalidParameter { member: "PolicyText", .. })));
    registry.put_registry_policy(&permit_for(""), DENIES).await.unwrap();
    assert_eq!(registry.get_registry_policy(&permit_for("")).await.unwrap(), DENIES);
    assert_eq!(registry.delete_registry_policy(&permit_for("")).await.unwrap(), DENIES);
    let none = registry.get_registry_policy(&permit_for("")).await;
    assert!(matches!(none, Err(Error::RegistryPolicyNotFound { .. })));
}

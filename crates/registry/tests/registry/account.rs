//! What a registry as a whole is set to: account settings and pull-time exclusions.

use wharfinger_registry::{Error, PageRequest};

use super::fixture::{Fixture, permit_for};

#[tokio::test]
async fn a_setting_is_the_default_until_it_is_put() {
    let fixture = Fixture::new();
    let get = async |name| {
        let setting = fixture.registry.get_account_setting(&permit_for(""), name).await;
        setting.map(|setting| (setting.name, setting.value))
    };
    assert_eq!(get("BLOB_MOUNTING").await.unwrap(), ("BLOB_MOUNTING", "ENABLED".into()));
    let put = async |name, value| {
        fixture.registry.put_account_setting(&permit_for(""), name, value).await
    };
    put("BLOB_MOUNTING", "DISABLED").await.unwrap();
    assert_eq!(get("BLOB_MOUNTING").await.unwrap().1, "DISABLED");
    assert_eq!(get("REGISTRY_POLICY_SCOPE").await.unwrap().1, "V2");
    assert!(matches!(get("NONE").await, Err(Error::InvalidParameter { member: "name", .. })));
    let bad = put("BLOB_MOUNTING", "AWS_NATIVE").await;
    assert!(matches!(bad, Err(Error::InvalidParameter { member: "value", .. })));
    let retired = put("BASIC_SCAN_TYPE_VERSION", "CLAIR").await;
    assert!(matches!(retired, Err(Error::Validation { .. })));
}

#[tokio::test]
async fn principals_are_excluded_once_each_and_a_hundred_at_the_most() {
    let fixture = Fixture::new();
    let registry = &fixture.registry;
    let arn = |number: usize| format!("arn:aws:iam::111122223333:role/r{number}");
    let register = async |arn| {
        registry.register_pull_time_update_exclusion(&permit_for(""), arn).await.map(|_| ())
    };
    for number in 0..100 {
        register(arn(number)).await.unwrap();
    }
    assert!(matches!(register(arn(5)).await, Err(Error::ExclusionAlreadyExists { .. })));
    assert!(matches!(register(arn(100)).await, Err(Error::LimitExceeded { limit: 100, .. })));
    for bad in ["ann", "arn:aws:iam::111122223333:root", "arn:aws:s3:::role/x"] {
        let refused = register(bad.into()).await;
        assert!(matches!(refused, Err(Error::InvalidParameter { member: "principalArn", .. })));
    }
    registry.deregister_pull_time_update_exclusion(&permit_for(""), arn(5)).await.unwrap();
    let gone = registry.deregister_pull_time_update_exclusion(&permit_for(""), arn(5)).await;
    assert!(matches!(gone, Err(Error::ExclusionNotFound { .. })));
    register(arn(100)).await.unwrap();
    let page = PageRequest { max_results: Some(1000), next_token: None };
    let listed = registry.list_pull_time_update_exclusions(&permit_for(""), &page).await.unwrap();
    assert_eq!((listed.items.len(), listed.next_token), (100, None));
}

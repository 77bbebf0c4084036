//! Guardrails of accounts.

use wharfinger_auth::{Action, IamResource, Permit};
use wharfinger_core::AccountId;
use wharfinger_core::limits::GUARDRAILS_PER_ACCOUNT_MAX;
use wharfinger_iam::Error;

use super::simulation::Fixture;

const ALL: &str = r#"{"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Action":"*","Resource":"*"}]}"#;

fn permit<A: Action<Resource = IamResource>>(account: AccountId) -> Permit<A> {
    Permit::system(IamResource::account_wide(account))
}

#[tokio::test]
async fn guardrails_are_put_listed_and_deleted() {
    let fixture = Fixture::new().await;
    let (iam, account) = (&fixture.iam, fixture.account);
    for name in ["b", "a", "b"] {
        iam.put_guardrail(&permit(account), name, ALL).await.unwrap();
    }
    let listed = iam.list_guardrails(&permit(account)).await.unwrap();
    assert_eq!(listed.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(listed[0].document, ALL);
    iam.delete_guardrail(&permit(account), "a").await.unwrap();
    let again = iam.delete_guardrail(&permit(account), "a").await.unwrap_err();
    assert_eq!(again.to_string(), "The guardrail with name a cannot be found.");
    assert_eq!(iam.list_guardrails(&permit(account)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_no_guardrail_is_refused() {
    let fixture = Fixture::new().await;
    let (iam, account) = (&fixture.iam, fixture.account);
    let put = async |account, name: &str, text: &str| {
        iam.put_guardrail(&permit(account), name, text).await.unwrap_err()
    };
    assert!(matches!(put(account, "x", "{}").await, Error::MalformedPolicyDocument(_)));
    for name in ["", "a b", &"x".repeat(129)] {
        assert!(matches!(put(account, name, ALL).await, Error::Validation(_)), "{name}");
    }
    let stranger: AccountId = "999999999999".parse().unwrap();
    assert!(matches!(put(stranger, "x", ALL).await, Error::NoSuchEntity(_)));
    for number in 0..GUARDRAILS_PER_ACCOUNT_MAX {
        iam.put_guardrail(&permit(account), &format!("g{number}"), ALL).await.unwrap();
    }
    assert!(matches!(put(account, "more", ALL).await, Error::LimitExceeded { .. }));
    iam.put_guardrail(&permit(account), "g0", ALL).await.unwrap();
}

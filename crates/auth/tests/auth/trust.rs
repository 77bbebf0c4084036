//! Who may assume a role.

use wharfinger_auth::trust::{AssumedRole, may_assume, may_federate};
use wharfinger_auth::{AuthorizeError, Caller, ContextKeys};
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::{PolicyDocument, PolicyKind};

use super::holding::{ALL, NO_PULL, TOKENS};
use crate::{Fixture, fixture};

const ACTION: &str = "sts:AssumeRole";
const PROVIDER: &str = "arn:aws:iam::111122223333:oidc-provider/token.example.com";

fn trust(principal: &str) -> PolicyDocument {
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},
            "Action":"sts:*","Condition":{{"StringEqualsIfExists":{{"sts:ExternalId":"x"}}}}}}]}}"#
    );
    PolicyDocument::parse_as(PolicyKind::Repository, &text).unwrap()
}

fn asked(caller: &Caller, account: AccountId, trust: Option<&PolicyDocument>) -> String {
    let arn = Arn::role(&account, "/", "ci");
    let role = AssumedRole { account: &account, arn: &arn, trust, tags: &[] };
    match may_assume(caller, &role, ACTION, &ContextKeys::new()) {
        Ok(()) => "allowed".into(),
        Err(AuthorizeError::Denied(denied)) => {
            let text = denied.to_string();
            text.split_once("role/ci ").unwrap().1.to_owned()
        }
        Err(error) => panic!("{error}"),
    }
}

async fn callers(fixture: &Fixture) -> [Caller; 2] {
    let keys = [fixture.user("all", ALL).await, fixture.user("none", TOKENS).await];
    let [all, none] = keys;
    [fixture.sign_in(&all).await.unwrap(), fixture.sign_in(&none).await.unwrap()]
}

#[tokio::test]
async fn a_role_trusts_whom_its_policy_names() {
    let fixture = fixture().await;
    let [all, none] = callers(&fixture).await;
    let own = fixture.account;
    let other: AccountId = "444455556666".parse().unwrap();
    let no_identity = "because no identity-based policy allows the sts:AssumeRole action";
    let no_trust = "because no role trust policy allows the sts:AssumeRole action";
    let account = trust(&format!(r#"{{"AWS":"{own}"}}"#));
    let itself = trust(&format!(r#"{{"AWS":"arn:aws:iam::{own}:user/none"}}"#));
    let everyone = trust(r#""*""#);
    let stranger = trust(r#"{"AWS":"999999999999"}"#);
    for (trust, place, with, without) in [
        (Some(&account), own, "allowed", no_identity),
        (Some(&account), other, "allowed", no_identity),
        (Some(&itself), own, no_trust, "allowed"),
        (Some(&itself), other, no_trust, no_identity),
        (Some(&everyone), own, "allowed", "allowed"),
        (Some(&everyone), other, "allowed", no_identity),
        (Some(&stranger), own, no_trust, no_identity),
        (None, own, no_trust, no_identity),
        (None, other, no_trust, no_identity),
    ] {
        assert_eq!(asked(&all, place, trust), with, "{place}");
        assert_eq!(asked(&none, place, trust), without, "{place}");
    }
}

#[tokio::test]
async fn guardrails_and_denials_count_for_roles_too() {
    let fixture = fixture().await;
    let account = trust(&format!(r#"{{"AWS":"{}"}}"#, fixture.account));
    fixture.guardrail("tokens", TOKENS).await;
    let [all, _] = callers(&fixture).await;
    let refused = asked(&all, fixture.account, Some(&account));
    assert_eq!(refused, "because no service control policy allows the sts:AssumeRole action");
    fixture.guardrail("tokens", NO_PULL).await;
    let key = fixture.user("more", ALL).await;
    let caller = fixture.sign_in(&key).await.unwrap();
    assert_eq!(asked(&caller, fixture.account, Some(&account)), "allowed");
    let deny = r#"{"Version":"2012-10-17","Statement":[
        {"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}]}"#;
    let deny = PolicyDocument::parse_as(PolicyKind::Repository, deny).unwrap();
    let refused = asked(&caller, fixture.account, Some(&deny));
    assert_eq!(refused, "with an explicit deny in a role trust policy");
}

#[tokio::test]
async fn whom_a_provider_vouches_for_needs_the_name_of_the_provider() {
    let fixture = fixture().await;
    let nobody = fixture.auth.anonymous(&fixture.context());
    let arn = Arn::role(&fixture.account, "/", "ci");
    let asked = |trust: &PolicyDocument, keys: &ContextKeys| {
        let role =
            AssumedRole { account: &fixture.account, arn: &arn, trust: Some(trust), tags: &[] };
        may_federate(&nobody, PROVIDER, &role, "sts:AssumeRoleWithWebIdentity", keys)
    };
    let mut keys = ContextKeys::new();
    let provider = trust(&format!(r#"{{"Federated":"{PROVIDER}"}}"#));
    asked(&provider, &keys).unwrap();
    let account = fixture.account;
    for other in [
        r#"{"Federated":"accounts.google.com"}"#.to_owned(),
        r#""*""#.to_owned(),
        format!(r#"{{"AWS":"{account}"}}"#),
    ] {
        let denied = asked(&trust(&other), &keys).unwrap_err();
        assert_eq!(denied.to_string(), "Not authorized to perform sts:AssumeRoleWithWebIdentity");
        assert!(denied.explanation().unwrap().decided_by().is_none());
    }
    keys.insert("sts:ExternalId", "y");
    assert!(asked(&provider, &keys).is_err(), "what the provider says counts");
}

//! Tests of what policies decide.

mod resource_policy;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::request::{ContextKeys, PrincipalFacts};

const APP: &str = "arn:aws:ecr:eu-west-1:111122223333:repository/team/app";

fn policy(statements: impl Into<Value>) -> PolicyDocument {
    let document = json!({"Version": "2012-10-17", "Statement": statements.into()});
    PolicyDocument::parse(&document.to_string()).unwrap()
}

fn user() -> PrincipalFacts {
    PrincipalFacts {
        account: "111122223333".parse().unwrap(),
        arn: "arn:aws:iam::111122223333:user/dev".into(),
        role_arn: None,
        service: None,
        federated: None,
    }
}

fn session() -> PrincipalFacts {
    PrincipalFacts {
        arn: "arn:aws:sts::111122223333:assumed-role/ci/build".into(),
        role_arn: Some("arn:aws:iam::111122223333:role/ci".into()),
        ..user()
    }
}

/// What identity policies decide for a request without condition keys.
fn evaluate<'a>(
    policies: impl IntoIterator<Item = &'a PolicyDocument>,
    action: &str,
    resource: &str,
) -> Decision {
    let keys = ContextKeys::new();
    super::evaluate(policies, &Request { action, resource, principal: &user(), keys: &keys })
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn deny(action: &str, resource: &str) -> Value {
    json!({"Effect": "Deny", "Action": action, "Resource": resource})
}

#[test]
fn nothing_is_allowed_by_no_policy() {
    assert_eq!(evaluate([], "ecr:PutImage", APP), Decision::ImplicitDeny);
}

#[test]
fn a_statement_speaks_of_its_actions_and_resources() {
    let policy = policy(allow("ecr:Put*", "arn:aws:ecr:*:*:repository/team/*"));
    for (action, resource, decision) in [
        ("ecr:PutImage", APP, Decision::Allow),
        ("ECR:putimage", APP, Decision::Allow),
        ("ecr:BatchGetImage", APP, Decision::ImplicitDeny),
        ("ecr:PutImage", "arn:aws:ecr:x:1:repository/other/app", Decision::ImplicitDeny),
        ("ecr:PutImage", "*", Decision::ImplicitDeny),
    ] {
        assert_eq!(evaluate([&policy], action, resource), decision, "{action} {resource}");
    }
}

#[test]
fn denial_wins_across_policies() {
    let all = policy(allow("*", "*"));
    let not_delete = policy(deny("ecr:*Delete*", "*"));
    for policies in [[&all, &not_delete], [&not_delete, &all]] {
        assert_eq!(evaluate(policies, "ecr:BatchDeleteImage", APP), Decision::ExplicitDeny);
        assert_eq!(evaluate(policies, "ecr:PutImage", APP), Decision::Allow);
    }
}

#[test]
fn the_opposites_select_everything_else() {
    let policy = policy(json!([
        {"Effect": "Allow", "NotAction": ["ecr:Delete*", "iam:*"], "Resource": "*"},
        {"Effect": "Deny", "Action": "*", "NotResource": ["arn:aws:ecr:*:*:repository/team/*", APP]},
    ]));
    let secret = "arn:aws:ecr:eu-west-1:111122223333:repository/secret";
    for (action, resource, decision) in [
        ("ecr:PutImage", APP, Decision::Allow),
        ("ecr:DeleteRepository", APP, Decision::ImplicitDeny),
        ("ecr:PutImage", secret, Decision::ExplicitDeny),
        ("ecr:GetAuthorizationToken", "*", Decision::ExplicitDeny),
    ] {
        assert_eq!(evaluate([&policy], action, resource), decision, "{action} {resource}");
    }
}

#[test]
fn conditions_and_variables_narrow_a_statement() {
    let policy = policy(json!([
        {
            "Effect": "Allow", "Action": "ecr:*",
            "Resource": "arn:aws:ecr:*:*:repository/${aws:username}/*",
            "Condition": {
                "StringEquals": {"ecr:ResourceTag/stage": ["dev", "test"]},
                "IpAddress": {"aws:SourceIp": "10.0.0.0/8"},
            },
        },
        {
            "Effect": "Deny", "Action": "*", "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ]));
    let (team, other) =
        ("arn:aws:ecr:e:1:repository/team/app", "arn:aws:ecr:e:1:repository/other/app");
    for (resource, stage, address, secure, decision) in [
        (team, Some("dev"), "10.1.2.3", Some("true"), Decision::Allow),
        (team, Some("test"), "10.1.2.3", None, Decision::Allow),
        (team, Some("live"), "10.1.2.3", None, Decision::ImplicitDeny),
        (team, None, "10.1.2.3", None, Decision::ImplicitDeny),
        (team, Some("dev"), "192.168.0.1", None, Decision::ImplicitDeny),
        (other, Some("dev"), "10.1.2.3", None, Decision::ImplicitDeny),
        (team, Some("dev"), "10.1.2.3", Some("false"), Decision::ExplicitDeny),
        (other, None, "", Some("false"), Decision::ExplicitDeny),
    ] {
        let mut keys = ContextKeys::new();
        keys.insert("aws:username", "team");
        keys.insert("aws:SourceIp", address);
        if let Some(stage) = stage {
            keys.insert("ecr:ResourceTag/Stage", stage);
        }
        if let Some(secure) = secure {
            keys.insert("aws:SecureTransport", secure);
        }
        let principal = user();
        let request =
            Request { action: "ecr:PutImage", resource, principal: &principal, keys: &keys };
        let decided = super::evaluate([&policy], &request);
        assert_eq!(decided, decision, "{resource} {stage:?} {address} {secure:?}");
    }
}

/// An action pattern, resource pattern and effect over a small world, so that they often meet.
fn statements() -> impl Strategy<Value = Vec<Value>> {
    let effect = prop_oneof!["Allow", "Deny"];
    let action = prop_oneof![3 => Just("Action"), 1 => Just("NotAction")];
    let resource = prop_oneof![3 => Just("Resource"), 1 => Just("NotResource")];
    let statement =
        (effect, action, "ecr:[ab*?]{1,3}", resource, "arn:aws:ecr:[ab*]:1:[ab*?]{1,3}").prop_map(
            |(effect, action_key, action, resource_key, resource)| {
                let mut statement = json!({"Effect": effect});
                statement[action_key] = json!([action]);
                statement[resource_key] = json!(resource);
                statement
            },
        );
    proptest::collection::vec(statement, 1..6)
}

fn requests() -> impl Strategy<Value = (String, String)> {
    ("ecr:[abAB]{1,3}", "arn:aws:ecr:[ab]:1:[ab]{1,3}")
}

proptest! {
    #[test]
    fn order_does_not_matter(
        (statements, shuffled) in statements()
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
        (action, resource) in requests(),
    ) {
        let decision = evaluate([&policy(statements.clone())], &action, &resource);
        prop_assert_eq!(evaluate([&policy(shuffled)], &action, &resource), decision);
        // Nor does it matter how statements are spread over policies.
        let spread: Vec<_> = statements.into_iter().map(policy).collect();
        prop_assert_eq!(evaluate(&spread, &action, &resource), decision);
    }

    #[test]
    fn explicit_deny_wins(
        statements in statements(),
        (action, resource) in requests(),
        at: prop::sample::Index,
    ) {
        let mut denied = statements.clone();
        denied.insert(at.index(statements.len() + 1), deny(&action, &resource));
        prop_assert_eq!(
            evaluate([&policy(denied)], &action, &resource),
            Decision::ExplicitDeny
        );
        // An Allow more can only turn an implicit denial into permission.
        let before = evaluate([&policy(statements.clone())], &action, &resource);
        let mut allowed = statements;
        allowed.push(allow(&action, &resource));
        let after = evaluate([&policy(allowed)], &action, &resource);
        match before {
            Decision::ExplicitDeny => prop_assert_eq!(after, Decision::ExplicitDeny),
            Decision::Allow | Decision::ImplicitDeny => prop_assert_eq!(after, Decision::Allow),
        }
    }
}

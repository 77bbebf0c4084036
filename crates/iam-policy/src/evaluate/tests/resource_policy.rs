//! Tests of what the policies of repositories and registries decide.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{APP, allow, deny, policy, session, user};
use crate::document::{PolicyDocument, PolicyKind};
use crate::evaluate::{ResourceDecision, evaluate_resource_policy};
use crate::principal::Naming;
use crate::request::{ContextKeys, PrincipalFacts, Request};

fn resource_policy(kind: PolicyKind, statements: Value) -> PolicyDocument {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    PolicyDocument::parse_as(kind, &document.to_string()).unwrap()
}

fn evaluate_resource(
    policy: &PolicyDocument,
    principal: &PrincipalFacts,
    action: &str,
) -> ResourceDecision {
    let mut keys = ContextKeys::new();
    keys.insert("aws:PrincipalAccount", principal.account.as_str());
    let request = Request { action, resource: APP, principal, keys: &keys };
    evaluate_resource_policy(policy, &request)
}

#[test]
fn a_repository_policy_speaks_of_those_it_names() {
    let policy = resource_policy(
        PolicyKind::Repository,
        json!([
            {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:*"},
            {"Effect": "Allow", "Principal": {"AWS": user().arn}, "Action": "ecr:Put*"},
            {"Effect": "Deny", "Principal": {"AWS": session().role_arn}, "Action": "ecr:*Delete*"},
            {"Effect": "Allow", "Principal": "*", "Action": "ecr:DescribeImages",
             "Condition": {"StringEquals": {"aws:PrincipalAccount": "444455556666"}}},
        ]),
    );
    let foreign = PrincipalFacts {
        account: "444455556666".parse().unwrap(),
        arn: "arn:aws:iam::444455556666:root".into(),
        ..user()
    };
    let [by_account, shared, itself] = [Naming::Account, Naming::Shared, Naming::Itself]
        .map(|naming| ResourceDecision::Allow { naming });
    for (principal, action, decision) in [
        (&user(), "ecr:PutImage", itself),
        (&user(), "ecr:BatchDeleteImage", by_account),
        (&user(), "iam:CreateUser", ResourceDecision::ImplicitDeny),
        (&session(), "ecr:PutImage", by_account),
        (&session(), "ecr:BatchDeleteImage", ResourceDecision::ExplicitDeny),
        (&foreign, "ecr:DescribeImages", shared),
        (&foreign, "ecr:PutImage", ResourceDecision::ImplicitDeny),
    ] {
        let decided = evaluate_resource(&policy, principal, action);
        assert_eq!(decided, decision, "{} {action}", principal.arn);
    }
}

#[test]
fn an_account_that_is_denied_is_denied_with_all_its_principals() {
    let policy = resource_policy(
        PolicyKind::Repository,
        json!([
            {"Effect": "Deny", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, "Action": "*"},
            {"Effect": "Allow", "Principal": "*", "Action": "*"},
        ]),
    );
    for principal in [user(), session()] {
        let decided = evaluate_resource(&policy, &principal, "ecr:PutImage");
        assert_eq!(decided, ResourceDecision::ExplicitDeny);
    }
}

#[test]
fn resources_of_a_policy_count_where_there_are_any() {
    for (kind, resource, decision) in [
        (PolicyKind::Repository, None, ResourceDecision::Allow { naming: Naming::Shared }),
        (PolicyKind::Repository, Some(APP), ResourceDecision::Allow { naming: Naming::Shared }),
        (
            PolicyKind::Registry,
            Some("arn:aws:ecr:*:*:repository/other/*"),
            ResourceDecision::ImplicitDeny,
        ),
        (
            PolicyKind::Registry,
            Some("arn:aws:ecr:*:*:repository/team/*"),
            ResourceDecision::Allow { naming: Naming::Shared },
        ),
    ] {
        let mut statement = json!({"Effect": "Allow", "Principal": "*", "Action": "ecr:*"});
        if let Some(resource) = resource {
            statement["Resource"] = resource.into();
        }
        let policy = resource_policy(kind, statement);
        let decided = evaluate_resource(&policy, &user(), "ecr:PutImage");
        assert_eq!(decided, decision, "{resource:?}");
    }
}

#[test]
fn a_policy_without_principals_is_no_policy_of_a_resource() {
    for statement in [allow("*", "*"), deny("*", "*")] {
        let decided = evaluate_resource(&policy(statement), &user(), "ecr:PutImage");
        assert_eq!(decided, ResourceDecision::ImplicitDeny);
    }
}

#[test]
fn services_rely_on_being_named() {
    let policy = resource_policy(
        PolicyKind::Repository,
        json!({
            "Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }),
    );
    let lambda = PrincipalFacts { service: Some("lambda.amazonaws.com".into()), ..user() };
    let itself = ResourceDecision::Allow { naming: Naming::Itself };
    assert_eq!(evaluate_resource(&policy, &lambda, "ecr:BatchGetImage"), itself);
    let denied = ResourceDecision::ImplicitDeny;
    assert_eq!(evaluate_resource(&policy, &user(), "ecr:BatchGetImage"), denied);
}

fn resource_statements() -> impl Strategy<Value = Vec<Value>> {
    let effect = prop_oneof![4 => Just("Allow"), 1 => Just("Deny")];
    let principal = prop_oneof![
        Just(json!("*")),
        Just(json!({"AWS": "111122223333"})),
        Just(json!({"AWS": session().role_arn})),
        Just(json!({"AWS": user().arn})),
    ];
    let member = prop_oneof![3 => Just("Principal"), 1 => Just("NotPrincipal")];
    let statement = (effect, member, principal, "ecr:[ab*?]{1,2}").prop_map(
        |(effect, member, principal, action)| {
            let mut statement = json!({"Effect": effect, "Action": action});
            statement[member] = principal;
            statement
        },
    );
    proptest::collection::vec(statement, 1..6)
}

proptest! {
    #[test]
    fn the_order_of_a_resource_policy_does_not_matter(
        (statements, shuffled) in resource_statements()
            .prop_flat_map(|list| (Just(list.clone()), Just(list).prop_shuffle())),
        action in "ecr:[ab]{1,2}",
        at: prop::sample::Index,
    ) {
        let parse = |list: Vec<Value>| resource_policy(PolicyKind::Repository, list.into());
        let decided = evaluate_resource(&parse(statements.clone()), &session(), &action);
        prop_assert_eq!(evaluate_resource(&parse(shuffled), &session(), &action), decided);
        let mut denied = statements;
        let at = at.index(denied.len() + 1);
        denied.insert(at, json!({"Effect": "Deny", "Principal": "*", "Action": action}));
        let decided = evaluate_resource(&parse(denied), &session(), &action);
        prop_assert_eq!(decided, ResourceDecision::ExplicitDeny);
    }
}

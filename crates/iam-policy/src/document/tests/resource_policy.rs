//! Tests of reading the policies of repositories and registries.

use wharfinger_core::limits::RESOURCE_POLICY_CHARS_MAX;

use super::super::*;

fn repository(members: &str) -> Result<PolicyDocument, MalformedPolicy> {
    parse_as(PolicyKind::Repository, members)
}

/// A policy of one statement that allows `ecr:*`, with more `members`.
fn parse_as(kind: PolicyKind, members: &str) -> Result<PolicyDocument, MalformedPolicy> {
    PolicyDocument::parse_as(
        kind,
        &format!(
            r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"ecr:*"{members}}}]}}"#
        ),
    )
}

#[test]
fn principals_are_named() {
    let policy = repository(
        r#","Principal":{"AWS":["*","111122223333","arn:aws:iam::444455556666:root",
            "arn:aws:iam::111122223333:user/path/dev","arn:aws-cn:iam::111122223333:role/ci",
            "arn:aws:sts::111122223333:assumed-role/ci/build@1"],
            "Service":"lambda.amazonaws.com","Federated":"accounts.google.com",
            "CanonicalUser":["79a59df900b949e5"]}"#,
    )
    .unwrap();
    let names: Vec<_> = policy.principals().collect();
    assert_eq!(
        names,
        [
            PrincipalName::Everyone,
            PrincipalName::Account("111122223333".parse().unwrap()),
            PrincipalName::Account("444455556666".parse().unwrap()),
            PrincipalName::Arn("arn:aws:iam::111122223333:user/path/dev"),
            PrincipalName::Arn("arn:aws-cn:iam::111122223333:role/ci"),
            PrincipalName::Arn("arn:aws:sts::111122223333:assumed-role/ci/build@1"),
            PrincipalName::Service("lambda.amazonaws.com"),
            PrincipalName::Federated("accounts.google.com"),
            PrincipalName::CanonicalUser("79a59df900b949e5"),
        ]
    );
    let everyone = repository(r#","NotPrincipal":"*""#).unwrap();
    assert_eq!(everyone.principals().collect::<Vec<_>>(), [PrincipalName::Everyone]);
}

#[test]
fn what_is_no_principal_is_refused() {
    for (principal, reason) in [
        (r#""dev""#, "Invalid principal in policy: \"dev\""),
        (r#""111122223333""#, "Invalid principal"),
        ("{}", "Principal must not be empty"),
        ("null", "A principal must be an object"),
        (r#"["*"]"#, "A principal must be an object"),
        (r#"{"AWS":[]}"#, "AWS must not be empty"),
        (r#"{"AWS":1}"#, "AWS must be a string"),
        (r#"{"aws":"*"}"#, "Invalid principal in policy: \"aws\":\"*\""),
        (r#"{"AWS":"*","AWS":"*"}"#, "duplicate field `AWS`"),
        (r#"{"AWS":""}"#, "Invalid principal"),
        (r#"{"AWS":"1111"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::111122223333:*"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/*"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::111122223333:group/dev"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::*:root"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam:eu-west-1:111122223333:root"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:gcp:iam::111122223333:root"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/ci"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:sts::111122223333:assumed-role/ci/a/b"}"#, "Invalid principal"),
        (r#"{"AWS":"arn:aws:iam::111122223333:user/${aws:username}*"}"#, "Invalid principal"),
        (r#"{"Service":"*"}"#, "Invalid principal"),
        (r#"{"Service":"lambda"}"#, "Invalid principal"),
        (r#"{"Federated":"*"}"#, "Invalid principal"),
    ] {
        for member in ["Principal", "NotPrincipal"] {
            let error = repository(&format!(r#","{member}":{principal}"#)).unwrap_err();
            assert!(error.reason.contains(reason), "{principal}: {error}");
        }
    }
}

#[test]
fn each_kind_has_its_elements() {
    use PolicyKind::{Identity, Registry, Repository};
    let (principal, resource) = (r#","Principal":"*""#, r#","Resource":"*""#);
    let both = format!("{principal}{resource}");
    for (kind, members, reason) in [
        (Identity, resource, None),
        (Identity, &both, Some("should not specify a principal")),
        (Identity, "", Some("Policy statement must contain resources.")),
        (Repository, principal, None),
        (Repository, &both, None),
        (Repository, resource, Some("Missing required field Principal")),
        (Repository, r#","Principal":"*","NotPrincipal":"*""#, Some("exactly one of Principal")),
        (
            Repository,
            r#","Principal":"*","Resource":"*","NotResource":"*""#,
            Some("exactly one of Resource"),
        ),
        (Registry, &both, None),
        (Registry, principal, Some("Missing required field Resource")),
        (Registry, resource, Some("Missing required field Principal")),
    ] {
        match (parse_as(kind, members), reason) {
            (Ok(_), None) => {}
            (Err(error), Some(reason)) => assert!(error.reason.contains(reason), "{error}"),
            (result, _) => panic!("{kind:?} {members}: {result:?}"),
        }
    }
}

#[test]
fn ids_of_statements_are_free_in_resource_policies() {
    let statement =
        r#"{"Sid":"new statement","Effect":"Allow","Principal":"*","Action":"ecr:PutImage"}"#;
    let text = format!(r#"{{"Version":"2008-10-17","Statement":[{statement},{statement}]}}"#);
    let policy = PolicyDocument::parse_as(PolicyKind::Repository, &text).unwrap();
    assert_eq!(policy.statements()[1].sid(), Some("new statement"));
}

#[test]
fn patterns_are_told_as_they_are_written() {
    let policy = PolicyDocument::parse_as(
        PolicyKind::Registry,
        r#"{"Statement":[
            {"Effect":"Allow","Principal":"*","Action":["ecr:Get*","s3:*"],"Resource":"arn:aws:ecr:*"},
            {"Effect":"Deny","Principal":"*","NotAction":"ecr:PutImage","NotResource":["*"]}]}"#,
    )
    .unwrap();
    assert_eq!(policy.action_patterns().collect::<Vec<_>>(), ["ecr:Get*", "s3:*", "ecr:PutImage"]);
    assert_eq!(policy.resource_patterns().collect::<Vec<_>>(), ["arn:aws:ecr:*", "*"]);
    let unnamed = repository(r#","Principal":"*""#).unwrap();
    assert_eq!(unnamed.resource_patterns().count(), 0);
}

#[test]
fn resource_policies_have_their_own_size() {
    let base = r#"{"Statement":[{"Sid":"","Effect":"Allow","Principal":"*","Action":"*"}]}"#;
    let sid = |chars: usize| {
        let text = base.replace(r#""Sid":"""#, &format!(r#""Sid":"{}""#, " ".repeat(chars)));
        PolicyDocument::parse_as(PolicyKind::Repository, &text)
    };
    assert!(sid(RESOURCE_POLICY_CHARS_MAX - base.len()).is_ok());
    let error = sid(RESOURCE_POLICY_CHARS_MAX - base.len() + 1).unwrap_err();
    assert_eq!(error.reason, "Cannot exceed quota for PolicySize: 10240");
}

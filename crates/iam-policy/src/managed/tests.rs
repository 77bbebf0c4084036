//! Tests of AWS's managed policies.

use std::collections::HashSet;

use super::*;
use crate::{ContextKeys, Decision, PolicyDocument, PrincipalFacts, Request, evaluate};

fn decide(policy: &ManagedPolicy, action: &str, keys: &ContextKeys) -> Decision {
    let principal = PrincipalFacts {
        account: "111122223333".parse().unwrap(),
        arn: "arn:aws:iam::111122223333:user/dev".into(),
        role_arn: None,
        service: None,
        federated: None,
    };
    let document = PolicyDocument::parse(policy.document).unwrap();
    evaluate([&document], &Request { action, resource: "*", principal: &principal, keys })
}

#[test]
fn every_policy_parses_and_is_found_by_its_arn() {
    let mut ids = HashSet::new();
    for policy in ALL {
        PolicyDocument::parse(policy.document).unwrap_or_else(|error| {
            panic!("{}: {error}", policy.name);
        });
        assert_eq!(find(policy.arn), Some(policy));
        assert!(policy.path.starts_with('/') && policy.path.ends_with('/'));
        assert_eq!(policy.arn, format!("arn:aws:iam::aws:policy{}{}", policy.path, policy.name));
        assert!(policy.policy_id.starts_with("ANPA") && policy.policy_id.len() == 21);
        assert!(ids.insert(policy.policy_id), "{}", policy.name);
        assert!(policy.version >= 1 && policy.created_at <= policy.updated_at, "{}", policy.name);
        assert!(!policy.description.is_empty() && policy.description.len() <= 1_000);
    }
    assert_eq!(ids.len(), 21);
    assert!(ALL.is_sorted_by_key(|policy| policy.name));
    assert_eq!(find("arn:aws:iam::aws:policy/AmazonS3FullAccess"), None);
    assert_eq!(find("arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy"), None);
    assert_eq!(TASK_EXECUTION_ROLE.path, "/service-role/");
    assert_eq!(FULL_ACCESS.created_at.iso8601(), "2015-12-21T17:06:48Z");
}

#[test]
fn each_allows_what_it_is_for() {
    let policies = [
        FULL_ACCESS,
        POWER_USER,
        READ_ONLY,
        PULL_ONLY,
        PUBLIC_FULL_ACCESS,
        PUBLIC_POWER_USER,
        PUBLIC_READ_ONLY,
        ADMINISTRATOR_ACCESS,
    ];
    for (action, allowed_by) in [
        ("ecr:GetAuthorizationToken", "full power read pull . . . admin"),
        ("ecr:BatchGetImage", "full power read pull . . . admin"),
        ("ecr:GetDownloadUrlForLayer", "full power read pull . . . admin"),
        ("ecr:BatchCheckLayerAvailability", "full power read . . . . admin"),
        ("ecr:DescribeRepositories", "full power read . . . . admin"),
        ("ecr:PutImage", "full power . . . . . admin"),
        ("ecr:CompleteLayerUpload", "full power . . . . . admin"),
        ("ecr:BatchImportUpstreamImage", "full . . pull . . . admin"),
        ("ecr:CreateRepository", "full . . . . . . admin"),
        ("ecr-public:GetAuthorizationToken", ". . . . full power read admin"),
        ("sts:GetServiceBearerToken", ". . . . full power read admin"),
        ("ecr-public:DescribeImageTags", ". . . . full power read admin"),
        ("ecr-public:PutImage", ". . . . full power . admin"),
        ("ecr-public:PutRepositoryCatalogData", ". . . . full . . admin"),
        ("iam:CreateServiceLinkedRole", ". . . . . . . admin"),
        ("iam:CreateUser", ". . . . . . . admin"),
    ] {
        let allowed_by: Vec<&str> = allowed_by.split(' ').collect();
        assert_eq!(allowed_by.len(), policies.len());
        for (policy, allowed) in policies.iter().zip(allowed_by) {
            let decision = decide(policy, action, &ContextKeys::new());
            assert_eq!(decision.is_allowed(), allowed != ".", "{action} by {}", policy.name);
        }
    }
}

#[test]
fn those_of_accounts_and_roles_allow_what_they_are_for() {
    for (policy, allowed, not) in [
        (
            POWER_USER_ACCESS,
            "ecr:PutImage sts:AssumeRole iam:ListRoles",
            "iam:CreateUser iam:GetRole",
        ),
        (
            READ_ONLY_ACCESS,
            "ecr:BatchGetImage ecr:GetDownloadUrlForLayer ecr-public:DescribeImages iam:GetUser \
             kms:ListKeys sts:GetCallerIdentity",
            "ecr:PutImage ecr:CreateRepository ecr-public:PutImage iam:CreateUser kms:Decrypt \
             sts:AssumeRole",
        ),
        (VIEW_ONLY_ACCESS, "ecr:ListImages iam:ListUsers", "ecr:BatchGetImage iam:GetUser"),
        (IAM_FULL_ACCESS, "iam:CreateUser iam:GetUser", "ecr:PutImage"),
        (IAM_READ_ONLY_ACCESS, "iam:GetUser iam:SimulateCustomPolicy", "iam:CreateUser"),
        (TASK_EXECUTION_ROLE, "ecr:BatchGetImage logs:PutLogEvents", "ecr:PutImage"),
        (CONTAINER_INSTANCE_ROLE, "ecr:BatchGetImage ecs:SubmitTaskStateChange", "ecr:PutImage"),
        (SERVICE_ROLE, "ec2:DescribeInstances", "ecr:BatchGetImage"),
        (VOLUMES_ROLE, "ec2:DescribeVolumes", "ec2:DeleteVolume"),
        (ECS_FULL_ACCESS, "ecs:CreateCluster iam:ListRoles", "ecr:BatchGetImage iam:PassRole"),
        (REPLICATION_ROLE, "ecr:ReplicateImage ecr:CreateRepository", "ecr:PutImage"),
        (TEMPLATE_ROLE, "ecr:CreateRepository", "ecr:TagResource"),
        (PULL_THROUGH_CACHE_ROLE, "ecr:PutImage", "ecr:BatchGetImage ecr:DeleteRepository"),
    ] {
        for action in allowed.split_whitespace() {
            let decision = decide(&policy, action, &ContextKeys::new());
            assert!(decision.is_allowed(), "{action} by {}", policy.name);
        }
        for action in not.split_whitespace() {
            let decision = decide(&policy, action, &ContextKeys::new());
            assert!(!decision.is_allowed(), "{action} by {}", policy.name);
        }
        assert_eq!(
            policy.is_for_service_linked_roles(),
            policy.arn.contains("/aws-service-role/"),
            "{}",
            policy.name
        );
    }
}

#[test]
fn full_access_may_make_the_role_of_replication_only() {
    for (service, allowed) in
        [("replication.ecr.amazonaws.com", true), ("ecs.amazonaws.com", false)]
    {
        let mut keys = ContextKeys::new();
        keys.insert("iam:AWSServiceName", service);
        let decision = decide(&FULL_ACCESS, "iam:CreateServiceLinkedRole", &keys);
        assert_eq!(decision.is_allowed(), allowed, "{service}");
    }
}

//! AWS's managed policies for ECR and ECR Public, as they come with every account, and the one for
//! administrators.

/// A policy that AWS defines and anyone may attach.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ManagedPolicy {
    /// Its name, such as `AmazonEC2ContainerRegistryReadOnly`.
    pub name: &'static str,
    /// Its ARN, which names the account `aws`.
    pub arn: &'static str,
    /// Its document, JSON.
    pub document: &'static str,
}

/// The managed policy with this ARN.
pub fn find(arn: &str) -> Option<&'static ManagedPolicy> {
    ALL.iter().find(|policy| policy.arn == arn)
}

macro_rules! managed {
    ($name:literal, $document:literal) => {
        ManagedPolicy {
            name: $name,
            arn: concat!("arn:aws:iam::aws:policy/", $name),
            document: $document,
        }
    };
}

/// Every managed policy known here.
pub static ALL: &[ManagedPolicy] = &[
    FULL_ACCESS,
    POWER_USER,
    READ_ONLY,
    PULL_ONLY,
    PUBLIC_FULL_ACCESS,
    PUBLIC_POWER_USER,
    PUBLIC_READ_ONLY,
    ADMINISTRATOR_ACCESS,
];

/// Everything in ECR, and the role that replication has in AWS.
pub const FULL_ACCESS: ManagedPolicy = managed!(
    "AmazonEC2ContainerRegistryFullAccess",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecr:*", "cloudtrail:LookupEvents"],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": ["iam:CreateServiceLinkedRole"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "iam:AWSServiceName": ["replication.ecr.amazonaws.com"]
                }
            }
        }
    ]
}"#
);

/// Reading, and pushing to repositories that exist.
pub const POWER_USER: ManagedPolicy = managed!(
    "AmazonEC2ContainerRegistryPowerUser",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecr:DescribeImages",
                "ecr:BatchGetImage",
                "ecr:GetLifecyclePolicy",
                "ecr:GetLifecyclePolicyPreview",
                "ecr:ListTagsForResource",
                "ecr:DescribeImageScanFindings",
                "ecr:InitiateLayerUpload",
                "ecr:UploadLayerPart",
                "ecr:CompleteLayerUpload",
                "ecr:PutImage"
            ],
            "Resource": "*"
        }
    ]
}"#
);

/// Reading.
pub const READ_ONLY: ManagedPolicy = managed!(
    "AmazonEC2ContainerRegistryReadOnly",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetRepositoryPolicy",
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "ecr:DescribeImages",
                "ecr:BatchGetImage",
                "ecr:GetLifecyclePolicy",
                "ecr:GetLifecyclePolicyPreview",
                "ecr:ListTagsForResource",
                "ecr:DescribeImageScanFindings"
            ],
            "Resource": "*"
        }
    ]
}"#
);

/// Pulling, and nothing that a pull does not need: not even `HEAD` of a blob.
pub const PULL_ONLY: ManagedPolicy = managed!(
    "AmazonEC2ContainerRegistryPullOnly",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:BatchImportUpstreamImage"
            ],
            "Resource": "*"
        }
    ]
}"#
);

/// Everything in ECR Public.
pub const PUBLIC_FULL_ACCESS: ManagedPolicy = managed!(
    "AmazonElasticContainerRegistryPublicFullAccess",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecr-public:*", "sts:GetServiceBearerToken"],
            "Resource": "*"
        }
    ]
}"#
);

/// Reading ECR Public, and pushing to repositories that exist.
pub const PUBLIC_POWER_USER: ManagedPolicy = managed!(
    "AmazonElasticContainerRegistryPublicPowerUser",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr-public:GetAuthorizationToken",
                "sts:GetServiceBearerToken",
                "ecr-public:BatchCheckLayerAvailability",
                "ecr-public:GetRepositoryPolicy",
                "ecr-public:DescribeRepositories",
                "ecr-public:DescribeRegistries",
                "ecr-public:DescribeImages",
                "ecr-public:DescribeImageTags",
                "ecr-public:GetRepositoryCatalogData",
                "ecr-public:GetRegistryCatalogData",
                "ecr-public:InitiateLayerUpload",
                "ecr-public:UploadLayerPart",
                "ecr-public:CompleteLayerUpload",
                "ecr-public:PutImage"
            ],
            "Resource": "*"
        }
    ]
}"#
);

/// Reading ECR Public.
pub const PUBLIC_READ_ONLY: ManagedPolicy = managed!(
    "AmazonElasticContainerRegistryPublicReadOnly",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr-public:GetAuthorizationToken",
                "sts:GetServiceBearerToken",
                "ecr-public:BatchCheckLayerAvailability",
                "ecr-public:GetRepositoryPolicy",
                "ecr-public:DescribeRepositories",
                "ecr-public:DescribeRegistries",
                "ecr-public:DescribeImages",
                "ecr-public:DescribeImageTags",
                "ecr-public:GetRepositoryCatalogData",
                "ecr-public:GetRegistryCatalogData"
            ],
            "Resource": "*"
        }
    ]
}"#
);

/// Everything.
pub const ADMINISTRATOR_ACCESS: ManagedPolicy = managed!(
    "AdministratorAccess",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}"#
);

#[cfg(test)]
mod tests {
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
    fn every_document_parses_and_is_found_by_its_arn() {
        for policy in ALL {
            PolicyDocument::parse(policy.document).unwrap();
            assert_eq!(find(policy.arn), Some(policy));
            assert!(policy.arn.ends_with(&format!(":policy/{}", policy.name)));
        }
        assert_eq!(find("arn:aws:iam::aws:policy/IAMFullAccess"), None);
    }

    #[test]
    fn each_allows_what_it_is_for() {
        // In the order of `ALL`.
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
            assert_eq!(allowed_by.len(), ALL.len());
            for (policy, allowed) in ALL.iter().zip(allowed_by) {
                let decision = decide(policy, action, &ContextKeys::new());
                assert_eq!(decision.is_allowed(), allowed != ".", "{action} by {}", policy.name);
            }
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
}

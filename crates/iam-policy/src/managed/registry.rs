//! ECR's policies, and those of the roles that it has in AWS.

use wharfinger_core::Timestamp;

use super::ManagedPolicy;

/// Everything in ECR, and the role that replication has in AWS.
pub const FULL_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonEC2ContainerRegistryFullAccess",
    policy_id: "ANPAIESRL7KD7IIVF6V4W",
    version: 3,
    description: "Provides administrative access to Amazon ECR resources",
    created_at: Timestamp::from_seconds(1_450_717_608),
    updated_at: Timestamp::from_seconds(1_607_126_659),
    document: r#"{
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
}"#,
};

/// Reading, and pushing to repositories that exist.
pub const POWER_USER: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonEC2ContainerRegistryPowerUser",
    policy_id: "ANPAJDNE5PIHROIBGGDDW",
    version: 3,
    description: "Provides full access to Amazon EC2 Container Registry repositories, but does not \
                  allow repository deletion or policy changes.",
    created_at: Timestamp::from_seconds(1_450_717_533),
    updated_at: Timestamp::from_seconds(1_576_010_901),
    document: r#"{
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
}"#,
};

/// Reading.
pub const READ_ONLY: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonEC2ContainerRegistryReadOnly",
    policy_id: "ANPAIFYZPA37OOHVIH7KQ",
    version: 3,
    description: "Provides read-only access to Amazon EC2 Container Registry repositories.",
    created_at: Timestamp::from_seconds(1_450_717_455),
    updated_at: Timestamp::from_seconds(1_576_011_382),
    document: r#"{
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
}"#,
};

/// Pulling, and nothing that a pull does not need: not even `HEAD` of a blob.
pub const PULL_ONLY: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonEC2ContainerRegistryPullOnly",
    policy_id: "ANPAWHARFINGERAAAAAAB",
    version: 1,
    description: "Provides pull access to Amazon EC2 Container Registry repositories.",
    created_at: Timestamp::from_seconds(1_728_061_129),
    updated_at: Timestamp::from_seconds(1_728_061_129),
    document: r#"{
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
}"#,
};

/// What ECR's replication does in AWS: its service-linked role has this.
pub const REPLICATION_ROLE: ManagedPolicy = managed! {
    path: "/aws-service-role/",
    name: "ECRReplicationServiceRolePolicy",
    policy_id: "ANPAWHARFINGERAAAAAAC",
    version: 1,
    description: "Allows access to AWS Services and Resources used or managed by ECR Replication",
    created_at: Timestamp::from_seconds(1_607_119_888),
    updated_at: Timestamp::from_seconds(1_607_119_888),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecr:CreateRepository", "ecr:ReplicateImage"],
            "Resource": "*"
        }
    ]
}"#,
};

/// What creation templates do in AWS: their service-linked role has this.
pub const TEMPLATE_ROLE: ManagedPolicy = managed! {
    path: "/aws-service-role/",
    name: "ECRTemplateServiceRolePolicy",
    policy_id: "ANPAWHARFINGERAAAAAAD",
    version: 1,
    description: "Allows access to AWS services and resources used or managed by ECR repository \
                  creation templates",
    created_at: Timestamp::from_seconds(1_718_838_697),
    updated_at: Timestamp::from_seconds(1_718_838_697),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "CreateRepositoryWithTemplate",
            "Effect": "Allow",
            "Action": ["ecr:CreateRepository"],
            "Resource": "*"
        }
    ]
}"#,
};

/// What pull through cache does in AWS: its service-linked role has this.
pub const PULL_THROUGH_CACHE_ROLE: ManagedPolicy = managed! {
    path: "/aws-service-role/",
    name: "AWSECRPullThroughCache_ServiceRolePolicy",
    policy_id: "ANPAWHARFINGERAAAAAAE",
    version: 4,
    description: "Allows access to AWS services and resources used or managed by ECR Pull Through \
                  Cache",
    created_at: Timestamp::from_seconds(1_637_963_498),
    updated_at: Timestamp::from_seconds(1_777_593_600),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "ECR",
            "Effect": "Allow",
            "Action": [
                "ecr:GetAuthorizationToken",
                "ecr:BatchCheckLayerAvailability",
                "ecr:InitiateLayerUpload",
                "ecr:UploadLayerPart",
                "ecr:CompleteLayerUpload",
                "ecr:PutImage"
            ],
            "Resource": "*"
        },
        {
            "Sid": "ECRUpstream",
            "Effect": "Allow",
            "Action": [
                "ecr:BatchGetImage",
                "ecr:BatchImportUpstreamImage",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetImageCopyStatus"
            ],
            "Resource": "*",
            "Condition": {
                "StringEquals": {
                    "aws:ResourceAccount": "${aws:PrincipalAccount}"
                }
            }
        },
        {
            "Sid": "SecretsManager",
            "Effect": "Allow",
            "Action": ["secretsmanager:GetSecretValue"],
            "Resource": "arn:aws:secretsmanager:*:*:secret:ecr-pullthroughcache/*",
            "Condition": {
                "StringEquals": {
                    "aws:ResourceAccount": "${aws:PrincipalAccount}"
                }
            }
        }
    ]
}"#,
};

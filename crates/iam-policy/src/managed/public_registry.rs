//! ECR Public's policies.

use wharfinger_core::Timestamp;

use super::ManagedPolicy;

/// Everything in ECR Public.
pub const PUBLIC_FULL_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonElasticContainerRegistryPublicFullAccess",
    policy_id: "ANPAWHARFINGERAAAAAAF",
    version: 1,
    description: "Provides administrative access to Amazon ECR Public resources",
    created_at: Timestamp::from_seconds(1_606_843_552),
    updated_at: Timestamp::from_seconds(1_606_843_552),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecr-public:*", "sts:GetServiceBearerToken"],
            "Resource": "*"
        }
    ]
}"#,
};

/// Reading ECR Public, and pushing to repositories that exist.
pub const PUBLIC_POWER_USER: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonElasticContainerRegistryPublicPowerUser",
    policy_id: "ANPAWHARFINGERAAAAAAG",
    version: 1,
    description: "Provides full access to Amazon ECR Public repositories, but does not allow \
                  repository deletion or policy changes.",
    created_at: Timestamp::from_seconds(1_606_839_414),
    updated_at: Timestamp::from_seconds(1_606_839_414),
    document: r#"{
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
}"#,
};

/// Reading ECR Public.
pub const PUBLIC_READ_ONLY: ManagedPolicy = managed! {
    path: "/",
    name: "AmazonElasticContainerRegistryPublicReadOnly",
    policy_id: "ANPAWHARFINGERAAAAAAH",
    version: 1,
    description: "Provides read-only access to Amazon ECR Public repositories.",
    created_at: Timestamp::from_seconds(1_606_843_624),
    updated_at: Timestamp::from_seconds(1_606_843_624),
    document: r#"{
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
}"#,
};

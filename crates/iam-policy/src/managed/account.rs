//! Policies about all of an account, or IAM in it.

use wharfinger_core::Timestamp;

use super::ManagedPolicy;

/// Everything.
pub const ADMINISTRATOR_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "AdministratorAccess",
    policy_id: "ANPAIWMBCKSKIEE64ZLYK",
    version: 1,
    description: "Provides full access to AWS services and resources.",
    created_at: Timestamp::from_seconds(1_423_247_986),
    updated_at: Timestamp::from_seconds(1_423_247_986),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "*",
            "Resource": "*"
        }
    ]
}"#,
};

/// Everything but IAM.
pub const POWER_USER_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "PowerUserAccess",
    policy_id: "ANPAJYRXTHIB4FOVS3ZXS",
    version: 12,
    description: "Provides full access to AWS services and resources, but does not allow management \
                  of Users and groups.",
    created_at: Timestamp::from_seconds(1_423_247_987),
    updated_at: Timestamp::from_seconds(1_770_919_154),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "NotAction": ["iam:*", "organizations:*", "account:*"],
            "Resource": "*"
        },
        {
            "Effect": "Allow",
            "Action": [
                "account:GetAccountInformation",
                "account:GetGovCloudAccountInformation",
                "account:GetPrimaryEmail",
                "account:ListRegions",
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeEffectivePolicy",
                "organizations:DescribeOrganization"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// Reading. AWS's lists hundreds of services; this one those there are here.
pub const READ_ONLY_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "ReadOnlyAccess",
    policy_id: "ANPAILL3HVNFSB6DCOWYQ",
    version: 1,
    description: "Provides read-only access to AWS services and resources. Of the services that AWS \
                  lists here, only those of this installation are: ecr, ecr-public, iam, kms and \
                  sts.",
    created_at: Timestamp::from_seconds(1_423_247_988),
    updated_at: Timestamp::from_seconds(1_423_247_988),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr-public:BatchCheck*",
                "ecr-public:Describe*",
                "ecr-public:Get*",
                "ecr-public:List*",
                "ecr:BatchCheck*",
                "ecr:BatchGet*",
                "ecr:Describe*",
                "ecr:Get*",
                "ecr:List*",
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "iam:Simulate*",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// Seeing what there is, and not what is in it. AWS's lists more services, as above.
pub const VIEW_ONLY_ACCESS: ManagedPolicy = managed! {
    path: "/job-function/",
    name: "ViewOnlyAccess",
    policy_id: "ANPAID22R6XPJATWOFDK6",
    version: 1,
    description: "This policy grants permissions to view resources and basic metadata across all AWS \
                  services. Of the services that AWS lists here, only those of this installation \
                  are: ecr, iam and kms.",
    created_at: Timestamp::from_seconds(1_478_798_415),
    updated_at: Timestamp::from_seconds(1_478_798_415),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "ecr:DescribeRepositories",
                "ecr:ListImages",
                "iam:GetAccountSummary",
                "iam:List*",
                "kms:ListAliases",
                "kms:ListKeys"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// Everything in IAM.
pub const IAM_FULL_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "IAMFullAccess",
    policy_id: "ANPAI7XKCFMBPM3QQRRVQ",
    version: 2,
    description: "Provides full access to IAM via the AWS Management Console.",
    created_at: Timestamp::from_seconds(1_423_248_038),
    updated_at: Timestamp::from_seconds(1_561_146_000),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:*",
                "organizations:DescribeAccount",
                "organizations:DescribeOrganization",
                "organizations:DescribeOrganizationalUnit",
                "organizations:DescribePolicy",
                "organizations:ListChildren",
                "organizations:ListParents",
                "organizations:ListPoliciesForTarget",
                "organizations:ListRoots",
                "organizations:ListPolicies",
                "organizations:ListTargetsForPolicy"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

/// Reading IAM.
pub const IAM_READ_ONLY_ACCESS: ManagedPolicy = managed! {
    path: "/",
    name: "IAMReadOnlyAccess",
    policy_id: "ANPAJKSO7NDY4T57MWDSQ",
    version: 4,
    description: "Provides read only access to IAM via the AWS Management Console.",
    created_at: Timestamp::from_seconds(1_423_248_039),
    updated_at: Timestamp::from_seconds(1_516_907_487),
    document: r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": [
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy"
            ],
            "Resource": "*"
        }
    ]
}"#,
};

//! AWS's managed policies for ECR, as they come with every account.

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
pub static ALL: &[ManagedPolicy] = &[FULL_ACCESS, POWER_USER, READ_ONLY, PULL_ONLY];

/// Everything in ECR.
///
/// AWS's document has one statement more, which allows `iam:CreateServiceLinkedRole` on the
/// condition that the role is that of ECR replication. Conditions are not evaluated by this
/// version and there are no service-linked roles to create, so that statement is left out.
pub const FULL_ACCESS: ManagedPolicy = managed!(
    "AmazonEC2ContainerRegistryFullAccess",
    r#"{
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["ecr:*", "cloudtrail:LookupEvents"],
            "Resource": "*"
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PolicyDocument, evaluate};

    #[test]
    fn every_document_parses_and_is_found_by_its_arn() {
        for policy in ALL {
            PolicyDocument::parse(policy.document).unwrap();
            assert_eq!(find(policy.arn), Some(policy));
            assert!(policy.arn.ends_with(&format!(":policy/{}", policy.name)));
        }
        assert_eq!(find("arn:aws:iam::aws:policy/AdministratorAccess"), None);
    }

    #[test]
    fn each_allows_what_it_is_for() {
        for (action, allowed_by) in [
            ("ecr:GetAuthorizationToken", [true, true, true, true]),
            ("ecr:BatchGetImage", [true, true, true, true]),
            ("ecr:GetDownloadUrlForLayer", [true, true, true, true]),
            ("ecr:BatchCheckLayerAvailability", [true, true, true, false]),
            ("ecr:DescribeRepositories", [true, true, true, false]),
            ("ecr:PutImage", [true, true, false, false]),
            ("ecr:CompleteLayerUpload", [true, true, false, false]),
            ("ecr:BatchImportUpstreamImage", [true, false, false, true]),
            ("ecr:CreateRepository", [true, false, false, false]),
            ("iam:CreateUser", [false, false, false, false]),
        ] {
            for (policy, allowed) in ALL.iter().zip(allowed_by) {
                let document = PolicyDocument::parse(policy.document).unwrap();
                let decision = evaluate([&document], action, "*");
                assert_eq!(decision.is_allowed(), allowed, "{action} by {}", policy.name);
            }
        }
    }
}

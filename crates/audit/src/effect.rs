//! Which operations change something: the table behind `readOnly`, and behind what waits for its
//! record to be on disk.

/// What an operation does to the state of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It changes nothing. It is recorded without waiting.
    Reads,
    /// It changes nothing that others see, but hands out temporary credentials: `readOnly`, as in
    /// CloudTrail, yet answered only when its record is on disk.
    Issues,
    /// It is a step towards something: what it did counts when the call comes that completes it. It
    /// is recorded before that, in order, and answered without waiting for its record to be on disk.
    Prepares,
    /// It changes something.
    Writes,
}

impl Effect {
    /// `readOnly` of CloudTrail.
    pub fn is_read_only(self) -> bool {
        matches!(self, Self::Reads | Self::Issues)
    }

    /// Whether it is not done where it cannot be recorded.
    pub fn must_be_recorded(self) -> bool {
        self != Self::Reads
    }

    /// Whether the answer waits for the record to be on disk.
    pub fn is_durable(self) -> bool {
        matches!(self, Self::Issues | Self::Writes)
    }
}

/// The operations, of ECR and ECR Public, that come before a `CompleteLayerUpload`.
const ECR_PREPARES: [&str; 2] = ["InitiateLayerUpload", "UploadLayerPart"];

/// The operations of ECR that read.
const ECR_READS: [&str; 27] = [
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "BatchGetRepositoryScanningConfiguration",
    "DescribeImageReplicationStatus",
    "DescribeImageScanFindings",
    "DescribeImageSigningStatus",
    "DescribeImages",
    "DescribePullThroughCacheRules",
    "DescribeRegistry",
    "DescribeReplicationBackfillResults",
    "DescribeRepositories",
    "DescribeRepositoryCreationTemplates",
    "GetAccountSetting",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "GetLifecyclePolicy",
    "GetLifecyclePolicyPreview",
    "GetRegistryPolicy",
    "GetRegistryScanningConfiguration",
    "GetRepositoryPolicy",
    "GetSigningConfiguration",
    "ListImageReferrers",
    "ListImages",
    "ListPullTimeUpdateExclusions",
    "ListReplicationBackfills",
    "ListTagsForResource",
    "ValidatePullThroughCacheRule",
];

/// The operations of ECR Public that read.
const ECR_PUBLIC_READS: [&str; 10] = [
    "BatchCheckLayerAvailability",
    "DescribeImageTags",
    "DescribeImages",
    "DescribeRegistries",
    "DescribeRepositories",
    "GetAuthorizationToken",
    "GetRegistryCatalogData",
    "GetRepositoryCatalogData",
    "GetRepositoryPolicy",
    "ListTagsForResource",
];

/// The operations of IAM that read.
const IAM_READS: [&str; 69] = [
    "GetAccessKeyLastUsed",
    "GetAccountAuthorizationDetails",
    "GetAccountPasswordPolicy",
    "GetAccountProperties",
    "GetAccountSummary",
    "GetContextKeysForCustomPolicy",
    "GetContextKeysForPrincipalPolicy",
    "GetCredentialReport",
    "GetDelegationRequest",
    "GetGroup",
    "GetGroupPolicy",
    "GetHumanReadableSummary",
    "GetInstanceProfile",
    "GetLoginProfile",
    "GetMFADevice",
    "GetOpenIDConnectProvider",
    "GetOrganizationsAccessReport",
    "GetOutboundWebIdentityFederationInfo",
    "GetPolicy",
    "GetPolicyVersion",
    "GetRole",
    "GetRolePolicy",
    "GetRoleTemplateVersion",
    "GetSAMLProvider",
    "GetSSHPublicKey",
    "GetServerCertificate",
    "GetServiceLastAccessedDetails",
    "GetServiceLastAccessedDetailsWithEntities",
    "GetServiceLinkedRoleDeletionStatus",
    "GetUser",
    "GetUserPolicy",
    "ListAccessKeys",
    "ListAccountAliases",
    "ListAttachedGroupPolicies",
    "ListAttachedRolePolicies",
    "ListAttachedUserPolicies",
    "ListDelegationRequests",
    "ListEntitiesForPolicy",
    "ListGroupPolicies",
    "ListGroups",
    "ListGroupsForUser",
    "ListInstanceProfileTags",
    "ListInstanceProfiles",
    "ListInstanceProfilesForRole",
    "ListMFADeviceTags",
    "ListMFADevices",
    "ListOpenIDConnectProviderTags",
    "ListOpenIDConnectProviders",
    "ListOrganizationsFeatures",
    "ListPolicies",
    "ListPoliciesGrantingServiceAccess",
    "ListPolicyTags",
    "ListPolicyVersions",
    "ListRolePolicies",
    "ListRoleTags",
    "ListRoles",
    "ListSAMLProviderTags",
    "ListSAMLProviders",
    "ListSSHPublicKeys",
    "ListServerCertificateTags",
    "ListServerCertificates",
    "ListServiceSpecificCredentials",
    "ListSigningCertificates",
    "ListUserPolicies",
    "ListUserTags",
    "ListUsers",
    "ListVirtualMFADevices",
    "SimulateCustomPolicy",
    "SimulatePrincipalPolicy",
];

/// The operations of STS that read.
const STS_READS: [&str; 4] =
    ["DecodeAuthorizationMessage", "GetAccessKeyInfo", "GetCallerIdentity", "GetWebIdentityToken"];

/// The operations of STS that hand out temporary credentials.
const STS_ISSUES: [&str; 7] = [
    "AssumeRole",
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetSessionToken",
];

/// What an operation of the service with this event source does. What is in no table counts as a
/// write.
pub fn effect_of(event_source: &str, operation: &str) -> Effect {
    let reads: &[&str] = match event_source {
        "ecr.amazonaws.com" | "ecr-public.amazonaws.com" if ECR_PREPARES.contains(&operation) => {
            return Effect::Prepares;
        }
        "ecr.amazonaws.com" => &ECR_READS,
        "ecr-public.amazonaws.com" => &ECR_PUBLIC_READS,
        "iam.amazonaws.com" => &IAM_READS,
        "sts.amazonaws.com" if STS_ISSUES.contains(&operation) => return Effect::Issues,
        "sts.amazonaws.com" => &STS_READS,
        _ => &[],
    };
    match reads.binary_search(&operation) {
        Ok(_) => Effect::Reads,
        Err(_) => Effect::Writes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order() {
        let tables: [&[&str]; 4] = [&ECR_READS, &ECR_PUBLIC_READS, &IAM_READS, &STS_READS];
        for table in tables {
            assert!(table.is_sorted(), "{table:?}");
        }
    }

    #[test]
    fn what_changes_something_is_no_read() {
        for (source, operation, effect) in [
            ("ecr.amazonaws.com", "GetAuthorizationToken", Effect::Reads),
            ("ecr.amazonaws.com", "UploadLayerPart", Effect::Prepares),
            ("ecr-public.amazonaws.com", "InitiateLayerUpload", Effect::Prepares),
            ("ecr.amazonaws.com", "CompleteLayerUpload", Effect::Writes),
            ("ecr-public.amazonaws.com", "DescribeImageTags", Effect::Reads),
            ("iam.amazonaws.com", "GenerateCredentialReport", Effect::Writes),
            ("iam.amazonaws.com", "SimulatePrincipalPolicy", Effect::Reads),
            ("sts.amazonaws.com", "AssumeRole", Effect::Issues),
            ("sts.amazonaws.com", "GetCallerIdentity", Effect::Reads),
            ("other.amazonaws.com", "GetThing", Effect::Writes),
        ] {
            assert_eq!(effect_of(source, operation), effect, "{source} {operation}");
        }
    }
}

//! What each operation does here: acts, only stores, or is not there yet.

use wharfinger_aws_model::{ecr, ecr_public, iam, sts};

/// What an operation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All that it does on AWS.
    Acts,
    /// It keeps, validates and answers; what should act on it is not there yet, and the operations
    /// that tell a status say so.
    Stores {
        /// What does not act yet, such as `signing`.
        without: &'static str,
    },
    /// Not yet: it validates its input and then answers that it is not implemented.
    NotImplemented {
        /// What it belongs to, such as `credentials that nothing here takes`.
        area: &'static str,
    },
}

impl Status {
    /// Whether the operation is carried out.
    pub fn is_implemented(self) -> bool {
        !matches!(self, Self::NotImplemented { .. })
    }
}

const CACHE: Status = Status::Stores { without: "fetching from upstream registries" };
const ELSEWHERE: Status = Status::NotImplemented { area: "credentials that nothing here takes" };
const REPLICATION: Status = Status::Stores { without: "replicating" };
const SIGNING: Status = Status::Stores { without: "signing" };

/// What an operation of ECR does.
pub const fn status(operation: ecr::Operation) -> Status {
    use wharfinger_aws_model::ecr::Operation as Op;
    match operation {
        Op::BatchCheckLayerAvailability
        | Op::BatchDeleteImage
        | Op::BatchGetImage
        | Op::BatchGetRepositoryScanningConfiguration
        | Op::CompleteLayerUpload
        | Op::CreateRepository
        | Op::CreateRepositoryCreationTemplate
        | Op::DeleteLifecyclePolicy
        | Op::DeleteRegistryPolicy
        | Op::DeleteRepository
        | Op::DeleteRepositoryCreationTemplate
        | Op::DeleteRepositoryPolicy
        | Op::DeregisterPullTimeUpdateExclusion
        | Op::DescribeImageScanFindings
        | Op::DescribeImages
        | Op::DescribeRegistry
        | Op::DescribeRepositories
        | Op::DescribeRepositoryCreationTemplates
        | Op::GetAccountSetting
        | Op::GetAuthorizationToken
        | Op::GetDownloadUrlForLayer
        | Op::GetLifecyclePolicy
        | Op::GetLifecyclePolicyPreview
        | Op::GetRegistryPolicy
        | Op::GetRegistryScanningConfiguration
        | Op::GetRepositoryPolicy
        | Op::InitiateLayerUpload
        | Op::ListImageReferrers
        | Op::ListImages
        | Op::ListPullTimeUpdateExclusions
        | Op::ListTagsForResource
        | Op::PutAccountSetting
        | Op::PutImage
        | Op::PutImageScanningConfiguration
        | Op::PutImageTagMutability
        | Op::PutLifecyclePolicy
        | Op::PutRegistryPolicy
        | Op::PutRegistryScanningConfiguration
        | Op::RegisterPullTimeUpdateExclusion
        | Op::SetRepositoryPolicy
        | Op::StartImageScan
        | Op::StartLifecyclePolicyPreview
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateImageStorageClass
        | Op::UpdateRepositoryCreationTemplate
        | Op::UploadLayerPart => Status::Acts,
        Op::DescribeImageReplicationStatus
        | Op::DescribeReplicationBackfillResults
        | Op::ListReplicationBackfills
        | Op::PutReplicationConfiguration
        | Op::StartReplicationBackfill
        | Op::StopReplicationBackfill => REPLICATION,
        Op::CreatePullThroughCacheRule
        | Op::DeletePullThroughCacheRule
        | Op::DescribePullThroughCacheRules
        | Op::UpdatePullThroughCacheRule
        | Op::ValidatePullThroughCacheRule => CACHE,
        Op::DeleteSigningConfiguration
        | Op::DescribeImageSigningStatus
        | Op::GetSigningConfiguration
        | Op::PutSigningConfiguration => SIGNING,
    }
}

/// What an operation of ECR Public does.
pub const fn public_status(operation: ecr_public::Operation) -> Status {
    use wharfinger_aws_model::ecr_public::Operation as Op;
    match operation {
        Op::BatchCheckLayerAvailability
        | Op::BatchDeleteImage
        | Op::CompleteLayerUpload
        | Op::CreateRepository
        | Op::DeleteRepository
        | Op::DeleteRepositoryPolicy
        | Op::DescribeImageTags
        | Op::DescribeImages
        | Op::DescribeRegistries
        | Op::DescribeRepositories
        | Op::GetAuthorizationToken
        | Op::GetRegistryCatalogData
        | Op::GetRepositoryCatalogData
        | Op::GetRepositoryPolicy
        | Op::InitiateLayerUpload
        | Op::ListTagsForResource
        | Op::PutImage
        | Op::PutRegistryCatalogData
        | Op::PutRepositoryCatalogData
        | Op::SetRepositoryPolicy
        | Op::TagResource
        | Op::UntagResource
        | Op::UploadLayerPart => Status::Acts,
    }
}

/// What an operation of STS does.
pub const fn sts_status(operation: sts::Operation) -> Status {
    use wharfinger_aws_model::sts::Operation as Op;
    match operation {
        Op::AssumeRole
        | Op::AssumeRoleWithWebIdentity
        | Op::DecodeAuthorizationMessage
        | Op::GetAccessKeyInfo
        | Op::GetCallerIdentity
        | Op::GetFederationToken
        | Op::GetSessionToken => Status::Acts,
        Op::AssumeRoleWithSAML
        | Op::AssumeRoot
        | Op::GetDelegatedAccessToken
        | Op::GetWebIdentityToken => ELSEWHERE,
    }
}

/// What an operation of IAM does.
pub fn iam_status(operation: iam::Operation) -> Status {
    match crate::iam::acts(operation) {
        true => Status::Acts,
        false => ELSEWHERE,
    }
}

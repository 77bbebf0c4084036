//! What of the AWS APIs is implemented, and where answers differ from AWS's: the facts behind
//! `docs/compatibility.md`. A test drives every operation and proves that [`status`] is true.

use std::fmt::Write;

use wharfinger_aws_model::{ecr, ecr_public, sts};

/// Whether an operation is implemented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is.
    Implemented,
    /// Not yet: it validates its input and then answers that it is not.
    NotImplemented {
        /// The part of the registry that will bring it, such as `lifecycle policies`.
        area: &'static str,
    },
}

/// A place where an answer differs from AWS's on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The operation or member, such as `BatchGetImage acceptedMediaTypes`.
    pub place: &'static str,
    /// What AWS does.
    pub aws: &'static str,
    /// What this registry does, and why.
    pub here: &'static str,
}

/// The deviations of the AWS APIs. Those of `/v2` are listed by the edge that speaks it.
pub const DEVIATIONS: &[Deviation] = &[
    Deviation {
        place: "Operations not implemented yet",
        aws: "Carries them out.",
        here: "Authenticates, validates the input, and answers `ValidationException` (where the \
               model lists it, else `InvalidParameterException`; `InvalidAction` for STS), status \
               400, with a message that says so.",
    },
    Deviation {
        place: "Signatures with a session token",
        aws: "Come from roles and sessions.",
        here: "`UnrecognizedClientException` (STS: `InvalidClientTokenId`): nothing here issues \
               session tokens yet.",
    },
    Deviation {
        place: "`imageTag`",
        aws: "1 to 300 characters of `[a-zA-Z0-9-_.]`.",
        here: "The OCI grammar: at most 128 characters, not starting with `.` or `-`. No client \
               could pull any other tag.",
    },
    Deviation {
        place: "`imageDigest`, `layerDigest`, `layerDigests`",
        aws: "Any algorithm, hex in either case; only sha256 ever matches.",
        here: "`sha256:` or `sha512:` in lower case; anything else is `InvalidParameterException` \
               or, in batches, a failure of that element.",
    },
    Deviation {
        place: "`CreateRepository` `encryptionConfiguration`",
        aws: "`KMS` and `KMS_DSSE` use a KMS key.",
        here: "`KmsException`: there is no key service yet. `AES256` encrypts with the registry's \
               own key ring.",
    },
    Deviation {
        place: "`PutImage` of an OCI artifact without layers",
        aws: "`Image has to have at least 1 layer`.",
        here: "Stored: only container images need a layer.",
    },
    Deviation {
        place: "`BatchGetImage` `acceptedMediaTypes`",
        aws: "May translate an image that is asked for by tag into an accepted type.",
        here: "Answers the image as it was pushed, byte for byte.",
    },
    Deviation {
        place: "`BatchGetImage` of very large manifests",
        aws: "Names no limit for all manifests together.",
        here: "`InvalidParameterException` at `imageIds` above 16 MiB together: memory has a bound.",
    },
    Deviation {
        place: "`DescribeImages` of images with very many tags",
        aws: "Fills a page up to `maxResults`.",
        here: "A page ends early at 10,000 tags, with a token for the rest.",
    },
    Deviation {
        place: "`BatchCheckLayerAvailability` `mediaType`",
        aws: "Names the media type of an available layer.",
        here: "Absent: a layer has no type of its own until a manifest names one.",
    },
    Deviation {
        place: "`ListImages`, `DescribeImages` `filter.imageStatus`",
        aws: "Shows archived images.",
        here: "Every image is `ACTIVE`; `ARCHIVED` and `ACTIVATING` show none.",
    },
    Deviation {
        place: "`DescribeImages` members",
        aws: "Reports scans and the time of the last pull.",
        here: "`imageScanStatus`, `imageScanFindingsSummary` and `lastRecordedPullTime` are \
               absent until scanning and pull times are recorded.",
    },
    Deviation {
        place: "`DescribeRepositories`, `DescribeImages` with names and pagination",
        aws: "Documents that the two cannot be used together.",
        here: "`InvalidParameterException` at `nextToken` or `maxResults`.",
    },
    Deviation {
        place: "`GetDownloadUrlForLayer`",
        aws: "A URL of S3, presigned by ECR.",
        here: "A URL of this server, presigned with the caller's key; it stops working with the \
               key. Its query names the registry of another account.",
    },
    Deviation {
        place: "`SetRepositoryPolicy`, `PutRegistryPolicy` `policyText`",
        aws: "Answered in a form of AWS's own.",
        here: "Answered as it was sent.",
    },
    Deviation {
        place: "`SetRepositoryPolicy`, `PutRegistryPolicy` principals",
        aws: "Refuses all that do not exist, and follows each by its unique id.",
        here: "Refuses users who do not exist in an account of this installation; roles and \
               principals of other accounts are taken as they are. A user is who bears the ARN, \
               also one that is deleted and made again.",
    },
    Deviation {
        place: "`SetRepositoryPolicy` `force`",
        aws: "Without it, refuses a policy that locks the caller out, in words not documented.",
        here: "`InvalidParameterException` at `PolicyText` that names the flag.",
    },
    Deviation {
        place: "Policies of repository and registry: set, put, read, deleted by the account's root",
        aws: "Denied if the policy denies it.",
        here: "Never denied: no policy can lock everyone out for good.",
    },
    Deviation {
        place: "`PutAccountSetting`",
        aws: "`REGISTRY_POLICY_SCOPE` takes `V2`; `BASIC_SCAN_TYPE_VERSION` no longer takes `CLAIR`.",
        here: "`REGISTRY_POLICY_SCOPE` takes `V1` as well, as in accounts from before `V2`; `CLAIR` \
               is `ValidationException`.",
    },
    Deviation {
        place: "`GetAccountSetting` `BLOB_MOUNTING`",
        aws: "Does not document what an account has that never set it.",
        here: "`DISABLED`.",
    },
    Deviation {
        place: "`DescribeImageSigningStatus`",
        aws: "Has AWS Signer sign what is pushed.",
        here: "`FAILED` with failure code `SigningNotAvailable` for each profile whose rule matches: \
               no image is signed here. Clients may push signatures of their own.",
    },
    Deviation {
        place: "Layers whose stored bytes are damaged",
        aws: "Does not happen.",
        here: "`UNAVAILABLE` and `LayersNotFoundException`, so that clients push them again, \
               which heals them.",
    },
    Deviation {
        place: "ECR Public unconfigured, or outside us-east-1",
        aws: "`UnsupportedCommandException` in other regions.",
        here: "`UnsupportedCommandException`, with a message that names the setting or the region.",
    },
    Deviation {
        place: "ECR Public `DescribeRegistries`",
        aws: "Verified registries, custom aliases.",
        here: "One default alias for each account: random, `ACTIVE`, never changed; `verified` is \
               `false`.",
    },
    Deviation {
        place: "ECR Public `PutRepositoryCatalogData` `logoImageBlob`",
        aws: "Not documented for a call without it.",
        here: "Without it the logo stays, with no bytes it goes; all other members are replaced. \
               Only the PNG signature and the size in the first chunk are looked at.",
    },
    Deviation {
        place: "ECR Public `BatchDeleteImage` with an unknown alias",
        aws: "Not documented; its model has no `RegistryNotFoundException`.",
        here: "`InvalidParameterException` at `registryId`.",
    },
    Deviation {
        place: "A full disk",
        aws: "Does not happen.",
        here: "`ServerException` with status 507; nothing of the request is kept.",
    },
    Deviation {
        place: "A request body above 29 MiB (STS: 512 KiB)",
        aws: "Not documented.",
        here: "Status 413, `RequestEntityTooLargeException` (STS: `RequestEntityTooLarge`).",
    },
];

const ARCHIVING: Status = Status::NotImplemented { area: "image archiving" };
const IAM: Status = Status::NotImplemented { area: "IAM roles and sessions" };
const LIFECYCLE: Status = Status::NotImplemented { area: "lifecycle policies" };
const PULL_THROUGH: Status = Status::NotImplemented { area: "pull through cache" };
const REFERRERS: Status = Status::NotImplemented { area: "referrers" };
const REPLICATION: Status = Status::NotImplemented { area: "replication" };
const SCANNING: Status = Status::NotImplemented { area: "image scanning" };
const TEMPLATES: Status = Status::NotImplemented { area: "repository creation templates" };

/// Whether an operation of ECR is implemented.
pub const fn status(operation: ecr::Operation) -> Status {
    use wharfinger_aws_model::ecr::Operation as Op;
    match operation {
        Op::BatchCheckLayerAvailability
        | Op::BatchDeleteImage
        | Op::BatchGetImage
        | Op::CompleteLayerUpload
        | Op::CreateRepository
        | Op::DeleteRegistryPolicy
        | Op::DeleteRepository
        | Op::DeleteRepositoryPolicy
        | Op::DeleteSigningConfiguration
        | Op::DeregisterPullTimeUpdateExclusion
        | Op::DescribeImageSigningStatus
        | Op::DescribeImages
        | Op::DescribeRegistry
        | Op::DescribeRepositories
        | Op::GetAccountSetting
        | Op::GetAuthorizationToken
        | Op::GetDownloadUrlForLayer
        | Op::GetRegistryPolicy
        | Op::GetRepositoryPolicy
        | Op::GetSigningConfiguration
        | Op::InitiateLayerUpload
        | Op::ListImages
        | Op::ListPullTimeUpdateExclusions
        | Op::ListTagsForResource
        | Op::PutAccountSetting
        | Op::PutImage
        | Op::PutImageScanningConfiguration
        | Op::PutImageTagMutability
        | Op::PutRegistryPolicy
        | Op::PutSigningConfiguration
        | Op::RegisterPullTimeUpdateExclusion
        | Op::SetRepositoryPolicy
        | Op::TagResource
        | Op::UntagResource
        | Op::UploadLayerPart => Status::Implemented,
        Op::DeleteLifecyclePolicy
        | Op::GetLifecyclePolicy
        | Op::GetLifecyclePolicyPreview
        | Op::PutLifecyclePolicy
        | Op::StartLifecyclePolicyPreview => LIFECYCLE,
        Op::BatchGetRepositoryScanningConfiguration
        | Op::DescribeImageScanFindings
        | Op::GetRegistryScanningConfiguration
        | Op::PutRegistryScanningConfiguration
        | Op::StartImageScan => SCANNING,
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
        | Op::ValidatePullThroughCacheRule => PULL_THROUGH,
        Op::CreateRepositoryCreationTemplate
        | Op::DeleteRepositoryCreationTemplate
        | Op::DescribeRepositoryCreationTemplates
        | Op::UpdateRepositoryCreationTemplate => TEMPLATES,
        Op::ListImageReferrers => REFERRERS,
        Op::UpdateImageStorageClass => ARCHIVING,
    }
}

/// Whether an operation of ECR Public is implemented.
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
        | Op::UploadLayerPart => Status::Implemented,
    }
}

/// Whether an operation of STS is implemented.
pub const fn sts_status(operation: sts::Operation) -> Status {
    use wharfinger_aws_model::sts::Operation as Op;
    match operation {
        Op::GetCallerIdentity => Status::Implemented,
        Op::AssumeRole
        | Op::AssumeRoleWithSAML
        | Op::AssumeRoleWithWebIdentity
        | Op::AssumeRoot
        | Op::DecodeAuthorizationMessage
        | Op::GetAccessKeyInfo
        | Op::GetDelegatedAccessToken
        | Op::GetFederationToken
        | Op::GetSessionToken
        | Op::GetWebIdentityToken => IAM,
    }
}

/// The tables of operations in Markdown, one section for each service.
pub fn operations_markdown() -> String {
    let ecr = ecr::Operation::ALL.map(|operation| (operation.name(), status(operation)));
    let public = ecr_public::Operation::ALL.map(|it| (it.name(), public_status(it)));
    let sts = sts::Operation::ALL.map(|operation| (operation.name(), sts_status(operation)));
    let mut text = String::new();
    for (title, rows) in [("ECR", &ecr[..]), ("ECR Public", &public[..]), ("STS", &sts[..])] {
        push_table(&mut text, title, rows);
    }
    text
}

fn push_table(text: &mut String, title: &str, rows: &[(&str, Status)]) {
    let done = rows.iter().filter(|(_, status)| *status == Status::Implemented).count();
    // Writing to a String cannot fail.
    let _ = write!(text, "## {title}: {done} of {} operations\n\n", rows.len());
    text.push_str("| operation | status |\n|---|---|\n");
    for (name, status) in rows {
        let _ = match status {
            Status::Implemented => writeln!(text, "| {name} | implemented |"),
            Status::NotImplemented { area } => writeln!(text, "| {name} | not yet: {area} |"),
        };
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_list_every_operation_once() {
        let text = operations_markdown();
        assert!(text.contains("## ECR: 35 of 62 operations\n\n| operation | status |\n"));
        assert!(text.contains("## ECR Public: 23 of 23 operations\n"));
        assert!(text.contains("## STS: 1 of 11 operations\n"));
        assert!(text.contains("| PutImage | implemented |\n"));
        assert!(text.contains("| PutLifecyclePolicy | not yet: lifecycle policies |\n"));
        let public = ecr_public::Operation::ALL;
        for operation in ecr::Operation::ALL {
            let times = 1 + public.iter().filter(|it| it.name() == operation.name()).count();
            assert_eq!(text.matches(&format!("| {operation} |")).count(), times, "{operation}");
        }
        assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count(), 62 + 23 + 11 + 3);
    }
}

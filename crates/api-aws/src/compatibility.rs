//! What of the AWS APIs is implemented, and where answers differ from AWS's: the facts behind
//! `docs/compatibility.md`. A test drives every operation and proves that [`status`] is true.

use std::fmt::Write;

use wharfinger_aws_model::{ecr, sts};

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
        place: "`registryId` of another account",
        aws: "Asks the policies of the repository and the registry.",
        here: "`AccessDeniedException`, with the text for a policy that is silent: there are no \
               such policies yet. (`GetAuthorizationToken` gives a token, as AWS does; using it \
               is denied.)",
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
        place: "KMS keys",
        aws: "Are those of AWS KMS, through its API.",
        here: "Are the registry's own, made and named with `wharfinger kms`; there is no KMS API, \
               and no key of another account or region is used. `kmsError` is the code that KMS \
               would give (`NotFoundException`, `DisabledException`, `InvalidArnException`), with \
               its message.",
    },
    Deviation {
        place: "KMS permissions and grants",
        aws: "The caller needs `kms:CreateGrant`, `kms:RetireGrant` and `kms:DescribeKey` for \
              customer keys; ECR holds two grants for each repository.",
        here: "Neither is asked for nor made: who may create a repository may use every key of \
               the account and region.",
    },
    Deviation { place: "`KMS_DSSE`", aws: "In GovCloud regions only.", here: "In every region." },
    Deviation {
        place: "A repository whose KMS key is disabled",
        aws: "Not documented in detail.",
        here: "`KmsException` for whatever stores or reads bytes (`ListImageReferrers` too), \
               `KmsError` in `BatchGetImage`, until the key is enabled. Lists, descriptions and \
               deletions go on, and `GetDownloadUrlForLayer` gives a URL whose use fails.",
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
        place: "`DescribeImages` members",
        aws: "Reports findings of scans.",
        here: "`imageScanFindingsSummary` is absent until there are findings.",
    },
    Deviation {
        place: "`UpdateImageStorageClass` to `STANDARD`",
        aws: "Answers `ACTIVATING`; the image is `ACTIVE` up to 20 minutes later.",
        here: "Answers `ACTIVE`, which is true: nothing is moved, so the image can be pulled at \
               once. Polling `DescribeImages` ends with the first look.",
    },
    Deviation {
        place: "`UpdateImageStorageClass` and manifest lists",
        aws: "Not documented.",
        here: "An image that an active list names is not archived; archiving a list leaves its \
               images active; a list that is restored or pushed brings along those it names. So \
               an active list can always be pulled whole.",
    },
    Deviation {
        place: "`BatchGetImage` of an archived image",
        aws: "The failure code is not documented.",
        here: "`ImageInaccessible`.",
    },
    Deviation {
        place: "`GetDownloadUrlForLayer` of a layer that only archived images use",
        aws: "Not documented.",
        here: "`LayerInaccessibleException`. `PutImage` may name such a layer, which makes it \
               available again; no upload is needed.",
    },
    Deviation {
        place: "`ListImageReferrers` with `filter.artifactTypes`",
        aws: "Names no limit to what a page searches.",
        here: "A page looks at 1,000 referrers at the most, and ends early at 16 MiB of manifests, \
               with a token for the rest.",
    },
    Deviation {
        place: "`DescribeRepositories`, `DescribeImages` with names and pagination",
        aws: "Documents that the two cannot be used together.",
        here: "`InvalidParameterException` at `nextToken` or `maxResults`.",
    },
    Deviation {
        place: "`StartImageScan`, `DescribeImageScanFindings`",
        aws: "Scans the image and shows what it found.",
        here: "There is no scanner yet. The scan that is recorded is `FAILED`, with a description \
               that says that nothing was examined, and without `imageScanFindings`; it does not \
               count for the quota of one scan a day.",
    },
    Deviation {
        place: "Scan on push, enhanced scanning",
        aws: "Scans what is pushed, and again when advisories change.",
        here: "Stored, validated and answered; nothing is scanned yet, and an image that nobody \
               asked to scan gives `ScanNotFoundException`.",
    },
    Deviation {
        place: "`PutRegistryScanningConfiguration` `rules`",
        aws: "Does not document what it refuses beyond the model.",
        here: "`InvalidParameterException` at `rules` for two rules of one frequency, \
               `CONTINUOUS_SCAN` in basic and `MANUAL` in enhanced scanning. `MANUAL` in basic \
               scanning is kept; it says what holds without it.",
    },
    Deviation {
        place: "`BatchGetRepositoryScanningConfiguration`",
        aws: "Does not document `scanOnPush` and `scanFrequency` of enhanced scanning.",
        here: "`scanOnPush` is true wherever a push is to be scanned, under `CONTINUOUS_SCAN` as \
               well; what no rule is about is `MANUAL`.",
    },
    Deviation {
        place: "`PutReplicationConfiguration`",
        aws: "Copies what is pushed to the destinations.",
        here: "Stored, validated and answered; nothing is copied yet. A region is any text of the \
               model's pattern that neither begins nor ends with `-`.",
    },
    Deviation {
        place: "`DescribeImageReplicationStatus`",
        aws: "Has a status for each destination of the image.",
        here: "An empty list: no destination was tried.",
    },
    Deviation {
        place: "`StartReplicationBackfill`",
        aws: "Begins as `PREPARING`, and copies.",
        here: "`FAILED` from the start, with the failure code `ReplicationNotSupported`, no \
               `progress` and no results: nothing here can copy yet.",
    },
    Deviation {
        place: "`GetDownloadUrlForLayer`",
        aws: "A URL of S3, presigned by ECR.",
        here: "A URL of this server, presigned with the caller's key; it stops working with the \
               key.",
    },
    Deviation {
        place: "Layers whose stored bytes are damaged",
        aws: "Does not happen.",
        here: "`UNAVAILABLE` and `LayersNotFoundException`, so that clients push them again, \
               which heals them.",
    },
    Deviation {
        place: "Pull through cache rules",
        aws: "Pulls below a rule's prefix fetch from the upstream registry, and \
              `ValidatePullThroughCacheRule` tries it.",
        here: "Rules are kept, and nothing is fetched yet: `isValid` is `false` with a `failure` \
               that says so, and repositories below the prefix are like any others.",
    },
    Deviation {
        place: "Pull through cache rules: `credentialArn`",
        aws: "The secret is read when the rule is created or changed.",
        here: "Its form is checked, and that it is of the registry's account and region (else \
               `SecretNotFoundException`); there is no Secrets Manager here to look it up in. \
               `docker-hub`, `github-container-registry`, `azure-container-registry`, \
               `gitlab-container-registry` and `chainguard` (`cgr.dev`) need one.",
    },
    Deviation {
        place: "Pull through cache rules: members that do not go together",
        aws: "Not documented.",
        here: "`InvalidParameterException` naming the member: an `upstreamRegistry` that the URL \
               contradicts, a missing `credentialArn` or `customRoleArn`, an \
               `upstreamRepositoryPrefix` beside the prefix `ROOT`.",
    },
    Deviation {
        place: "Prefixes of rules and templates",
        aws: "A `/` at the end is implied; how one that was given is answered is not documented.",
        here: "`team` and `team/` are the same one, answered as it was first written.",
    },
    Deviation {
        place: "Repository creation templates: which one is used",
        aws: "Not documented for templates that are not for the scenario at hand.",
        here: "They are passed over: of those that are for it, the longest prefix is used, else \
               `ROOT`.",
    },
    Deviation {
        place: "Repository creation templates: `customRoleArn`",
        aws: "Templates with resource tags or a KMS key need one; the role creates the repository.",
        here: "Must be a role of the account, is kept and answered, and is not assumed. A push \
               creates its repository with the rights of who pushes: `ecr:CreateRepository`, and \
               `ecr:TagResource` for a template with tags.",
    },
    Deviation {
        place: "`CreateRepositoryCreationTemplate` permissions",
        aws: "Lists `ecr:CreateRepository`, `ecr:PutLifecyclePolicy`, `ecr:SetRepositoryPolicy` \
              and `iam:PassRole` as dependent actions.",
        here: "Only the action itself is asked for.",
    },
    Deviation {
        place: "Repository creation templates: limits and errors",
        aws: "Names no quota; `DescribeRepositoryCreationTemplates` models no error for an unknown \
              prefix, nor the others one for bad tags.",
        here: "At most 50 for each registry (`LimitExceededException`). Unknown prefixes are left \
               out. Bad tags are `InvalidParameterException`. An empty `description` or \
               `customRoleArn` clears it, as the empty texts do that ECR documents.",
    },
    Deviation {
        place: "`InitiateLayerUpload` and creation on push",
        aws: "Not documented.",
        here: "`RepositoryNotFoundException`: a push creates its repository on `/v2` only.",
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

const EXCLUSIONS: Status = Status::NotImplemented { area: "pull-time update exclusions" };
const IAM: Status = Status::NotImplemented { area: "IAM roles and sessions" };
const LIFECYCLE: Status = Status::NotImplemented { area: "lifecycle policies" };
const POLICIES: Status = Status::NotImplemented { area: "repository and registry policies" };
const SETTINGS: Status = Status::NotImplemented { area: "account settings" };
const SIGNING: Status = Status::NotImplemented { area: "image signing" };

/// Whether an operation of ECR is implemented.
pub const fn status(operation: ecr::Operation) -> Status {
    use wharfinger_aws_model::ecr::Operation as Op;
    match operation {
        Op::BatchCheckLayerAvailability
        | Op::BatchDeleteImage
        | Op::BatchGetImage
        | Op::BatchGetRepositoryScanningConfiguration
        | Op::CompleteLayerUpload
        | Op::CreateRepository
        | Op::DeleteRepository
        | Op::DescribeImageReplicationStatus
        | Op::DescribeImageScanFindings
        | Op::DescribeImages
        | Op::DescribeRegistry
        | Op::DescribeReplicationBackfillResults
        | Op::DescribeRepositories
        | Op::GetAuthorizationToken
        | Op::GetDownloadUrlForLayer
        | Op::GetRegistryScanningConfiguration
        | Op::InitiateLayerUpload
        | Op::ListImageReferrers
        | Op::ListImages
        | Op::ListReplicationBackfills
        | Op::ListTagsForResource
        | Op::PutImage
        | Op::PutImageScanningConfiguration
        | Op::PutImageTagMutability
        | Op::PutRegistryScanningConfiguration
        | Op::PutReplicationConfiguration
        | Op::StartImageScan
        | Op::StartReplicationBackfill
        | Op::StopReplicationBackfill
        | Op::TagResource
        | Op::UntagResource
        | Op::UpdateImageStorageClass
        | Op::UploadLayerPart => Status::Implemented,
        Op::DeleteLifecyclePolicy
        | Op::GetLifecyclePolicy
        | Op::GetLifecyclePolicyPreview
        | Op::PutLifecyclePolicy
        | Op::StartLifecyclePolicyPreview => LIFECYCLE,
        Op::DeleteRegistryPolicy
        | Op::DeleteRepositoryPolicy
        | Op::GetRegistryPolicy
        | Op::GetRepositoryPolicy
        | Op::PutRegistryPolicy
        | Op::SetRepositoryPolicy => POLICIES,
        Op::CreatePullThroughCacheRule
        | Op::DeletePullThroughCacheRule
        | Op::DescribePullThroughCacheRules
        | Op::UpdatePullThroughCacheRule
        | Op::ValidatePullThroughCacheRule => Status::Implemented,
        Op::CreateRepositoryCreationTemplate
        | Op::DeleteRepositoryCreationTemplate
        | Op::DescribeRepositoryCreationTemplates
        | Op::UpdateRepositoryCreationTemplate => Status::Implemented,
        Op::DeleteSigningConfiguration
        | Op::DescribeImageSigningStatus
        | Op::GetSigningConfiguration
        | Op::PutSigningConfiguration => SIGNING,
        Op::DeregisterPullTimeUpdateExclusion
        | Op::ListPullTimeUpdateExclusions
        | Op::RegisterPullTimeUpdateExclusion => EXCLUSIONS,
        Op::GetAccountSetting | Op::PutAccountSetting => SETTINGS,
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
    let sts = sts::Operation::ALL.map(|operation| (operation.name(), sts_status(operation)));
    let mut text = String::new();
    for (title, rows) in [("ECR", &ecr[..]), ("STS", &sts[..])] {
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
        assert!(text.contains("## ECR: 42 of 62 operations\n\n| operation | status |\n"));
        assert!(text.contains("## STS: 1 of 11 operations\n"));
        assert!(text.contains("| PutImage | implemented |\n"));
        assert!(text.contains("| PutLifecyclePolicy | not yet: lifecycle policies |\n"));
        for operation in ecr::Operation::ALL {
            assert_eq!(text.matches(&format!("| {operation} |")).count(), 1, "{operation}");
        }
        assert_eq!(text.lines().filter(|line| line.starts_with("| ")).count(), 62 + 11 + 2);
    }
}

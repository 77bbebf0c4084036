//! Where answers differ from AWS's on purpose. Those about images, and about IAM
//! and STS, stand in files of their own.

mod identity;
mod image;

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
pub const DEVIATIONS: [&[Deviation]; 3] = [OF_SERVICES, image::OF_IMAGES, identity::OF_IDENTITY];

const OF_SERVICES: &[Deviation] = &[
    Deviation {
        place: "`imageTag`",
        aws: "1 to 300 characters of `[a-zA-Z0-9-_.]`.",
        here: "The OCI grammar: at most 128 characters, not starting with `.` or `-`. No client \
               could pull any other tag. `PutImage` refuses it; elsewhere it is a tag that no image \
               has.",
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
        place: "`nextToken`",
        aws: "Does not document what becomes of one of another request.",
        here: "`InvalidParameterException` unless operation, registry and all parameters but \
               `maxResults` are those that it was given for.",
    },
    Deviation {
        place: "`DescribeRepositories` without names",
        aws: "Does not document whether it leaves out repositories that the caller may not describe.",
        here: "Shows all: the permission is asked for `repository/*`.",
    },
    Deviation {
        place: "`StartImageScan`, scan on push",
        aws: "Scans with advisories that AWS keeps up to date.",
        here: "Scans with those that were imported. Without any for the image's distribution the scan \
               is `FAILED` and its description says what to import; it does not count for the quota \
               of one scan a day. A push beyond 100,000 scans in 24 hours has the status \
               `LIMIT_EXCEEDED`.",
    },
    Deviation {
        place: "`DescribeImageScanFindings` in basic scanning",
        aws: "Documents the attributes `package_name`, `package_version`, `CVSS2_VECTOR` and \
              `CVSS2_SCORE`.",
        here: "The same for CVSS 3 and 4, `fixed_version` where a fix is known, and \
               `suppression_reason`. What nothing can be read of is `FAILED`; an archived image is \
               `IMAGE_ARCHIVED` in either mode.",
    },
    Deviation {
        place: "`DescribeImageScanFindings` in enhanced scanning",
        aws: "Does not document `status` of `SCAN_ON_PUSH`, or the ids of findings; has \
              `lastInUseAt` and `inUseCount`.",
        here: "`COMPLETE`, and `ACTIVE` under `CONTINUOUS_SCAN`. A finding has the same ARN at each \
               look. The members about use are absent, for nobody here knows where images run; \
               severity `UNDEFINED` is `UNTRIAGED` in a finding.",
    },
    Deviation {
        place: "`PutImageScanningConfiguration` in enhanced scanning",
        aws: "Not documented; may be `ValidationException`.",
        here: "Kept; it counts again once the registry is back to basic scanning.",
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
        here: "`ENABLED`: layers that other repositories have are not sent again.",
    },
    Deviation {
        place: "`DescribeImageSigningStatus`",
        aws: "Has AWS Signer sign what is pushed.",
        here: "`FAILED` with failure code `SigningNotAvailable` for each profile whose rule matches: \
               no image is signed here. Clients may push signatures of their own.",
    },
    Deviation {
        place: "`PutSigningConfiguration` without rules",
        aws: "Not documented.",
        here: "A configuration like any other, until `DeleteSigningConfiguration`.",
    },
    Deviation {
        place: "`RegisterPullTimeUpdateExclusion`",
        aws: "Names no quota.",
        here: "At most 100 for each registry (`LimitExceededException`). The principal need not exist.",
    },
    Deviation {
        place: "Uploads of layers",
        aws: "Does not document `partSize`, when an upload is given up, or two parts of it at once.",
        here: "10 MiB; after 24 hours in which nothing arrived (`UploadNotFoundException`); \
               `ThrottlingException` for a part that comes while another request writes to the \
               upload, for one that finds no room in time, and beyond 10,000 open uploads of \
               a repository (docs/limits.md).",
    },
    Deviation {
        place: "When lifecycle policies are evaluated",
        aws: "Within 24 hours after the policy is put or an image becomes due.",
        here: "At once when the policy is put, a minute after a push or a deletion of images, and \
               every 24 hours (`--lifecycle-debounce`, `--lifecycle-interval`). \
               `lastEvaluatedAt` is when the last evaluation that came to its end read the \
               repository, and 0 again for a policy that is put anew.",
    },
    Deviation {
        place: "Lifecycle policies and images that change meanwhile",
        aws: "Not documented.",
        here: "An image whose tags, status or (for `sinceImagePulled`) last pull are not what they \
               were when the policy decided waits for the next evaluation, and so does an image \
               that is `ACTIVATING`, which no rule sees.",
    },
    Deviation {
        place: "`PolicyExecutionEvent` and `DryRunEvent`",
        aws: "Does not document every member. Ten images or more are told in several events.",
        here: "At most nine images an event, with the rules that these images met. \
               `countType` of ages is `Since image pushed`, `Since image pulled` and `Since image \
               transitioned` with `countUnit` `Days`; archiving is `action` `transition`. \
               Of images that stay because an index lists them, an evaluation tells nine at \
               the most. An evaluation in which no rule applies to an image is not told.",
    },
    Deviation {
        place: "`lifecyclePolicyText`: what ECR's own texts are not known for",
        aws: "Refuses duplicate priorities and tag lists, both tag lists at once, a tag list \
              without `tagged`, more than four wildcards, more than fifty rules.",
        here: "Refuses them, with `InvalidParameterException` and texts of its own after `Lifecycle \
               policy validation failure: `. A policy without rules, an empty prefix or pattern \
               and a number above 2147483647 are refused too; an empty tag list counts as absent.",
    },
    Deviation {
        place: "`GetLifecyclePolicyPreview` states",
        aws: "Does not document how long results are kept, or how long a preview may take.",
        here: "Results are kept for 24 hours, and are `EXPIRED` then. A preview that takes more \
               than 10 minutes, or whose server was restarted, is `FAILED` and may be started \
               again. `previewResults` is empty and `summary` absent unless it is `COMPLETE`.",
    },
    Deviation {
        place: "`GetLifecyclePolicyPreview` `imageIds`",
        aws: "Does not document ids of unknown images, or pagination beside ids.",
        here: "An id that names no image now, or none that would be acted on, shows nothing; \
               `nextToken` and `maxResults` beside ids are `InvalidParameterException`. A page ends \
               early at 10,000 tags, and a token of an earlier preview is refused.",
    },
    Deviation {
        place: "Lifecycle policies and referrers",
        aws: "Does not document whether rules select referrers.",
        here: "A manifest whose subject is stored is seen by no rule and counted by none.",
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
        place: "A request body of more than 65,536 JSON values",
        aws: "Not documented.",
        here: "`SerializationException`: no operation needs so many, and memory has a bound.",
    },
    Deviation {
        place: "A request body above 29 MiB (STS: 512 KiB)",
        aws: "Not documented.",
        here: "Status 413, `RequestEntityTooLargeException` (STS: `RequestEntityTooLarge`).",
    },
    Deviation {
        place: "Rates of requests",
        aws: "Eight operations have one for each registry, such as 10 `PutImage` in a second; \
              bursts are not documented.",
        here: "Off unless `--quota-rates ecr` turns AWS's on or `--quota-rate` sets one: AWS's \
               protect a service that many share, and whoever runs this one owns the machine. \
               Then as many requests as fit a second may come at once, and more are told \
               `ThrottlingException`. Requests that are not authorized do not count; reading the \
               URL of `GetDownloadUrlForLayer` counts as calling it.",
    },
    Deviation {
        place: "Rates of pulls from ECR Public",
        aws: "One anonymous pull in a second, ten authenticated ones, 500 GB in a month.",
        here: "Not limited: they are the price of a service that is free to the world.",
    },
    Deviation {
        place: "Quotas",
        aws: "Repositories and images per repository are raised on request, tags per image are \
              not; the text of `LimitExceededException` is not documented. 100,000 basic scans \
              in 24 hours.",
        here: "Those three are settings (`--quota-…`), the others are AWS's. `The … limit of … is \
               exceeded`.",
    },
];

//! Every limit of the contract by name, beside the AWS quota it mirrors.
//!
//! Source of the figures: the ECR service quotas and service model, where nothing else is said.

mod scanning;
mod upkeep;

pub use scanning::*;
pub use upkeep::*;

/// Characters of an image tag on `/v2` (OCI Distribution, "Pulling manifests").
pub const TAG_CHARS_MAX: usize = 128;
/// Tags that one push of a manifest by digest asks for (OCI Distribution after 1.1).
pub const TAGS_PER_PUSH_MAX: usize = 100;
/// Characters of a repository name.
pub const REPOSITORY_NAME_CHARS_MIN: usize = 2;
/// Characters of a repository name.
pub const REPOSITORY_NAME_CHARS_MAX: usize = 256;
/// Bytes of a manifest (4 MiB).
pub const MANIFEST_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one layer (52,000 MiB).
pub const LAYER_BYTES_MAX: u64 = 52_000 * 1024 * 1024;
/// Parts of one layer upload through the JSON API.
pub const LAYER_PARTS_MAX: u32 = 4_200;
/// Bytes of a layer part of the JSON API.
pub const LAYER_PART_BYTES_MAX: usize = 20 * 1024 * 1024;
/// Bytes that every layer part but the last must have.
pub const LAYER_PART_BYTES_MIN: u64 = 5 * 1024 * 1024;
/// The part size that `InitiateLayerUpload` recommends, in bytes.
pub const LAYER_PART_BYTES_RECOMMENDED: u64 = 10 * 1024 * 1024;
/// Repositories of one registry.
pub const REPOSITORIES_MAX: u64 = 100_000;
/// Images of one repository.
pub const IMAGES_PER_REPOSITORY_MAX: u64 = 100_000;
/// Tags of one image.
pub const TAGS_PER_IMAGE_MAX: u64 = 1_000;
/// Resource tags of one repository.
pub const RESOURCE_TAGS_MAX: usize = 50;
/// Characters of a resource tag's key.
pub const RESOURCE_TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of a resource tag's value.
pub const RESOURCE_TAG_VALUE_CHARS_MAX: usize = 256;
/// Tag mutability exclusion filters of one repository.
pub const EXCLUSION_FILTERS_MAX: usize = 5;
/// `*` in one exclusion filter.
pub const EXCLUSION_FILTER_WILDCARDS_MAX: usize = 2;
/// Pull through cache rules of one registry.
pub const PULL_THROUGH_CACHE_RULES_MAX: u32 = 50;
/// Repository creation templates of one registry (our choice, that of the rules; AWS names none).
pub const CREATION_TEMPLATES_MAX: u32 = 50;
/// KMS keys of one account in one region (KMS allows 100,000; ours are counted one by one).
pub const KMS_KEYS_MAX: u64 = 10_000;
/// Aliases of one KMS key (KMS's quota).
pub const KMS_ALIASES_PER_KEY_MAX: u32 = 50;
/// Characters of an alias of a KMS key, with `alias/`.
pub const KMS_ALIAS_CHARS_MAX: usize = 256;
/// Characters of a KMS key's description.
pub const KMS_DESCRIPTION_CHARS_MAX: usize = 8_192;
/// Elements of a page when the caller names no `maxResults`.
pub const PAGE_DEFAULT: u32 = 100;
/// Elements of a page at the most.
pub const PAGE_MAX: u32 = 1_000;
/// Tags of a page of `/v2/<name>/tags/list` at the most (ours; ECR's 1,000 holds for its API).
pub const TAGS_PAGE_MAX: u32 = 10_000;
/// Elements of a page of `ListImageReferrers` when the caller names no `maxResults`.
pub const REFERRERS_PAGE_DEFAULT: u32 = 20;
/// Elements of a page of `ListImageReferrers` at the most.
pub const REFERRERS_PAGE_MAX: u32 = 50;
/// Referrers that one page looks at in search of an artifact type (ours: a page may be short).
pub const REFERRERS_SEARCHED_MAX: u32 = 1_000;
/// Seconds an authorization token is good for (12 hours).
pub const AUTHORIZATION_TOKEN_SECONDS: u64 = 43_200;
/// Characters of a session token (ours; AWS names none, real ones have some hundred), unless more are
/// asked for.
pub const SESSION_TOKEN_CHARS: usize = 384;
/// Characters of a session token at the most (the model's `minimumSessionTokenSizeType`).
pub const SESSION_TOKEN_CHARS_MAX: usize = 4_096;
/// Seconds a session of a role is good for when nothing else is asked.
pub const ROLE_SESSION_SECONDS: u32 = 3_600;
/// Seconds of a session that another role's session assumed (STS: role chaining).
pub const CHAINED_SESSION_SECONDS_MAX: u32 = 3_600;
/// Seconds that credentials of `GetSessionToken` and `GetFederationToken` are good for when nothing
/// else is asked.
pub const USER_SESSION_SECONDS: u32 = 43_200;
/// Seconds that such credentials of the root of an account are good for at the most.
pub const ROOT_SESSION_SECONDS_MAX: u32 = 3_600;
/// Seconds a session is kept after its end: a token it was given at the last moment is good for
/// [`AUTHORIZATION_TOKEN_SECONDS`], and an upload begun with that for [`UPLOAD_CREDENTIAL_SECONDS_MAX`].
pub const SESSION_KEPT_SECONDS: u64 = AUTHORIZATION_TOKEN_SECONDS + UPLOAD_CREDENTIAL_SECONDS_MAX;
/// Sessions that are over which each new one deletes at the most (ours).
pub const SESSIONS_DELETED_AT_ONCE_MAX: u32 = 10;
/// Characters of the session policies of a session together.
pub const SESSION_POLICY_CHARS_MAX: usize = 2_048;
/// Managed policies that bound one session.
pub const SESSION_POLICY_ARNS_MAX: usize = 10;
/// Tags of one session.
pub const SESSION_TAGS_MAX: usize = 50;
/// Bytes that policies, tags and source identity of a session may take up together (ours: STS packs them in a
/// way it does not tell, and answers how much of its room they take).
pub const SESSION_PACKED_BYTES_MAX: usize = 6_144;
/// Characters of an encoded authorization message (`encodedMessageType`).
pub const AUTHORIZATION_MESSAGE_CHARS_MAX: usize = 10_240;
/// Bytes of a document of an identity provider that are read (ours, like the following: nobody has
/// to wait for a provider, nor to make room for what it says).
pub const OIDC_DOCUMENT_BYTES_MAX: usize = 256 * 1024;
/// Seconds a document of an identity provider may take.
pub const OIDC_FETCH_SECONDS_MAX: u64 = 5;
/// Documents of identity providers that are fetched at once.
pub const OIDC_FETCHES_AT_ONCE_MAX: usize = 8;
/// Identity providers whose keys are kept in memory.
pub const OIDC_PROVIDERS_KEPT_MAX: usize = 256;
/// Keys of one identity provider that are looked at.
pub const OIDC_KEYS_MAX: usize = 100;
/// Seconds the keys of an identity provider are kept at the least, whatever it says.
pub const OIDC_KEYS_SECONDS_MIN: u64 = 300;
/// Seconds the keys of an identity provider are kept at the most, whatever it says.
pub const OIDC_KEYS_SECONDS_MAX: u64 = 86_400;
/// Seconds between two fetches of the keys of one identity provider.
pub const OIDC_FETCH_INTERVAL_SECONDS_MIN: u64 = 60;
/// Seconds that the clock of an identity provider may differ from that of the server.
pub const OIDC_SKEW_SECONDS_MAX: u64 = 300;
/// Seconds a layer's download URL is good for.
pub const DOWNLOAD_URL_SECONDS: u64 = 3_600;
/// Seconds between two pulls of an image that are both recorded: ECR refreshes the time of the last
/// pull about once in 24 hours.
pub const PULL_RECORD_SECONDS_MIN: u64 = 86_400;
/// Pulls that wait to be recorded; more are left to the next pull of the image (ours).
pub const PULLS_WAITING_MAX: usize = 1_000;
/// Bytes of a blob that is kept in the database at the most (ours): one segment of the object store, so
/// that an upload has either a file from its second segment on, or none at all.
pub const INLINE_BLOB_BYTES_MAX: u64 = 65_536;
/// Seconds an upload session may lie idle before it is reclaimed (our choice; ECR names none).
pub const UPLOAD_IDLE_SECONDS_MAX: u64 = 86_400;
/// Seconds after its beginning during which an upload session may be gone on with by way of a token
/// that has run out meanwhile (ours; what ECR does is not documented).
pub const UPLOAD_CREDENTIAL_SECONDS_MAX: u64 = 86_400;
/// Bytes of one request's body after which what has arrived is made durable while more comes (ours):
/// so much is lost at the most when a server dies in the middle of a long upload.
pub const UPLOAD_CHECKPOINT_BYTES: u64 = 64 * 1024 * 1024;
/// Seconds a server that ends waits for uploads whose connections it has broken off, until what has
/// arrived is durable (ours).
pub const UPLOAD_SETTLE_SECONDS_MAX: u64 = 10;
/// Bytes in a second that a body must bring, and an answer must lose, over its time: what it moves
/// beyond wins back time it stood still for (ours, against clients that trickle).
pub const BODY_BYTES_PER_SECOND_MIN: u64 = 1_024;
/// Uploads through `/v2` whose bodies are let in at once, whatever they wait for (ours, like the
/// following; beyond it a client is told to come again).
pub const UPLOADS_BEGUN_AT_ONCE_MAX: usize = 1_024;
/// Uploads that are written at once: each holds buffers and a file. More wait, unread.
pub const UPLOADS_WRITTEN_AT_ONCE_MAX: usize = 64;
/// Bytes of an upload's body that are taken before it needs one of these places.
pub const UPLOAD_BYTES_WITHOUT_PLACE: u64 = 64 * 1024;
/// Seconds an upload waits for a place until its client is told to come again.
pub const UPLOAD_PLACE_WAIT_SECONDS_MAX: u64 = 60;
/// Seconds a body of the JSON APIs waits for room until its client is told to come again.
pub const API_BODY_WAIT_SECONDS_MAX: u64 = 10;
/// Bytes in a second that keep an upload its place while others wait for one.
pub const PLACE_BYTES_PER_SECOND_MIN: u64 = 16 * 1024;
/// Seconds a client was waited for at the least before it is found too slow to keep its place.
pub const PLACE_SECONDS_MIN: u64 = 10;
/// Upload sessions of one repository that are open at once. An abandoned one is open for
/// [`UPLOAD_IDLE_SECONDS_MAX`].
pub const UPLOADS_PER_REPOSITORY_MAX: u64 = 10_000;
/// Blobs that are sent at once: each holds a file and some segments. More wait, and are told to come
/// again like uploads.
pub const DOWNLOADS_AT_ONCE_MAX: usize = 512;
/// Seconds a download waits for its turn.
pub const DOWNLOAD_WAIT_SECONDS_MAX: u64 = 30;
/// Seconds a request's signature may differ from the server's clock.
pub const SIGNATURE_SKEW_SECONDS_MAX: u64 = 900;
/// Depth of nesting a manifest or policy may have: ours, against hostile JSON.
pub const JSON_DEPTH_MAX: usize = 64;
/// Values in the JSON of an API request: ours, against hostile JSON. Of what AWS's quotas let a
/// client say, the longest is a replication configuration with a few thousand.
pub const JSON_VALUES_MAX: usize = 65_536;
/// References (layers, config, children) one manifest may make: ours, against hostile manifests.
pub const MANIFEST_REFERENCES_MAX: usize = 10_000;
/// Bytes of manifests that one `BatchGetImage` answers with: four of the largest (ours; AWS names
/// no such limit, and a request could ask for a hundred).
pub const BATCH_MANIFEST_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Tags on one page of `DescribeImages`, unless its only image has more (ours, likewise).
pub const PAGE_TAGS_MAX: u64 = 10_000;
/// Bytes of a JSON API request body: a 20 MiB layer part in base64 and room for its members.
pub const API_BODY_BYTES_MAX: usize = 29 * 1024 * 1024;
/// Characters of an identity policy: as many as all inline policies of a role may have together.
pub const IDENTITY_POLICY_CHARS_MAX: usize = INLINE_POLICY_CHARS_PER_ROLE_MAX;
/// Characters of a repository's or a registry's policy (`RepositoryPolicyText`,
/// `RegistryPolicyText`).
pub const RESOURCE_POLICY_CHARS_MAX: usize = 10_240;
/// Characters of one value of a condition key that policies see (ours; what AWS puts there is
/// shorter, but for headers, which a client makes as long as it likes).
pub const CONDITION_VALUE_CHARS_MAX: usize = 1_024;
/// Principals that one registry excludes from the recording of pull times (the length of the model's
/// list; AWS names no quota).
pub const PULL_TIME_EXCLUSIONS_MAX: u64 = 100;
/// Rules of a registry's replication configuration.
pub const REPLICATION_RULES_MAX: usize = 10;
/// Destinations of a registry's replication configuration, each counted once.
pub const REPLICATION_DESTINATIONS_MAX: usize = 25;
/// Repository filters of one replication rule.
pub const REPLICATION_RULE_FILTERS_MAX: usize = 100;
/// Characters of a repository filter of a replication rule.
pub const REPLICATION_FILTER_CHARS_MIN: usize = 2;
/// Characters of a repository filter of a replication rule.
pub const REPLICATION_FILTER_CHARS_MAX: usize = 256;
/// Replication backfills of one registry that are in progress at once.
pub const REPLICATION_BACKFILLS_IN_PROGRESS_MAX: usize = 10;
/// Elements of a page of `ListReplicationBackfills` when the caller names no `maxResults`.
pub const REPLICATION_BACKFILLS_PAGE_DEFAULT: u32 = 25;
/// Elements of a page of `ListReplicationBackfills` at the most.
pub const REPLICATION_BACKFILLS_PAGE_MAX: u32 = 50;
/// Ended replication backfills of one registry that are kept, the newest (ours; ECR names none).
pub const REPLICATION_BACKFILLS_KEPT_MAX: u32 = 1_000;
/// Seconds a replication backfill is shown after its end (90 days).
pub const REPLICATION_BACKFILL_KEPT_SECONDS: u64 = 90 * 86_400;
/// Rules of one lifecycle policy.
pub const LIFECYCLE_RULES_MAX: usize = 50;
/// `*` in one tag pattern of a lifecycle policy.
pub const LIFECYCLE_PATTERN_WILDCARDS_MAX: usize = 4;
/// Days an image stays archived at the least before a lifecycle policy may expire it.
pub const LIFECYCLE_ARCHIVED_DAYS_MIN: u32 = 90;
/// Elements of a page of `GetLifecyclePolicyPreview`.
pub const LIFECYCLE_PREVIEW_PAGE_MAX: u32 = 100;
/// Seconds the results of a lifecycle policy preview are kept (24 hours; ours, ECR names none).
pub const LIFECYCLE_PREVIEW_KEPT_SECONDS: u64 = 86_400;
/// Seconds a lifecycle policy preview may take before it has failed (ours, ECR names none), and
/// those that an evaluation may read.
pub const LIFECYCLE_PREVIEW_SECONDS_MAX: u64 = 600;
/// Lifecycle policy previews that are worked on at once (ours: each holds its images in memory).
pub const LIFECYCLE_PREVIEWS_AT_ONCE_MAX: usize = 2;
/// `BatchCheckLayerAvailability` of one registry in a second, where rates are those of ECR.
pub const BATCH_CHECK_LAYER_AVAILABILITY_PER_SECOND: u32 = 1_000;
/// `BatchGetImage` of one registry in a second, likewise.
pub const BATCH_GET_IMAGE_PER_SECOND: u32 = 2_000;
/// `CompleteLayerUpload` of one registry in a second, likewise.
pub const COMPLETE_LAYER_UPLOAD_PER_SECOND: u32 = 100;
/// `GetAuthorizationToken` of one registry in a second, likewise.
pub const GET_AUTHORIZATION_TOKEN_PER_SECOND: u32 = 500;
/// `GetDownloadUrlForLayer` of one registry in a second, likewise.
pub const GET_DOWNLOAD_URL_FOR_LAYER_PER_SECOND: u32 = 3_000;
/// `InitiateLayerUpload` of one registry in a second, likewise.
pub const INITIATE_LAYER_UPLOAD_PER_SECOND: u32 = 100;
/// `PutImage` of one registry in a second, likewise.
pub const PUT_IMAGE_PER_SECOND: u32 = 10;
/// `UploadLayerPart` of one registry in a second, likewise.
pub const UPLOAD_LAYER_PART_PER_SECOND: u32 = 500;
/// Seconds' worth of requests that may come at once after a pause (ours; ECR names no burst).
pub const RATE_BURST_SECONDS: u32 = 1;
/// Registries whose rates are kept in mind at once (ours: a client may name any region).
pub const RATED_REGISTRIES_MAX: usize = 1_024;
/// Seconds after which a client that was refused for its rate may try again. No rate is below one
/// request in a second.
pub const RATE_RETRY_AFTER_SECONDS: u64 = 1;
/// Bytes of access keys kept in memory with the policies of their users (ours, like the next five).
pub const ACCESS_KEY_CACHE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of the policies of repositories and registries kept in memory, each.
pub const RESOURCE_POLICY_CACHE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of manifests kept in memory.
pub const MANIFEST_CACHE_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of what images were found by which references, kept in memory.
pub const REFERENCE_CACHE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of pages of tags kept in memory.
pub const TAG_PAGE_CACHE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// Bytes of a manifest that is kept in memory: what is larger is read each time.
pub const CACHED_MANIFEST_BYTES_MAX: usize = 256 * 1024;
/// Repositories of one public registry (ECR Public's quotas, like the next three).
pub const PUBLIC_REPOSITORIES_MAX: u64 = 10_000;
/// Bytes of one layer of a public registry (10,000 MiB).
pub const PUBLIC_LAYER_BYTES_MAX: u64 = 10_000 * 1024 * 1024;
/// Parts of one layer upload to a public registry.
pub const PUBLIC_LAYER_PARTS_MAX: u32 = 1_000;
/// Bytes of a public repository's logo.
pub const LOGO_BYTES_MAX: usize = 512_000;
/// Pixels of a logo's sides.
pub const LOGO_PIXELS_MIN: u32 = 60;
/// Pixels of a logo's sides.
pub const LOGO_PIXELS_MAX: u32 = 2_048;
/// Characters of an alias of a public registry (the model's `RegistryIdOrAlias`).
pub const REGISTRY_ALIAS_CHARS_MAX: usize = 50;
/// Characters of the path prefix of public registries: ours, as long as an alias.
pub const PUBLIC_PATH_PREFIX_CHARS_MAX: usize = 50;
/// Characters of a guardrail, which is a service control policy (AWS Organizations' quota).
pub const GUARDRAIL_CHARS_MAX: usize = 5_120;
/// Characters of all inline policies of one group besides blanks (IAM's quotas, like the following).
pub const INLINE_POLICY_CHARS_PER_GROUP_MAX: usize = 5_120;
/// Characters of all inline policies of one role besides blanks.
pub const INLINE_POLICY_CHARS_PER_ROLE_MAX: usize = 10_240;
/// Characters of all inline policies of one user besides blanks.
pub const INLINE_POLICY_CHARS_PER_USER_MAX: usize = 2_048;
/// Managed policies that one user, group or role has attached.
pub const MANAGED_POLICIES_ATTACHED_MAX: u64 = 10;
/// Managed policies of one account.
pub const MANAGED_POLICIES_MAX: u64 = 1_500;
/// Characters of a managed policy besides blanks.
pub const MANAGED_POLICY_CHARS_MAX: usize = 6_144;
/// Versions of one managed policy.
pub const MANAGED_POLICY_VERSIONS_MAX: usize = 5;
/// Tags of one user, role, policy, instance profile or identity provider.
pub const IAM_TAGS_MAX: usize = 50;
/// Characters of the key of such a tag.
pub const IAM_TAG_KEY_CHARS_MAX: usize = 128;
/// Characters of the value of such a tag.
pub const IAM_TAG_VALUE_CHARS_MAX: usize = 256;
/// Characters of a role's trust policy besides blanks.
pub const TRUST_POLICY_CHARS_MAX: usize = 2_048;

/// Roles of one account (a quota of the IAM user guide, like all up to the values of tags).
pub const ROLES_PER_ACCOUNT_MAX: u64 = 1_000;
/// Instance profiles of one account.
pub const INSTANCE_PROFILES_PER_ACCOUNT_MAX: u64 = 1_000;
/// OpenID Connect providers of one account.
pub const OIDC_PROVIDERS_PER_ACCOUNT_MAX: u64 = 100;
/// Client ids (audiences) of one OpenID Connect provider.
pub const OIDC_CLIENT_IDS_MAX: usize = 100;
/// Thumbprints of one OpenID Connect provider.
pub const OIDC_THUMBPRINTS_MAX: usize = 5;
/// Seconds of the shortest session that a role may give at the longest, which is also what it gives
/// if nothing is said.
pub const ROLE_SESSION_SECONDS_MIN: u32 = 3_600;
/// Seconds of the longest session that a role may give.
pub const ROLE_SESSION_SECONDS_MAX: u32 = 43_200;

/// Users of one account (quotas of the IAM user guide, like all up to the last use).
pub const USERS_PER_ACCOUNT_MAX: u64 = 5_000;
/// Groups of one account.
pub const GROUPS_PER_ACCOUNT_MAX: u64 = 300;
/// Groups that one user is in.
pub const GROUPS_PER_USER_MAX: u64 = 10;
/// Access keys of one user, or of the root.
pub const ACCESS_KEYS_PER_USER_MAX: u64 = 2;
/// Characters of the name of a user.
pub const USER_NAME_CHARS_MAX: usize = 64;
/// Characters of the name of a group.
pub const GROUP_NAME_CHARS_MAX: usize = 128;
/// Matched statements after which a page of a simulation ends (ours).
pub const SIMULATED_STATEMENTS_MAX: usize = 10_000;
/// Bytes of policies after which a page of `GetAccountAuthorizationDetails` ends (ours).
pub const AUTHORIZATION_DETAILS_BYTES_MAX: usize = 1024 * 1024;
/// Seconds for which the use of a key or a role is not noted again (ours, like the next one).
pub const LAST_USED_SECONDS: i64 = 60 * 60;
/// Keys and roles whose last use is remembered in memory as noted.
pub const LAST_USED_NOTED_MAX: usize = 16 * 1024;
/// Bytes of one file of the audit log, after which the next is begun (ours, like all of the audit
/// log's).
pub const AUDIT_FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of all files of the audit log together unless configured; beyond them the oldest go.
pub const AUDIT_BYTES_MAX: u64 = 4 * 1024 * 1024 * 1024;
/// The least that may be configured.
pub const AUDIT_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// Bytes of one record (CloudTrail: 256 KB).
pub const AUDIT_RECORD_BYTES_MAX: usize = 256 * 1024;
/// Bytes of `requestParameters`, `responseElements` and `additionalEventData`, each (CloudTrail: 100 KB).
/// What is larger is left out, and says so.
pub const AUDIT_MEMBER_BYTES_MAX: usize = 64 * 1024;
/// Bytes of `errorMessage` and `userAgent`, each (CloudTrail: 1 KB); the rest is cut off.
pub const AUDIT_TEXT_BYTES_MAX: usize = 1024;
/// Bytes of records that wait to be written; beyond them reads wait.
pub const AUDIT_PENDING_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Milliseconds that the record of a read may wait for others to be written with it.
pub const AUDIT_GATHER_MILLIS_MAX: u64 = 250;
/// Milliseconds between two attempts to write a log that could not be written.
pub const AUDIT_RETRY_MILLIS: u64 = 100;
/// Failed logins that are recorded in a minute; further ones are counted.
pub const AUDIT_FAILED_LOGINS_PER_MINUTE: u32 = 600;
/// Guardrails of an account (AWS's service control policies of one account).
pub const GUARDRAILS_PER_ACCOUNT_MAX: usize = 10;
/// Characters of the name of a guardrail.
pub const GUARDRAIL_NAME_CHARS_MAX: usize = 128;

#[cfg(test)]
mod tests;

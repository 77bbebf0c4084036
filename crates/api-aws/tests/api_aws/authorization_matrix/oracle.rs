//! What ought to come out: the decision table of the documentation, written down by hand for the
//! few policies of the matrix. It shares nothing with the evaluator.

use crate::world::ACCOUNT;

/// The other account.
pub const OTHER: &str = "444455556666";

pub const PULL: &[&str] = &[
    "GetAuthorizationToken",
    "BatchGetImage",
    "GetDownloadUrlForLayer",
    "BatchImportUpstreamImage",
];
pub const READ: &[&str] = &[
    "GetAuthorizationToken",
    "BatchCheckLayerAvailability",
    "GetDownloadUrlForLayer",
    "GetRepositoryPolicy",
    "DescribeRepositories",
    "ListImages",
    "DescribeImages",
    "BatchGetImage",
    "GetLifecyclePolicy",
    "GetLifecyclePolicyPreview",
    "ListTagsForResource",
    "DescribeImageScanFindings",
];
pub const PUSH: &[&str] = &[
    "GetAuthorizationToken",
    "BatchCheckLayerAvailability",
    "InitiateLayerUpload",
    "UploadLayerPart",
    "CompleteLayerUpload",
    "PutImage",
];
/// What one principal is denied by a statement.
pub const DENIED: &[&str] = &["PutImage", "BatchGetImage", "DeleteRepository", "DescribeRegistry"];
/// What the policy of the shared repository gives to the other account, and to one user.
pub const SHARED: &[&str] =
    &["BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer", "ListImages"];
/// What the policy of the closed repository denies to everyone.
pub const CLOSED: &[&str] =
    &["BatchGetImage", "ListImages", "PutImage", "UploadLayerPart", "GetRepositoryPolicy"];

/// The actions that have no repository for a resource (IAM service reference).
const OF_THE_REGISTRY: &[&str] = &[
    "CreatePullThroughCacheRule",
    "CreateRepositoryCreationTemplate",
    "DeletePullThroughCacheRule",
    "DeleteRegistryPolicy",
    "DeleteRepositoryCreationTemplate",
    "DeleteSigningConfiguration",
    "DeregisterPullTimeUpdateExclusion",
    "DescribePullThroughCacheRules",
    "DescribeRegistry",
    "DescribeReplicationBackfillResults",
    "DescribeRepositoryCreationTemplates",
    "GetAccountSetting",
    "GetAuthorizationToken",
    "GetRegistryPolicy",
    "GetRegistryScanningConfiguration",
    "GetSigningConfiguration",
    "ListPullTimeUpdateExclusions",
    "ListReplicationBackfills",
    "PutAccountSetting",
    "PutRegistryPolicy",
    "PutRegistryScanningConfiguration",
    "PutReplicationConfiguration",
    "PutSigningConfiguration",
    "RegisterPullTimeUpdateExclusion",
    "StartReplicationBackfill",
    "StopReplicationBackfill",
    "UpdatePullThroughCacheRule",
    "UpdateRepositoryCreationTemplate",
    "ValidatePullThroughCacheRule",
];

/// What the root of an account may always do to the policies of its own repositories.
const ALWAYS_ROOTS: &[&str] =
    &["DeleteRepositoryPolicy", "GetRepositoryPolicy", "SetRepositoryPolicy"];

/// A repository in one of the states of the matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has no policy.
    Plain,
    /// Its policy lets the other account and one user pull.
    Shared,
    /// Its policy denies some of everything to everyone.
    Closed,
    /// There is none.
    Absent,
}

impl State {
    pub const ALL: [Self; 4] = [Self::Plain, Self::Shared, Self::Closed, Self::Absent];

    pub fn repository(self) -> &'static str {
        match self {
            Self::Plain => "matrix/plain",
            Self::Shared => "matrix/shared",
            Self::Closed => "matrix/closed",
            Self::Absent => "matrix/absent",
        }
    }
}

/// What a principal may do by what is its own: its policies within its boundary, its session
/// policies and the guardrails of its account.
#[derive(Clone, Copy, Debug)]
pub enum Own {
    /// Everything there is.
    Everything,
    /// These actions.
    Only(&'static [&'static str]),
    /// The actions that begin so.
    Beginning(&'static str),
    /// Both lists.
    Both(&'static [&'static str], &'static [&'static str]),
    /// Everything but these, which a statement denies.
    EverythingBut(&'static [&'static str]),
}

impl Own {
    fn allows(self, action: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(actions) => actions.contains(&action),
            Self::Beginning(prefix) => action.starts_with(prefix),
            Self::Both(one, other) => one.contains(&action) || other.contains(&action),
            Self::EverythingBut(denied) => !denied.contains(&action),
        }
    }

    fn denies(self, action: &str) -> bool {
        matches!(self, Self::EverythingBut(denied) if denied.contains(&action))
    }
}

/// Who asks, as far as it matters.
#[derive(Clone, Copy, Debug)]
pub struct Asker {
    pub account: &'static str,
    pub own: Own,
    pub is_root: bool,
    /// Whether the policy of the shared repository names it itself.
    pub is_named: bool,
}

/// Whether `asker` may do `action` to a repository of [`ACCOUNT`] in this state (or, with
/// `in_own_registry`, to one of its own registry that nobody made), or to the registry.
pub fn allows(asker: Asker, action: &str, state: State, in_own_registry: bool) -> bool {
    let Asker { account, own, is_root, is_named } = asker;
    let is_owner = account == ACCOUNT;
    // A token says who one is; nothing of a registry is shared by the policies there are.
    let of_own = is_owner || in_own_registry || action == "GetAuthorizationToken";
    if OF_THE_REGISTRY.contains(&action) || (of_own && !is_owner) {
        return of_own && own.allows(action);
    }
    if is_owner && is_root && ALWAYS_ROOTS.contains(&action) {
        return true;
    }
    if own.denies(action) || (state == State::Closed && CLOSED.contains(&action)) {
        return false;
    }
    let shares = state == State::Shared && SHARED.contains(&action);
    match is_owner {
        true => own.allows(action) || (shares && is_named),
        false => own.allows(action) && shares,
    }
}

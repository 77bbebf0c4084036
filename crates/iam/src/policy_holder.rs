//! Users, groups and roles as those that have policies: what IAM does to one of them it does to all,
//! by an action of its own for each.

use wharfinger_auth::{Action, IamResource, Resource, iam_actions};
use wharfinger_core::limits::{
    INLINE_POLICY_CHARS_PER_GROUP_MAX, INLINE_POLICY_CHARS_PER_ROLE_MAX,
    INLINE_POLICY_CHARS_PER_USER_MAX,
};
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::{MetadataError, Tx, group, iam_tag, role, user};

use crate::{Error, Iam, Tag, scope};

/// The path of roles that belong to services.
const SERVICE_LINKED_PATH: &str = "/aws-service-role/";

/// What has policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HolderKind {
    /// A user.
    User,
    /// A group.
    Group,
    /// A role.
    Role,
}

impl HolderKind {
    /// As sentences call it.
    pub(crate) fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Group => "group",
            Self::Role => "role",
        }
    }

    /// Characters of all its inline policies together, besides blanks.
    pub(crate) fn inline_chars_max(self) -> usize {
        match self {
            Self::User => INLINE_POLICY_CHARS_PER_USER_MAX,
            Self::Group => INLINE_POLICY_CHARS_PER_GROUP_MAX,
            Self::Role => INLINE_POLICY_CHARS_PER_ROLE_MAX,
        }
    }

    /// The ARN of one at the path `/`.
    fn arn(self, account: &AccountId, path: &str, name: &str) -> Arn {
        match self {
            Self::User => Arn::user(account, path, name),
            Self::Group => Arn::group(account, path, name),
            Self::Role => Arn::role(account, path, name),
        }
    }
}

/// A user, a group or a role.
pub(crate) struct PolicyHolder {
    pub(crate) kind: HolderKind,
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) arn: Arn,
    boundary_arn: Option<String>,
    is_service_linked: bool,
}

/// What policies are asked about one of them. Of what is not there the ARN is the one it would have
/// at the path `/`, and there is nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HolderFacts {
    /// Its ARN.
    pub arn: Arn,
    /// Its tags; a group has none.
    pub tags: Vec<Tag>,
    /// The policy that bounds it, by ARN.
    pub boundary_arn: Option<String>,
}

impl PolicyHolder {
    /// Refuses what only AWS may change.
    ///
    /// # Errors
    /// [`Error::UnmodifiableEntity`] for a role that belongs to a service.
    pub(crate) fn require_modifiable(&self) -> Result<(), Error> {
        match self.is_service_linked {
            false => Ok(()),
            true => Err(Error::UnmodifiableEntity(format!(
                "Cannot perform the operation on the protected role '{}' - this role is only \
                 modifiable by AWS",
                self.name
            ))),
        }
    }
}

async fn find(
    tx: &mut Tx,
    kind: HolderKind,
    account: &AccountId,
    name: &str,
) -> Result<Option<PolicyHolder>, MetadataError> {
    let found = match kind {
        HolderKind::User => user::find(tx, account, name)
            .await?
            .map(|row| (row.user_id, row.user_name, row.path, row.boundary_arn)),
        HolderKind::Group => group::find(tx, account, name)
            .await?
            .map(|row| (row.group_id, row.group_name, row.path, None)),
        HolderKind::Role => role::find(tx, account, name)
            .await?
            .map(|row| (row.role_id, row.role_name, row.path, row.boundary_arn)),
    };
    Ok(found.map(|(id, name, path, boundary_arn)| PolicyHolder {
        kind,
        id,
        arn: kind.arn(account, &path, &name),
        name,
        boundary_arn,
        is_service_linked: kind == HolderKind::Role && path.starts_with(SERVICE_LINKED_PATH),
    }))
}

/// The one of that name that a permit reaches.
///
/// # Errors
/// [`Error::NoSuchEntity`].
pub(crate) async fn must_find(
    tx: &mut Tx,
    kind: HolderKind,
    resource: &IamResource,
    name: &str,
) -> Result<PolicyHolder, Error> {
    let found = find(tx, kind, resource.account(), name).await?;
    let reached = found.filter(|holder| scope::covers(resource, &holder.arn));
    reached.ok_or_else(|| Error::not_found(kind.noun(), name))
}

impl Iam {
    /// What policies are asked about a user, a group or a role of this name.
    ///
    /// # Errors
    /// Faults of the store.
    pub async fn holder_facts(
        &self,
        account: AccountId,
        kind: HolderKind,
        name: &str,
    ) -> Result<HolderFacts, Error> {
        let name = name.to_owned();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let Some(holder) = find(tx, kind, &account, &name).await? else {
                        let arn = kind.arn(&account, "/", &name);
                        return Ok(HolderFacts { arn, tags: Vec::new(), boundary_arn: None });
                    };
                    let PolicyHolder { id, arn, boundary_arn, .. } = holder;
                    let tags = match kind {
                        HolderKind::Group => Vec::new(),
                        _ => iam_tag::list(tx, &id).await?,
                    };
                    Ok(HolderFacts { arn, tags, boundary_arn })
                })
            })
            .await
    }
}

/// An action on what has policies.
pub trait HolderAction: Action<Resource = IamResource> {
    /// On which of them.
    const HOLDER: HolderKind;
}

macro_rules! holder_actions {
    ($($(#[$doc:meta])* $operation:ident { $($kind:ident: $action:ident,)* })*) => {
        $(
            $(#[$doc])*
            pub trait $operation: HolderAction {}
            $(
                impl HolderAction for iam_actions::$action {
                    const HOLDER: HolderKind = HolderKind::$kind;
                }
                impl $operation for iam_actions::$action {}
            )*
        )*
    };
}

holder_actions! {
    /// Attaching a managed policy.
    AttachPolicy {
        User: AttachUserPolicy,
        Group: AttachGroupPolicy,
        Role: AttachRolePolicy,
    }
    /// Detaching a managed policy.
    DetachPolicy {
        User: DetachUserPolicy,
        Group: DetachGroupPolicy,
        Role: DetachRolePolicy,
    }
    /// Listing the managed policies that are attached.
    ListAttachedPolicies {
        User: ListAttachedUserPolicies,
        Group: ListAttachedGroupPolicies,
        Role: ListAttachedRolePolicies,
    }
    /// Writing an inline policy.
    PutInlinePolicy {
        User: PutUserPolicy,
        Group: PutGroupPolicy,
        Role: PutRolePolicy,
    }
    /// Reading an inline policy.
    GetInlinePolicy {
        User: GetUserPolicy,
        Group: GetGroupPolicy,
        Role: GetRolePolicy,
    }
    /// Listing the inline policies.
    ListInlinePolicies {
        User: ListUserPolicies,
        Group: ListGroupPolicies,
        Role: ListRolePolicies,
    }
    /// Deleting an inline policy.
    DeleteInlinePolicy {
        User: DeleteUserPolicy,
        Group: DeleteGroupPolicy,
        Role: DeleteRolePolicy,
    }
    /// Setting the permissions boundary.
    PutBoundary {
        User: PutUserPermissionsBoundary,
        Role: PutRolePermissionsBoundary,
    }
    /// Taking the permissions boundary away.
    DeleteBoundary {
        User: DeleteUserPermissionsBoundary,
        Role: DeleteRolePermissionsBoundary,
    }
}

//! Which managed policies are attached to which users, groups and roles.

use wharfinger_auth::{Permit, Resource, iam_actions};
use wharfinger_core::limits::MANAGED_POLICIES_ATTACHED_MAX;
use wharfinger_core::{AccountId, Arn};
use wharfinger_metadata::policy_attachment::{self, PolicyUserRow, PolicyUsers};
use wharfinger_metadata::{MetadataError, Tx};

use crate::managed_policy::{Attachable, PolicyUse, attachable, must_find as must_find_policy};
use crate::name::is_under;
use crate::policy_holder::{
    AttachPolicy, DetachPolicy, HolderKind, ListAttachedPolicies, PolicyHolder, must_find,
};
use crate::{Error, Iam, Page, PageRequest};

/// A policy that is attached to something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedPolicy {
    /// Its name.
    pub policy_name: String,
    /// Its ARN.
    pub policy_arn: String,
}

/// A user, a group or a role that uses a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyEntity {
    /// What it is.
    pub kind: HolderKind,
    /// Its unique id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// Which of those that use a policy are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EntityFilter {
    /// Of which kinds; `None` for all.
    pub kinds: Option<Vec<HolderKind>>,
    /// What their paths begin with.
    pub path_prefix: Option<String>,
    /// How they use it; `None` for any way.
    pub usage: Option<PolicyUse>,
}

impl Iam {
    /// IAM `AttachUserPolicy`, `AttachGroupPolicy`, `AttachRolePolicy`. Nothing changes if it is
    /// attached already.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder, or the policy; [`Error::LimitExceeded`];
    /// [`Error::PolicyNotAttachable`] for a policy of roles that belong to services;
    /// [`Error::UnmodifiableEntity`] for such a role.
    pub async fn attach_policy<A: AttachPolicy>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_arn: &Arn,
    ) -> Result<(), Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        let (policy_arn, now) = (policy_arn.clone(), self.now());
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    require_attachable(tx, resource.account(), &holder, &policy_arn).await?;
                    let attached = policy_attachment::of_principal(tx, &holder.id).await?;
                    let policy_arn = policy_arn.as_str();
                    if attached.iter().any(|arn| arn == policy_arn) {
                        return Ok(());
                    }
                    if attached.len() as u64 >= MANAGED_POLICIES_ATTACHED_MAX {
                        let (quota, limit) = (quota(holder.kind), MANAGED_POLICIES_ATTACHED_MAX);
                        return Err(Error::LimitExceeded { quota, limit });
                    }
                    Ok(policy_attachment::attach(tx, &holder.id, policy_arn, now).await?)
                })
            })
            .await
    }

    /// IAM `DetachUserPolicy`, `DetachGroupPolicy`, `DetachRolePolicy`.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder, or a policy that is not attached to it;
    /// [`Error::UnmodifiableEntity`] for a role that belongs to a service.
    pub async fn detach_policy<A: DetachPolicy>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        policy_arn: &Arn,
    ) -> Result<(), Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        let policy_arn = policy_arn.to_string();
        self.metadata()
            .write(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    holder.require_modifiable()?;
                    match policy_attachment::detach(tx, &holder.id, &policy_arn).await? {
                        true => Ok(()),
                        false => {
                            let text = format!("Policy {policy_arn} was not found.");
                            Err(Error::NoSuchEntity(text))
                        }
                    }
                })
            })
            .await
    }

    /// IAM `ListAttachedUserPolicies`, `ListAttachedGroupPolicies`, `ListAttachedRolePolicies`: those
    /// whose paths begin with `path_prefix`, in order of ARN.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the holder.
    pub async fn list_attached_policies<A: ListAttachedPolicies>(
        &self,
        permit: &Permit<A>,
        holder: &str,
        path_prefix: Option<String>,
        page: PageRequest,
    ) -> Result<Page<AttachedPolicy>, Error> {
        let (resource, holder) = (permit.resource().clone(), holder.to_owned());
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    let holder = must_find(tx, A::HOLDER, &resource, &holder).await?;
                    let mut attached = policy_attachment::of_principal(tx, &holder.id).await?;
                    attached.retain(|arn| {
                        *arn > page.after && is_under(path_and_name(arn).0, path_prefix.as_deref())
                    });
                    let page = page.page(attached, String::clone);
                    let policy = |policy_arn: String| {
                        let policy_name = path_and_name(&policy_arn).1.to_owned();
                        AttachedPolicy { policy_name, policy_arn }
                    };
                    Ok(Page {
                        items: page.items.into_iter().map(policy).collect(),
                        marker: page.marker,
                    })
                })
            })
            .await
    }

    /// IAM `ListEntitiesForPolicy`: groups, users and roles, in order of unique id.
    ///
    /// # Errors
    /// [`Error::NoSuchEntity`] for the policy, [`Error::AccessDenied`] for one of another account.
    pub async fn list_entities_for_policy(
        &self,
        permit: &Permit<iam_actions::ListEntitiesForPolicy>,
        filter: EntityFilter,
        page: PageRequest,
    ) -> Result<Page<PolicyEntity>, Error> {
        let resource = permit.resource().clone();
        self.metadata()
            .read(move |tx| {
                Box::pin(async move {
                    must_find_policy(tx, &resource).await?;
                    let asked = PolicyUsers {
                        policy_arn: resource.arn(),
                        account: resource.account(),
                        after: &page.after,
                        path_prefix: filter.path_prefix.as_deref().unwrap_or_default(),
                        limit: page.max_items + 1,
                    };
                    let found = entities(tx, &filter, asked).await?;
                    Ok(page.page(found, |entity| entity.id.clone()))
                })
            })
            .await
    }
}

/// Refuses a policy that is not for attaching to this.
async fn require_attachable(
    tx: &mut Tx,
    account: &AccountId,
    holder: &PolicyHolder,
    policy_arn: &Arn,
) -> Result<(), Error> {
    match attachable(tx, account, policy_arn).await? {
        Attachable::Yes => Ok(()),
        Attachable::ToServiceLinkedRoles => {
            let whom = match holder.kind {
                HolderKind::User => "User",
                HolderKind::Group => "Group",
                HolderKind::Role => "Role",
            };
            Err(Error::PolicyNotAttachable(format!(
                "Cannot attach a Service Role Policy to a Customer {whom}."
            )))
        }
        Attachable::No => Err(Error::NoSuchEntity(format!(
            "Policy {policy_arn} does not exist or is not attachable."
        ))),
    }
}

/// What IAM calls the quota of policies attached to one of them.
fn quota(kind: HolderKind) -> &'static str {
    match kind {
        HolderKind::User => "PoliciesPerUser",
        HolderKind::Group => "PoliciesPerGroup",
        HolderKind::Role => "PoliciesPerRole",
    }
}

/// The path and the name of a policy, out of its ARN.
fn path_and_name(arn: &str) -> (&str, &str) {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let named = resource.strip_prefix("policy").unwrap_or_default();
    let name_at = named.rfind('/').map_or(0, |slash| slash + 1);
    named.split_at(name_at)
}

/// Those that use a policy. Unique ids of groups come before those of users, and these before those
/// of roles, so one position says how far all three kinds were shown.
async fn entities(
    tx: &mut Tx,
    filter: &EntityFilter,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyEntity>, MetadataError> {
    let mut found = Vec::new();
    for kind in [HolderKind::Group, HolderKind::User, HolderKind::Role] {
        if filter.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&kind)) {
            continue;
        }
        let mut rows = Vec::new();
        if filter.usage != Some(PolicyUse::Boundary) {
            rows.extend(attached(tx, kind, asked).await?);
        }
        if filter.usage != Some(PolicyUse::Permissions) {
            rows.extend(bounded(tx, kind, asked).await?);
        }
        rows.sort_by(|one, other| one.principal_id.cmp(&other.principal_id));
        rows.dedup();
        found.extend(rows.into_iter().map(|row| PolicyEntity {
            kind,
            id: row.principal_id,
            name: row.name,
        }));
    }
    Ok(found)
}

async fn attached(
    tx: &mut Tx,
    kind: HolderKind,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    match kind {
        HolderKind::User => policy_attachment::users(tx, asked).await,
        HolderKind::Group => policy_attachment::groups(tx, asked).await,
        HolderKind::Role => policy_attachment::roles(tx, asked).await,
    }
}

async fn bounded(
    tx: &mut Tx,
    kind: HolderKind,
    asked: PolicyUsers<'_>,
) -> Result<Vec<PolicyUserRow>, MetadataError> {
    match kind {
        HolderKind::User => policy_attachment::bounded_users(tx, asked).await,
        HolderKind::Group => Ok(Vec::new()),
        HolderKind::Role => policy_attachment::bounded_roles(tx, asked).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_of_a_policy_has_its_path_and_its_name() {
        for (arn, path, name) in [
            ("arn:aws:iam::111122223333:policy/push", "/", "push"),
            ("arn:aws:iam::111122223333:policy/a/b/push", "/a/b/", "push"),
            ("arn:aws:iam::aws:policy/service-role/X", "/service-role/", "X"),
            ("nonsense", "", ""),
        ] {
            assert_eq!(path_and_name(arn), (path, name));
        }
    }
}

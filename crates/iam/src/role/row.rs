//! The rows of roles within a transaction: what holds for each of them, whoever made it.

use wharfinger_auth::{IamResource, Resource};
use wharfinger_core::limits::{
    ROLE_SESSION_SECONDS_MAX, ROLE_SESSION_SECONDS_MIN, ROLES_PER_ACCOUNT_MAX,
};
use wharfinger_core::{AccountId, Arn};
use wharfinger_iam_policy::managed;
use wharfinger_metadata::role::{self, RoleRow};
use wharfinger_metadata::{
    Tx, iam_tag, inline_policy, instance_profile, managed_policy, policy_attachment,
    trusted_principal,
};

use crate::service_linked_role::RESERVED_PATH;
use crate::trust_policy::{self, Fate};
use crate::{Error, Role, Tag, scope, tag};

/// The role of that name, if a permit of `resource` reaches it.
pub(crate) async fn existing(
    tx: &mut Tx,
    resource: &IamResource,
    role_name: &str,
) -> Result<RoleRow, Error> {
    let found = role::find(tx, resource.account(), role_name).await?;
    let found = found.filter(|row| scope::covers(resource, &arn_of(row)));
    found.ok_or_else(|| Error::not_found("role", role_name))
}

/// Writes a role of a name that is free, within the quota of its account.
pub(crate) async fn insert(tx: &mut Tx, row: RoleRow, tags: Vec<Tag>) -> Result<Role, Error> {
    let limit = ROLES_PER_ACCOUNT_MAX;
    if role::count(tx, &row.account).await? >= limit {
        return Err(Error::LimitExceeded { quota: "RolesPerAccount", limit });
    }
    let document = trust_policy::check(&row.trust_policy)?;
    let trusted = trust_policy::principal_ids(tx, &document).await?;
    role::insert(tx, &row).await?;
    trusted_principal::replace(tx, &row.role_id, &trusted).await?;
    tag::put(tx, &row.role_id, &tags).await?;
    let tags = iam_tag::list(tx, &row.role_id).await?;
    Ok(Role { tags, ..Role::from_row(row) })
}

/// Deletes a role, also from where it is trusted.
pub(crate) async fn delete(tx: &mut Tx, row: &RoleRow) -> Result<(), Error> {
    trust_policy::principal_changes(tx, &row.role_id, &arn_of(row), Fate::Goes).await?;
    Ok(role::delete(tx, &row.role_id).await?)
}

/// That nothing holds a role which is to go.
pub(crate) async fn check_unused(tx: &mut Tx, role_id: &str) -> Result<(), Error> {
    let conflict = |what: &str| {
        Err(Error::DeleteConflict(format!("Cannot delete entity, must {what} first.")))
    };
    if !instance_profile::of_role(tx, role_id, "", 1).await?.is_empty() {
        return conflict("remove roles from instance profile");
    }
    if !policy_attachment::of_principal(tx, role_id).await?.is_empty() {
        return conflict("detach all policies");
    }
    if !inline_policy::list(tx, role_id).await?.is_empty() {
        return conflict("delete policies");
    }
    Ok(())
}

/// That a role is not one that belongs to a service.
///
/// # Errors
/// [`Error::UnmodifiableEntity`].
pub(crate) fn check_modifiable(row: &RoleRow) -> Result<(), Error> {
    if !row.path.starts_with(RESERVED_PATH) {
        return Ok(());
    }
    Err(Error::UnmodifiableEntity(format!(
        "Cannot perform the operation on the protected role '{}' - this role is only modifiable \
         by AWS",
        row.role_name
    )))
}

/// That a policy may bound a role of an account.
///
/// # Errors
/// [`Error::NoSuchEntity`].
pub(crate) async fn check_boundary(
    tx: &mut Tx,
    account: &AccountId,
    arn: &str,
) -> Result<(), Error> {
    let is_there = managed::find(arn).is_some()
        || managed_policy::find(tx, arn).await?.is_some_and(|policy| policy.account == *account);
    if is_there {
        return Ok(());
    }
    let text = format!("Scope ARN: {arn} does not exist or is not attachable.");
    Err(Error::NoSuchEntity(text))
}

/// The longest session of a role for which `given` is asked.
///
/// # Errors
/// [`Error::Validation`].
pub(crate) fn session_seconds(given: Option<u32>) -> Result<u32, Error> {
    let seconds = given.unwrap_or(ROLE_SESSION_SECONDS_MIN);
    if (ROLE_SESSION_SECONDS_MIN..=ROLE_SESSION_SECONDS_MAX).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Error::Validation(format!(
        "MaxSessionDuration must be between {ROLE_SESSION_SECONDS_MIN} and \
         {ROLE_SESSION_SECONDS_MAX} seconds."
    )))
}

/// The ARN of a role.
pub(crate) fn arn_of(row: &RoleRow) -> Arn {
    Arn::role(&row.account, &row.path, &row.role_name)
}

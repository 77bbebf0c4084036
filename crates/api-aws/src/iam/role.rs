//! Roles, those of services among them.

mod service_linked_role;
mod tags;

use wharfinger_auth::{Action, ContextKeys, IamResource, Permit, call_keys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, enums, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{NewRole, PageRequest, Role, RoleLastUse};

use super::{Call, Outcome, encoded_policy, not_implemented, nothing, tag};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::CreateRole,
    Operation::CreateServiceLinkedRole,
    Operation::DeleteRole,
    Operation::DeleteServiceLinkedRole,
    Operation::GetRole,
    Operation::GetServiceLinkedRoleDeletionStatus,
    Operation::ListRoleTags,
    Operation::ListRoles,
    Operation::TagRole,
    Operation::UntagRole,
    Operation::UpdateAssumeRolePolicy,
    Operation::UpdateRole,
    Operation::UpdateRoleDescription,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::CreateRole(input) => create(call, input).await,
        Request::CreateServiceLinkedRole(input) => service_linked_role::create(call, input).await,
        Request::DeleteRole(input) => delete(call, &input).await,
        Request::DeleteServiceLinkedRole(input) => service_linked_role::delete(call, &input).await,
        Request::GetRole(input) => get(call, &input).await,
        Request::GetServiceLinkedRoleDeletionStatus(input) => {
            service_linked_role::deletion_status(call, &input).await
        }
        Request::ListRoleTags(input) => tags::list(call, &input).await,
        Request::ListRoles(input) => list(call, &input).await,
        Request::TagRole(input) => tags::put(call, input).await,
        Request::UntagRole(input) => tags::remove(call, input).await,
        Request::UpdateAssumeRolePolicy(input) => update_trust_policy(call, input).await,
        Request::UpdateRole(input) => update(call, input).await,
        Request::UpdateRoleDescription(input) => update_description(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// The right to do `A` to a role, which may be there or not.
pub(super) async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    role_name: &str,
) -> Result<Permit<A>, CallError> {
    authorize_with(call, role_name, ContextKeys::default()).await
}

/// The same, with the condition keys that only this call has.
pub(super) async fn authorize_with<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    role_name: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let found = call.iam().tagged_role(call.account(), role_name).await?;
    let absent = Arn::role(&call.account(), "/", role_name);
    Ok(call.authorize_found(&found, &absent, keys).await?)
}

async fn create(call: &Call<'_>, input: input::CreateRoleRequest) -> Outcome {
    let tags = tag::from_wire(input.tags);
    let mut keys = call_keys::request_tags(&tags);
    if let Some(boundary) = &input.permissions_boundary {
        keys.insert("iam:PermissionsBoundary", boundary.as_str());
    }
    let path = input.path.as_deref().unwrap_or("/");
    let arn = Arn::role(&call.account(), path, &input.role_name);
    let permit = call.authorize_with::<iam_actions::CreateRole>(&arn, keys.clone()).await?;
    if !tags.is_empty() {
        // To make something with tags takes the right to tag it as well.
        let _: Permit<iam_actions::TagRole> = call.authorize_with(&arn, keys).await?;
    }
    let new = NewRole {
        role_name: input.role_name,
        path: input.path,
        description: input.description.unwrap_or_default(),
        session_seconds_max: input.max_session_duration.map(seconds),
        trust_policy: input.assume_role_policy_document,
        boundary_arn: input.permissions_boundary,
        tags,
    };
    let role = to_wire(call.iam().create_role(&permit, new).await?);
    Ok(Box::new(output::CreateRoleResponse { role }))
}

async fn get(call: &Call<'_>, input: &input::GetRoleRequest) -> Outcome {
    let permit = authorize::<iam_actions::GetRole>(call, &input.role_name).await?;
    let mut found = call.iam().get_role(&permit, &input.role_name).await?;
    let last_used = match found.last_used.take() {
        Some(RoleLastUse { used_at, region }) => {
            types::RoleLastUsed { last_used_date: Some(used_at), region: Some(region) }
        }
        None => types::RoleLastUsed::default(),
    };
    let role = types::Role { role_last_used: Some(last_used), ..to_wire(found) };
    Ok(Box::new(output::GetRoleResponse { role }))
}

async fn list(call: &Call<'_>, input: &input::ListRolesRequest) -> Outcome {
    let prefix = input.path_prefix.as_deref();
    // What policies see of a list is the beginning of the ARNs that are in it.
    let arn = Arn::role(&call.account(), prefix.unwrap_or("/"), "");
    let permit = call.authorize::<iam_actions::ListRoles>(&arn).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_roles(&permit, prefix, &page).await?;
    // A list has neither tags nor boundaries.
    let unbounded = |role| types::Role { permissions_boundary: None, ..to_wire(role) };
    Ok(Box::new(output::ListRolesResponse {
        roles: page.items.into_iter().map(unbounded).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn update(call: &Call<'_>, input: input::UpdateRoleRequest) -> Outcome {
    let permit = authorize::<iam_actions::UpdateRole>(call, &input.role_name).await?;
    let seconds = input.max_session_duration.map(seconds);
    call.iam().update_role(&permit, &input.role_name, input.description, seconds).await?;
    nothing()
}

async fn update_description(
    call: &Call<'_>,
    input: input::UpdateRoleDescriptionRequest,
) -> Outcome {
    let permit = authorize::<iam_actions::UpdateRoleDescription>(call, &input.role_name).await?;
    let (name, text) = (&input.role_name, input.description);
    let role = call.iam().update_role_description(&permit, name, text).await?;
    Ok(Box::new(output::UpdateRoleDescriptionResponse { role: Some(to_wire(role)) }))
}

async fn update_trust_policy(
    call: &Call<'_>,
    input: input::UpdateAssumeRolePolicyRequest,
) -> Outcome {
    let permit = authorize::<iam_actions::UpdateAssumeRolePolicy>(call, &input.role_name).await?;
    let (name, text) = (&input.role_name, input.policy_document);
    call.iam().update_assume_role_policy(&permit, name, text).await?;
    nothing()
}

async fn delete(call: &Call<'_>, input: &input::DeleteRoleRequest) -> Outcome {
    let permit = authorize::<iam_actions::DeleteRole>(call, &input.role_name).await?;
    call.iam().delete_role(&permit, &input.role_name).await?;
    nothing()
}

/// A role as IAM answers it, without when it was used last.
pub(super) fn to_wire(role: Role) -> types::Role {
    types::Role {
        path: role.path,
        role_name: role.role_name,
        role_id: role.role_id,
        arn: role.arn.to_string(),
        create_date: role.created_at,
        assume_role_policy_document: Some(encoded_policy(&role.trust_policy)),
        description: Some(role.description).filter(|text| !text.is_empty()),
        max_session_duration: i32::try_from(role.session_seconds_max).ok(),
        permissions_boundary: role.boundary_arn.map(boundary),
        tags: tag::to_wire_unless_none(role.tags),
        role_last_used: None,
        source_role_template: None,
    }
}

fn boundary(arn: String) -> types::AttachedPermissionsBoundary {
    types::AttachedPermissionsBoundary {
        permissions_boundary_type: Some(
            enums::PermissionsBoundaryAttachmentType::PermissionsBoundaryPolicy,
        ),
        permissions_boundary_arn: Some(arn),
    }
}

/// A number that the model has bounded.
fn seconds(given: i32) -> u32 {
    given.try_into().unwrap_or_default()
}

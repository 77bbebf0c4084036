//! Instance profiles.

mod tags;

use wharfinger_auth::{Action, ContextKeys, IamResource, Permit, call_keys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{InstanceProfile, NewInstanceProfile, PageRequest};

use super::{Call, Outcome, not_implemented, nothing, role, tag};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::AddRoleToInstanceProfile,
    Operation::CreateInstanceProfile,
    Operation::DeleteInstanceProfile,
    Operation::GetInstanceProfile,
    Operation::ListInstanceProfileTags,
    Operation::ListInstanceProfiles,
    Operation::ListInstanceProfilesForRole,
    Operation::RemoveRoleFromInstanceProfile,
    Operation::TagInstanceProfile,
    Operation::UntagInstanceProfile,
];

/// The service to which a role in a profile is passed.
const PASSED_TO: &str = "ec2.amazonaws.com";

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::AddRoleToInstanceProfile(input) => add_role(call, &input).await,
        Request::CreateInstanceProfile(input) => create(call, input).await,
        Request::DeleteInstanceProfile(input) => delete(call, &input).await,
        Request::GetInstanceProfile(input) => get(call, &input).await,
        Request::ListInstanceProfileTags(input) => tags::list(call, &input).await,
        Request::ListInstanceProfiles(input) => list(call, &input).await,
        Request::ListInstanceProfilesForRole(input) => list_for_role(call, &input).await,
        Request::RemoveRoleFromInstanceProfile(input) => remove_role(call, &input).await,
        Request::TagInstanceProfile(input) => tags::put(call, input).await,
        Request::UntagInstanceProfile(input) => tags::remove(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// The right to do `A` to an instance profile, which may be there or not.
async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    name: &str,
) -> Result<Permit<A>, CallError> {
    authorize_with(call, name, ContextKeys::default()).await
}

/// The same, with the condition keys that only this call has.
async fn authorize_with<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    name: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let found = call.iam().tagged_instance_profile(call.account(), name).await?;
    let absent = Arn::instance_profile(&call.account(), "/", name);
    Ok(call.authorize_found(&found, &absent, keys).await?)
}

async fn create(call: &Call<'_>, input: input::CreateInstanceProfileRequest) -> Outcome {
    let tags = tag::from_wire(input.tags);
    let path = input.path.as_deref().unwrap_or("/");
    let arn = Arn::instance_profile(&call.account(), path, &input.instance_profile_name);
    let keys = call_keys::request_tags(&tags);
    let permit: Permit<iam_actions::CreateInstanceProfile> =
        call.authorize_with(&arn, keys.clone()).await?;
    if !tags.is_empty() {
        // To make something with tags takes the right to tag it as well.
        let _: Permit<iam_actions::TagInstanceProfile> = call.authorize_with(&arn, keys).await?;
    }
    let (profile_name, path) = (input.instance_profile_name, input.path);
    let new = NewInstanceProfile { profile_name, path, tags };
    let profile = call.iam().create_instance_profile(&permit, new).await?;
    let instance_profile = to_wire(profile);
    Ok(Box::new(output::CreateInstanceProfileResponse { instance_profile }))
}

async fn get(call: &Call<'_>, input: &input::GetInstanceProfileRequest) -> Outcome {
    let name = &input.instance_profile_name;
    let permit = authorize::<iam_actions::GetInstanceProfile>(call, name).await?;
    let instance_profile = to_wire(call.iam().get_instance_profile(&permit, name).await?);
    Ok(Box::new(output::GetInstanceProfileResponse { instance_profile }))
}

async fn list(call: &Call<'_>, input: &input::ListInstanceProfilesRequest) -> Outcome {
    let prefix = input.path_prefix.as_deref();
    let arn = Arn::instance_profile(&call.account(), prefix.unwrap_or("/"), "");
    let permit = call.authorize::<iam_actions::ListInstanceProfiles>(&arn).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_instance_profiles(&permit, prefix, &page).await?;
    Ok(Box::new(output::ListInstanceProfilesResponse {
        instance_profiles: page.items.into_iter().map(to_wire).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn list_for_role(
    call: &Call<'_>,
    input: &input::ListInstanceProfilesForRoleRequest,
) -> Outcome {
    let name = &input.role_name;
    let permit = role::authorize::<iam_actions::ListInstanceProfilesForRole>(call, name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_instance_profiles_for_role(&permit, name, &page).await?;
    Ok(Box::new(output::ListInstanceProfilesForRoleResponse {
        instance_profiles: page.items.into_iter().map(to_wire).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn add_role(call: &Call<'_>, input: &input::AddRoleToInstanceProfileRequest) -> Outcome {
    let (name, role_name) = (&input.instance_profile_name, &input.role_name);
    let permit = authorize::<iam_actions::AddRoleToInstanceProfile>(call, name).await?;
    let mut keys = ContextKeys::default();
    keys.insert("iam:PassedToService", PASSED_TO);
    let pass_role: Permit<iam_actions::PassRole> =
        role::authorize_with(call, role_name, keys).await?;
    call.iam().add_role_to_instance_profile(&permit, &pass_role, name, role_name).await?;
    nothing()
}

async fn remove_role(
    call: &Call<'_>,
    input: &input::RemoveRoleFromInstanceProfileRequest,
) -> Outcome {
    let name = &input.instance_profile_name;
    let permit = authorize::<iam_actions::RemoveRoleFromInstanceProfile>(call, name).await?;
    let role_name = &input.role_name;
    call.iam().remove_role_from_instance_profile(&permit, name, role_name).await?;
    nothing()
}

async fn delete(call: &Call<'_>, input: &input::DeleteInstanceProfileRequest) -> Outcome {
    let name = &input.instance_profile_name;
    let permit = authorize::<iam_actions::DeleteInstanceProfile>(call, name).await?;
    call.iam().delete_instance_profile(&permit, name).await?;
    nothing()
}

fn to_wire(profile: InstanceProfile) -> types::InstanceProfile {
    // Of the role in it only what does not need looking up elsewhere.
    let role = |it| types::Role { permissions_boundary: None, ..role::to_wire(it) };
    types::InstanceProfile {
        path: profile.path,
        instance_profile_name: profile.profile_name,
        instance_profile_id: profile.profile_id,
        arn: profile.arn.to_string(),
        create_date: profile.created_at,
        roles: profile.role.into_iter().map(role).collect(),
        tags: tag::to_wire_unless_none(profile.tags),
    }
}

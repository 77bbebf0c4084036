//! Instance profiles.

mod tags;

use wharfinger_auth::{ContextKeys, call_keys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{InstanceProfile, NewInstanceProfile, PageRequest, Tagged};

use super::{Call, Outcome, not_implemented, role, tag};

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

async fn create(call: &Call<'_>, input: input::CreateInstanceProfileRequest) -> Outcome {
    let tags = tag::from_wire(input.tags);
    let path = input.path.as_deref().unwrap_or("/");
    let arn = Arn::instance_profile(&call.account(), path, &input.instance_profile_name);
    let tagged = Tagged { arn, tags: Vec::new() };
    let keys = call_keys::request_tags(&tags);
    let permit = call.authorize_tagged::<iam_actions::CreateInstanceProfile>(&tagged, keys).await?;
    let (profile_name, path) = (input.instance_profile_name, input.path);
    let new = NewInstanceProfile { profile_name, path, tags };
    let profile = call.iam().create_instance_profile(&permit, new).await?;
    let instance_profile = to_wire(profile);
    Ok(Box::new(output::CreateInstanceProfileResponse { instance_profile }))
}

async fn get(call: &Call<'_>, input: &input::GetInstanceProfileRequest) -> Outcome {
    let name = &input.instance_profile_name;
    let tagged = call.iam().tagged_instance_profile(call.account(), name).await?;
    let permit = call
        .authorize_tagged::<iam_actions::GetInstanceProfile>(&tagged, ContextKeys::default())
        .await?;
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
    let tagged = call.iam().tagged_role(call.account(), &input.role_name).await?;
    let keys = ContextKeys::default();
    let permit = call.authorize_tagged::<iam_actions::ListInstanceProfilesForRole>(&tagged, keys);
    let (permit, name) = (permit.await?, &input.role_name);
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
    let profile = call.iam().tagged_instance_profile(call.account(), name).await?;
    let role = call.iam().tagged_role(call.account(), role_name).await?;
    let permit = call
        .authorize_tagged::<iam_actions::AddRoleToInstanceProfile>(&profile, ContextKeys::default())
        .await?;
    let mut keys = ContextKeys::default();
    keys.insert("iam:PassedToService", PASSED_TO);
    let pass_role = call.authorize_tagged::<iam_actions::PassRole>(&role, keys).await?;
    call.iam().add_role_to_instance_profile(&permit, &pass_role, name, role_name).await?;
    Ok(Box::new(output::AddRoleToInstanceProfileResponse {}))
}

async fn remove_role(
    call: &Call<'_>,
    input: &input::RemoveRoleFromInstanceProfileRequest,
) -> Outcome {
    let name = &input.instance_profile_name;
    let tagged = call.iam().tagged_instance_profile(call.account(), name).await?;
    let keys = ContextKeys::default();
    let permit = call.authorize_tagged::<iam_actions::RemoveRoleFromInstanceProfile>(&tagged, keys);
    let (permit, role_name) = (permit.await?, &input.role_name);
    call.iam().remove_role_from_instance_profile(&permit, name, role_name).await?;
    Ok(Box::new(output::RemoveRoleFromInstanceProfileResponse {}))
}

async fn delete(call: &Call<'_>, input: &input::DeleteInstanceProfileRequest) -> Outcome {
    let name = &input.instance_profile_name;
    let tagged = call.iam().tagged_instance_profile(call.account(), name).await?;
    let permit = call
        .authorize_tagged::<iam_actions::DeleteInstanceProfile>(&tagged, ContextKeys::default())
        .await?;
    call.iam().delete_instance_profile(&permit, name).await?;
    Ok(Box::new(output::DeleteInstanceProfileResponse {}))
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

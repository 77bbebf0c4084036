//! Groups, and who is in them.

use wharfinger_auth::iam_actions::{
    AddUserToGroup, CreateGroup, DeleteGroup, GetGroup, ListGroups, ListGroupsForUser,
    RemoveUserFromGroup, UpdateGroup,
};
use wharfinger_auth::{Action, ContextKeys, IamResource, Permit};
use wharfinger_aws_model::iam::{Operation, Request, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{Group, PageRequest, Tagged};

use super::{Call, Outcome, not_implemented, nothing, user};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::AddUserToGroup,
    Operation::CreateGroup,
    Operation::DeleteGroup,
    Operation::GetGroup,
    Operation::ListGroups,
    Operation::ListGroupsForUser,
    Operation::RemoveUserFromGroup,
    Operation::UpdateGroup,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::AddUserToGroup(input) => add_user_to_group(call, input).await,
        Request::CreateGroup(input) => create_group(call, input).await,
        Request::DeleteGroup(input) => delete_group(call, input).await,
        Request::GetGroup(input) => get_group(call, input).await,
        Request::ListGroups(input) => list_groups(call, input).await,
        Request::ListGroupsForUser(input) => list_groups_for_user(call, input).await,
        Request::RemoveUserFromGroup(input) => remove_user_from_group(call, input).await,
        Request::UpdateGroup(input) => update_group(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// The right to do `A` to a group, which may be there or not.
pub(crate) async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    name: &str,
) -> Result<Permit<A>, CallError> {
    let path = call.iam().group_path(call.account(), name).await?;
    let arn = Arn::group(&call.account(), path.as_deref().unwrap_or("/"), name);
    let absent = Arn::group(&call.account(), "/", name);
    let found = Tagged { arn, tags: Vec::new() };
    Ok(call.authorize_found(&found, &absent, ContextKeys::default()).await?)
}

async fn create_group(call: &Call<'_>, input: input::CreateGroupRequest) -> Outcome {
    let input::CreateGroupRequest { path, group_name } = input;
    let arn = Arn::group(&call.account(), path.as_deref().unwrap_or("/"), &group_name);
    let permit: Permit<CreateGroup> = call.authorize(&arn).await?;
    let group = call.iam().create_group(&permit, &group_name, path.as_deref()).await?;
    Ok(Box::new(output::CreateGroupResponse { group: whole(group) }))
}

async fn get_group(call: &Call<'_>, input: input::GetGroupRequest) -> Outcome {
    let permit: Permit<GetGroup> = authorize(call, &input.group_name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let (group, page) = call.iam().get_group(&permit, &input.group_name, page).await?;
    Ok(Box::new(output::GetGroupResponse {
        group: whole(group),
        users: page.items.into_iter().map(user::listed).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn update_group(call: &Call<'_>, input: input::UpdateGroupRequest) -> Outcome {
    let input::UpdateGroupRequest { group_name, new_path, new_group_name } = input;
    let permit: Permit<UpdateGroup> = authorize(call, &group_name).await?;
    let path = match &new_path {
        Some(path) => Some(path.clone()),
        None => call.iam().group_path(call.account(), &group_name).await?,
    };
    let name = new_group_name.as_deref().unwrap_or(&group_name);
    let becomes = Arn::group(&call.account(), path.as_deref().unwrap_or("/"), name);
    let target: Permit<UpdateGroup> = match permit.resource().arn() == becomes.as_str() {
        true => permit.clone(),
        false => call.authorize(&becomes).await?,
    };
    let (name, path) = (new_group_name.as_deref(), new_path.as_deref());
    call.iam().update_group(&permit, &target, &group_name, name, path).await?;
    nothing()
}

async fn delete_group(call: &Call<'_>, input: input::DeleteGroupRequest) -> Outcome {
    let permit: Permit<DeleteGroup> = authorize(call, &input.group_name).await?;
    call.iam().delete_group(&permit, &input.group_name).await?;
    nothing()
}

async fn list_groups(call: &Call<'_>, input: input::ListGroupsRequest) -> Outcome {
    let prefix = input.path_prefix.as_deref();
    let arn = Arn::group(&call.account(), prefix.unwrap_or("/"), "");
    let permit: Permit<ListGroups> = call.authorize(&arn).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_groups(&permit, prefix, page).await?;
    Ok(Box::new(output::ListGroupsResponse {
        groups: page.items.into_iter().map(whole).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn list_groups_for_user(call: &Call<'_>, input: input::ListGroupsForUserRequest) -> Outcome {
    let permit: Permit<ListGroupsForUser> = user::authorize(call, &input.user_name).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_groups_for_user(&permit, &input.user_name, page).await?;
    Ok(Box::new(output::ListGroupsForUserResponse {
        groups: page.items.into_iter().map(whole).collect(),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn add_user_to_group(call: &Call<'_>, input: input::AddUserToGroupRequest) -> Outcome {
    let permit: Permit<AddUserToGroup> = authorize(call, &input.group_name).await?;
    call.iam().add_user_to_group(&permit, &input.group_name, &input.user_name).await?;
    nothing()
}

async fn remove_user_from_group(
    call: &Call<'_>,
    input: input::RemoveUserFromGroupRequest,
) -> Outcome {
    let permit: Permit<RemoveUserFromGroup> = authorize(call, &input.group_name).await?;
    call.iam().remove_user_from_group(&permit, &input.group_name, &input.user_name).await?;
    nothing()
}

fn whole(group: Group) -> types::Group {
    types::Group {
        path: group.path,
        group_name: group.group_name,
        group_id: group.group_id,
        arn: group.arn.to_string(),
        create_date: group.created_at,
    }
}

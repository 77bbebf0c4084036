//! Policies that are part of a user, a group or a role.

use wharfinger_auth::{ContextKeys, Permit, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, input, output};
use wharfinger_core::Arn;
use wharfinger_iam::{
    DeleteInlinePolicy, GetInlinePolicy, HolderAction, HolderKind, ListInlinePolicies, Page,
    PageRequest, PutInlinePolicy, Tagged,
};

use super::{Call, Outcome, encoded_policy, not_implemented};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::DeleteGroupPolicy,
    Operation::DeleteRolePolicy,
    Operation::DeleteUserPolicy,
    Operation::GetGroupPolicy,
    Operation::GetRolePolicy,
    Operation::GetUserPolicy,
    Operation::ListGroupPolicies,
    Operation::ListRolePolicies,
    Operation::ListUserPolicies,
    Operation::PutGroupPolicy,
    Operation::PutRolePolicy,
    Operation::PutUserPolicy,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::DeleteGroupPolicy(input) => delete_group_policy(call, &input).await,
        Request::DeleteRolePolicy(input) => delete_role_policy(call, &input).await,
        Request::DeleteUserPolicy(input) => delete_user_policy(call, &input).await,
        Request::GetGroupPolicy(input) => get_group_policy(call, &input).await,
        Request::GetRolePolicy(input) => get_role_policy(call, &input).await,
        Request::GetUserPolicy(input) => get_user_policy(call, &input).await,
        Request::ListGroupPolicies(input) => list_group_policies(call, &input).await,
        Request::ListRolePolicies(input) => list_role_policies(call, &input).await,
        Request::ListUserPolicies(input) => list_user_policies(call, &input).await,
        Request::PutGroupPolicy(input) => put_group_policy(call, &input).await,
        Request::PutRolePolicy(input) => put_role_policy(call, &input).await,
        Request::PutUserPolicy(input) => put_user_policy(call, &input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// A permit for what is done to a user, a group or a role of this name: policies see its tags, the
/// boundary it has, and the condition keys that only this call has. Who may not is not told its path.
pub(super) async fn authorize_holder<A: HolderAction>(
    call: &Call<'_>,
    name: &str,
    mut keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let facts = call.iam().holder_facts(call.account(), A::HOLDER, name).await?;
    if let Some(boundary) = facts.boundary_arn.filter(|_| keys.get(BOUNDARY_KEY).is_none()) {
        keys.insert(BOUNDARY_KEY, boundary);
    }
    let account = call.account();
    let absent = match A::HOLDER {
        HolderKind::User => Arn::user(&account, "/", name),
        HolderKind::Group => Arn::group(&account, "/", name),
        HolderKind::Role => Arn::role(&account, "/", name),
    };
    let found = Tagged { arn: facts.arn, tags: facts.tags };
    Ok(call.authorize_found(&found, &absent, keys).await?)
}

/// The boundary that a user or a role has, or is to have.
pub(super) const BOUNDARY_KEY: &str = "iam:PermissionsBoundary";

async fn put<A: PutInlinePolicy>(
    call: &Call<'_>,
    holder: &str,
    name: &str,
    document: &str,
) -> Result<(), CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    Ok(call.iam().put_inline_policy(&permit, holder, name, document).await?)
}

async fn get<A: GetInlinePolicy>(
    call: &Call<'_>,
    holder: &str,
    name: &str,
) -> Result<String, CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    let text = call.iam().get_inline_policy(&permit, holder, name).await?;
    Ok(encoded_policy(&text))
}

async fn list<A: ListInlinePolicies>(
    call: &Call<'_>,
    holder: &str,
    page: PageRequest,
) -> Result<Page<String>, CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    Ok(call.iam().list_inline_policies(&permit, holder, page).await?)
}

async fn delete<A: DeleteInlinePolicy>(
    call: &Call<'_>,
    holder: &str,
    name: &str,
) -> Result<(), CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    Ok(call.iam().delete_inline_policy(&permit, holder, name).await?)
}

async fn put_user_policy(call: &Call<'_>, input: &input::PutUserPolicyRequest) -> Outcome {
    let (holder, name) = (&input.user_name, &input.policy_name);
    put::<iam_actions::PutUserPolicy>(call, holder, name, &input.policy_document).await?;
    Ok(Box::new(output::PutUserPolicyResponse {}))
}

async fn get_user_policy(call: &Call<'_>, input: &input::GetUserPolicyRequest) -> Outcome {
    let (holder, name) = (&input.user_name, &input.policy_name);
    let policy_document = get::<iam_actions::GetUserPolicy>(call, holder, name).await?;
    Ok(Box::new(output::GetUserPolicyResponse {
        user_name: holder.clone(),
        policy_name: name.clone(),
        policy_document,
    }))
}

async fn list_user_policies(call: &Call<'_>, input: &input::ListUserPoliciesRequest) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<iam_actions::ListUserPolicies>(call, &input.user_name, page).await?;
    Ok(Box::new(output::ListUserPoliciesResponse {
        policy_names: page.items,
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn delete_user_policy(call: &Call<'_>, input: &input::DeleteUserPolicyRequest) -> Outcome {
    let (holder, name) = (&input.user_name, &input.policy_name);
    delete::<iam_actions::DeleteUserPolicy>(call, holder, name).await?;
    Ok(Box::new(output::DeleteUserPolicyResponse {}))
}

async fn put_group_policy(call: &Call<'_>, input: &input::PutGroupPolicyRequest) -> Outcome {
    let (holder, name) = (&input.group_name, &input.policy_name);
    put::<iam_actions::PutGroupPolicy>(call, holder, name, &input.policy_document).await?;
    Ok(Box::new(output::PutGroupPolicyResponse {}))
}

async fn get_group_policy(call: &Call<'_>, input: &input::GetGroupPolicyRequest) -> Outcome {
    let (holder, name) = (&input.group_name, &input.policy_name);
    let policy_document = get::<iam_actions::GetGroupPolicy>(call, holder, name).await?;
    Ok(Box::new(output::GetGroupPolicyResponse {
        group_name: holder.clone(),
        policy_name: name.clone(),
        policy_document,
    }))
}

async fn list_group_policies(call: &Call<'_>, input: &input::ListGroupPoliciesRequest) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<iam_actions::ListGroupPolicies>(call, &input.group_name, page).await?;
    Ok(Box::new(output::ListGroupPoliciesResponse {
        policy_names: page.items,
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn delete_group_policy(call: &Call<'_>, input: &input::DeleteGroupPolicyRequest) -> Outcome {
    let (holder, name) = (&input.group_name, &input.policy_name);
    delete::<iam_actions::DeleteGroupPolicy>(call, holder, name).await?;
    Ok(Box::new(output::DeleteGroupPolicyResponse {}))
}

async fn put_role_policy(call: &Call<'_>, input: &input::PutRolePolicyRequest) -> Outcome {
    let (holder, name) = (&input.role_name, &input.policy_name);
    put::<iam_actions::PutRolePolicy>(call, holder, name, &input.policy_document).await?;
    Ok(Box::new(output::PutRolePolicyResponse {}))
}

async fn get_role_policy(call: &Call<'_>, input: &input::GetRolePolicyRequest) -> Outcome {
    let (holder, name) = (&input.role_name, &input.policy_name);
    let policy_document = get::<iam_actions::GetRolePolicy>(call, holder, name).await?;
    Ok(Box::new(output::GetRolePolicyResponse {
        role_name: holder.clone(),
        policy_name: name.clone(),
        policy_document,
    }))
}

async fn list_role_policies(call: &Call<'_>, input: &input::ListRolePoliciesRequest) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = list::<iam_actions::ListRolePolicies>(call, &input.role_name, page).await?;
    Ok(Box::new(output::ListRolePoliciesResponse {
        policy_names: page.items,
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

async fn delete_role_policy(call: &Call<'_>, input: &input::DeleteRolePolicyRequest) -> Outcome {
    let (holder, name) = (&input.role_name, &input.policy_name);
    delete::<iam_actions::DeleteRolePolicy>(call, holder, name).await?;
    Ok(Box::new(output::DeleteRolePolicyResponse {}))
}

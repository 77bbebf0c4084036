//! To whom managed policies are attached.

use wharfinger_auth::{ContextKeys, iam_actions};
use wharfinger_aws_model::iam::{enums, input, output, types};
use wharfinger_iam::{
    AttachPolicy, AttachedPolicy, DetachPolicy, EntityFilter, HolderKind, ListAttachedPolicies,
    Page, PageRequest, PolicyEntity,
};

use super::{authorize, policy_arn, usage};
use crate::iam::inline_policy::authorize_holder;
use crate::iam::{Call, Outcome};
use crate::query_service::CallError;

async fn attach<A: AttachPolicy>(
    call: &Call<'_>,
    holder: &str,
    arn: &str,
) -> Result<(), CallError> {
    let permit = authorize_holder::<A>(call, holder, policy_key(arn)).await?;
    Ok(call.iam().attach_policy(&permit, holder, &policy_arn(arn)?).await?)
}

async fn detach<A: DetachPolicy>(
    call: &Call<'_>,
    holder: &str,
    arn: &str,
) -> Result<(), CallError> {
    let permit = authorize_holder::<A>(call, holder, policy_key(arn)).await?;
    Ok(call.iam().detach_policy(&permit, holder, &policy_arn(arn)?).await?)
}

/// `iam:PolicyARN`: which policies somebody may attach.
fn policy_key(arn: &str) -> ContextKeys {
    let mut keys = ContextKeys::default();
    keys.insert("iam:PolicyARN", arn);
    keys
}

/// A page of policies, as the three lists have it.
async fn attached<A: ListAttachedPolicies>(
    call: &Call<'_>,
    holder: &str,
    path_prefix: Option<String>,
    page: PageRequest,
) -> Result<Page<types::AttachedPolicy>, CallError> {
    let permit = authorize_holder::<A>(call, holder, ContextKeys::default()).await?;
    let page = call.iam().list_attached_policies(&permit, holder, path_prefix, page).await?;
    let policy = |AttachedPolicy { policy_name, policy_arn }| types::AttachedPolicy {
        policy_name: Some(policy_name),
        policy_arn: Some(policy_arn),
    };
    Ok(Page { items: page.items.into_iter().map(policy).collect(), marker: page.marker })
}

pub(super) async fn attach_to_group(
    call: &Call<'_>,
    input: &input::AttachGroupPolicyRequest,
) -> Outcome {
    attach::<iam_actions::AttachGroupPolicy>(call, &input.group_name, &input.policy_arn).await?;
    Ok(Box::new(output::AttachGroupPolicyResponse {}))
}

pub(super) async fn detach_from_group(
    call: &Call<'_>,
    input: &input::DetachGroupPolicyRequest,
) -> Outcome {
    detach::<iam_actions::DetachGroupPolicy>(call, &input.group_name, &input.policy_arn).await?;
    Ok(Box::new(output::DetachGroupPolicyResponse {}))
}

pub(super) async fn of_group(
    call: &Call<'_>,
    input: input::ListAttachedGroupPoliciesRequest,
) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let (name, prefix) = (&input.group_name, input.path_prefix);
    let page = attached::<iam_actions::ListAttachedGroupPolicies>(call, name, prefix, page).await?;
    Ok(Box::new(output::ListAttachedGroupPoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

pub(super) async fn attach_to_role(
    call: &Call<'_>,
    input: &input::AttachRolePolicyRequest,
) -> Outcome {
    attach::<iam_actions::AttachRolePolicy>(call, &input.role_name, &input.policy_arn).await?;
    Ok(Box::new(output::AttachRolePolicyResponse {}))
}

pub(super) async fn detach_from_role(
    call: &Call<'_>,
    input: &input::DetachRolePolicyRequest,
) -> Outcome {
    detach::<iam_actions::DetachRolePolicy>(call, &input.role_name, &input.policy_arn).await?;
    Ok(Box::new(output::DetachRolePolicyResponse {}))
}

pub(super) async fn of_role(
    call: &Call<'_>,
    input: input::ListAttachedRolePoliciesRequest,
) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let (name, prefix) = (&input.role_name, input.path_prefix);
    let page = attached::<iam_actions::ListAttachedRolePolicies>(call, name, prefix, page).await?;
    Ok(Box::new(output::ListAttachedRolePoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

pub(super) async fn attach_to_user(
    call: &Call<'_>,
    input: &input::AttachUserPolicyRequest,
) -> Outcome {
    attach::<iam_actions::AttachUserPolicy>(call, &input.user_name, &input.policy_arn).await?;
    Ok(Box::new(output::AttachUserPolicyResponse {}))
}

pub(super) async fn detach_from_user(
    call: &Call<'_>,
    input: &input::DetachUserPolicyRequest,
) -> Outcome {
    detach::<iam_actions::DetachUserPolicy>(call, &input.user_name, &input.policy_arn).await?;
    Ok(Box::new(output::DetachUserPolicyResponse {}))
}

pub(super) async fn of_user(
    call: &Call<'_>,
    input: input::ListAttachedUserPoliciesRequest,
) -> Outcome {
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let (name, prefix) = (&input.user_name, input.path_prefix);
    let page = attached::<iam_actions::ListAttachedUserPolicies>(call, name, prefix, page).await?;
    Ok(Box::new(output::ListAttachedUserPoliciesResponse {
        attached_policies: Some(page.items),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

pub(super) async fn entities(
    call: &Call<'_>,
    input: input::ListEntitiesForPolicyRequest,
) -> Outcome {
    let keys = ContextKeys::default();
    let permit =
        authorize::<iam_actions::ListEntitiesForPolicy>(call, &input.policy_arn, keys).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let filter = EntityFilter {
        kinds: input.entity_filter.map(kinds),
        path_prefix: input.path_prefix,
        usage: usage(input.policy_usage_filter),
    };
    let page = call.iam().list_entities_for_policy(&permit, filter, page).await?;
    let (mut groups, mut users, mut roles) = (Vec::new(), Vec::new(), Vec::new());
    for PolicyEntity { kind, id, name } in page.items {
        let (id, name) = (Some(id), Some(name));
        match kind {
            HolderKind::Group => groups.push(types::PolicyGroup { group_name: name, group_id: id }),
            HolderKind::User => users.push(types::PolicyUser { user_name: name, user_id: id }),
            HolderKind::Role => roles.push(types::PolicyRole { role_name: name, role_id: id }),
        }
    }
    Ok(Box::new(output::ListEntitiesForPolicyResponse {
        policy_groups: Some(groups),
        policy_users: Some(users),
        policy_roles: Some(roles),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

/// The kinds that a filter takes. Policies use no policies.
fn kinds(filter: enums::EntityType) -> Vec<HolderKind> {
    match filter {
        enums::EntityType::User => vec![HolderKind::User],
        enums::EntityType::Role => vec![HolderKind::Role],
        enums::EntityType::Group => vec![HolderKind::Group],
        enums::EntityType::LocalManagedPolicy | enums::EntityType::AWSManagedPolicy => Vec::new(),
    }
}

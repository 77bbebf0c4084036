//! Managed policies, their versions, and to whom they are attached.

mod attachment;
mod tags;
mod version;

use wharfinger_auth::{Action, ContextKeys, IamResource, Permit, call_keys, iam_actions};
use wharfinger_aws_model::iam::{Operation, Request, enums, input, output, types};
use wharfinger_core::Arn;
use wharfinger_iam::{
    Error, ManagedPolicy, NewManagedPolicy, PageRequest, PolicyFilter, PolicyScope, PolicyUse,
    Tagged,
};

use super::{Call, Outcome, not_implemented, tag};
use crate::query_service::CallError;

/// The operations that are answered here.
pub(crate) const OPERATIONS: &[Operation] = &[
    Operation::AttachGroupPolicy,
    Operation::AttachRolePolicy,
    Operation::AttachUserPolicy,
    Operation::CreatePolicy,
    Operation::CreatePolicyVersion,
    Operation::DeletePolicy,
    Operation::DeletePolicyVersion,
    Operation::DetachGroupPolicy,
    Operation::DetachRolePolicy,
    Operation::DetachUserPolicy,
    Operation::GetPolicy,
    Operation::GetPolicyVersion,
    Operation::ListAttachedGroupPolicies,
    Operation::ListAttachedRolePolicies,
    Operation::ListAttachedUserPolicies,
    Operation::ListEntitiesForPolicy,
    Operation::ListPolicies,
    Operation::ListPolicyTags,
    Operation::ListPolicyVersions,
    Operation::SetDefaultPolicyVersion,
    Operation::TagPolicy,
    Operation::UntagPolicy,
];

/// Carries out one of [`OPERATIONS`].
pub(crate) async fn answer(call: &Call<'_>, request: Request) -> Outcome {
    match request {
        Request::AttachGroupPolicy(input) => attachment::attach_to_group(call, &input).await,
        Request::AttachRolePolicy(input) => attachment::attach_to_role(call, &input).await,
        Request::AttachUserPolicy(input) => attachment::attach_to_user(call, &input).await,
        Request::CreatePolicy(input) => create(call, input).await,
        Request::CreatePolicyVersion(input) => version::create(call, &input).await,
        Request::DeletePolicy(input) => delete(call, &input).await,
        Request::DeletePolicyVersion(input) => version::delete(call, &input).await,
        Request::DetachGroupPolicy(input) => attachment::detach_from_group(call, &input).await,
        Request::DetachRolePolicy(input) => attachment::detach_from_role(call, &input).await,
        Request::DetachUserPolicy(input) => attachment::detach_from_user(call, &input).await,
        Request::GetPolicy(input) => get(call, &input).await,
        Request::GetPolicyVersion(input) => version::get(call, &input).await,
        Request::ListAttachedGroupPolicies(input) => attachment::of_group(call, input).await,
        Request::ListAttachedRolePolicies(input) => attachment::of_role(call, input).await,
        Request::ListAttachedUserPolicies(input) => attachment::of_user(call, input).await,
        Request::ListEntitiesForPolicy(input) => attachment::entities(call, input).await,
        Request::ListPolicies(input) => list(call, input).await,
        Request::ListPolicyTags(input) => tags::list(call, &input).await,
        Request::ListPolicyVersions(input) => version::list(call, &input).await,
        Request::SetDefaultPolicyVersion(input) => version::set_default(call, &input).await,
        Request::TagPolicy(input) => tags::put(call, input).await,
        Request::UntagPolicy(input) => tags::remove(call, input).await,
        other => Err(not_implemented(other.operation())),
    }
}

/// The ARN of a policy as a request has it.
///
/// # Errors
/// [`Error::InvalidInput`] for what is none.
pub(super) fn policy_arn(text: &str) -> Result<Arn, Error> {
    let arn = text.parse().ok().filter(|arn: &Arn| {
        arn.service() == "iam" && arn.region().is_empty() && arn.resource().starts_with("policy/")
    });
    arn.ok_or_else(|| Error::InvalidInput(format!("ARN {text} is not valid.")))
}

/// A permit for the policy of an ARN, with its tags and the condition keys that only this call has.
async fn authorize<A: Action<Resource = IamResource>>(
    call: &Call<'_>,
    arn: &str,
    keys: ContextKeys,
) -> Result<Permit<A>, CallError> {
    let tagged = call.iam().tagged_policy(call.account(), &policy_arn(arn)?).await?;
    Ok(call.authorize_tagged(&tagged, keys).await?)
}

async fn create(call: &Call<'_>, input: input::CreatePolicyRequest) -> Outcome {
    let tags = tag::from_wire(input.tags);
    let keys = call_keys::request_tags(&tags);
    let path = input.path.as_deref().unwrap_or("/");
    let arn = Arn::managed_policy(&call.account(), path, &input.policy_name);
    let tagged = Tagged { arn, tags: Vec::new() };
    let permit = call.authorize_tagged::<iam_actions::CreatePolicy>(&tagged, keys).await?;
    let new = NewManagedPolicy {
        policy_name: input.policy_name,
        path: input.path,
        description: input.description.unwrap_or_default(),
        document: input.policy_document,
        tags,
    };
    let made = call.iam().create_policy(&permit, new).await?;
    // The answer has the members of a list, and the tags.
    let tags = tag::to_wire_unless_none(made.tags.clone());
    let policy = Some(types::Policy { tags, ..listed(made) });
    Ok(Box::new(output::CreatePolicyResponse { policy }))
}

async fn get(call: &Call<'_>, input: &input::GetPolicyRequest) -> Outcome {
    let permit =
        authorize::<iam_actions::GetPolicy>(call, &input.policy_arn, ContextKeys::default())
            .await?;
    let mut found = call.iam().get_policy(&permit).await?;
    let description = Some(std::mem::take(&mut found.description)).filter(|it| !it.is_empty());
    let tags = Some(tag::to_wire(std::mem::take(&mut found.tags)));
    let policy = Some(types::Policy { description, tags, ..listed(found) });
    Ok(Box::new(output::GetPolicyResponse { policy }))
}

async fn delete(call: &Call<'_>, input: &input::DeletePolicyRequest) -> Outcome {
    let permit =
        authorize::<iam_actions::DeletePolicy>(call, &input.policy_arn, ContextKeys::default())
            .await?;
    call.iam().delete_policy(&permit).await?;
    Ok(Box::new(output::DeletePolicyResponse {}))
}

async fn list(call: &Call<'_>, input: input::ListPoliciesRequest) -> Outcome {
    let permit = call.authorize_account::<iam_actions::ListPolicies>().await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let filter = PolicyFilter {
        scope: match input.scope {
            None | Some(enums::PolicyScopeType::All) => PolicyScope::All,
            Some(enums::PolicyScopeType::Aws) => PolicyScope::Aws,
            Some(enums::PolicyScopeType::Local) => PolicyScope::Own,
        },
        only_attached: input.only_attached.unwrap_or_default(),
        path_prefix: input.path_prefix,
        usage: usage(input.policy_usage_filter),
    };
    let page = call.iam().list_policies(&permit, filter, page).await?;
    Ok(Box::new(output::ListPoliciesResponse {
        policies: Some(page.items.into_iter().map(listed).collect()),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

/// How a policy is to be used, as a request has it.
fn usage(asked: Option<enums::PolicyUsageType>) -> Option<PolicyUse> {
    asked.map(|usage| match usage {
        enums::PolicyUsageType::PermissionsPolicy => PolicyUse::Permissions,
        enums::PolicyUsageType::PermissionsBoundary => PolicyUse::Boundary,
    })
}

/// A policy as lists have it: without its description and its tags.
fn listed(policy: ManagedPolicy) -> types::Policy {
    let count = |number: u64| i32::try_from(number).ok();
    types::Policy {
        policy_name: Some(policy.policy_name),
        policy_id: Some(policy.policy_id),
        arn: Some(policy.arn),
        path: Some(policy.path),
        default_version_id: Some(format!("v{}", policy.default_version)),
        attachment_count: count(policy.usage.attachments),
        permissions_boundary_usage_count: count(policy.usage.boundaries),
        is_attachable: Some(true),
        description: None,
        create_date: Some(policy.created_at),
        update_date: Some(policy.updated_at),
        tags: None,
    }
}

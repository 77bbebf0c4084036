//! Versions of managed policies.

use wharfinger_auth::{ContextKeys, iam_actions};
use wharfinger_aws_model::iam::{input, output, types};
use wharfinger_iam::{PageRequest, PolicyVersion};

use super::authorize;
use crate::iam::{Call, Outcome, encoded_policy};

pub(super) async fn create(call: &Call<'_>, input: &input::CreatePolicyVersionRequest) -> Outcome {
    let keys = ContextKeys::default();
    let permit =
        authorize::<iam_actions::CreatePolicyVersion>(call, &input.policy_arn, keys).await?;
    let set_as_default = input.set_as_default.unwrap_or_default();
    let made =
        call.iam().create_policy_version(&permit, &input.policy_document, set_as_default).await?;
    let policy_version = Some(listed(&made));
    Ok(Box::new(output::CreatePolicyVersionResponse { policy_version }))
}

pub(super) async fn get(call: &Call<'_>, input: &input::GetPolicyVersionRequest) -> Outcome {
    let keys = ContextKeys::default();
    let permit = authorize::<iam_actions::GetPolicyVersion>(call, &input.policy_arn, keys).await?;
    let found = call.iam().get_policy_version(&permit, &input.version_id).await?;
    let document = Some(encoded_policy(&found.document));
    let policy_version = Some(types::PolicyVersion { document, ..listed(&found) });
    Ok(Box::new(output::GetPolicyVersionResponse { policy_version }))
}

pub(super) async fn list(call: &Call<'_>, input: &input::ListPolicyVersionsRequest) -> Outcome {
    let keys = ContextKeys::default();
    let permit =
        authorize::<iam_actions::ListPolicyVersions>(call, &input.policy_arn, keys).await?;
    let page = PageRequest::new(input.marker.as_deref(), input.max_items)?;
    let page = call.iam().list_policy_versions(&permit, page).await?;
    Ok(Box::new(output::ListPolicyVersionsResponse {
        versions: Some(page.items.iter().map(listed).collect()),
        is_truncated: Some(page.marker.is_some()),
        marker: page.marker,
    }))
}

pub(super) async fn delete(call: &Call<'_>, input: &input::DeletePolicyVersionRequest) -> Outcome {
    let keys = ContextKeys::default();
    let permit =
        authorize::<iam_actions::DeletePolicyVersion>(call, &input.policy_arn, keys).await?;
    call.iam().delete_policy_version(&permit, &input.version_id).await?;
    Ok(Box::new(output::DeletePolicyVersionResponse {}))
}

pub(super) async fn set_default(
    call: &Call<'_>,
    input: &input::SetDefaultPolicyVersionRequest,
) -> Outcome {
    let keys = ContextKeys::default();
    let permit =
        authorize::<iam_actions::SetDefaultPolicyVersion>(call, &input.policy_arn, keys).await?;
    call.iam().set_default_policy_version(&permit, &input.version_id).await?;
    Ok(Box::new(output::SetDefaultPolicyVersionResponse {}))
}

/// A version as lists have it: without its text.
fn listed(version: &PolicyVersion) -> types::PolicyVersion {
    types::PolicyVersion {
        document: None,
        version_id: Some(version.id()),
        is_default_version: Some(version.is_default),
        create_date: Some(version.created_at),
    }
}

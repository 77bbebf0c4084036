//! The registry policy.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{DeleteRegistryPolicy, GetRegistryPolicy, PutRegistryPolicy};
use wharfinger_aws_model::ecr::input::{
    DeleteRegistryPolicyRequest, GetRegistryPolicyRequest, PutRegistryPolicyRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteRegistryPolicyResponse, GetRegistryPolicyResponse, PutRegistryPolicyResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DeleteRegistryPolicy`.
pub(super) async fn delete_registry_policy(
    call: &Call<'_>,
    _input: DeleteRegistryPolicyRequest,
) -> Result<DeleteRegistryPolicyResponse, CallError> {
    let permit: Permit<DeleteRegistryPolicy> = call.registry_permit(None).await?;
    let removed = call.service().delete_registry_policy(&permit).await?;
    Ok(DeleteRegistryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        policy_text: Some(removed),
    })
}

/// ECR `GetRegistryPolicy`.
pub(super) async fn get_registry_policy(
    call: &Call<'_>,
    _input: GetRegistryPolicyRequest,
) -> Result<GetRegistryPolicyResponse, CallError> {
    let permit: Permit<GetRegistryPolicy> = call.registry_permit(None).await?;
    let found = call.service().get_registry_policy(&permit).await?;
    Ok(GetRegistryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        policy_text: Some(found),
    })
}

/// ECR `PutRegistryPolicy`.
pub(super) async fn put_registry_policy(
    call: &Call<'_>,
    input: PutRegistryPolicyRequest,
) -> Result<PutRegistryPolicyResponse, CallError> {
    let permit: Permit<PutRegistryPolicy> = call.registry_permit(None).await?;
    call.service().put_registry_policy(&permit, &input.policy_text).await?;
    Ok(PutRegistryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        policy_text: Some(input.policy_text),
    })
}

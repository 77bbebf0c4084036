//! Repository policies. They say who may push and manage; no policy keeps anyone from pulling.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{DeleteRepositoryPolicy, GetRepositoryPolicy, SetRepositoryPolicy};
use wharfinger_aws_model::ecr_public::input::{
    DeleteRepositoryPolicyRequest, GetRepositoryPolicyRequest, SetRepositoryPolicyRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    DeleteRepositoryPolicyResponse, GetRepositoryPolicyResponse, SetRepositoryPolicyResponse,
};
use wharfinger_registry::LockOut;

use super::Call;
use crate::ecr::error::CallError;

/// ECR Public `DeleteRepositoryPolicy`.
pub(super) async fn delete_repository_policy(
    call: &Call<'_>,
    input: DeleteRepositoryPolicyRequest,
) -> Result<DeleteRepositoryPolicyResponse, CallError> {
    let permit: Permit<DeleteRepositoryPolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let removed = call.service().delete_repository_policy(&permit).await?;
    Ok(DeleteRepositoryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_name: Some(permit.resource().name.to_string()),
        policy_text: Some(removed),
    })
}

/// ECR Public `GetRepositoryPolicy`.
pub(super) async fn get_repository_policy(
    call: &Call<'_>,
    input: GetRepositoryPolicyRequest,
) -> Result<GetRepositoryPolicyResponse, CallError> {
    let permit: Permit<GetRepositoryPolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let found = call.service().get_repository_policy(&permit).await?;
    Ok(GetRepositoryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_name: Some(permit.resource().name.to_string()),
        policy_text: Some(found),
    })
}

/// ECR Public `SetRepositoryPolicy`. Without `force` the policy must leave the caller able to set another.
pub(super) async fn set_repository_policy(
    call: &Call<'_>,
    input: SetRepositoryPolicyRequest,
) -> Result<SetRepositoryPolicyResponse, CallError> {
    let permit: Permit<SetRepositoryPolicy> =
        call.permit(input.registry_id.as_deref(), &input.repository_name).await?;
    let lock_out = match input.force.unwrap_or(false) {
        true => LockOut::Accepted,
        false => LockOut::RefusedFor(&call.caller),
    };
    call.service().set_repository_policy(&permit, &input.policy_text, lock_out).await?;
    Ok(SetRepositoryPolicyResponse {
        registry_id: Some(permit.resource().registry.account.to_string()),
        repository_name: Some(permit.resource().name.to_string()),
        policy_text: Some(input.policy_text),
    })
}

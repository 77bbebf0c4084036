//! The registry policy.

use wharfinger_aws_model::ecr::Operation;
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
    _call: &Call<'_>,
    _input: DeleteRegistryPolicyRequest,
) -> Result<DeleteRegistryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeleteRegistryPolicy))
}

/// ECR `GetRegistryPolicy`.
pub(super) async fn get_registry_policy(
    _call: &Call<'_>,
    _input: GetRegistryPolicyRequest,
) -> Result<GetRegistryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetRegistryPolicy))
}

/// ECR `PutRegistryPolicy`.
pub(super) async fn put_registry_policy(
    _call: &Call<'_>,
    _input: PutRegistryPolicyRequest,
) -> Result<PutRegistryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutRegistryPolicy))
}

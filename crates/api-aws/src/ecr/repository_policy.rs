//! Repository policies.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    DeleteRepositoryPolicyRequest, GetRepositoryPolicyRequest, SetRepositoryPolicyRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteRepositoryPolicyResponse, GetRepositoryPolicyResponse, SetRepositoryPolicyResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DeleteRepositoryPolicy`.
pub(super) async fn delete_repository_policy(
    _call: &Call<'_>,
    _input: DeleteRepositoryPolicyRequest,
) -> Result<DeleteRepositoryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeleteRepositoryPolicy))
}

/// ECR `GetRepositoryPolicy`.
pub(super) async fn get_repository_policy(
    _call: &Call<'_>,
    _input: GetRepositoryPolicyRequest,
) -> Result<GetRepositoryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetRepositoryPolicy))
}

/// ECR `SetRepositoryPolicy`.
pub(super) async fn set_repository_policy(
    _call: &Call<'_>,
    _input: SetRepositoryPolicyRequest,
) -> Result<SetRepositoryPolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::SetRepositoryPolicy))
}

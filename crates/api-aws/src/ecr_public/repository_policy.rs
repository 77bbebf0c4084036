//! Repository policies.

use wharfinger_aws_model::ecr_public::Operation;
use wharfinger_aws_model::ecr_public::input::{
    DeleteRepositoryPolicyRequest, GetRepositoryPolicyRequest, SetRepositoryPolicyRequest,
};
use wharfinger_aws_model::ecr_public::output::{
    DeleteRepositoryPolicyResponse, GetRepositoryPolicyResponse, SetRepositoryPolicyResponse,
};
use wharfinger_registry::Error;

use super::Call;
use crate::ecr::error::CallError;

/// ECR Public `DeleteRepositoryPolicy`.
pub(super) async fn delete_repository_policy(
    _call: &Call<'_>,
    _input: DeleteRepositoryPolicyRequest,
) -> Result<DeleteRepositoryPolicyResponse, CallError> {
    Err(not_implemented(Operation::DeleteRepositoryPolicy))
}

/// ECR Public `GetRepositoryPolicy`.
pub(super) async fn get_repository_policy(
    _call: &Call<'_>,
    _input: GetRepositoryPolicyRequest,
) -> Result<GetRepositoryPolicyResponse, CallError> {
    Err(not_implemented(Operation::GetRepositoryPolicy))
}

/// ECR Public `SetRepositoryPolicy`.
pub(super) async fn set_repository_policy(
    _call: &Call<'_>,
    _input: SetRepositoryPolicyRequest,
) -> Result<SetRepositoryPolicyResponse, CallError> {
    Err(not_implemented(Operation::SetRepositoryPolicy))
}

fn not_implemented(operation: Operation) -> CallError {
    let reason = format!(
        "The operation {operation} is not implemented by this version of Wharfinger; \
         docs/compatibility.md lists what is."
    );
    Error::UnsupportedCommand { reason }.into()
}

//! Lifecycle policies and their previews.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    DeleteLifecyclePolicyRequest, GetLifecyclePolicyPreviewRequest, GetLifecyclePolicyRequest,
    PutLifecyclePolicyRequest, StartLifecyclePolicyPreviewRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteLifecyclePolicyResponse, GetLifecyclePolicyPreviewResponse, GetLifecyclePolicyResponse,
    PutLifecyclePolicyResponse, StartLifecyclePolicyPreviewResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DeleteLifecyclePolicy`.
pub(super) async fn delete_lifecycle_policy(
    _call: &Call<'_>,
    _input: DeleteLifecyclePolicyRequest,
) -> Result<DeleteLifecyclePolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeleteLifecyclePolicy))
}

/// ECR `GetLifecyclePolicy`.
pub(super) async fn get_lifecycle_policy(
    _call: &Call<'_>,
    _input: GetLifecyclePolicyRequest,
) -> Result<GetLifecyclePolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetLifecyclePolicy))
}

/// ECR `GetLifecyclePolicyPreview`.
pub(super) async fn get_lifecycle_policy_preview(
    _call: &Call<'_>,
    _input: GetLifecyclePolicyPreviewRequest,
) -> Result<GetLifecyclePolicyPreviewResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetLifecyclePolicyPreview))
}

/// ECR `PutLifecyclePolicy`.
pub(super) async fn put_lifecycle_policy(
    _call: &Call<'_>,
    _input: PutLifecyclePolicyRequest,
) -> Result<PutLifecyclePolicyResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutLifecyclePolicy))
}

/// ECR `StartLifecyclePolicyPreview`.
pub(super) async fn start_lifecycle_policy_preview(
    _call: &Call<'_>,
    _input: StartLifecyclePolicyPreviewRequest,
) -> Result<StartLifecyclePolicyPreviewResponse, CallError> {
    Err(CallError::NotImplemented(Operation::StartLifecyclePolicyPreview))
}

//! Pull-time update exclusions.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    DeregisterPullTimeUpdateExclusionRequest, ListPullTimeUpdateExclusionsRequest,
    RegisterPullTimeUpdateExclusionRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeregisterPullTimeUpdateExclusionResponse, ListPullTimeUpdateExclusionsResponse,
    RegisterPullTimeUpdateExclusionResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DeregisterPullTimeUpdateExclusion`.
pub(super) async fn deregister_pull_time_update_exclusion(
    _call: &Call<'_>,
    _input: DeregisterPullTimeUpdateExclusionRequest,
) -> Result<DeregisterPullTimeUpdateExclusionResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeregisterPullTimeUpdateExclusion))
}

/// ECR `ListPullTimeUpdateExclusions`.
pub(super) async fn list_pull_time_update_exclusions(
    _call: &Call<'_>,
    _input: ListPullTimeUpdateExclusionsRequest,
) -> Result<ListPullTimeUpdateExclusionsResponse, CallError> {
    Err(CallError::NotImplemented(Operation::ListPullTimeUpdateExclusions))
}

/// ECR `RegisterPullTimeUpdateExclusion`.
pub(super) async fn register_pull_time_update_exclusion(
    _call: &Call<'_>,
    _input: RegisterPullTimeUpdateExclusionRequest,
) -> Result<RegisterPullTimeUpdateExclusionResponse, CallError> {
    Err(CallError::NotImplemented(Operation::RegisterPullTimeUpdateExclusion))
}

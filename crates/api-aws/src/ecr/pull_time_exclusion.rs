//! Pull-time update exclusions.

use wharfinger_auth::Permit;
use wharfinger_auth::actions::{
    DeregisterPullTimeUpdateExclusion, ListPullTimeUpdateExclusions,
    RegisterPullTimeUpdateExclusion,
};
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
use super::page::page_request;

/// ECR `DeregisterPullTimeUpdateExclusion`.
pub(super) async fn deregister_pull_time_update_exclusion(
    call: &Call<'_>,
    input: DeregisterPullTimeUpdateExclusionRequest,
) -> Result<DeregisterPullTimeUpdateExclusionResponse, CallError> {
    let permit: Permit<DeregisterPullTimeUpdateExclusion> = call.registry_permit(None).await?;
    let principal = input.principal_arn;
    call.service().deregister_pull_time_update_exclusion(&permit, principal.clone()).await?;
    Ok(DeregisterPullTimeUpdateExclusionResponse { principal_arn: Some(principal) })
}

/// ECR `ListPullTimeUpdateExclusions`.
pub(super) async fn list_pull_time_update_exclusions(
    call: &Call<'_>,
    input: ListPullTimeUpdateExclusionsRequest,
) -> Result<ListPullTimeUpdateExclusionsResponse, CallError> {
    let permit: Permit<ListPullTimeUpdateExclusions> = call.registry_permit(None).await?;
    let page = page_request(input.next_token, input.max_results);
    let page = call.service().list_pull_time_update_exclusions(&permit, &page).await?;
    Ok(ListPullTimeUpdateExclusionsResponse {
        pull_time_update_exclusions: Some(page.items),
        next_token: page.next_token,
    })
}

/// ECR `RegisterPullTimeUpdateExclusion`.
pub(super) async fn register_pull_time_update_exclusion(
    call: &Call<'_>,
    input: RegisterPullTimeUpdateExclusionRequest,
) -> Result<RegisterPullTimeUpdateExclusionResponse, CallError> {
    let permit: Permit<RegisterPullTimeUpdateExclusion> = call.registry_permit(None).await?;
    let principal = input.principal_arn;
    let created_at =
        call.service().register_pull_time_update_exclusion(&permit, principal.clone()).await?;
    Ok(RegisterPullTimeUpdateExclusionResponse {
        principal_arn: Some(principal),
        created_at: Some(created_at),
    })
}

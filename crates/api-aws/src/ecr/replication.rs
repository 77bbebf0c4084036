//! Replication: its configuration, its status, its backfills.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    DescribeImageReplicationStatusRequest, DescribeReplicationBackfillResultsRequest,
    ListReplicationBackfillsRequest, PutReplicationConfigurationRequest,
    StartReplicationBackfillRequest, StopReplicationBackfillRequest,
};
use wharfinger_aws_model::ecr::output::{
    DescribeImageReplicationStatusResponse, DescribeReplicationBackfillResultsResponse,
    ListReplicationBackfillsResponse, PutReplicationConfigurationResponse,
    StartReplicationBackfillResponse, StopReplicationBackfillResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DescribeImageReplicationStatus`.
pub(super) async fn describe_image_replication_status(
    _call: &Call<'_>,
    _input: DescribeImageReplicationStatusRequest,
) -> Result<DescribeImageReplicationStatusResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribeImageReplicationStatus))
}

/// ECR `DescribeReplicationBackfillResults`.
pub(super) async fn describe_replication_backfill_results(
    _call: &Call<'_>,
    _input: DescribeReplicationBackfillResultsRequest,
) -> Result<DescribeReplicationBackfillResultsResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribeReplicationBackfillResults))
}

/// ECR `ListReplicationBackfills`.
pub(super) async fn list_replication_backfills(
    _call: &Call<'_>,
    _input: ListReplicationBackfillsRequest,
) -> Result<ListReplicationBackfillsResponse, CallError> {
    Err(CallError::NotImplemented(Operation::ListReplicationBackfills))
}

/// ECR `PutReplicationConfiguration`.
pub(super) async fn put_replication_configuration(
    _call: &Call<'_>,
    _input: PutReplicationConfigurationRequest,
) -> Result<PutReplicationConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutReplicationConfiguration))
}

/// ECR `StartReplicationBackfill`.
pub(super) async fn start_replication_backfill(
    _call: &Call<'_>,
    _input: StartReplicationBackfillRequest,
) -> Result<StartReplicationBackfillResponse, CallError> {
    Err(CallError::NotImplemented(Operation::StartReplicationBackfill))
}

/// ECR `StopReplicationBackfill`.
pub(super) async fn stop_replication_backfill(
    _call: &Call<'_>,
    _input: StopReplicationBackfillRequest,
) -> Result<StopReplicationBackfillResponse, CallError> {
    Err(CallError::NotImplemented(Operation::StopReplicationBackfill))
}

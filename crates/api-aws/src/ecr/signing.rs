//! Signing: its configuration and its status.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    DeleteSigningConfigurationRequest, DescribeImageSigningStatusRequest,
    GetSigningConfigurationRequest, PutSigningConfigurationRequest,
};
use wharfinger_aws_model::ecr::output::{
    DeleteSigningConfigurationResponse, DescribeImageSigningStatusResponse,
    GetSigningConfigurationResponse, PutSigningConfigurationResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `DeleteSigningConfiguration`.
pub(super) async fn delete_signing_configuration(
    _call: &Call<'_>,
    _input: DeleteSigningConfigurationRequest,
) -> Result<DeleteSigningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DeleteSigningConfiguration))
}

/// ECR `DescribeImageSigningStatus`.
pub(super) async fn describe_image_signing_status(
    _call: &Call<'_>,
    _input: DescribeImageSigningStatusRequest,
) -> Result<DescribeImageSigningStatusResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribeImageSigningStatus))
}

/// ECR `GetSigningConfiguration`.
pub(super) async fn get_signing_configuration(
    _call: &Call<'_>,
    _input: GetSigningConfigurationRequest,
) -> Result<GetSigningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetSigningConfiguration))
}

/// ECR `PutSigningConfiguration`.
pub(super) async fn put_signing_configuration(
    _call: &Call<'_>,
    _input: PutSigningConfigurationRequest,
) -> Result<PutSigningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutSigningConfiguration))
}

//! Scanning: its configuration, scans and their findings.

use wharfinger_aws_model::ecr::Operation;
use wharfinger_aws_model::ecr::input::{
    BatchGetRepositoryScanningConfigurationRequest, DescribeImageScanFindingsRequest,
    GetRegistryScanningConfigurationRequest, PutRegistryScanningConfigurationRequest,
    StartImageScanRequest,
};
use wharfinger_aws_model::ecr::output::{
    BatchGetRepositoryScanningConfigurationResponse, DescribeImageScanFindingsResponse,
    GetRegistryScanningConfigurationResponse, PutRegistryScanningConfigurationResponse,
    StartImageScanResponse,
};

use super::Call;
use super::error::CallError;

/// ECR `BatchGetRepositoryScanningConfiguration`.
pub(super) async fn batch_get_repository_scanning_configuration(
    _call: &Call<'_>,
    _input: BatchGetRepositoryScanningConfigurationRequest,
) -> Result<BatchGetRepositoryScanningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::BatchGetRepositoryScanningConfiguration))
}

/// ECR `DescribeImageScanFindings`.
pub(super) async fn describe_image_scan_findings(
    _call: &Call<'_>,
    _input: DescribeImageScanFindingsRequest,
) -> Result<DescribeImageScanFindingsResponse, CallError> {
    Err(CallError::NotImplemented(Operation::DescribeImageScanFindings))
}

/// ECR `GetRegistryScanningConfiguration`.
pub(super) async fn get_registry_scanning_configuration(
    _call: &Call<'_>,
    _input: GetRegistryScanningConfigurationRequest,
) -> Result<GetRegistryScanningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::GetRegistryScanningConfiguration))
}

/// ECR `PutRegistryScanningConfiguration`.
pub(super) async fn put_registry_scanning_configuration(
    _call: &Call<'_>,
    _input: PutRegistryScanningConfigurationRequest,
) -> Result<PutRegistryScanningConfigurationResponse, CallError> {
    Err(CallError::NotImplemented(Operation::PutRegistryScanningConfiguration))
}

/// ECR `StartImageScan`.
pub(super) async fn start_image_scan(
    _call: &Call<'_>,
    _input: StartImageScanRequest,
) -> Result<StartImageScanResponse, CallError> {
    Err(CallError::NotImplemented(Operation::StartImageScan))
}
